//! One file per kind of entry. Written by `cargo xtask index`; do not edit.

pub mod arguments_file;
pub mod bundle_info;
pub mod checkpoint;
pub mod cni_config;
pub mod containerd_config;
pub mod crictl_config;
pub mod crio_config;
pub mod docker_config;
pub mod environment_file;
pub mod kubeconfig;
pub mod kubelet_config;
pub mod listing;
pub mod ls;
pub mod manifest;
pub mod openssl_text;
pub mod pem_file;
pub mod process_facts;
pub mod process_files;
pub mod ps;
pub mod rancher_config;
pub mod static_pod;
pub mod stored_file;
pub mod unit_enabled;
pub mod unit_facts;
pub mod unit_file;
pub mod unit_list;
pub mod unit_show;
pub mod unit_status;

/// Every kind of entry, by file name.
pub const ALL: &[&crate::parser::Parser] = &[
    &arguments_file::PARSER,
    &bundle_info::PARSER,
    &checkpoint::PARSER,
    &cni_config::PARSER,
    &containerd_config::PARSER,
    &crictl_config::PARSER,
    &crio_config::PARSER,
    &docker_config::PARSER,
    &environment_file::PARSER,
    &kubeconfig::PARSER,
    &kubelet_config::PARSER,
    &listing::PARSER,
    &ls::PARSER,
    &manifest::PARSER,
    &openssl_text::PARSER,
    &pem_file::PARSER,
    &process_facts::PARSER,
    &process_files::PARSER,
    &ps::PARSER,
    &rancher_config::PARSER,
    &static_pod::PARSER,
    &stored_file::PARSER,
    &unit_enabled::PARSER,
    &unit_facts::PARSER,
    &unit_file::PARSER,
    &unit_list::PARSER,
    &unit_show::PARSER,
    &unit_status::PARSER,
];
