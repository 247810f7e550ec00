//! Logs of several nodes without a bundle around them.

use super::Parts;
use crate::entry::Entry;
use crate::several_hosts::hosts;
use crate::source::Source;
use crate::utf16::as_text;
use nodebundle_bundle::reader::ReadError;
use nodebundle_bundle::{Control, Reader};
use std::collections::BTreeSet;

impl Parts {
    /// Makes a part of each node of which the logs are that are all of the input: one log, or a folder of logs each of which is of
    /// several nodes.
    pub(crate) fn part_mixed(&mut self, reader: &mut Reader) -> Result<(), ReadError> {
        if !self.may_be_mixed(reader.names()?) {
            return Ok(());
        }
        let mut nodes = BTreeSet::new();
        reader.read(&mut |head, body| {
            let source = Source::Meta(String::new());
            let (entry, _) = as_text(body, |text| Entry::begin(head.full_name(), source, text));
            let found = hosts(&entry.bytes);
            let goes_on = !found.is_empty();
            if goes_on {
                nodes.extend(found);
                Control::Continue
            } else {
                nodes.clear();
                Control::Stop
            }
        })?;
        if let (false, Some(scope)) = (nodes.is_empty(), self.scopes.first_mut()) {
            scope.mixed = true;
            self.nodes.clear();
            self.add(0, nodes);
        }
        Ok(())
    }

    /// Whether names leave it open that all of the input is logs, and few enough of them to be looked at twice.
    fn may_be_mixed(&self, names: &[String]) -> bool {
        let [scope] = self.scopes.as_slice() else {
            return false;
        };
        let plain = scope
            .layout
            .is_some_and(|layout| matches!(layout.name, "single" | "folder"));
        let may_be_log = |name: &String| match self.source(name) {
            Source::Journal(_) | Source::Named(_) => true,
            Source::File(path) => path.starts_with("/var/log/"),
            _ => false,
        };
        plain && names.len() <= MOST_LOGS && names.iter().all(may_be_log)
    }

    pub(super) fn is_mixed(&self, scope: usize) -> bool {
        self.scopes.get(scope).is_some_and(|scope| scope.mixed)
    }
}

/// Logs that are looked at twice.
const MOST_LOGS: usize = 30;
