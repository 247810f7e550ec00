//! One file per active probe. Written by `cargo xtask index`; do not edit.

pub mod cri;

/// Every active probe, by file name.
pub const ALL: &[&crate::probe::Probe] = &[&cri::PROBE];
