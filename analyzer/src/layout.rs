//! What a layout is. Each file in `layouts/` declares one.

use crate::source::Source;

/// How a tool arranges its bundle.
#[derive(Debug)]
pub struct Layout {
    /// File name in `layouts/`, without ending; shown in reports.
    pub name: &'static str,
    /// How sure it is, from the names of the entries (without a common top folder): 0 is "not mine", the highest wins, ties go by name.
    pub detect: fn(&[&str]) -> u8,
    /// What an entry is a copy of, from its name.
    pub source: fn(&str) -> Source,
}
