//! One file per derived fact. Written by `cargo xtask index`; do not edit.

pub mod running;
pub mod units;

/// Every derived fact, by file name.
pub const ALL: &[&crate::derived::Derived] = &[&running::DERIVED, &units::DERIVED];
