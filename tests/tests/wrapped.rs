//! The same fault is found whatever tool packed the node, or the report names what that tool does not carry.

use crate::packing::tar_gz;
use crate::programs::{collect, entries};
use chrono::{DateTime, Utc};
use nodebundle_analyzer::analyze::{Options, analyze};
use nodebundle_analyzer::report::{Report, Unknown};
use nodebundle_analyzer::rule::Role;
use nodebundle_analyzer::ruleset::RuleSet;
use nodebundle_analyzer::{layouts, names as given_names};
use nodebundle_bundle::Input;
use nodebundle_fixtures::wrapping::{Seen, Wrapping};
use nodebundle_fixtures::{Scratch, names, nodes, wrap};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn every_layout_but_our_own_has_a_wrapping() {
    for layout in layouts::ALL {
        let own = ["native", "single"].contains(&layout.name);
        let wrapped = wrap::ALL.iter().any(|one| one.layout == layout.name);
        assert!(
            own || wrapped,
            "{} is tried with no recorded node",
            layout.name
        );
    }
}

#[test]
fn whatever_packed_a_node_its_cause_is_the_same_or_what_is_missing_is_named() {
    let cases = names().into_iter().map(|name| Case {
        root: nodes().join(&name).join("root"),
        commands: None,
        objects: None,
        name,
    });
    let scores = compare(&cases.collect::<Vec<_>>());
    let wrong: Vec<String> = scores.into_values().flat_map(|score| score.wrong).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The same over a labelled set: `NODEBUNDLE_LABELLED=FOLDER cargo test … labelled -- --ignored --nocapture`. Each case is a folder
/// with `rootfs/`, `commands/` and `control-plane/`.
#[test]
#[ignore = "needs a labelled set, named by NODEBUNDLE_LABELLED"]
fn labelled_nodes_have_the_same_cause_whatever_packed_them() {
    let folder =
        PathBuf::from(std::env::var_os("NODEBUNDLE_LABELLED").expect("NODEBUNDLE_LABELLED"));
    let mut cases: Vec<Case> = fs::read_dir(folder)
        .unwrap()
        .map(|case| Case::labelled(&case.unwrap().path()))
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    let mut out = io::stdout();
    for (layout, score) in compare(&cases) {
        let (same, silent) = (score.same, score.silent.len());
        writeln!(
            out,
            "{layout:16} same {same}, silent {silent}, of {}",
            score.all
        )
        .unwrap();
        for line in score.silent.iter().chain(&score.wrong) {
            writeln!(out, "    {line}").unwrap();
        }
    }
}

/// A recorded node.
struct Case {
    name: String,
    root: PathBuf,
    /// Outputs that were recorded beside it.
    commands: Option<PathBuf>,
    /// Objects of the API that were recorded beside it.
    objects: Option<PathBuf>,
}

impl Case {
    fn labelled(folder: &Path) -> Self {
        Self {
            name: folder.file_name().unwrap().to_string_lossy().into_owned(),
            root: folder.join("rootfs"),
            commands: Some(folder.join("commands")),
            objects: Some(folder.join("control-plane")),
        }
    }
}

/// How the reports on one layout's bundles compare with those on our own.
#[derive(Default)]
struct Score {
    all: usize,
    same: usize,
    /// The cause is not the first, and the report asks for what would tell it.
    silent: Vec<String>,
    wrong: Vec<String>,
}

fn compare(cases: &[Case]) -> BTreeMap<&'static str, Score> {
    let rules = RuleSet::built_in();
    let (scores, next) = (Mutex::new(BTreeMap::new()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    node(case, &rules, &scores);
                }
            });
        }
    });
    scores.into_inner().unwrap()
}

fn node(case: &Case, rules: &RuleSet, scores: &Mutex<BTreeMap<&'static str, Score>>) {
    let scratch = Scratch::new();
    let path = scratch.path().join("bundle.tar.gz");
    collect(&case.root, &path, &[]);
    let native = report(&Input::Path(path.clone()), rules, None);
    let mut seen = seen(&path, case.commands.as_deref());
    seen.objects = case
        .objects
        .as_deref()
        .map(|folder| objects(folder, &seen.name))
        .unwrap_or_default();
    let wrapped = |wrapping: &Wrapping| {
        let input = Input::Held {
            name: format!("{} as {}", case.name, wrapping.layout),
            bytes: tar_gz(&(wrapping.entries)(&seen)).into(),
        };
        report(&input, rules, native.verdict.as_of)
    };
    let reports: Vec<_> = wrap::ALL.iter().map(|one| (*one, wrapped(one))).collect();
    for (wrapping, found) in &reports {
        // What was recorded beside the node may tell more than its files.
        let folder = reports.iter().filter(|(one, _)| {
            case.commands.is_some() && one.layout == "folder" && wrapping.layout != "folder"
        });
        let told: Vec<&Report> = folder.map(|(_, report)| report).chain([&native]).collect();
        let mut scores = scores.lock().unwrap();
        let score = scores.entry(wrapping.layout).or_default();
        score.add(&case.name, wrapping, &told, found);
    }
}

impl Score {
    fn add(&mut self, case: &str, wrapping: &Wrapping, told: &[&Report], found: &Report) {
        let first = |report: &Report| report.causes.first().map(|cause| cause.id.clone());
        let line = || {
            let wanted: Vec<_> = told.iter().copied().map(first).collect();
            format!(
                "{case} as {}: {:?} instead of {wanted:?}",
                wrapping.layout,
                first(found)
            )
        };
        self.all += 1;
        let is_same = |report: &&Report| {
            let coarser = is_coarser(found, report) || is_coarser(report, found);
            first(report) == first(found) || coarser
        };
        if found.input.layout != wrapping.layout {
            let as_what = &found.input.layout;
            self.wrong
                .push(format!("{case} as {}: told as {as_what}", wrapping.layout));
        } else if told.iter().any(is_same) {
            self.same += 1;
        } else if told
            .iter()
            .any(|report| asks(found, first(report).as_deref()))
        {
            self.silent.push(line());
        } else {
            self.wrong.push(line());
        }
    }
}

/// Whether a report that does not name a cause says why: it names none and asks for more, or asks for what would tell this one.
fn asks(found: &Report, wanted: Option<&str>) -> bool {
    let asks_for = |one: &Unknown| one.rules.iter().any(|rule| Some(rule.as_str()) == wanted);
    let is_silent = found.causes.is_empty() && !found.unknown.is_empty();
    is_silent || found.unknown.iter().any(asks_for)
}

/// Whether the cause is one that the other report has under its own: the same fault, seen less closely.
fn is_coarser(found: &Report, native: &Report) -> bool {
    let (Some(found), Some(native_first)) = (found.causes.first(), native.causes.first()) else {
        return false;
    };
    native.symptoms.iter().any(|finding| {
        finding.id == found.id
            && finding.role == Role::Cause
            && finding.explained_by.contains(&native_first.id)
    })
}

fn report(input: &Input, rules: &RuleSet, now: Option<DateTime<Utc>>) -> Report {
    let options = Options {
        now,
        ..Options::default()
    };
    let mut reports = analyze(input, rules, &options).unwrap();
    assert_eq!(reports.len(), 1, "{}", input.name());
    reports.remove(0)
}

/// What is known of a node: what our collector took, and the outputs of commands that were recorded beside it.
fn seen(bundle: &Path, commands: Option<&Path>) -> Seen {
    let mut seen = Seen::of(entries(bundle).into_iter());
    for output in commands
        .into_iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap())
    {
        let path = output.unwrap().path();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        if let Some(command) = given_names::command(&stem) {
            seen.commands.insert(command, fs::read(path).unwrap());
        }
    }
    seen
}

/// The objects of the API that concern a node, out of the lists in a folder.
fn objects(folder: &Path, node: &str) -> BTreeMap<String, Vec<String>> {
    let mut objects = BTreeMap::new();
    for list in fs::read_dir(folder).unwrap() {
        let path = list.unwrap().path();
        let word = path.file_stem().unwrap().to_string_lossy().into_owned();
        let list: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let items = list["items"].as_array().into_iter().flatten();
        let items: Vec<String> = items
            .filter(|item| {
                let about = [&item["metadata"]["name"], &item["involvedObject"]["name"]];
                word == "csr" || about.contains(&&serde_json::Value::from(node))
            })
            .map(ToString::to_string)
            .collect();
        objects.insert(word, items);
    }
    objects
}
