//! One file per derived fact. Written by `cargo xtask index`; do not edit.

/// Every derived fact, by file name.
pub const ALL: &[&crate::derived::Derived] = &[];
