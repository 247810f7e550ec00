//! The NodeBundle format, shared by the collector that writes it and the analyzer that reads it.
//!
//! Data enters a bundle only as [`Redacted`] bytes under an [`EntryPath`]; both types can be made in one way only,
//! so a secret or a path that escapes the bundle does not compile.

pub mod age;
pub mod entry_path;
mod hex;
pub mod keys;
pub mod manifest;
mod member;
pub mod outcome;
mod pem;
pub mod pseudonym;
pub mod reader;
pub mod redact;
pub mod scrub;
pub mod verify;
pub mod writer;

pub use entry_path::EntryPath;
pub use manifest::{BundleInfo, Manifest, Record};
pub use outcome::Outcome;
pub use pseudonym::Pseudonyms;
pub use reader::{Control, EntryHead, Input, Limits, ReadSummary, Reader};
pub use redact::{Redacted, Redactor};
pub use verify::{VerifyReport, verify};
pub use writer::{BundleWriter, Container, Gate, PartWriter};
