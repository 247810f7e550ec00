//! The only way into a bundle: bytes become [`Redacted`] here or not at all.

use std::collections::BTreeMap;

/// Bytes that went through the redactor. Nothing outside this module can make one.
///
/// ```compile_fail
/// let raw = nodebundle_bundle::Redacted { bytes: b"token".to_vec(), counts: Default::default() };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    bytes: Vec<u8>,
    counts: BTreeMap<String, u64>,
}

impl Redacted {
    /// The bytes, safe to store.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Rule id → how often it masked something in these bytes.
    pub fn counts(&self) -> &BTreeMap<String, u64> {
        &self.counts
    }
}
