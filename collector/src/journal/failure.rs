//! The first failure since things last went well: its surroundings are kept however old it is.

use super::record::Record;
use memchr::memmem;

/// Looks for the first error after the last sign of success.
#[derive(Debug, Default)]
pub(super) struct FirstFailure {
    error: Option<u64>,
}

impl FirstFailure {
    /// Notes the record at a position.
    pub(super) fn note(&mut self, position: u64, record: &Record) {
        if is_success(&record.message) {
            self.error = None;
        } else if record.error {
            self.error.get_or_insert(position);
        }
    }

    /// Positions that are kept around the first error.
    pub(super) fn window(&self) -> Option<(u64, u64)> {
        self.error
            .map(|at| (at.saturating_sub(AROUND), at.saturating_add(AROUND)))
    }
}

fn is_success(message: &[u8]) -> bool {
    SUCCESS
        .iter()
        .any(|words| memmem::find(message, words).is_some())
}

/// What a kubelet says when it has registered or renewed its lease.
const SUCCESS: &[&[u8]] = &[
    b"Successfully registered node",
    b"Successfully updated lease",
    b"Successfully ensured lease",
];
/// Records kept on both sides.
const AROUND: u64 = 500;
