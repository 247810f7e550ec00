//! One file per kind of entry. Written by `cargo xtask index`; do not edit.

pub mod bundle_info;
pub mod environment_file;
pub mod kubelet_config;
pub mod listing;
pub mod ls;
pub mod manifest;
pub mod process_facts;
pub mod process_files;
pub mod ps;
pub mod stored_file;
pub mod unit_enabled;
pub mod unit_facts;
pub mod unit_file;
pub mod unit_list;
pub mod unit_show;
pub mod unit_status;

/// Every kind of entry, by file name.
pub const ALL: &[&crate::parser::Parser] = &[
    &bundle_info::PARSER,
    &environment_file::PARSER,
    &kubelet_config::PARSER,
    &listing::PARSER,
    &ls::PARSER,
    &manifest::PARSER,
    &process_facts::PARSER,
    &process_files::PARSER,
    &ps::PARSER,
    &stored_file::PARSER,
    &unit_enabled::PARSER,
    &unit_facts::PARSER,
    &unit_file::PARSER,
    &unit_list::PARSER,
    &unit_show::PARSER,
    &unit_status::PARSER,
];
