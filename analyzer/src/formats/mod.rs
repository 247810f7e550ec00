//! One file per output format. Written by `cargo xtask index`; do not edit.

/// Every output format, by file name.
pub const ALL: &[&crate::format::Format] = &[];
