//! The product's promises, tested with its two real programs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a broken assumption of a test is a failed test"
)]

mod bare_places;
mod beside;
mod booted_node;
mod brought;
mod cases;
mod changed;
mod clusters;
mod conformance;
mod credentials;
mod cut;
mod evidence;
mod full_disk;
mod fuzzed;
mod hostile;
mod hostile_layouts;
mod inside;
mod journals;
mod killed;
mod leaks;
mod limits;
mod many_nodes;
mod odd_files;
mod one_of_several;
mod packing;
mod planted;
mod profiles;
mod programs;
mod pseudonyms;
mod reproducible;
mod robust;
mod scrubbed;
mod silence;
mod static_build;
mod streams;
mod stuck_mount;
mod transport;
mod upgrade;
mod user_spec;
mod wrapped;
