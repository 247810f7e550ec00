//! What would be, or will be, taken: for a person, as JSON, and as `plan.json`.

use crate::cli::Options;
use crate::expand;
use crate::facts;
use crate::host::Host;
use crate::node::Node;
use crate::probe::Probe;
use crate::probes;
use crate::spec::{self, Item, Source, Spec, Tier};
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

/// The plan of one node: what is on it is looked up, nothing is written or sent.
pub(crate) fn of_node(
    options: &Options,
    user_items: Vec<UserItem>,
) -> Result<String, crate::collect::CollectError> {
    let clock = crate::clock::Clock::new(options.now);
    let stop = crate::stop::Stop::new(std::time::Instant::now() + options.deadline);
    let mut host = Host::new(crate::collect::reach(options, clock)?, stop);
    let node = Node::resolve(&mut host, options.profile());
    let found: Vec<String> = node
        .profiles
        .iter()
        .map(|one| {
            format!(
                "{}, because of {}",
                one.profile.spec.name,
                one.because.join(" ")
            )
        })
        .collect();
    let plan = plan(options, user_items, Some((&mut host, &node)));
    if options.json {
        let found = serde_json::json!(found);
        return Ok(plan.replacen("{\n", &format!("{{\n \"found\": {found},\n"), 1));
    }
    let mut text = String::new();
    for one in &found {
        writeln!(text, "Found: {one}").ok();
    }
    if found.is_empty() {
        text.push_str("Found: no distribution of Kubernetes\n");
    }
    Ok(text + &plan)
}

/// The declared plan; nothing of the node is looked at.
#[cfg(test)]
pub(crate) fn declared(options: &Options, user_items: Vec<UserItem>) -> String {
    plan(options, user_items, None)
}

fn plan(
    options: &Options,
    user_items: Vec<UserItem>,
    mut on: Option<(&mut Host, &Node)>,
) -> String {
    let choice = Choice {
        without: options.without.clone(),
        with: options.with.clone(),
        profile: options.profile(),
        user_items,
        ..Choice::default()
    };
    let mut lines: Vec<Line> = in_order(&choice)
        .into_iter()
        .flat_map(|(spec, item)| match &mut on {
            Some((host, node)) => lines_of(host, node, spec, item),
            None => vec![line(spec, item)],
        })
        .collect();
    lines.extend(user_lines(&choice));
    let live = options.root.is_none();
    if live && !options.no_probes {
        let probes = probes::ALL.iter().filter(|probe| choice.wants_probe(probe));
        let probes = probes.filter(|probe| !choice.leaves_out(&format!("probe/{}", probe.name)));
        lines.extend(probes.map(|probe| probe_line(probe)));
    }
    lines.retain(|line| match line.kind.as_str() {
        "user-http" => live && !options.no_probes,
        _ => live || !line.source.starts_with("command: "),
    });
    if options.json {
        return facts::list("items", &lines);
    }
    text(&lines, &on_request(&choice, live))
}

/// `plan.json`: every item with its paths on this node.
pub(crate) fn resolved(host: &mut Host, node: &Node, choice: &Choice) -> String {
    let mut lines: Vec<Line> = in_order(choice)
        .into_iter()
        .flat_map(|(spec, item)| lines_of(host, node, spec, item))
        .collect();
    lines.extend(user_lines(choice));
    let observed = observed_at(host, node);
    let items = facts::list("items", &lines);
    items.replacen("{\n", &format!("{{\n \"observed_at\": {observed},\n"), 1)
}

/// One line for each file that an item stands for on this node; one for the item where there is none.
fn lines_of(host: &mut Host, node: &Node, spec: &Spec, item: &Item) -> Vec<Line> {
    let several = matches!(
        item.source,
        Source::Named { .. } | Source::Folder { .. } | Source::Logs { .. }
    );
    let files = expand::files(host, node, item).unwrap_or_default();
    if files.is_empty() || !(several || files.len() > 1) {
        return vec![line(spec, item)];
    }
    let file_line = |file: String| {
        let mut line = line(spec, item);
        line.id = format!("{}:{file}", line.id);
        line.path = format!("files{file}");
        line.source = file;
        line
    };
    files.into_iter().map(file_line).collect()
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

fn probe_line(probe: &Probe) -> Line {
    Line {
        id: format!("probe/{}", probe.name),
        catalog: probe.catalog,
        kind: "probe".to_owned(),
        source: format!("probe: {}", probe.about),
        path: format!("probes/{}.json", probe.name),
        cap: 64 << 10,
        tier: if probe.on_request { "T2" } else { "T0" },
        sensitivity: "identifying",
        reason: probe.reason.to_owned(),
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

/// The plan for a reader who decides what may leave the machine: by subsystem, then what is on request, then what is never taken.
fn text(lines: &[Line], on_request: &[Line]) -> String {
    let mut text = HEAD.to_owned();
    let mut names: Vec<&str> = Vec::new();
    for line in lines {
        let name = subsystem(line);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    for name in names {
        let about = spec::all()
            .find(|spec| spec.name == name)
            .map_or_else(|| about(name), |spec| spec.about);
        writeln!(text, "\n{name}: {about}").ok();
        let of_it: Vec<&Line> = lines
            .iter()
            .filter(|line| subsystem(line) == name)
            .collect();
        for alike in of_it.chunk_by(|a, b| a.reason == b.reason) {
            write_alike(&mut text, alike, false);
        }
    }
    if !on_request.is_empty() {
        text.push_str("\nOnly with --with NAME:\n");
        for line in on_request {
            write_alike(&mut text, &[line], true);
        }
    }
    text.push_str(NEVER);
    text
}

fn subsystem(line: &Line) -> &str {
    line.id.split('/').next().unwrap_or_default()
}

/// Items with one reason, which stands below them once.
fn write_alike(text: &mut String, alike: &[&Line], whole_id: bool) {
    for line in alike {
        let name = match line.id.split_once('/') {
            Some((_, name)) if !whole_id => name,
            _ => &line.id,
        };
        let cap = line.cap.div_ceil(1024);
        let (tier, sensitivity, catalog) = (line.tier, line.sensitivity, line.catalog);
        let source = &line.source;
        writeln!(
            text,
            "  {name:<24} {tier} {sensitivity:<11} {cap:>6} KiB  {catalog:<10} {source}"
        )
        .ok();
    }
    if let Some(reason) = alike.first().map(|line| &line.reason) {
        writeln!(text, "      {reason}").ok();
    }
}

/// Items that are taken only when they are named.
fn on_request(choice: &Choice, live: bool) -> Vec<Line> {
    let all = spec::all().flat_map(|spec| spec.items.iter().map(move |item| (spec, item)));
    let wanted = all.filter(|(spec, item)| item.tier == Tier::T2 && !choice.wants(spec, item));
    let lines = wanted.map(|(spec, item)| line(spec, item));
    let probes = probes::ALL.iter();
    let probes = probes.filter(|probe| live && !choice.wants_probe(probe));
    lines
        .chain(probes.map(|probe| probe_line(probe)))
        .filter(|line| live || !line.source.starts_with("command: "))
        .collect()
}

fn about(name: &str) -> &'static str {
    match name {
        "user" => "items of the spec file",
        _ => "active probes",
    }
}

const HEAD: &str = "\
What a collection takes, by subsystem. Nothing was written or sent to print this.

A line says: name, tier, sensitivity, most KiB of one source, number in the catalog, source.
  T0 always; T1 by default; T2 only with --with NAME. Leave out with --without SUBSYSTEM or --without SUBSYSTEM/NAME.
  public       harmless if published
  identifying  names of hosts, addresses, people; kept, unless --pseudonymize
  mixed        secrets stand among useful settings; they are masked in place before anything is stored
  secret       is itself a secret: only facts about it are stored (it exists, its mode, its age), never its content
";

const NEVER: &str = "
Never taken, by path and by content, whoever asks: private keys; password hashes, keytabs, SSH keys; Secrets of the cluster
and the volumes that hold them; the data of etcd; encryption keys; registry and cloud credentials; user data, Ignition and
machine configurations; memory, swap and core dumps; whole environments of programs; shell histories and sign-in logs; logs
and file systems of applications; audit logs of the API server; captured packets.
";

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

    #[test]
    fn a_subsystem_stands_in_one_place_and_what_is_on_request_is_named() {
        let text = declared(&options(&[]), Vec::new());
        assert_eq!(text.matches("\nkubelet: ").count(), 1);
        let (before, after) = text.split_once("Only with --with NAME:").unwrap();
        assert!(!before.contains("largest-folders"));
        assert!(after.contains("storage/largest"));
        let asked = declared(&options(&["--with", "storage/largest"]), Vec::new());
        let (before, _) = asked.split_once("Only with --with NAME:").unwrap();
        assert!(before.contains("largest-folders"));
    }
}
