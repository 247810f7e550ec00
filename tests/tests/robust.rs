//! The same fault is found when its bundle is cut, incomplete, from another zone, or buried in noise.

use crate::changed::{Change, Entry};
use crate::programs::collect;
use nodebundle_analyzer::analyze::{Options, analyze};
use nodebundle_analyzer::rule::Confidence;
use nodebundle_analyzer::ruleset::RuleSet;
use nodebundle_bundle::Input;
use nodebundle_fixtures::{Scratch, names, nodes};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How often a change was made, how often the first cause stayed right, and what went wrong.
#[derive(Default)]
struct Score {
    all: usize,
    right: usize,
    missed: Vec<String>,
}

#[test]
fn damage_and_noise_hardly_hide_a_cause_and_never_make_a_wrong_one_sure() {
    let rules = RuleSet::built_in();
    let (scores, wrong) = (Mutex::new(BTreeMap::new()), Mutex::new(Vec::new()));
    let (names, next) = (names(), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    node(name, &rules, &scores, &wrong);
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "sure of a wrong cause: {wrong:#?}");
    for (change, score) in scores.into_inner().unwrap() {
        let lost = score.all - score.right;
        assert!(
            lost * 100 < score.all * 5,
            "{change}: {lost} of {} lost their cause: {:#?}",
            score.all,
            score.missed
        );
    }
}

/// Every change of one node's bundle.
fn node(
    name: &str,
    rules: &RuleSet,
    scores: &Mutex<BTreeMap<String, Score>>,
    wrong: &Mutex<Vec<String>>,
) {
    let scratch = Scratch::new();
    let path = scratch.path().join("bundle.tar.gz");
    collect(&nodes().join(name).join("root"), &path, &[]);
    let bundle = fs::read(&path).unwrap();
    let entries = Entry::all(&bundle).unwrap();
    let causes = expected(name);
    for change in Change::all(&entries) {
        let input = Input::Held {
            name: name.to_owned(),
            bytes: change.apply(&bundle, &entries).unwrap().into(),
        };
        let reports = analyze(&input, rules, &Options::default()).unwrap();
        let [report] = reports.as_slice() else {
            panic!("{name}, {change:?}: {} reports", reports.len())
        };
        let first = report.causes.first();
        let is_right = first.map(|cause| &cause.id) == causes.first();
        let case = || format!("{name}, {change:?}: {:?}", first.map(|cause| &cause.id));
        let is_sure = first.is_some_and(|cause| {
            cause.confidence == Confidence::Confirmed && !causes.contains(&cause.id)
        });
        if is_sure {
            wrong.lock().unwrap().push(case());
        }
        let mut scores = scores.lock().unwrap();
        let score = scores.entry(change.to_string()).or_default();
        score.all += 1;
        score.right += usize::from(is_right);
        score.missed.extend((!is_right).then(case));
    }
}

/// The causes that a case expects, the first one first.
fn expected(name: &str) -> Vec<String> {
    let case = fs::read_to_string(nodes().join(name).join("case.yaml")).unwrap();
    let case: Value = serde_saphyr::from_str(&case).unwrap();
    let causes = case["expect"]["causes"].as_array().unwrap().iter();
    causes.map(|id| id.as_str().unwrap().to_owned()).collect()
}
