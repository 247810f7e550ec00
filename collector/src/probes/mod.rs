//! One file per active probe. Written by `cargo xtask index`; do not edit.

pub mod cri;
pub mod endpoint;
pub mod kubelet;
pub mod node;
pub mod supervisor;

/// Every active probe, by file name.
pub const ALL: &[&crate::probe::Probe] = &[
    &cri::PROBE,
    &endpoint::PROBE,
    &kubelet::PROBE,
    &node::PROBE,
    &supervisor::PROBE,
];
