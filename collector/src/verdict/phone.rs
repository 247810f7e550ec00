//! `--verdict`: ten facts that a person can read over the phone where no file may leave the site.

use super::log::{self, Told};
use super::names::{ca, client, kubeconfig, unit_file, unit_state};
use super::probes::{socket, way};
use super::seen::{number, word};
use super::{Seen, Sight, line};
use crate::cli::Options;
use crate::collect::{CollectError, reach};
use crate::host::Host;
use crate::identity;
use crate::learn;
use crate::node::Node;
use crate::probe::ProbeContext;
use crate::spec::Source;
use crate::stop::Stop;
use crate::transport::Delivered;
use nodebundle_bundle::redact::{Redactor, StreamKey};
use serde_json::Value;

/// Looks and writes nothing: exit code and text.
pub(crate) fn alone(options: &Options, stop: Stop) -> Result<(u8, String), CollectError> {
    let clock = crate::clock::Clock::new(options.now);
    let mut host = Host::new(reach(options, clock)?, stop);
    let node = Node::resolve(&mut host, options.profile());
    let learned = learn::learn(&mut host, &node);
    let redactor = Redactor::new(identity::case_key(options)?, learned.secrets);
    let seen = look(options, &mut host, &node);
    let mut sight = Sight::new(&mut host, &node, &seen);
    let facts = facts(&mut sight, &redactor);
    let cut = host.stop().why();
    let mut text = text(&facts, "none written (give -o to write one)");
    if let Some(why) = cut {
        text.push_str(&wrapped("cut short", why));
    }
    Ok((u8::from(cut.is_some()), text))
}

/// The facts and answers that are judged, without a bundle.
fn look(options: &Options, host: &mut Host, node: &Node) -> Seen {
    let mut seen = Seen::default();
    for item in crate::specs::ALL.iter().flat_map(|spec| spec.items) {
        if let Source::Fact { topic, make } | Source::LateFact { topic, make } = item.source
            && TOPICS.contains(&topic)
            && let Ok(text) = make(host, node)
        {
            seen.fact(topic, &text);
        }
    }
    if host.is_live() && !options.no_probes {
        for probe in crate::probes::ALL {
            let answer = (probe.run)(&mut ProbeContext {
                host,
                node,
                may_use_credential: !options.no_api,
            });
            seen.answer(probe.name, &answer);
        }
    }
    seen
}

/// Name and value of each fact, in the order in which they are read out.
pub(crate) type Facts = Vec<(&'static str, String)>;

/// All but the bundle's.
pub(crate) fn facts(sight: &mut Sight<'_>, redactor: &Redactor) -> Facts {
    let told = log::read(sight);
    let unknown = || "unknown".to_owned();
    vec![
        ("node", sight.node.hostname.clone().unwrap_or_else(unknown)),
        ("kubelet", version(sight, &told).unwrap_or_else(unknown)),
        ("unit", unit(sight)),
        ("client cert", certificate(sight).unwrap_or_else(unknown)),
        ("CA key", authority(sight).unwrap_or_else(unknown)),
        ("API server", server(sight)),
        ("runtime", runtime(sight)),
        ("clock", clock(sight)),
        ("first error", error(&told, redactor)),
        ("verdict", line(sight)),
    ]
}

/// The last fact, when a bundle was written.
pub(crate) fn bundle(delivered: &Delivered) -> String {
    match &delivered.sha256 {
        Some(digest) => format!("sha256 {}", grouped(digest)),
        None => "not finished".to_owned(),
    }
}

/// The facts as lines of at most 72 columns of plain ASCII; `bundle` is the last one.
pub(crate) fn text(facts: &Facts, bundle: &str) -> String {
    let mut text = String::new();
    for (name, value) in facts {
        text.push_str(&wrapped(name, value));
    }
    text.push_str(&wrapped("bundle", bundle));
    text
}

fn version(sight: &Sight<'_>, told: &Told) -> Option<String> {
    let node = sight.seen.own_object();
    let node = node.and_then(|reply| reply.get("answer"));
    let info = node.and_then(|node| node.get("nodeInfo"));
    let running = info.map(|info| word(info, "kubeletVersion").to_owned());
    told.version
        .clone()
        .or(running.filter(|version| !version.is_empty()))
}

fn unit(sight: &Sight<'_>) -> String {
    if sight.host.is_live()
        && let Some(state) = unit_state(sight)
        && !word(state, "ActiveState").is_empty()
    {
        let (name, active) = (word(state, "Id"), word(state, "ActiveState"));
        let sub = word(state, "SubState");
        let status = number(state, "ExecMainStatus").unwrap_or(0);
        let restarts = number(state, "NRestarts").unwrap_or(0);
        return format!("{name} {active}/{sub}, exit status {status}, {restarts} restarts");
    }
    match unit_file(sight) {
        Some(unit) if unit.masked => format!("{} masked", unit.name),
        Some(unit) => {
            let state = unit.file_state.as_deref().unwrap_or("of unknown state");
            format!("{} {state}", unit.name)
        }
        None => "none found".to_owned(),
    }
}

fn certificate(sight: &mut Sight<'_>) -> Option<String> {
    let client = client(sight)?;
    let date = client.not_after.format("%Y-%m-%d");
    Some(
        match sight.now.map(|now| (client.not_after - now).num_days()) {
            Some(days) if client.not_after < sight.now? => {
                format!("until {date}, {} days ago", -days)
            }
            Some(days) => format!("until {date}, {days} days left"),
            None => format!("until {date}"),
        },
    )
}

fn authority(sight: &mut Sight<'_>) -> Option<String> {
    let digest = ca(sight)?;
    Some(format!("sha256 {}", grouped(&digest)))
}

/// The first 16 digits in fours: enough to compare, short enough to read out.
fn grouped(digest: &str) -> String {
    let digits: Vec<char> = digest.chars().take(16).collect();
    let fours: Vec<String> = digits.chunks(4).map(|four| four.iter().collect()).collect();
    fours.join(" ")
}

fn server(sight: &mut Sight<'_>) -> String {
    if let Some(way) = way(sight) {
        let proxied = if way.proxied { " (past its proxy)" } else { "" };
        let answer = sight
            .seen
            .own_object()
            .and_then(|reply| number(reply, "status"));
        let answer = answer.map(|status| format!(", node object: {status}"));
        return format!(
            "{} {}{proxied}{}",
            way.server,
            way.state,
            answer.unwrap_or_default()
        );
    }
    let kubeconfig = kubeconfig(sight);
    match kubeconfig {
        Some(path) => format!("not probed ({path})"),
        None => "no kubeconfig".to_owned(),
    }
}

fn runtime(sight: &Sight<'_>) -> String {
    match socket(sight) {
        Some(socket) if socket.get("exists") == Some(&Value::Bool(false)) => {
            format!("{} does not exist", word(socket, "path"))
        }
        Some(socket) => format!(
            "{} connect: {}",
            word(socket, "path"),
            word(socket, "connect")
        ),
        None => "not probed".to_owned(),
    }
}

fn clock(sight: &Sight<'_>) -> String {
    let time = sight
        .now
        .map_or_else(|| "unknown".to_owned(), crate::clock::rfc3339);
    let synchronized = sight
        .seen
        .object("clock")
        .and_then(|clock| clock.get("synchronized"));
    let synchronized = match synchronized {
        Some(Value::Bool(true)) => ", synchronized",
        Some(Value::Bool(false)) => ", not synchronized",
        _ => "",
    };
    let endpoints = sight.seen.answers("endpoint", "endpoints").iter();
    let addresses = endpoints.filter_map(|endpoint| endpoint.get("addresses")?.as_array());
    let skew = addresses
        .flatten()
        .find_map(|address| number(address, "clock_skew_ms"));
    let skew = skew.map(|skew| format!(", {} s to the API server", skew / 1000));
    format!("{time}{synchronized}{}", skew.unwrap_or_default())
}

fn error(told: &Told, redactor: &Redactor) -> String {
    let Some(error) = &told.error else {
        return if told.succeeded {
            "none since it registered"
        } else {
            "none found"
        }
        .to_owned();
    };
    let masked = redactor
        .text_stream()
        .line(&StreamKey::default(), error.as_bytes());
    let template = log::template(&String::from_utf8_lossy(masked.bytes()));
    let short: String = template.trim().chars().take(MAX_ERROR).collect();
    let since = if told.succeeded {
        "since it registered"
    } else {
        "of the last start"
    };
    format!("{short} ({since})")
}

/// `name: value`, wrapped at words; what follows the first line is indented.
fn wrapped(name: &str, value: &str) -> String {
    let plain: String = value
        .chars()
        .map(|c| {
            if c.is_ascii_graphic() || c == ' ' {
                c
            } else {
                '?'
            }
        })
        .collect();
    let mut text = String::new();
    let mut row = format!("{name}:");
    for word in plain.split(' ').filter(|word| !word.is_empty()) {
        let mut rest = word;
        while row.len() + 1 + rest.len() > COLUMNS {
            let room = COLUMNS.saturating_sub(row.len() + 1);
            // A word that fits on no line is cut.
            let cut = if rest.len() > COLUMNS - 2 { room } else { 0 };
            let (head, tail) = rest.split_at_checked(cut).unwrap_or(("", rest));
            if !head.is_empty() {
                row.push(' ');
                row.push_str(head);
            }
            text.push_str(&row);
            text.push('\n');
            " ".clone_into(&mut row);
            rest = tail;
        }
        row.push(' ');
        row.push_str(rest);
    }
    text.push_str(&row);
    text.push('\n');
    text
}

/// Facts that are judged or read out.
const TOPICS: &[&str] = &["units", "processes", "filesystems", "clock"];
/// Columns of a line.
const COLUMNS: usize = 72;
/// Three lines.
const MAX_ERROR: usize = 180;

#[cfg(test)]
mod tests {
    use super::*;
    use nodebundle_bundle::redact::{CaseKey, Secrets};
    use nodebundle_fixtures::NodeFixture;

    fn phone(case: &str) -> String {
        let fixture = NodeFixture::case(case);
        let mut host = Host::direct(&fixture.root());
        let node = Node::resolve(&mut host, None);
        let redactor = Redactor::new(CaseKey::from_random([1; 32]), Secrets::none());
        let seen = Seen::default();
        let facts = facts(&mut Sight::new(&mut host, &node, &seen), &redactor);
        text(&facts, "none written")
    }

    #[test]
    fn every_line_is_short_and_plain() {
        for case in nodebundle_fixtures::names() {
            let text = phone(&case);
            assert!(text.lines().count() >= 11, "{text}");
            for line in text.lines() {
                assert!(line.len() <= COLUMNS && line.is_ascii(), "{line}");
            }
        }
    }

    #[test]
    fn the_facts_of_an_expired_certificate_can_be_read_out() {
        let text = phone("client-certificate-expired");
        assert!(text.contains("days ago\n"), "{text}");
        assert!(text.contains("CA key: sha256 "), "{text}");
        assert!(text.contains("first error: "), "{text}");
        assert!(text.contains("bundle: none written\n"), "{text}");
    }

    #[test]
    fn long_words_are_cut_and_others_wrapped() {
        let long = "x".repeat(200);
        let text = wrapped("name", &format!("a {long} b"));
        assert!(text.lines().all(|line| line.len() <= COLUMNS), "{text}");
        let joined: String = text.split_whitespace().collect();
        assert_eq!(joined, format!("name:a{long}b"));
    }
}
