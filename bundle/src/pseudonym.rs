//! Pseudonyms: names, addresses and ids that are equal where the originals are equal, and tell nothing else.
//!
//! [`Pseudonyms`] is a function from text to text that keeps lines. It stands before the last gate, so it sees every byte that is
//! stored, entry names and manifest too. What it replaces is remembered for the customer's own map; the bundle has no way back.

mod address;
mod certificate;
mod cloud;
mod der;
mod find;
mod identifier;
mod names;
mod personal;
mod signers;
mod words;
mod workload;

use crate::redact::CaseKey;
use address::Addresses;
use aho_corasick::{AhoCorasick, MatchKind};
use signers::Certificates;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Turns text of the node into text under pseudonyms. Equal originals have equal pseudonyms under one [`CaseKey`].
pub struct Pseudonyms {
    key: CaseKey,
    addresses: Addresses,
    certificates: Certificates,
    /// Words that are replaced wherever they stand alone, in lower case.
    literals: BTreeMap<String, Literal>,
    /// Ends of host names, in lower case, that belong to the customer.
    domains: BTreeSet<String>,
    matcher: Option<AhoCorasick>,
    /// Pseudonym → original.
    map: BTreeMap<String, String>,
    /// What came into the map since it was last asked for.
    fresh: Vec<(String, String)>,
}

/// What a learned word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Literal {
    Host,
    User,
    Organization,
    Serial,
    Cluster,
    Cloud,
    Namespace,
    Pod,
}

/// Bytes and what takes their place.
struct Swap {
    range: Range<usize>,
    with: Vec<u8>,
}

impl Pseudonyms {
    /// Pseudonyms of a case.
    pub fn new(key: CaseKey) -> Self {
        Self {
            addresses: Addresses::new(key.clone()),
            key,
            certificates: Certificates::default(),
            literals: BTreeMap::new(),
            domains: BTreeSet::new(),
            matcher: None,
            map: BTreeMap::new(),
            fresh: Vec::new(),
        }
    }

    /// Learns a host name, with or without domain. Generic words, addresses and public names are not learned.
    pub fn learn_host(&mut self, name: &str) {
        let name = name.trim().trim_end_matches('.').to_ascii_lowercase();
        if name.parse::<std::net::IpAddr>().is_ok() || names::is_public(&name) {
            return;
        }
        let (first, domain) = match name.split_once('.') {
            Some((first, domain)) => (first, Some(domain)),
            None => (name.as_str(), None),
        };
        if words::is_telling(first) {
            self.literal(first, Literal::Host);
        }
        if let Some(domain) = domain {
            self.learn_domain(domain);
        }
    }

    /// Learns the end of host names: a search domain.
    pub fn learn_domain(&mut self, domain: &str) {
        let domain = domain.trim().trim_matches('.').to_ascii_lowercase();
        let is_name = names::is_host_name(&domain) && domain.parse::<std::net::IpAddr>().is_err();
        if is_name && !names::is_public(&domain) && !words::SYSTEM.contains(&domain.as_str()) {
            self.domains.extend(names::parent(&domain));
            self.domains.insert(domain);
        }
    }

    /// Learns the name of a person's account.
    pub fn learn_user(&mut self, name: &str) {
        let name = name.trim_matches(['.', '-']);
        if words::is_telling(name) && name.len() > 2 {
            self.literal(&name.to_ascii_lowercase(), Literal::User);
        }
    }

    /// Learns a serial number or asset tag of the machine.
    pub fn learn_serial(&mut self, serial: &str) {
        let serial = serial.trim().to_ascii_lowercase();
        let tells = serial.len() > 4 && serial.bytes().any(|byte| byte.is_ascii_digit());
        if tells && !serial.contains(char::is_control) {
            self.literal(&serial, Literal::Serial);
        }
    }

    /// Learns from a file of the node: certificates, names in identities, URLs and log lines that name people.
    pub fn learn_text(&mut self, text: &[u8]) {
        for der in signers::all_in(text) {
            if let Some(found) = self.certificates.learn(&der) {
                self.note_hex(&der);
                found.hosts.iter().for_each(|host| self.learn_host(host));
                for organization in found.organizations {
                    self.literal(&organization.to_ascii_lowercase(), Literal::Organization);
                }
            }
        }
        for host in names::hosts_in(text) {
            self.learn_host(&host);
        }
        for user in personal::users_in(text) {
            self.learn_user(&user);
        }
        self.learn_neighbours(text);
        self.learn_cloud(text);
        self.learn_workloads(text);
    }

    /// The text with everything replaced; as many lines as before.
    pub fn bytes(&mut self, text: &[u8]) -> Vec<u8> {
        self.learn_text(text);
        let mut swaps = Vec::new();
        self.swap_certificates(text, &mut swaps);
        self.swap_personal(text, &mut swaps);
        self.swap_identifiers(text, &mut swaps);
        self.swap_addresses(text, &mut swaps);
        self.swap_names(text, &mut swaps);
        self.swap_cloud(text, &mut swaps);
        self.swap_workloads(text, &mut swaps);
        self.swap_literals(text, &mut swaps);
        applied(text, swaps)
    }

    /// [`Pseudonyms::bytes`] of a name or path.
    pub fn text(&mut self, text: &str) -> String {
        String::from_utf8_lossy(&self.bytes(text.as_bytes())).into_owned()
    }

    /// Pseudonym → original, of everything replaced so far.
    pub fn map(&self) -> &BTreeMap<String, String> {
        &self.map
    }

    /// What came into [`Pseudonyms::map`] since this was last called, in the order in which it came.
    pub fn take_fresh(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.fresh)
    }

    fn literal(&mut self, word: &str, kind: Literal) {
        if !self.map.contains_key(word) && !self.literals.contains_key(word) {
            self.literals.insert(word.to_owned(), kind);
            self.matcher = None;
        }
    }

    fn swap_literals(&mut self, text: &[u8], swaps: &mut Vec<Swap>) {
        for range in self.literal_ranges(text) {
            let original = text.get(range.clone()).unwrap_or_default();
            let original = String::from_utf8_lossy(original).into_owned();
            let kind = self.literals.get(&original.to_ascii_lowercase()).copied();
            let with = match kind.unwrap_or(Literal::Host) {
                Literal::Host => self.label(&original),
                Literal::User => self.named("user", &original),
                Literal::Organization => self.named("org", &original),
                Literal::Serial => self.named("serial", &original),
                Literal::Cluster => self.named("cluster", &original),
                Literal::Cloud => self.named("cloud", &original),
                Literal::Namespace => self.named("ns", &original),
                Literal::Pod => self.named("pod", &original),
            };
            let with = with.into_bytes();
            swaps.push(Swap { range, with });
        }
    }

    /// Learned words that stand alone: no letter or digit touches them.
    fn literal_ranges(&mut self, text: &[u8]) -> Vec<Range<usize>> {
        if self.literals.is_empty() {
            return Vec::new();
        }
        if self.matcher.is_none() {
            let built = AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::Standard)
                .build(self.literals.keys());
            self.matcher = built.ok();
        }
        let Some(matcher) = &self.matcher else {
            return Vec::new();
        };
        matcher
            .find_overlapping_iter(text)
            .map(|found| found.range())
            .filter(|range| find::stands_alone(text, range))
            .collect()
    }

    /// The pseudonym of one label of a host name.
    fn label(&mut self, label: &str) -> String {
        let lower = label.to_ascii_lowercase();
        if !words::is_telling(&lower) || self.map.contains_key(&lower) {
            return label.to_owned();
        }
        if let Some(dashed) = self.dashed_address(&lower) {
            return dashed;
        }
        let mark = if label.contains('_') { "n_" } else { "n" };
        let pseudonym = format!("{mark}{}", self.short_id("label", &lower));
        let shown = if label == lower {
            pseudonym
        } else {
            pseudonym.to_ascii_uppercase()
        };
        self.remember(&shown, label);
        shown
    }

    /// `user-k7qd2m4a` and the like.
    fn named(&mut self, kind: &str, original: &str) -> String {
        let id = self.short_id(kind, &original.to_ascii_lowercase());
        let pseudonym = format!("{kind}-{id}");
        self.remember(&pseudonym, original);
        pseudonym
    }

    fn short_id(&self, purpose: &str, value: &str) -> String {
        let value = format!("{purpose}\0{value}");
        self.key.id(value.as_bytes()).to_ascii_lowercase()
    }

    fn remember(&mut self, pseudonym: &str, original: &str) {
        if pseudonym != original && !self.map.contains_key(pseudonym) {
            self.map.insert(pseudonym.to_owned(), original.to_owned());
            self.fresh.push((pseudonym.to_owned(), original.to_owned()));
        }
    }
}

/// Text with pseudonyms back to text with originals, by the customer's map.
pub fn reveal(text: &[u8], map: &BTreeMap<String, String>) -> Vec<u8> {
    let built = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(map.keys());
    let Ok(matcher) = built else {
        return text.to_vec();
    };
    let originals: Vec<&String> = map.values().collect();
    let swaps = matcher.find_iter(text).filter_map(|found| {
        let with = originals.get(found.pattern().as_usize())?;
        let range = found.range();
        find::stands_alone(text, &range).then(|| Swap {
            range,
            with: with.as_bytes().to_vec(),
        })
    });
    applied(text, swaps.collect())
}

/// Of overlapping swaps the one that begins first stays, of those that begin together the longest.
fn applied(text: &[u8], mut swaps: Vec<Swap>) -> Vec<u8> {
    swaps.sort_by_key(|swap| (swap.range.start, usize::MAX - swap.range.end));
    let mut result = Vec::with_capacity(text.len());
    let mut from = 0;
    for swap in swaps {
        if swap.range.start < from {
            continue;
        }
        result.extend(text.get(from..swap.range.start).unwrap_or_default());
        result.extend(swap.with);
        from = swap.range.end;
    }
    result.extend(text.get(from..).unwrap_or_default());
    result
}

#[cfg(test)]
mod tests;
