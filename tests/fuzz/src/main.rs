//! One fuzz target under libFuzzer: the one that `NODEBUNDLE_FUZZ` names.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nodebundle_tests::fuzz::{TARGETS, Target};
use std::sync::LazyLock;

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("NODEBUNDLE_FUZZ").unwrap_or_default();
    let found = TARGETS.iter().find(|target| target.name == name);
    found.unwrap_or_else(|| {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        panic!("NODEBUNDLE_FUZZ must name one of {}", names.join(", "))
    })
});

fuzz_target!(|bytes: &[u8]| (TARGET.run)(bytes));
