//! One file per redaction rule. Written by `cargo xtask index`; do not edit.

mod r01_private_key;
mod r02_bootstrap_token;
mod r03_jwt;
mod r04_header;
mod r05_encryption_key;
mod r06_kubeconfig;
mod r07_url_credentials;
mod r08_registry;
mod r09_assignment;
mod r10_cloud;
mod r11_join_token;
mod r12_known_format;

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
];
