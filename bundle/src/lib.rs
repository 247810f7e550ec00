//! The NodeBundle format, shared by the collector that writes it and the analyzer that reads it.
//!
//! Data enters a bundle only as [`Redacted`] bytes under an [`EntryPath`]; both types can be made in one way only,
//! so a secret or a path that escapes the bundle does not compile.

pub mod entry_path;
pub mod manifest;
pub mod outcome;
pub mod redact;

pub use entry_path::EntryPath;
pub use manifest::{BundleInfo, Manifest, Record};
pub use outcome::Outcome;
pub use redact::Redacted;
