//! One file per kind of entry. Written by `cargo xtask index`; do not edit.

pub mod bundle_info;
pub mod listing;
pub mod ls;
pub mod manifest;
pub mod stored_file;

/// Every kind of entry, by file name.
pub const ALL: &[&crate::parser::Parser] = &[
    &bundle_info::PARSER,
    &listing::PARSER,
    &ls::PARSER,
    &manifest::PARSER,
    &stored_file::PARSER,
];
