//! One file per bundle layout. Written by `cargo xtask index`; do not edit.

pub mod aks;
pub mod aks_windows;
pub mod bottlerocket;
pub mod crashd;
pub mod eks;
pub mod eks_agent;
pub mod folder;
pub mod juju;
pub mod k8s_snap;
pub mod kind;
pub mod kubectl_dump;
pub mod kubespray;
pub mod microk8s;
pub mod must_gather;
pub mod native;
pub mod openshift_install;
pub mod rancher;
pub mod single;
pub mod sos;
pub mod supportconfig;
pub mod talos;
pub mod troubleshoot;

/// Every bundle layout, by file name.
pub const ALL: &[&crate::layout::Layout] = &[
    &aks::LAYOUT,
    &aks_windows::LAYOUT,
    &bottlerocket::LAYOUT,
    &crashd::LAYOUT,
    &eks::LAYOUT,
    &eks_agent::LAYOUT,
    &folder::LAYOUT,
    &juju::LAYOUT,
    &k8s_snap::LAYOUT,
    &kind::LAYOUT,
    &kubectl_dump::LAYOUT,
    &kubespray::LAYOUT,
    &microk8s::LAYOUT,
    &must_gather::LAYOUT,
    &native::LAYOUT,
    &openshift_install::LAYOUT,
    &rancher::LAYOUT,
    &single::LAYOUT,
    &sos::LAYOUT,
    &supportconfig::LAYOUT,
    &talos::LAYOUT,
    &troubleshoot::LAYOUT,
];
