//! Every fuzz target survives its seeds: samples of each form, and every input that once broke one.

use nodebundle_analyzer::{layouts, parse};
use nodebundle_tests::fuzz::{TARGETS, Target, entry};
use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

fn seeds(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(target);
    let mut seeds: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|seed| seed.unwrap().path())
        .collect();
    seeds.sort();
    seeds
}

fn survives(target: &Target, bytes: &[u8], seed: &Path) {
    let call = catch_unwind(|| (target.run)(bytes));
    assert!(call.is_ok(), "{} breaks on {}", target.name, seed.display());
}

#[test]
fn no_seed_breaks_its_target() {
    for target in TARGETS {
        let seeds = seeds(target.name);
        assert!(!seeds.is_empty(), "{} has no seeds", target.name);
        for seed in seeds {
            survives(target, &fs::read(&seed).unwrap(), &seed);
        }
    }
}

/// Each seed, cut at some sixty places and with single bytes changed, in a fixed order.
#[test]
fn no_damaged_seed_breaks_its_target() {
    for target in TARGETS.iter().filter(|target| target.name != "report") {
        for seed in seeds(target.name) {
            let whole = fs::read(&seed).unwrap();
            let step = (whole.len() / 64).max(1);
            for at in (0..whole.len()).step_by(step) {
                survives(target, &whole[..at], &seed);
                let mut flipped = whole.clone();
                flipped[at] ^= 1 << (at % 8);
                survives(target, &flipped, &seed);
            }
        }
    }
}

#[test]
fn every_parser_and_every_layout_has_a_seed() {
    let entries: Vec<_> = seeds("parsers")
        .iter()
        .map(|seed| entry(&fs::read(seed).unwrap()))
        .collect();
    let unread: Vec<&str> = parse::ALL
        .iter()
        .filter(|parser| !entries.iter().any(|entry| (parser.accepts)(entry)))
        .map(|parser| parser.name)
        .collect();
    assert!(
        unread.is_empty(),
        "no seed of tests/seeds/parsers is for {unread:?}"
    );
    let told: BTreeSet<&str> = seeds("layouts")
        .iter()
        .filter_map(|seed| {
            let text = fs::read_to_string(seed).unwrap();
            let names: Vec<&str> = text.lines().collect();
            nodebundle_analyzer::layout::Layout::of(&names).map(|(layout, _)| layout.name)
        })
        .collect();
    let untold: Vec<&str> = layouts::ALL
        .iter()
        .map(|layout| layout.name)
        .filter(|name| !told.contains(name))
        .collect();
    assert!(
        untold.is_empty(),
        "no seed of tests/seeds/layouts is told as {untold:?}"
    );
}
