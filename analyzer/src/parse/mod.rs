//! One file per kind of entry. Written by `cargo xtask index`; do not edit.

/// Every kind of entry, by file name.
pub const ALL: &[&crate::parser::Parser] = &[];
