//! What the nodes of an input are called, and which of them a person means.

use crate::analyze::derive;
use crate::derived::Context;
use crate::desk;
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::Facts;
use crate::logs::LogDigest;
use crate::parts::{Owner, Part, Parts};
use crate::source::Source;
use crate::utf16::as_text;
use nodebundle_bundle::reader::ReadError;
use nodebundle_bundle::{Control, Reader};
use std::net::IpAddr;

/// Facts that name a Node, the surest first.
const OF_NODE: [&str; 3] = ["node.name", "bundle.node", "kubelet.node_name"];
/// The fact that names the host; mostly its Node is called the same.
const OF_HOST: &str = "host.name";

/// The names that facts tell of a node, the surest first.
pub(crate) fn of(facts: &Facts) -> impl Iterator<Item = &str> {
    of_node(facts).chain(facts.text(OF_HOST))
}

/// The same without the name of the host.
pub(crate) fn of_node(facts: &Facts) -> impl Iterator<Item = &str> {
    OF_NODE.into_iter().filter_map(|path| facts.text(path))
}

/// What a person can call a node by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Names {
    /// What lists of nodes show; empty where nothing tells it from others.
    label: String,
    all: Vec<String>,
}

impl Names {
    /// As the label of a part and facts tell.
    pub(crate) fn new<'f>(label: &str, told: impl Iterator<Item = &'f str>) -> Self {
        let mut names: Vec<String> = told.map(str::to_owned).collect();
        let shown = if label.is_empty() {
            names.first().cloned().unwrap_or_default()
        } else {
            label.to_owned()
        };
        let file = label.rsplit('/').next().unwrap_or(label);
        let packed = ENDINGS.iter().find_map(|ending| file.strip_suffix(ending));
        names.extend([label, file, packed.unwrap_or(file)].map(str::to_owned));
        names.retain(|name| !name.is_empty());
        Self {
            label: shown,
            all: names,
        }
    }

    /// As its part alone tells.
    fn of_part(part: &Part) -> Self {
        Self::new(&part.label(), part.node.as_deref().into_iter())
    }

    /// What a list of nodes shows.
    pub(crate) fn shown(&self) -> String {
        if self.label.is_empty() {
            "a node without a name".to_owned()
        } else {
            self.label.clone()
        }
    }

    fn any(&self, is: impl Fn(&str) -> bool) -> bool {
        self.all.iter().any(|name| is(name))
    }
}

/// The nodes that a person means, by number: those that are called so, or else those whose name it is without its domain, or with
/// one. Capitals do not count, as in names of hosts.
pub(crate) fn meant(asked: &str, nodes: &[Names]) -> Vec<usize> {
    let among = |is: &dyn Fn(&str) -> bool| -> Vec<usize> {
        let all = nodes.iter().enumerate();
        all.filter(|(_, names)| names.any(is))
            .map(|(number, _)| number)
            .collect()
    };
    let exact = among(&|name| name.eq_ignore_ascii_case(asked));
    if exact.is_empty() {
        among(&|name| is_short_for(asked, name) || is_short_for(name, asked))
    } else {
        exact
    }
}

/// Whether it is the first part of the name of a host: `w1` of `w1.example.com`.
fn is_short_for(short: &str, name: &str) -> bool {
    let is_host = !name.contains(['/', ' ']) && name.parse::<IpAddr>().is_err();
    let (host, _) = name.split_once('.').unwrap_or_default();
    is_host && !host.is_empty() && host.eq_ignore_ascii_case(short)
}

/// What the names of archives end with.
const ENDINGS: [&str; 8] = [
    ".tar.gz", ".tgz", ".tar.xz", ".tar.zst", ".tar.bz2", ".tar.age", ".tar", ".zip",
];

/// The names of the parts of an input: as their labels tell, or, where `asked` is none of these, as their entries tell.
pub(crate) fn of_parts(
    asked: &str,
    reader: &mut Reader,
    parts: &Parts,
) -> Result<Vec<Names>, ReadError> {
    let labels: Vec<Names> = parts.nodes().iter().map(Names::of_part).collect();
    if !meant(asked, &labels).is_empty() {
        return Ok(labels);
    }
    let told = evidence(reader, parts)?;
    let named = parts.nodes().iter().zip(told);
    Ok(named
        .map(|(part, mut evidence)| {
            let logs = LogDigest::default();
            let context = Context {
                logs: &logs,
                now: None,
            };
            derive(&mut evidence, &context, None);
            Names::new(&part.label(), of(&evidence.facts))
        })
        .collect())
}

/// What the small entries of each part tell; no log is read.
fn evidence(reader: &mut Reader, parts: &Parts) -> Result<Vec<Evidence>, ReadError> {
    let mut all: Vec<Evidence> = parts.nodes().iter().map(desk::begun).collect();
    reader.read(&mut |head, body| {
        let name = head.full_name();
        let source = parts.source(&name);
        if let Owner::Node(part) = parts.reader_of(&name)
            && let Some(evidence) = all.get_mut(part)
            && !matches!(source, Source::Journal(_))
        {
            // What cannot be read is told where the node is looked at.
            let (entry, _) = as_text(body, |text| Entry::begin(name, source, text));
            desk::parse(&entry, evidence);
        }
        Control::Continue
    })?;
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(labels: &[&str]) -> Vec<Names> {
        let named = |label: &&str| Names::new(label, std::iter::empty());
        labels.iter().map(named).collect()
    }

    #[test]
    fn a_name_is_meant_before_a_short_one_and_never_a_part_of_one() {
        let nodes = names(&["w1.example.com", "w1", "w10.example.com", "10.0.0.1"]);
        assert_eq!(meant("W1", &nodes), [1]);
        assert_eq!(meant("w10", &nodes), [2]);
        assert_eq!(meant("w1.example.com", &nodes), [0]);
        assert_eq!(meant("w1.example.org", &nodes), [1]);
        assert_eq!(meant("10.0.0.1", &nodes), [3]);
        for none in ["w", "10", "example.com", "", "."] {
            assert!(meant(none, &nodes).is_empty(), "{none}");
        }
    }

    #[test]
    fn a_short_name_that_several_have_means_all_of_them() {
        let nodes = names(&["w1.a.example.com", "w1.b.example.com"]);
        assert_eq!(meant("w1", &nodes), [0, 1]);
    }

    #[test]
    fn a_bundle_is_called_by_its_file_too() {
        let nodes = names(&["nodes/worker-1.tar.gz", "worker-2.zip"]);
        assert_eq!(meant("worker-1", &nodes), [0]);
        assert_eq!(meant("worker-2.zip", &nodes), [1]);
        assert_eq!(nodes[0].shown(), "nodes/worker-1.tar.gz");
    }

    #[test]
    fn facts_name_a_node_where_its_part_does_not() {
        let named = Names::new("", ["w-1", "host-1"].into_iter());
        assert_eq!(named.shown(), "w-1");
        assert_eq!(meant("host-1", &[named]), [0]);
        assert_eq!(Names::default().shown(), "a node without a name");
    }
}
