//! What an entry is: the parsers that take it, or the form of its log.

use crate::entry::Entry;
use crate::source::Source;
use crate::{desk, logs, parse, pasted};
use schemars::JsonSchema;
use serde::Serialize;

/// What an entry is, told by its source and its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub struct Nature {
    /// Kinds of the parsers that read it: `kubeconfig`, `unit file`.
    pub kinds: Vec<String>,
    /// Form of its lines, where it is read as a log: `journal text`, `klog`.
    pub log: Option<String>,
    /// Neither text nor a journal file.
    pub binary: bool,
}

impl Nature {
    /// Looks at an entry, of which at least the beginning is held.
    pub fn of(entry: &Entry) -> Self {
        let sections = pasted::sections(entry);
        let mut kinds = Vec::new();
        let mut parsed = false;
        let pieces = if sections.is_empty() {
            std::slice::from_ref(entry)
        } else {
            &sections
        };
        for piece in pieces.iter().filter(|piece| piece.is_whole()) {
            for parser in parse::ALL.iter().filter(|parser| (parser.accepts)(piece)) {
                parsed = true;
                let known = kinds.iter().any(|kind| kind == parser.kind);
                if !known && parser.name != ANY_FILE {
                    kinds.push(parser.kind.to_owned());
                }
            }
        }
        let head = desk::head_of(entry);
        let is_log = desk::is_log(entry, parsed);
        Self {
            log: is_log.then(|| logs::form(head).to_owned()),
            binary: logs::is_binary(head),
            kinds,
        }
    }

    /// In a few words; empty for text of which nothing is known.
    pub fn words(&self) -> String {
        match (&self.log, self.kinds.as_slice()) {
            (Some(form), []) => form.clone(),
            (Some(form), kinds) => format!("{}; {form}", kinds.join(", ")),
            (None, []) if self.binary => "binary".to_owned(),
            (None, []) => String::new(),
            (None, kinds) => kinds.join(", "),
        }
    }
}

/// Whether an entry is read as a log.
pub fn is_log(entry: &Entry) -> bool {
    let sure = desk::is_log(entry, true);
    let unless_parsed = || desk::is_log(entry, false);
    sure || unless_parsed() && Nature::of(entry).log.is_some()
}

/// Whether no entry of this source is a log, whatever is in it.
pub fn is_never_log(source: &Source) -> bool {
    matches!(
        source,
        Source::Listing(_) | Source::Facts(_) | Source::Probe(_) | Source::Meta(_)
    )
}

/// The parser that takes every copy of a file, whatever is in it.
const ANY_FILE: &str = "stored_file";
