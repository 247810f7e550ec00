//! What a parser is. Each file in `parse/` declares one.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::FactDecl;

/// Turns entries of one kind into typed evidence and facts. A pure function of the entry.
#[derive(Debug)]
pub struct Parser {
    /// File name in `parse/`, without ending.
    pub name: &'static str,
    /// The kind of entry in a few words, for gaps and documentation: `kubelet configuration`.
    pub kind: &'static str,
    /// Facts that it sets by itself.
    pub facts: &'static [FactDecl],
    /// Whether it reads this entry: by source where the layout knows it, else by content, never by name alone.
    pub accepts: fn(&Entry) -> bool,
    /// Reads it. What cannot be read becomes a gap.
    pub parse: fn(&Entry, &mut Evidence),
}
