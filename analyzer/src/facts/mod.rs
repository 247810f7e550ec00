//! One file per derived fact. Written by `cargo xtask index`; do not edit.

pub mod api_server;
pub mod api_server_path;
pub mod aws_auth;
pub mod bundle_state;
pub mod certificates;
pub mod cni;
pub mod firewall;
pub mod host_disks;
pub mod host_distribution;
pub mod host_identity;
pub mod host_kernel;
pub mod host_limits;
pub mod host_memory;
pub mod host_network;
pub mod host_time;
pub mod joining;
pub mod journal_state;
pub mod kubeconfigs;
pub mod kubelet_bootstrap;
pub mod kubelet_client_cert;
pub mod kubelet_client_cert_life;
pub mod kubelet_config;
pub mod kubelet_files;
pub mod kubelet_flags;
pub mod kubelet_kubeconfig;
pub mod kubelet_proxy;
pub mod kubelet_serving_cert;
pub mod kubelet_settings;
pub mod kubelet_silent;
pub mod kubelet_unit;
pub mod kubelet_version;
pub mod machine_config;
pub mod missing_paths;
pub mod node_files;
pub mod node_object;
pub mod running;
pub mod runtime_config;
pub mod runtime_state;
pub mod units;

/// Every derived fact, by file name.
pub const ALL: &[&crate::derived::Derived] = &[
    &api_server::DERIVED,
    &api_server_path::DERIVED,
    &aws_auth::DERIVED,
    &bundle_state::DERIVED,
    &certificates::DERIVED,
    &cni::DERIVED,
    &firewall::DERIVED,
    &host_disks::DERIVED,
    &host_distribution::DERIVED,
    &host_identity::DERIVED,
    &host_kernel::DERIVED,
    &host_limits::DERIVED,
    &host_memory::DERIVED,
    &host_network::DERIVED,
    &host_time::DERIVED,
    &joining::DERIVED,
    &journal_state::DERIVED,
    &kubeconfigs::DERIVED,
    &kubelet_bootstrap::DERIVED,
    &kubelet_client_cert::DERIVED,
    &kubelet_client_cert_life::DERIVED,
    &kubelet_config::DERIVED,
    &kubelet_files::DERIVED,
    &kubelet_flags::DERIVED,
    &kubelet_kubeconfig::DERIVED,
    &kubelet_proxy::DERIVED,
    &kubelet_serving_cert::DERIVED,
    &kubelet_settings::DERIVED,
    &kubelet_silent::DERIVED,
    &kubelet_unit::DERIVED,
    &kubelet_version::DERIVED,
    &machine_config::DERIVED,
    &missing_paths::DERIVED,
    &node_files::DERIVED,
    &node_object::DERIVED,
    &running::DERIVED,
    &runtime_config::DERIVED,
    &runtime_state::DERIVED,
    &units::DERIVED,
];
