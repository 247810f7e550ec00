//! Generated indexes: the `mod.rs` of folders whose files are the list, and the rules compiled into the analyzer with the texts that
//! their log patterns require.

use crate::literals::required_by;
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder in which every file declares one item.
struct Folder {
    path: &'static str,
    /// First line of the doc comment.
    what: &'static str,
    /// Type of the item.
    item: &'static str,
    /// Name of the constant in each file.
    constant: &'static str,
    /// Who sees the files' other items.
    visibility: &'static str,
}

const FOLDERS: &[Folder] = &[
    Folder {
        path: "analyzer/src/layouts",
        what: "bundle layout",
        item: "crate::layout::Layout",
        constant: "LAYOUT",
        visibility: "pub",
    },
    Folder {
        path: "analyzer/src/parse",
        what: "kind of entry",
        item: "crate::parser::Parser",
        constant: "PARSER",
        visibility: "pub",
    },
    Folder {
        path: "analyzer/src/facts",
        what: "derived fact",
        item: "crate::derived::Derived",
        constant: "DERIVED",
        visibility: "pub",
    },
    Folder {
        path: "analyzer/src/formats",
        what: "output format",
        item: "crate::format::Format",
        constant: "FORMAT",
        visibility: "pub",
    },
    Folder {
        path: "collector/src/specs",
        what: "subsystem: what to take",
        item: "crate::spec::Spec",
        constant: "SPEC",
        visibility: "pub",
    },
    Folder {
        path: "collector/src/probes",
        what: "active probe",
        item: "crate::probe::Probe",
        constant: "PROBE",
        visibility: "pub",
    },
    Folder {
        path: "collector/src/profiles",
        what: "distribution: what gives it away, what it has",
        item: "crate::profile::Profile",
        constant: "PROFILE",
        visibility: "pub",
    },
    Folder {
        path: "bundle/src/redact/rules",
        what: "redaction rule",
        item: "crate::redact::rule::Rule",
        constant: "RULE",
        visibility: "pub(crate)",
    },
    Folder {
        path: "fixtures/src/wrap",
        what: "tool: how it packs what it sees of a node",
        item: "crate::wrapping::Wrapping",
        constant: "WRAPPING",
        visibility: "pub",
    },
];

/// Writes every index, or with `check` fails when one is stale.
pub(crate) fn run(root: &Path, check: bool) -> Result<()> {
    let mut wanted = Vec::new();
    for folder in FOLDERS {
        if root.join(folder.path).is_dir() {
            wanted.push((
                root.join(folder.path).join("mod.rs"),
                module_index(root, folder)?,
            ));
        }
    }
    let rules = rules(root)?;
    wanted.push((root.join("analyzer/rules.json"), rules_json(root, &rules)?));
    wanted.push((root.join("analyzer/literals.json"), literals_json(&rules)?));
    let mut stale = Vec::new();
    for (path, text) in wanted {
        if fs::read_to_string(&path).ok().as_deref() == Some(text.as_str()) {
            continue;
        }
        if check {
            stale.push(path.display().to_string());
        } else {
            fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        }
    }
    if !stale.is_empty() {
        bail!("stale, run `cargo xtask index`: {}", stale.join(", "));
    }
    Ok(())
}

fn module_index(root: &Path, folder: &Folder) -> Result<String> {
    let names = module_names(&root.join(folder.path))?;
    let mut text = format!(
        "//! One file per {}. Written by `cargo xtask index`; do not edit.\n\n",
        folder.what
    );
    for name in &names {
        writeln!(text, "{} mod {name};", folder.visibility)?;
    }
    let items: Vec<String> = names
        .iter()
        .map(|name| format!("&{name}::{}", folder.constant))
        .collect();
    let blank = if names.is_empty() { "" } else { "\n" };
    writeln!(text, "{blank}/// Every {}, by file name.", folder.what)?;
    let head = format!("pub const ALL: &[&{}] =", folder.item);
    text.push_str(&formatted_list(&head, &items));
    Ok(text)
}

/// The list as rustfmt lays it out: on the line, on the next line, or one item a line.
fn formatted_list(head: &str, items: &[String]) -> String {
    let joined = items.join(", ");
    let same = format!("{head} &[{joined}];\n");
    let next = format!("    &[{joined}];\n");
    if same.len() <= 101 {
        same
    } else if next.len() <= 101 {
        format!("{head}\n{next}")
    } else {
        format!("{head} &[\n    {},\n];\n", items.join(",\n    "))
    }
}

fn module_names(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for file in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = file?.path();
        let stem = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        if path.extension().is_some_and(|ending| ending == "rs") && stem != "mod" {
            names.push(stem);
        }
    }
    names.sort();
    Ok(names)
}

/// All rules by file name, without their examples.
fn rules(root: &Path) -> Result<BTreeMap<String, Value>> {
    let mut rules = BTreeMap::new();
    for path in rule_files(&root.join("rules"))? {
        let text = fs::read_to_string(&path)?;
        let mut rule: Value = serde_saphyr::from_str(&text)
            .with_context(|| format!("{} is not YAML", path.display()))?;
        let Some(fields) = rule.as_object_mut() else {
            bail!("{} is not a mapping", path.display())
        };
        fields.remove("examples");
        let stem = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        rules.insert(stem, rule);
    }
    Ok(rules)
}

/// All rules as one JSON object, one rule a line, sorted by id.
fn rules_json(root: &Path, rules: &BTreeMap<String, Value>) -> Result<String> {
    let ladder = root.join("rules/ladder.yaml");
    let paths: Value = match fs::read_to_string(&ladder) {
        Ok(text) => serde_saphyr::from_str(&text).context("rules/ladder.yaml is not YAML")?,
        Err(_) => serde_json::json!({}),
    };
    let lines: Vec<String> = rules
        .values()
        .map(serde_json::to_string)
        .collect::<Result<_, _>>()?;
    Ok(format!(
        "{{\"ladder\":{},\"rules\":[\n{}\n]}}\n",
        serde_json::to_string(&paths)?,
        lines.join(",\n")
    ))
}

/// For each rule with log patterns, and for each of these, the texts of which every match contains one; one rule a line.
fn literals_json(rules: &BTreeMap<String, Value>) -> Result<String> {
    let mut lines = Vec::new();
    for (id, rule) in rules {
        let patterns = rule.get("log").and_then(Value::as_array);
        let patterns = patterns.into_iter().flatten().map(|log| {
            let pattern = log.get("pattern")?.as_str()?;
            let texts = required_by(pattern).ok()??.into_iter();
            texts.map(|text| String::from_utf8(text).ok()).collect()
        });
        let patterns: Vec<Option<Vec<String>>> = patterns.collect();
        if !patterns.is_empty() {
            let id = serde_json::to_string(id)?;
            lines.push(format!("{id}:{}", serde_json::to_string(&patterns)?));
        }
    }
    Ok(format!("{{\n{}\n}}\n", lines.join(",\n")))
}

/// `rules/<stage>/<id>.yaml`.
pub(crate) fn rule_files(rules: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for stage in fs::read_dir(rules).context("reading rules/")? {
        let stage = stage?.path();
        if !stage.is_dir() {
            continue;
        }
        for file in fs::read_dir(&stage)? {
            let file = file?.path();
            if file.extension().is_some_and(|ending| ending == "yaml") {
                files.push(file);
            }
        }
    }
    files.sort();
    Ok(files)
}
