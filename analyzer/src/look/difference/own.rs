//! What is a node's own: its names and ids, which differ on any two nodes.

use crate::analyze::Read;
use crate::node_names;
use crate::report::Report;
use chrono::{DateTime, Utc};
use regex::Regex;
use std::borrow::Cow;
use std::sync::LazyLock;

/// A node's own names and its time.
pub(super) struct Own {
    /// Names, the longest first.
    names: Vec<String>,
    pub(super) now: Option<DateTime<Utc>>,
}

/// Dates in names of certificate files, times in names of certificates, and ids of masks that no two bundles share.
static PASSING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d|@\d{10}\b|;id=[0-9a-f]+|;spki=[^;)]+").ok()
});

impl Own {
    pub(super) fn of(read: &Read, report: &Report) -> Self {
        let facts = &read.evidence.facts;
        let mut names: Vec<String> = node_names::of(facts)
            .chain(facts.text("host.fqdn"))
            .map(str::to_owned)
            .chain(report.node.name.clone())
            .filter(|name| name.len() >= SHORTEST && name != "localhost")
            .collect();
        names.sort_by(|a, b| (b.len(), a).cmp(&(a.len(), b)));
        names.dedup();
        Self {
            names,
            now: read.now.map(|stamp| stamp.time),
        }
    }

    /// Of a node of which nothing is known.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self {
            names: Vec::new(),
            now: None,
        }
    }

    /// The text as it would stand on any other node.
    pub(super) fn general<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        for name in &self.names {
            if text.contains(name.as_str()) {
                text = Cow::Owned(text.replace(name.as_str(), "<node>"));
            }
        }
        let passing = PASSING
            .as_ref()
            .map(|form| form.replace_all(&text, "<…>"))
            .filter(|replaced| matches!(replaced, Cow::Owned(_)))
            .map(Cow::into_owned);
        passing.map_or(text, Cow::Owned)
    }
}

/// A shorter name stands inside other words.
const SHORTEST: usize = 3;
