//! One file per kind of entry. Written by `cargo xtask index`; do not edit.

pub mod arguments_file;
pub mod aws_auth;
pub mod boot_facts;
pub mod bottlerocket_settings;
pub mod bundle_info;
pub mod cgroups;
pub mod checkpoint;
pub mod chronyc;
pub mod clock_facts;
pub mod cluster_info_probe;
pub mod cni_config;
pub mod cni_facts;
pub mod container_table;
pub mod containerd_config;
pub mod credential_facts;
pub mod cri_probe;
pub mod crictl_config;
pub mod crictl_info;
pub mod crio_config;
pub mod curl;
pub mod date;
pub mod df;
pub mod docker_config;
pub mod docker_info;
pub mod docker_probe;
pub mod endpoint_probe;
pub mod environment_file;
pub mod filesystem_facts;
pub mod firewalld;
pub mod fstab;
pub mod helpers_probe;
pub mod host_collectors;
pub mod host_connections;
pub mod host_facts;
pub mod host_lists;
pub mod hostname;
pub mod hosts;
pub mod ids;
pub mod ifconfig;
pub mod images;
pub mod ip_addr;
pub mod ip_route;
pub mod iptables;
pub mod iptables_list;
pub mod journal_facts;
pub mod journal_health;
pub mod kernel_filesystems;
pub mod kernel_module_facts;
pub mod key_facts;
pub mod kubeadm_certs;
pub mod kubeconfig;
pub mod kubelet_config;
pub mod kubelet_probe;
pub mod limit_facts;
pub mod listing;
pub mod look_up;
pub mod ls;
pub mod machine_config;
pub mod manifest;
pub mod memory;
pub mod modules;
pub mod mounts;
pub mod names_probe;
pub mod network_facts;
pub mod nft;
pub mod node_description;
pub mod node_events;
pub mod node_object;
pub mod node_probe;
pub mod node_table;
pub mod openssl_text;
pub mod os_release;
pub mod package_facts;
pub mod pem_file;
pub mod process_facts;
pub mod process_files;
pub mod profile_facts;
pub mod program_facts;
pub mod program_file;
pub mod program_version;
pub mod ps;
pub mod rancher_config;
pub mod reference_facts;
pub mod rendered_config;
pub mod resolv_conf;
pub mod s_client;
pub mod sandbox_table;
pub mod selinux;
pub mod signing_requests;
pub mod snap_services;
pub mod sockets;
pub mod static_pod;
pub mod stored_file;
pub mod supervisor_probe;
pub mod swap;
pub mod sysctl;
pub mod systemd_facts;
pub mod talos_resources;
pub mod timedatectl;
pub mod troubleshoot_analysis;
pub mod ufw;
pub mod uname;
pub mod unit_enabled;
pub mod unit_facts;
pub mod unit_file;
pub mod unit_list;
pub mod unit_show;
pub mod unit_status;
pub mod uptime;

/// Every kind of entry, by file name.
pub const ALL: &[&crate::parser::Parser] = &[
    &arguments_file::PARSER,
    &aws_auth::PARSER,
    &boot_facts::PARSER,
    &bottlerocket_settings::PARSER,
    &bundle_info::PARSER,
    &cgroups::PARSER,
    &checkpoint::PARSER,
    &chronyc::PARSER,
    &clock_facts::PARSER,
    &cluster_info_probe::PARSER,
    &cni_config::PARSER,
    &cni_facts::PARSER,
    &container_table::PARSER,
    &containerd_config::PARSER,
    &credential_facts::PARSER,
    &cri_probe::PARSER,
    &crictl_config::PARSER,
    &crictl_info::PARSER,
    &crio_config::PARSER,
    &curl::PARSER,
    &date::PARSER,
    &df::PARSER,
    &docker_config::PARSER,
    &docker_info::PARSER,
    &docker_probe::PARSER,
    &endpoint_probe::PARSER,
    &environment_file::PARSER,
    &filesystem_facts::PARSER,
    &firewalld::PARSER,
    &fstab::PARSER,
    &helpers_probe::PARSER,
    &host_collectors::PARSER,
    &host_connections::PARSER,
    &host_facts::PARSER,
    &host_lists::PARSER,
    &hostname::PARSER,
    &hosts::PARSER,
    &ids::PARSER,
    &ifconfig::PARSER,
    &images::PARSER,
    &ip_addr::PARSER,
    &ip_route::PARSER,
    &iptables::PARSER,
    &iptables_list::PARSER,
    &journal_facts::PARSER,
    &journal_health::PARSER,
    &kernel_filesystems::PARSER,
    &kernel_module_facts::PARSER,
    &key_facts::PARSER,
    &kubeadm_certs::PARSER,
    &kubeconfig::PARSER,
    &kubelet_config::PARSER,
    &kubelet_probe::PARSER,
    &limit_facts::PARSER,
    &listing::PARSER,
    &look_up::PARSER,
    &ls::PARSER,
    &machine_config::PARSER,
    &manifest::PARSER,
    &memory::PARSER,
    &modules::PARSER,
    &mounts::PARSER,
    &names_probe::PARSER,
    &network_facts::PARSER,
    &nft::PARSER,
    &node_description::PARSER,
    &node_events::PARSER,
    &node_object::PARSER,
    &node_probe::PARSER,
    &node_table::PARSER,
    &openssl_text::PARSER,
    &os_release::PARSER,
    &package_facts::PARSER,
    &pem_file::PARSER,
    &process_facts::PARSER,
    &process_files::PARSER,
    &profile_facts::PARSER,
    &program_facts::PARSER,
    &program_file::PARSER,
    &program_version::PARSER,
    &ps::PARSER,
    &rancher_config::PARSER,
    &reference_facts::PARSER,
    &rendered_config::PARSER,
    &resolv_conf::PARSER,
    &s_client::PARSER,
    &sandbox_table::PARSER,
    &selinux::PARSER,
    &signing_requests::PARSER,
    &snap_services::PARSER,
    &sockets::PARSER,
    &static_pod::PARSER,
    &stored_file::PARSER,
    &supervisor_probe::PARSER,
    &swap::PARSER,
    &sysctl::PARSER,
    &systemd_facts::PARSER,
    &talos_resources::PARSER,
    &timedatectl::PARSER,
    &troubleshoot_analysis::PARSER,
    &ufw::PARSER,
    &uname::PARSER,
    &unit_enabled::PARSER,
    &unit_facts::PARSER,
    &unit_file::PARSER,
    &unit_list::PARSER,
    &unit_show::PARSER,
    &unit_status::PARSER,
    &uptime::PARSER,
];
