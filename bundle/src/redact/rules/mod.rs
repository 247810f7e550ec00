//! One file per redaction rule. Written by `cargo xtask index`; do not edit.

pub(crate) mod r01_private_key;
pub(crate) mod r02_bootstrap_token;
pub(crate) mod r03_jwt;
pub(crate) mod r04_header;
pub(crate) mod r05_encryption_key;
pub(crate) mod r06_kubeconfig;
pub(crate) mod r07_url_credentials;
pub(crate) mod r08_registry;
pub(crate) mod r09_assignment;
pub(crate) mod r10_cloud;
pub(crate) mod r11_join_token;
pub(crate) mod r12_known_format;
pub(crate) mod r13_user_data;
pub(crate) mod r14_kubeadm;
pub(crate) mod r15_kubelet;
pub(crate) mod r16_pod_data;
pub(crate) mod r17_high_entropy;

/// Every redaction rule, by file name.
pub const ALL: &[&crate::redact::rule::Rule] = &[
    &r01_private_key::RULE,
    &r02_bootstrap_token::RULE,
    &r03_jwt::RULE,
    &r04_header::RULE,
    &r05_encryption_key::RULE,
    &r06_kubeconfig::RULE,
    &r07_url_credentials::RULE,
    &r08_registry::RULE,
    &r09_assignment::RULE,
    &r10_cloud::RULE,
    &r11_join_token::RULE,
    &r12_known_format::RULE,
    &r13_user_data::RULE,
    &r14_kubeadm::RULE,
    &r15_kubelet::RULE,
    &r16_pod_data::RULE,
    &r17_high_entropy::RULE,
];
