//! What would be, or will be, taken: for a person, as JSON, and as `plan.json`.

use crate::cli::Options;
use crate::expand;
use crate::facts;
use crate::host::Host;
use crate::node::Node;
use crate::probes;
use crate::spec::{self, Item, Source, Spec};
use crate::take::{Choice, id, in_order};
use crate::user_spec::UserItem;
use serde::Serialize;
use std::fmt::Write as _;

/// One line of the plan.
#[derive(Debug, Serialize)]
struct Line {
    id: String,
    catalog: &'static str,
    kind: String,
    source: String,
    path: String,
    cap: u64,
    tier: &'static str,
    sensitivity: &'static str,
    reason: String,
}

/// The declared plan; nothing of the node is looked at.
pub(crate) fn declared(options: &Options, user_items: Vec<UserItem>) -> String {
    let choice = Choice {
        without: options.without.clone(),
        with: options.with.clone(),
        profile: options.profile(),
        user_items,
        ..Choice::default()
    };
    let mut lines: Vec<Line> = in_order(&choice)
        .iter()
        .map(|(spec, item)| line(spec, item))
        .collect();
    lines.extend(user_lines(&choice));
    let live = options.root.is_none();
    if live && !options.no_probes {
        let probes = probes::ALL.iter();
        let probes = probes.filter(|probe| !choice.leaves_out(&format!("probe/{}", probe.name)));
        lines.extend(probes.map(|probe| Line {
            id: format!("probe/{}", probe.name),
            catalog: probe.catalog,
            kind: "probe".to_owned(),
            source: format!("probe: {}", probe.about),
            path: format!("probes/{}.json", probe.name),
            cap: 64 << 10,
            tier: "T0",
            sensitivity: "identifying",
            reason: probe.reason.to_owned(),
        }));
    }
    lines.retain(|line| match line.kind.as_str() {
        "user-http" => live && !options.no_probes,
        _ => live || !line.source.starts_with("command: "),
    });
    if options.json {
        return facts::list("items", &lines);
    }
    text(&lines)
}

/// `plan.json`: every item with its paths on this node.
pub(crate) fn resolved(host: &mut Host, node: &Node, choice: &Choice) -> String {
    let mut lines = Vec::new();
    for (spec, item) in in_order(choice) {
        match (&item.source, expand::files(host, node, item)) {
            (Source::Named { .. } | Source::Folder { .. }, Ok(files)) if !files.is_empty() => {
                for file in files {
                    let mut line = line(spec, item);
                    line.id = format!("{}:{file}", line.id);
                    line.path = format!("files{file}");
                    line.source = file;
                    lines.push(line);
                }
            }
            _ => lines.push(line(spec, item)),
        }
    }
    lines.extend(user_lines(choice));
    let observed = observed_at(host, node);
    let items = facts::list("items", &lines);
    items.replacen("{\n", &format!("{{\n \"observed_at\": {observed},\n"), 1)
}

/// The node's own time and where it was read.
fn observed_at(host: &Host, node: &Node) -> String {
    let (time, from) = match node.newest_record {
        _ if host.is_live() => (Some(host.clock().now()), "clock"),
        Some(newest) => (
            Some(crate::clock::from_microseconds(newest)),
            "newest journal record",
        ),
        None => (None, "unknown"),
    };
    let time = time.map(crate::clock::rfc3339);
    serde_json::json!({"time": time, "from": from}).to_string()
}

fn line(spec: &Spec, item: &Item) -> Line {
    Line {
        id: id(spec, item),
        catalog: item.catalog,
        kind: item.kind.to_owned(),
        source: item.source.describe(),
        path: item.source.stored_below(),
        cap: item.cap,
        tier: item.tier.as_str(),
        sensitivity: item.sensitivity.as_str(),
        reason: item.reason.to_owned(),
    }
}

/// The items of `--spec`.
fn user_lines(choice: &Choice) -> Vec<Line> {
    let items = choice.user_items.iter();
    let wanted = items.filter(|item| choice.wants_user(item));
    let line = |item: &UserItem| Line {
        id: item.record_id(),
        kind: item.kind().to_owned(),
        source: item.describe(),
        path: item.stored_below(),
        cap: item.cap,
        tier: "T1",
        sensitivity: item.sensitivity.as_str(),
        catalog: "",
        reason: item.reason.clone(),
    };
    wanted.map(line).collect()
}

fn text(lines: &[Line]) -> String {
    let mut text = String::from(
        "What would be taken, in this order; nothing was touched. Secrets are masked before anything is stored.\n",
    );
    let mut spec = "";
    for line in lines {
        let name = line.id.split('/').next().unwrap_or_default();
        if name != spec {
            let about = spec::all()
                .find(|spec| spec.name == name)
                .map_or_else(|| about(name), |spec| spec.about);
            writeln!(text, "\n{name}: {about}").ok();
            spec = name;
        }
        let cap = line.cap.div_ceil(1024);
        writeln!(
            text,
            "  {}  [{}, {}, at most {cap} KiB]\n      {}",
            line.source, line.tier, line.sensitivity, line.reason
        )
        .ok();
    }
    text
}

fn about(name: &str) -> &'static str {
    match name {
        "user" => "items of the spec file",
        _ => "active probes",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    fn options(words: &[&str]) -> Options {
        crate::cli::Cli::parse_from([&["c"], words].concat()).options
    }

    #[test]
    fn the_plan_names_every_spec_and_is_the_same_each_time() {
        let text = declared(&options(&[]), Vec::new());
        for spec in spec::all().filter(|spec| !spec.items.is_empty()) {
            assert!(
                text.contains(&format!("\n{}: ", spec.name)),
                "{}",
                spec.name
            );
        }
        assert_eq!(text, declared(&options(&[]), Vec::new()));
    }

    #[test]
    fn a_dead_node_gets_no_command() {
        let text = declared(&options(&["--root", "/mnt", "--json"]), Vec::new());
        assert!(!text.contains("command: "));
        let plan: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(plan["items"].as_array().unwrap().len() > 50);
    }

    #[test]
    fn what_is_left_out_is_not_planned() {
        let text = declared(&options(&["--without", "journal", "--json"]), Vec::new());
        assert!(!text.contains("journal/kubelet.service"));
    }
}
