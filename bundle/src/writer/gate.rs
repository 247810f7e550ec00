//! The last look before the disk.

use std::collections::BTreeMap;

/// A scan between redactor and compressor that is independent of the redactor (safety.md 4).
///
/// It sees every byte that is about to be stored: entries, parts of streams in order, and the manifest.
pub trait Gate {
    /// `None` when the bytes are clean; else the same text masked, with as many lines, and rule id → number of hits.
    fn check(&mut self, bytes: &[u8]) -> Option<(Vec<u8>, BTreeMap<String, u64>)>;

    /// The name under which an entry is stored, where it must not be stored under its own. In the text of the manifest
    /// [`Gate::check`] has to turn the one into the other too.
    fn name(&mut self, name: &str) -> Option<String> {
        let _ = name;
        None
    }
}
