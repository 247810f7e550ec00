//! What belongs to a whole cluster: read once, and told to each of its nodes as far as it concerns it.

use crate::claim::best;
use crate::desk;
use crate::entry::Entry;
use crate::evidence::{Evidence, Sourced};
use crate::logs;
use crate::objects::placed_pods;
use crate::observed::{NodeEvent, NodeObject, NodeVersion};
use crate::parts::{Owner, Parts};
use crate::source::Source;
use crate::utf16::as_text;
use nodebundle_bundle::reader::ReadError;
use nodebundle_bundle::{Control, Reader};
use std::collections::BTreeMap;

/// What the entries of one cluster tell.
pub(crate) struct Cluster {
    /// What is of all nodes.
    common: Evidence,
    /// Name of a node in lower case → what is of it alone.
    own: BTreeMap<String, Evidence>,
    /// What names the host that the tool ran on.
    local: Evidence,
    /// Names of the Node objects, each with its addresses.
    listed: Vec<(String, Vec<String>)>,
    /// Namespace, name and node of each pod.
    pods: Vec<[String; 3]>,
    /// Whether any entry is known to a parser.
    pub(crate) readable: bool,
    /// Whether any entry has content.
    pub(crate) told: bool,
    /// Bytes that parsers may still take.
    left: usize,
}

/// What an entry of a cluster tells of one node.
#[derive(Clone)]
pub(crate) struct OfNode {
    /// Its name.
    pub(crate) node: String,
    pub(crate) evidence: Evidence,
}

/// What parsers may take of the entries of a cluster: what they make of them is held as long as the input is read.
const MAX_HELD_BYTES: usize = 64 << 20;

/// Reads what belongs to clusters, up to the last such entry; each by its number among the bundles.
pub(crate) fn read(
    reader: &mut Reader,
    parts: &Parts,
) -> Result<BTreeMap<usize, Cluster>, ReadError> {
    let mut clusters: BTreeMap<usize, Cluster> = parts
        .clusters()
        .map(|number| (number, Cluster::default()))
        .collect();
    let wanted = |name: &str| {
        let local = parts.names_local_host(name);
        let cluster = match parts.owner(name) {
            Owner::Cluster(cluster) => Some(cluster),
            Owner::Node(_) | Owner::Nobody => local,
        };
        let source = parts.source(name);
        let is_journal = matches!(source, Source::Journal(_));
        let cluster = cluster.filter(|_| !is_journal)?;
        Some((cluster, source, local.is_some()))
    };
    let names = reader.names()?.iter();
    let mut left = names.filter(|name| wanted(name).is_some()).count();
    if left > 0 {
        reader.read(&mut |head, body| {
            let name = head.full_name();
            if let Some((cluster, source, is_local)) = wanted(&name) {
                left = left.saturating_sub(1);
                let (entry, read) = as_text(body, |text| Entry::begin(name, source, text));
                let cluster = clusters.entry(cluster).or_default();
                if is_local {
                    desk::parse(&entry, &mut cluster.local);
                } else {
                    cluster.take(&entry, read);
                }
            }
            if left == 0 {
                Control::Stop
            } else {
                Control::Continue
            }
        })?;
    }
    clusters.values_mut().for_each(Cluster::share_out);
    Ok(clusters)
}

impl Default for Cluster {
    fn default() -> Self {
        let mut common = Evidence::default();
        common.is_shared = true;
        Self {
            common,
            own: BTreeMap::new(),
            local: Evidence::default(),
            listed: Vec::new(),
            pods: Vec::new(),
            readable: false,
            told: false,
            left: MAX_HELD_BYTES,
        }
    }
}

impl Cluster {
    fn take(&mut self, entry: &Entry, read: std::io::Result<()>) {
        self.told |= !entry.bytes.is_empty();
        if let Err(error) = read {
            return self.common.gap(entry.name.as_ref(), error.to_string(), &[]);
        }
        if !entry.is_whole() {
            let is_log = desk::is_log(entry, false) || matches!(entry.source, Source::Meta(_));
            if !is_log && !logs::is_binary(desk::head_of(entry)) {
                self.common.gap(entry.name.as_ref(), desk::too_large(), &[]);
            }
            return;
        }
        self.pods.extend(placed_pods(&entry.text()));
        if let Some(left) = self.left.checked_sub(entry.bytes.len()) {
            if desk::parse(entry, &mut self.common) {
                self.readable = true;
                self.left = left;
            }
        } else if desk::parse(entry, &mut Evidence::default()) {
            let problem = format!(
                "what belongs to the cluster is larger than {MAX_HELD_BYTES} bytes in all, not read"
            );
            self.common.gap(entry.name.as_ref(), problem, &[]);
        }
    }

    /// Takes what is of one node out of what is common.
    fn share_out(&mut self) {
        self.common.is_shared = false;
        for one in self.common.take::<NodeObject>() {
            if let Some(name) = one.value.name.clone() {
                let addresses = one.value.addresses.clone();
                self.listed.push((name.clone(), addresses));
                self.give(&name, one);
            }
        }
        for one in self.common.take::<NodeVersion>() {
            self.give(&one.value.node.clone(), one);
        }
        for one in self.common.take::<NodeEvent>() {
            self.give(&one.value.node.clone(), one);
        }
        for one in self.common.take::<OfNode>() {
            self.own_of(&one.value.node).extend(one.value.evidence);
        }
    }

    fn give<T: Clone + Send + 'static>(&mut self, node: &str, one: Sourced<T>) {
        self.own_of(node).push(one.value, one.origin);
    }

    fn own_of(&mut self, node: &str) -> &mut Evidence {
        self.own.entry(node.to_ascii_lowercase()).or_default()
    }

    /// Names of the Node objects, each with its addresses.
    pub(crate) fn listed(&self) -> &[(String, Vec<String>)] {
        &self.listed
    }

    /// Namespace, name and node of each pod.
    pub(crate) fn pods(&self) -> &[[String; 3]] {
        &self.pods
    }

    /// Name of the host that the tool ran on.
    pub(crate) fn local_host(&self) -> Option<String> {
        let name = best(&self.local, "host.name")?;
        name.as_text().map(str::to_owned)
    }

    /// What concerns the node of this name.
    pub(crate) fn of(&self, node: Option<&str>) -> Evidence {
        let mut evidence = self.common.clone();
        let own = node.and_then(|node| self.own.get(&node.to_ascii_lowercase()));
        evidence.extend(own.cloned().unwrap_or_default());
        evidence
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::AllNodes;

    fn entry(name: &str, text: String) -> Entry {
        Entry {
            name: name.into(),
            source: Source::Named(name.to_owned()),
            bytes: text.into_bytes(),
        }
    }

    fn node(name: &str) -> String {
        format!(
            "{{\"kind\": \"Node\", \"metadata\": {{\"name\": \"{name}\"}}, \"status\": {{\"nodeInfo\": {{\"kernelVersion\": \"6.1.0-{name}\"}}}}}}"
        )
    }

    fn list(nodes: &[&str]) -> Entry {
        let items: Vec<String> = nodes.iter().map(|name| node(name)).collect();
        let items = items.join(",\n");
        let text =
            format!("{{\n\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [\n{items}\n]}}\n");
        entry("nodes.json", text)
    }

    fn read_of(entries: &[Entry], left: usize) -> Cluster {
        let mut cluster = Cluster {
            left,
            ..Cluster::default()
        };
        for entry in entries {
            cluster.take(entry, Ok(()));
        }
        cluster.share_out();
        cluster
    }

    #[test]
    fn each_node_is_told_what_is_its_own_and_what_is_of_all() {
        let cluster = read_of(&[list(&["w1", "w2"])], usize::MAX);
        assert_eq!(cluster.listed().len(), 2);
        let evidence = cluster.of(Some("W2"));
        let [own] = evidence.all::<NodeObject>() else {
            panic!("one Node object")
        };
        assert_eq!(own.value.name.as_deref(), Some("w2"));
        let kernel = best(&evidence, "host.kernel").unwrap();
        assert_eq!(kernel.as_text(), Some("6.1.0-w2"));
        assert_eq!(evidence.all::<AllNodes>().len(), 1);
        assert!(!evidence.is_shared);
        let other = cluster.of(Some("w3"));
        assert!(other.all::<NodeObject>().is_empty());
        assert_eq!(other.all::<AllNodes>().len(), 1);
    }

    #[test]
    fn what_is_too_much_or_too_large_is_a_gap_of_every_node() {
        let first = list(&["w1"]);
        let room = first.bytes.len();
        let large = " ".repeat(24 << 20);
        let entries = [
            first,
            entry("notes.txt", "nothing that a parser knows\n".to_owned()),
            list(&["w2"]),
            entry(
                "pods.json",
                format!("{{\"apiVersion\": \"v1\", \"kind\": \"PodList\"{large}}}"),
            ),
        ];
        let cluster = read_of(&entries, room);
        let gaps = cluster.of(None).gaps;
        let gaps: Vec<(&str, &str)> = gaps
            .iter()
            .map(|gap| (gap.entry.as_str(), gap.problem.as_str()))
            .collect();
        assert_eq!(gaps.len(), 2, "{gaps:?}");
        assert_eq!(gaps[0].0, "nodes.json");
        assert!(gaps[0].1.contains("in all, not read"), "{gaps:?}");
        assert_eq!(gaps[1].0, "pods.json");
        assert!(gaps[1].1.starts_with("larger than"), "{gaps:?}");
        assert_eq!(cluster.listed().len(), 1);
    }
}
