//! What a layout is. Each file in `layouts/` declares one.

use crate::layouts;
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
    /// The node that an entry is of, from its name; `None` for what belongs to the whole cluster, [`Layout::LOCAL`] for what is of
    /// the host that the tool ran on. Absent in a layout that holds one node.
    pub node: Option<fn(&str) -> Option<&str>>,
}

impl Layout {
    /// Stands for the name of the host that the tool ran on, which names of entries do not tell.
    pub const LOCAL: &'static str = "";

    /// From here on a layout is sure of a bundle, even when it stands below a folder or an archive that somebody added.
    pub const SURE: u8 = 50;

    /// The layout that is surest of these names, and how sure it is; ties go by name.
    pub fn of(names: &[&str]) -> Option<(&'static Self, u8)> {
        layouts::ALL
            .iter()
            .map(|layout| (*layout, (layout.detect)(names)))
            .filter(|(_, sure)| *sure > 0)
            .min_by(|a, b| (b.1, a.0.name).cmp(&(a.1, b.0.name)))
    }
}
