//! What an entry is: the parsers that take it, or the form of its log.

use crate::entry::Entry;
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
        let pieces = if sections.is_empty() {
            std::slice::from_ref(entry)
        } else {
            &sections
        };
        for piece in pieces.iter().filter(|piece| piece.is_whole()) {
            let telling = parse::ALL.iter().filter(|parser| parser.name != ANY_FILE);
            for parser in telling.filter(|parser| (parser.accepts)(piece)) {
                if !kinds.iter().any(|kind| kind == parser.kind) {
                    kinds.push(parser.kind.to_owned());
                }
            }
        }
        let head = desk::head_of(entry);
        let is_log = desk::is_log(entry, !kinds.is_empty());
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

/// The parser that takes every copy of a file, whatever is in it.
const ANY_FILE: &str = "stored_file";
