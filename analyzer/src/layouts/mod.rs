//! One file per bundle layout. Written by `cargo xtask index`; do not edit.

/// Every bundle layout, by file name.
pub const ALL: &[&crate::layout::Layout] = &[];
