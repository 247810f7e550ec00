//! One file per active probe. Written by `cargo xtask index`; do not edit.

pub mod cluster_info;
pub mod cni;
pub mod cri;
pub mod docker;
pub mod endpoint;
pub mod helpers;
pub mod kubelet;
pub mod names;
pub mod node;
pub mod supervisor;

/// Every active probe, by file name.
pub const ALL: &[&crate::probe::Probe] = &[
    &cluster_info::PROBE,
    &cni::PROBE,
    &cri::PROBE,
    &docker::PROBE,
    &endpoint::PROBE,
    &helpers::PROBE,
    &kubelet::PROBE,
    &names::PROBE,
    &node::PROBE,
    &supervisor::PROBE,
];
