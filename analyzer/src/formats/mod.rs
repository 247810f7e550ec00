//! One file per output format. Written by `cargo xtask index`; do not edit.

pub mod json;
pub mod text;

/// Every output format, by file name.
pub const ALL: &[&crate::format::Format] = &[&json::FORMAT, &text::FORMAT];
