//! Rules of a packet filter as `iptables-save` writes them: those that keep packets from or to an API server.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::observed::{Direction, DropRule};
use std::collections::{BTreeMap, BTreeSet};

/// Tells the rules of one table, each with its line, and what its policy drops.
pub(crate) fn tell<T: AsRef<str>>(lines: &[(u64, T)], entry: &Entry, evidence: &mut Evidence) {
    let mut rules: Vec<(u64, Rule<'_>)> = Vec::new();
    let mut policy = None;
    for (line, content) in lines {
        let (line, content) = (*line, content.as_ref());
        if is_drop_policy(content) {
            policy = Some((line, content));
        } else if let Some(rule) = Rule::of(content) {
            rules.push((line, rule));
        }
    }
    for direction in [Direction::Out, Direction::In] {
        let chains = reached(&rules, direction);
        for (line, rule) in &rules {
            if let Some(dropped) = chains
                .contains(rule.chain)
                .then(|| rule.drops(direction))
                .flatten()
            {
                evidence.push(dropped, entry.at(*line));
            }
        }
    }
    if let Some((line, dropped)) = dropped_unless_accepted(&rules, policy) {
        evidence.push(dropped, entry.at(line));
    }
}

/// `:OUTPUT DROP [0:0]`
fn is_drop_policy(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.next() == Some(":OUTPUT") && matches!(words.next(), Some("DROP" | "REJECT"))
}

/// What the policy, or a rule for everything, drops of what leaves the node: all ports that no rule accepts. `None` where a rule may
/// accept more than ports tell.
fn dropped_unless_accepted(
    rules: &[(u64, Rule<'_>)],
    policy: Option<(u64, &str)>,
) -> Option<(u64, DropRule)> {
    let last = rules.iter().find(|(_, rule)| rule.drops_everything());
    let (line, text) = last.map(|(line, rule)| (*line, rule.line)).or(policy)?;
    let chains = reached(rules, Direction::Out);
    let mut accepted = Vec::new();
    for (_, rule) in rules {
        if rule.target == "ACCEPT" && chains.contains(rule.chain) {
            accepted.extend(rule.accepts()?);
        }
    }
    let ports = others(accepted);
    (!ports.is_empty()).then(|| {
        let dropped = DropRule {
            chain: "OUTPUT".to_owned(),
            rule: text.to_owned(),
            ports,
            address: None,
            direction: Direction::Out,
        };
        (line, dropped)
    })
}

/// All ports but these.
fn others(mut ports: Vec<(u16, u16)>) -> Vec<(u16, u16)> {
    ports.sort_unstable();
    let mut others = Vec::new();
    let mut next = 1_u32;
    for (first, last) in ports {
        if let Some(before) = u32::from(first).checked_sub(1).filter(|end| *end >= next) {
            others.push((next, before));
        }
        next = next.max(u32::from(last) + 1);
    }
    others.push((next, u32::from(u16::MAX)));
    let narrow = |(first, last)| Some((u16::try_from(first).ok()?, u16::try_from(last).ok()?));
    others.into_iter().filter_map(narrow).collect()
}

/// Chains that packets in one direction come through.
fn reached<'a>(rules: &[(u64, Rule<'a>)], direction: Direction) -> BTreeSet<&'a str> {
    let mut jumps: BTreeMap<&str, BTreeSet<&'a str>> = BTreeMap::new();
    for (_, rule) in rules {
        jumps.entry(rule.chain).or_default().insert(rule.target);
    }
    let mut open = vec![match direction {
        Direction::Out => "OUTPUT",
        Direction::In => "INPUT",
    }];
    let mut chains = BTreeSet::new();
    while let Some(chain) = open.pop() {
        if chains.insert(chain) {
            open.extend(jumps.get(chain).into_iter().flatten().copied());
        }
    }
    chains
}

struct Rule<'a> {
    line: &'a str,
    chain: &'a str,
    target: &'a str,
    words: Vec<&'a str>,
}

impl<'a> Rule<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let bare = match line.strip_prefix('[') {
            // With `-c` each rule begins with its counters.
            Some(rest) => rest.split_once("] ")?.1,
            None => line,
        };
        let words: Vec<&str> = bare.split_whitespace().collect();
        let [first, chain, ..] = words.as_slice() else {
            return None;
        };
        if *first != "-A" {
            return None;
        }
        let jump = words
            .iter()
            .position(|word| *word == "-j" || *word == "-g")?;
        let target = words.get(jump + 1)?;
        Some(Self {
            line,
            chain,
            target,
            words: words.clone(),
        })
    }

    /// The rule, when it drops packets that it names by port or address and by nothing that packets of a kubelet lack.
    fn drops(&self, direction: Direction) -> Option<DropRule> {
        if !["DROP", "REJECT"].contains(&self.target)
            || self.words.iter().any(|word| NARROW.contains(word))
        {
            return None;
        }
        let protocol = self.option(&["-p"]);
        if protocol.is_some_and(|protocol| protocol != "tcp" && protocol != "all") {
            return None;
        }
        let (port, address) = match direction {
            Direction::Out => (["--dport", "--dports"], ["-d"]),
            Direction::In => (["--sport", "--sports"], ["-s"]),
        };
        let ports = match self.option(&port) {
            Some(text) => Some(ports(text)).filter(|ports| !ports.is_empty())?,
            None => Vec::new(),
        };
        let address = self.option(&address).map(str::to_owned);
        // A rule on the other side's port or on no port and no address means other traffic.
        let other = match direction {
            Direction::Out => ["--sport", "--sports"],
            Direction::In => ["--dport", "--dports"],
        };
        if self.option(&other).is_some() || ports.is_empty() && address.is_none() {
            return None;
        }
        Some(DropRule {
            chain: self.chain.to_owned(),
            rule: self.line.to_owned(),
            ports,
            address,
            direction,
        })
    }

    /// Whether it drops all that leaves the node and comes as far.
    fn drops_everything(&self) -> bool {
        let conditions = [
            "-p", "-d", "-s", "-o", "-i", "-m", "!", "--dport", "--sport",
        ];
        self.chain == "OUTPUT"
            && ["DROP", "REJECT"].contains(&self.target)
            && !self.words.iter().any(|word| conditions.contains(word))
    }

    /// Ports of other hosts to which it lets new connections through; `None` where it may be more than ports tell.
    fn accepts(&self) -> Option<Vec<(u16, u16)>> {
        let protocol = self.option(&["-p"]).unwrap_or("all");
        let state = self.option(&["--ctstate", "--state"]);
        let other = !["tcp", "all"].contains(&protocol)
            || self.option(&["-o"]) == Some("lo")
            || state.is_some_and(|state| !state.contains("NEW"));
        if other {
            return Some(Vec::new());
        }
        let narrow = self.words.iter().any(|word| NARROW.contains(word));
        if narrow || self.option(&["-d"]).is_some() {
            return None;
        }
        match self.option(&["--dport", "--dports"]) {
            Some(text) => Some(ports(text)).filter(|ports| !ports.is_empty()),
            None => self.option(&["--sport", "--sports"]).map(|_| Vec::new()),
        }
    }

    fn option(&self, names: &[&str]) -> Option<&'a str> {
        let at = self.words.iter().position(|word| names.contains(word))?;
        self.words.get(at + 1).copied()
    }
}

/// `6443`, `6440:6450`, `443,6443`, `https`; none where one of them is not known.
fn ports(text: &str) -> Vec<(u16, u16)> {
    let range = |part: &str| {
        let (first, last) = part.split_once(':').unwrap_or((part, part));
        Some((port(first)?, port(last)?))
    };
    let ports: Option<Vec<_>> = text.split(',').map(range).collect();
    ports.unwrap_or_default()
}

/// A port by its number, or by the name that lists of services give to one on which API servers listen.
pub(crate) fn port(text: &str) -> Option<u16> {
    match text {
        "http" => Some(80),
        "https" => Some(443),
        "sun-sr-https" | "kube-apiserver" | "kubernetes-api" => Some(6443),
        "pcsync-https" => Some(8443),
        "domain" | "dns" => Some(53),
        "ssh" => Some(22),
        "ntp" => Some(123),
        _ => text.parse().ok(),
    }
}

/// Words of rules that match something else than new connections of the node: negations, marks, sets, broken packets, owners.
const NARROW: &[&str] = &[
    "!",
    "--mark",
    "--match-set",
    "INVALID",
    "--uid-owner",
    "--gid-owner",
    "--string",
    "--hex-string",
    "--limit-iface-out",
    "--src-type",
    "--dst-type",
    "--ctorigdstport",
];
