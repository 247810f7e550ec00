//! One file per bundle layout. Written by `cargo xtask index`; do not edit.

pub mod folder;
pub mod kind;
pub mod native;
pub mod single;
pub mod sos;

/// Every bundle layout, by file name.
pub const ALL: &[&crate::layout::Layout] = &[
    &folder::LAYOUT,
    &kind::LAYOUT,
    &native::LAYOUT,
    &single::LAYOUT,
    &sos::LAYOUT,
];
