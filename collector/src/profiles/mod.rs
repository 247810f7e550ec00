//! One file per distribution: what gives it away, what it has. Written by `cargo xtask index`; do not edit.

pub mod aks;
pub mod eks;
pub mod generic;
pub mod gke;
pub mod k0s;
pub mod k3s;
pub mod k8s_snap;
pub mod kubeadm;
pub mod microk8s;
pub mod microshift;
pub mod openshift;
pub mod rke1;
pub mod rke2;
pub mod talos;

/// Every distribution: what gives it away, what it has, by file name.
pub const ALL: &[&crate::profile::Profile] = &[
    &aks::PROFILE,
    &eks::PROFILE,
    &generic::PROFILE,
    &gke::PROFILE,
    &k0s::PROFILE,
    &k3s::PROFILE,
    &k8s_snap::PROFILE,
    &kubeadm::PROFILE,
    &microk8s::PROFILE,
    &microshift::PROFILE,
    &openshift::PROFILE,
    &rke1::PROFILE,
    &rke2::PROFILE,
    &talos::PROFILE,
];
