//! What a spec is. Each file in `specs/` declares one: what to take of one subsystem, as data.

use crate::host::wire::Failure;
use crate::host::{Host, Taken};
use crate::node::Node;
use nodebundle_bundle::manifest::Declared;

/// What to take of one subsystem.
#[derive(Debug)]
pub(crate) struct Spec {
    /// File name in `specs/`, without ending; the first half of every item's id.
    pub(crate) name: &'static str,
    /// The subsystem in a few words.
    pub(crate) about: &'static str,
    /// What to take, in this order within a tier.
    pub(crate) items: &'static [Item],
}

/// Every spec: those of the subsystems, then those of the distributions.
pub(crate) fn all() -> impl Iterator<Item = &'static Spec> {
    let profiles = crate::profiles::ALL.iter().map(|profile| &profile.spec);
    crate::specs::ALL.iter().copied().chain(profiles)
}

/// One thing to take.
#[derive(Debug)]
pub(crate) struct Item {
    /// Second half of its id.
    pub(crate) name: &'static str,
    /// Numbers in the catalog of what a node can tell, spaces between: `K1`, `PK4 PK5`.
    pub(crate) catalog: &'static str,
    /// What it is: `kubeconfig`, `unit-file`, `journal`, …
    pub(crate) kind: &'static str,
    /// Where it comes from.
    pub(crate) source: Source,
    /// Most bytes of one file, folder entry or log.
    pub(crate) cap: u64,
    /// How early and how firmly it is taken.
    pub(crate) tier: Tier,
    /// How much harm its source could do.
    pub(crate) sensitivity: Sensitivity,
    /// What it can prove.
    pub(crate) reason: &'static str,
}

impl Item {
    /// What the manifest says of it beside its outcome.
    pub(crate) fn declared(&self) -> Declared {
        Declared {
            catalog: self.catalog.to_owned(),
            tier: self.tier.as_str().to_owned(),
            sensitivity: self.sensitivity.as_str().to_owned(),
            cap: self.cap,
        }
    }
}

/// Where an item comes from. Paths are those of the node.
pub(crate) enum Source {
    /// One file.
    File(&'static str),
    /// Files of a folder and of its folders down to `depth` levels, whose names match one of the patterns (`*` stands for anything).
    Folder {
        path: &'static str,
        names: &'static [&'static str],
        depth: u8,
    },
    /// Names and attributes in a folder.
    Listing(&'static str),
    /// Files that the node's own configuration names; stored only when the content is what it claims to be.
    Named {
        what: &'static str,
        paths: fn(&Node) -> Vec<String>,
        accepts: fn(&[u8]) -> bool,
    },
    /// Folders that the node's own configuration names, listed.
    NamedListing {
        what: &'static str,
        paths: fn(&Node) -> Vec<String>,
    },
    /// Files whose content is cut down before anything else sees it.
    Rewritten {
        what: &'static str,
        make: fn(&mut Host, &Node) -> Vec<Rewritten>,
    },
    /// Something worked out on the node: `facts/<topic>.json`.
    Fact {
        topic: &'static str,
        make: fn(&mut Host, &Node) -> Result<String, Failure>,
    },
    /// A fact that is made last, when the other items have taken their time.
    LateFact {
        topic: &'static str,
        make: fn(&mut Host, &Node) -> Result<String, Failure>,
    },
    /// The journal of units that match the pattern, with the programs whose records may have lost their unit.
    Journal {
        unit: &'static str,
        programs: &'static [&'static str],
    },
    /// The kernel's journal.
    Kernel,
    /// The newest lines of a log file.
    Log(&'static str),
    /// The newest lines of each log file of a folder whose name matches one of the patterns.
    Logs {
        path: &'static str,
        names: &'static [&'static str],
    },
    /// The newest lines of log files that are looked for on the node.
    FoundLogs {
        what: &'static str,
        /// Where in the bundle they are.
        below: &'static str,
        find: fn(&mut Host, &Node) -> Vec<LogFile>,
    },
    /// Output of a program, only on a running host.
    Command(&'static [&'static str]),
    /// Output of a program that is run only where asking changes nothing, cut down before it is stored.
    CarefulCommand {
        argv: &'static [&'static str],
        /// Why it is not run on this node.
        unless: fn(&mut Host) -> Option<Failure>,
        /// What of its output is kept.
        keep: fn(&str) -> String,
    },
    /// Output of programs that the node's own configuration names.
    NamedCommands {
        what: &'static str,
        argvs: fn(&Node) -> Vec<Vec<String>>,
    },
}

/// A log file and how much of it is taken.
#[derive(Debug, Clone)]
pub(crate) struct LogFile {
    /// Path on the node; what ends in `.gz` is unpacked.
    pub(crate) path: String,
    /// Newest bytes that are read.
    pub(crate) read: u64,
    /// Newest bytes that are stored; 0 for a file that is only named.
    pub(crate) cap: u64,
    /// What may be seen of it.
    pub(crate) choose: Option<fn(&str) -> String>,
}

impl LogFile {
    /// The newest bytes of a file.
    pub(crate) fn tail(path: String, cap: u64) -> Self {
        Self {
            path,
            read: cap,
            cap,
            choose: None,
        }
    }
}

/// A path of the node and the content that may be seen of it.
pub(crate) type Rewritten = (String, Result<Taken, Failure>);

/// How early and how firmly an item is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tier {
    /// Always, also without root and under disk pressure.
    T0,
    /// By default.
    T1,
    /// Only with `--with`: heavy, chatty or sensitive.
    T2,
}

impl Tier {
    /// `T0`, `T1`, `T2`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::T0 => "T0",
            Self::T1 => "T1",
            Self::T2 => "T2",
        }
    }
}

/// How much harm a source could do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sensitivity {
    /// None if published.
    Public,
    /// Names hosts, addresses, people.
    Identifying,
    /// Holds secrets among useful structure; they are masked in place.
    Mixed,
    /// Is a secret; only derived facts are stored.
    Secret,
}

impl Sensitivity {
    /// The word used by `plan`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Identifying => "identifying",
            Self::Mixed => "mixed",
            Self::Secret => "secret",
        }
    }
}

impl Source {
    /// The source in words, as `plan` prints it.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::File(path) | Self::Log(path) => (*path).to_owned(),
            Self::Folder { path, names, .. } | Self::Logs { path, names } => {
                format!("{path}/{{{}}}", names.join(","))
            }
            Self::Listing(path) => format!("names in {path}"),
            Self::Named { what, .. }
            | Self::Rewritten { what, .. }
            | Self::FoundLogs { what, .. } => (*what).to_owned(),
            Self::NamedListing { what, .. } => format!("names in {what}"),
            Self::Fact { topic, .. } | Self::LateFact { topic, .. } => format!("facts on {topic}"),
            Self::Journal { unit, .. } => format!("journal: {unit}"),
            Self::Kernel => "journal: kernel".to_owned(),
            Self::Command(argv) | Self::CarefulCommand { argv, .. } => {
                format!("command: {}", argv.join(" "))
            }
            Self::NamedCommands { what, .. } => format!("command: {what}"),
        }
    }

    /// Where in the bundle it is stored; a folder for what may be several entries.
    pub(crate) fn stored_below(&self) -> String {
        match self {
            Self::File(path)
            | Self::Log(path)
            | Self::Folder { path, .. }
            | Self::Logs { path, .. } => {
                format!("files{path}")
            }
            Self::Listing(path) => listing_entry(path),
            Self::Named { .. } | Self::Rewritten { .. } => "files/".to_owned(),
            Self::NamedListing { .. } => "listings/".to_owned(),
            Self::Fact { topic, .. } | Self::LateFact { topic, .. } => {
                format!("facts/{topic}.json")
            }
            Self::Journal { unit, .. } => format!("journal/{unit}/"),
            Self::Kernel => "journal/kernel/".to_owned(),
            Self::FoundLogs { below, .. } => (*below).to_owned(),
            Self::Command(argv) | Self::CarefulCommand { argv, .. } => command_entry(argv),
            Self::NamedCommands { .. } => "commands/".to_owned(),
        }
    }

    /// Whether it is a log: taken last, stored as a stream.
    pub(crate) fn is_log(&self) -> bool {
        matches!(
            self,
            Self::Journal { .. }
                | Self::Kernel
                | Self::Log(_)
                | Self::Logs { .. }
                | Self::FoundLogs { .. }
        )
    }
}

impl Source {
    /// When it is taken: facts and files first, logs after them, what needs time to pass last.
    pub(crate) fn turn(&self) -> u8 {
        match self {
            Self::LateFact { .. } => 2,
            _ => u8::from(self.is_log()),
        }
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.describe())
    }
}

/// Entry of a folder's listing; the root folder's is `listings/root.json`.
pub(crate) fn listing_entry(path: &str) -> String {
    match path.trim_matches('/') {
        "" => "listings/root.json".to_owned(),
        relative => format!("listings/{relative}.json"),
    }
}

/// Entry of a command's output.
pub(crate) fn command_entry(argv: &[&str]) -> String {
    let words: Vec<&str> = argv
        .iter()
        .map(|word| {
            word.rsplit('/')
                .next()
                .unwrap_or(word)
                .trim_start_matches('-')
        })
        .collect();
    format!("commands/{}.txt", words.join("-"))
}

/// Whether a name matches a pattern in which `*` stands for anything.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

/// Whether a name ends in `.<ending>`.
pub(crate) fn has_ending(name: &str, ending: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(stem, last)| !stem.is_empty() && last == ending)
}

/// A path or list that needs no content check.
pub(crate) fn anything(_: &[u8]) -> bool {
    true
}

/// Bytes in a KiB.
pub(crate) const KIB: u64 = 1 << 10;
/// Bytes in a MiB.
pub(crate) const MIB: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        assert!(matches("*.conf", "10-kubeadm.conf"));
        assert!(matches(
            "kubelet-client-*.pem",
            "kubelet-client-current.pem"
        ));
        assert!(matches("k3s*.service", "k3s-agent.service"));
        assert!(matches("*", "x"));
        assert!(matches("a*b*c", "a-b-c"));
        assert!(!matches("*.conf", "a.conf.bak"));
        assert!(!matches("kubelet.service", "kubelet.service.d"));
    }

    #[test]
    fn entries_are_named_after_their_sources() {
        assert_eq!(listing_entry("/"), "listings/root.json");
        assert_eq!(
            listing_entry("/etc/cni/net.d"),
            "listings/etc/cni/net.d.json"
        );
        assert_eq!(
            command_entry(&["/usr/bin/chronyc", "-n", "tracking"]),
            "commands/chronyc-n-tracking.txt"
        );
    }

    /// Numbers of the catalog that a collection covers without being asked, and those that it covers on request.
    const COVERED: &str = "U1 U2 U3 U5 L1 L2 L3 L4 L5 L6 L7 L8 L9 L10 L11 L12 L13 K1 K2 K3 K4 K5 K6 K7 K8 K9 K10 K11 K12 \
        C1 C2 C3 C4 C5 C6 PK1 PK2 PK3 PK4 PK5 PK6 PK7 PK8 PK9 B1 B2 B3 B4 B5 B6 B7 B8 CR1 CR2 CR3 CR4 CR5 CR6 CR7 CR8 CR9 \
        N1 N2 N3 N5 N6 W1 W2 W3 W4 W5 W6 W7 W8 W9 W10 W11 D1 D2 D3 D4 F1 F2 F3 F4 F6 TM1 TM2 TM3 TM5 \
        O1 O2 O3 O4 O5 O6 O7 O8 O9 O10 O12 O13 O14 A1 A2 A4 E1 E2 E3 E4 E5 E6 E7 \
        Q1 Q2 Q3 Q4 Q5 Q6 Q7 Q8 Q9 Q10";
    const ON_REQUEST: &str = "U6 CR10 F5 O11";

    #[test]
    fn every_number_of_the_catalog_has_an_item_or_a_probe() {
        let of = |on_request: bool| -> Vec<&str> {
            let items = all().flat_map(|spec| spec.items);
            let items = items.filter(|item| (item.tier == Tier::T2) == on_request);
            let numbers = items.flat_map(|item| item.catalog.split(' '));
            let probes = crate::probes::ALL.iter().filter(|_| !on_request);
            let probes = probes.flat_map(|probe| probe.catalog.split(' '));
            numbers.chain(probes).collect()
        };
        let (by_default, on_request) = (of(false), of(true));
        for number in COVERED.split_whitespace() {
            assert!(by_default.contains(&number), "{number}");
        }
        for number in ON_REQUEST.split_whitespace() {
            assert!(on_request.contains(&number), "{number}");
        }
    }

    #[test]
    fn every_item_has_a_number_that_looks_like_one() {
        for spec in all() {
            for item in spec.items {
                for number in item.catalog.split(' ') {
                    let digits = number.trim_start_matches(|c: char| c.is_ascii_uppercase());
                    let family = number.len() - digits.len();
                    let known = (1..=2).contains(&family) && digits.parse::<u8>().is_ok();
                    assert!(known, "{}/{}: {number:?}", spec.name, item.name);
                }
            }
        }
    }
}
