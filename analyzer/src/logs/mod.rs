//! Logs: bytes → lines → messages → matches of rules, streamed; a log is never held whole.

pub mod digest;

pub use digest::{Hit, Life, LogDigest, Occurrence, Stamp, Template};
