//! One file per subsystem: what to take. Written by `cargo xtask index`; do not edit.

pub mod bootstrap;
pub mod cni;
pub mod disk;
pub mod distributions;
pub mod journal;
pub mod kubeconfigs;
pub mod kubelet;
pub mod names;
pub mod network;
pub mod os;
pub mod pki;
pub mod processes;
pub mod proxy;
pub mod runtime;
pub mod time;
pub mod units;

/// Every subsystem: what to take, by file name.
pub const ALL: &[&crate::spec::Spec] = &[
    &bootstrap::SPEC,
    &cni::SPEC,
    &disk::SPEC,
    &distributions::SPEC,
    &journal::SPEC,
    &kubeconfigs::SPEC,
    &kubelet::SPEC,
    &names::SPEC,
    &network::SPEC,
    &os::SPEC,
    &pki::SPEC,
    &processes::SPEC,
    &proxy::SPEC,
    &runtime::SPEC,
    &time::SPEC,
    &units::SPEC,
];
