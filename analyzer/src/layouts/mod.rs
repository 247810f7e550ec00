//! One file per bundle layout. Written by `cargo xtask index`; do not edit.

pub mod aks;
pub mod folder;
pub mod kind;
pub mod kubectl_dump;
pub mod must_gather;
pub mod native;
pub mod single;
pub mod sos;
pub mod talos;
pub mod troubleshoot;

/// Every bundle layout, by file name.
pub const ALL: &[&crate::layout::Layout] = &[
    &aks::LAYOUT,
    &folder::LAYOUT,
    &kind::LAYOUT,
    &kubectl_dump::LAYOUT,
    &must_gather::LAYOUT,
    &native::LAYOUT,
    &single::LAYOUT,
    &sos::LAYOUT,
    &talos::LAYOUT,
    &troubleshoot::LAYOUT,
];
