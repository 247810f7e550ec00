//! One file per subsystem: what to take. Written by `cargo xtask index`; do not edit.

pub mod boots;
pub mod bootstrap;
pub mod changes;
pub mod cloud;
pub mod cni;
pub mod controlplane;
pub mod counters;
pub mod disk;
pub mod firewall;
pub mod hardware;
pub mod journal;
pub mod journal_files;
pub mod kernel;
pub mod kubeconfigs;
pub mod kubelet;
pub mod logs;
pub mod names;
pub mod network;
pub mod os;
pub mod packages;
pub mod pki;
pub mod plugins;
pub mod processes;
pub mod profiles;
pub mod programs;
pub mod provisioning;
pub mod proxy;
pub mod runtime;
pub mod security;
pub mod settings;
pub mod storage;
pub mod time;
pub mod tokens;
pub mod trust;
pub mod units;

/// Every subsystem: what to take, by file name.
pub const ALL: &[&crate::spec::Spec] = &[
    &boots::SPEC,
    &bootstrap::SPEC,
    &changes::SPEC,
    &cloud::SPEC,
    &cni::SPEC,
    &controlplane::SPEC,
    &counters::SPEC,
    &disk::SPEC,
    &firewall::SPEC,
    &hardware::SPEC,
    &journal::SPEC,
    &journal_files::SPEC,
    &kernel::SPEC,
    &kubeconfigs::SPEC,
    &kubelet::SPEC,
    &logs::SPEC,
    &names::SPEC,
    &network::SPEC,
    &os::SPEC,
    &packages::SPEC,
    &pki::SPEC,
    &plugins::SPEC,
    &processes::SPEC,
    &profiles::SPEC,
    &programs::SPEC,
    &provisioning::SPEC,
    &proxy::SPEC,
    &runtime::SPEC,
    &security::SPEC,
    &settings::SPEC,
    &storage::SPEC,
    &time::SPEC,
    &tokens::SPEC,
    &trust::SPEC,
    &units::SPEC,
];
