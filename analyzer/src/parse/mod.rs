//! One file per kind of entry. Written by `cargo xtask index`; do not edit.

pub mod bundle_info;
pub mod environment_file;
pub mod kubelet_config;
pub mod listing;
pub mod ls;
pub mod manifest;
pub mod stored_file;
pub mod unit_file;

/// Every kind of entry, by file name.
pub const ALL: &[&crate::parser::Parser] = &[
    &bundle_info::PARSER,
    &environment_file::PARSER,
    &kubelet_config::PARSER,
    &listing::PARSER,
    &ls::PARSER,
    &manifest::PARSER,
    &stored_file::PARSER,
    &unit_file::PARSER,
];
