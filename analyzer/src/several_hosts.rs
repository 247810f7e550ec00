//! Whether a log is of several nodes, as `oc adm node-logs` and collectors of logs write them: lines of journals mixed or one node after the
//! other, or lines of files with the name of their node before each.

use crate::logs::{is_carried, is_headed};
use crate::several_authors::in_json;
use crate::times::MONTHS;
use std::collections::{BTreeMap, BTreeSet};

/// Names of the nodes in the beginning of a log; none where all of it may be of one.
///
/// A node that was renamed is one node: its names do not take turns, and its time does not go back where they change.
pub(crate) fn hosts(head: &[u8]) -> BTreeSet<String> {
    let mut journal = Turns::default();
    let mut prefixed = Turns::default();
    for line in head.split(|&byte| byte == b'\n').take(MOST_LINES) {
        if let Some((host, time)) = sender(line) {
            journal.line(host, Some(time));
        } else if let Some(host) = prefix(line) {
            prefixed.line(host, None);
        }
    }
    let most = if journal.lines >= prefixed.lines {
        journal
    } else {
        prefixed
    };
    most.hosts()
}

/// Lines that are looked at.
const MOST_LINES: usize = 20_000;

/// Lines that a node has at least.
const FEW_LINES: usize = 10;

/// Whose turn it is, line by line.
#[derive(Default)]
struct Turns<'l> {
    lines: usize,
    /// Host without its domain → its longest name, its lines and its turns.
    hosts: BTreeMap<Vec<u8>, (&'l [u8], usize, usize)>,
    last: Option<(Vec<u8>, Option<Time<'l>>)>,
    /// Time went back where another host began.
    goes_back: bool,
    /// A name before the line is nobody's sign of being renamed.
    is_prefixed: bool,
}

impl<'l> Turns<'l> {
    fn line(&mut self, host: &'l [u8], time: Option<Time<'l>>) {
        self.lines += 1;
        self.is_prefixed |= time.is_none();
        let short = short(host);
        let other = self.last.as_ref().filter(|(last, _)| *last != short);
        if let Some((_, Some(before))) = other {
            self.goes_back |= time.is_some_and(|now| now.is_before(before));
        }
        let is_turn = other.is_some() || self.last.is_none();
        let (name, lines, turns) = self.hosts.entry(short.clone()).or_insert((host, 0, 0));
        *lines += 1;
        *turns += usize::from(is_turn);
        if host.len() > name.len() {
            *name = host;
        }
        self.last = Some((short, time));
    }

    fn hosts(self) -> BTreeSet<String> {
        let of_note = self
            .hosts
            .values()
            .filter(|(_, lines, _)| *lines >= FEW_LINES);
        let of_note: Vec<_> = of_note.collect();
        // Of two that take turns each has few lines at a time.
        let takes_turns = of_note
            .iter()
            .filter(|(_, lines, turns)| *turns > 2 && lines / turns <= FEW_LINES);
        let several = self.is_prefixed || self.goes_back || takes_turns.count() > 0;
        if of_note.len() < 2 || !several {
            return BTreeSet::new();
        }
        let name = |(name, ..): &&(&[u8], usize, usize)| String::from_utf8_lossy(name).into_owned();
        of_note.iter().map(name).collect()
    }
}

/// When a line was written, as far as two lines of one form can be compared.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Time<'l> {
    month: usize,
    rest: &'l [u8],
}

impl Time<'_> {
    /// Of two times of one form; a new year is not a step back.
    fn is_before(&self, other: &Self) -> bool {
        let same_form = self.rest.len() == other.rest.len();
        let new_year = self.month == 0 && other.month == 11;
        same_form && !new_year && (self.month, self.rest) < (other.month, other.rest)
    }
}

/// The host and the time in `Nov 18 15:22:40.370567 host program[1]: …`, `2020-11-18T15:22:42+0000 host program[1]: …` and a record as
/// JSON.
fn sender(line: &[u8]) -> Option<(&[u8], Time<'_>)> {
    let (time, rest) = match line.first()? {
        b'{' => {
            let rest = in_json(line, b"\"__REALTIME_TIMESTAMP\"")?;
            return Some((in_json(line, b"\"_HOSTNAME\"")?, Time { month: 0, rest }));
        }
        b'0'..=b'9' => {
            let end = memchr::memchr(b' ', line)?;
            let rest = line.get(..19).filter(|time| time.get(10) == Some(&b'T'))?;
            (Time { month: 0, rest }, line.get(end + 1..)?)
        }
        _ => {
            let mut months = MONTHS.iter();
            let month = months.position(|name| line.starts_with(name.as_bytes()))?;
            // `Nov  8 15:22:40`, with or without a fraction.
            let rest = line.get(4..15)?;
            let end = 15 + memchr::memchr(b' ', line.get(15..)?)?;
            (Time { month, rest }, line.get(end + 1..)?)
        }
    };
    let (host, rest) = rest.split_at(memchr::memchr(b' ', rest)?);
    let program = rest.get(1..)?.split(|&byte| byte == b' ').next()?;
    (is_host(host) && program.ends_with(b":")).then_some((host, time))
}

/// The name before a line that has a header of its own.
fn prefix(line: &[u8]) -> Option<&[u8]> {
    let (host, rest) = line.split_at(memchr::memchr(b' ', line)?);
    let rest = rest.get(1..)?;
    let begins = is_host(host) && host.iter().any(u8::is_ascii_lowercase);
    (begins && (rest.starts_with(b"{") || is_headed(rest) || is_carried(rest))).then_some(host)
}

fn is_host(name: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-.".contains(byte);
    let nobody: [&[u8]; 2] = [b"localhost", b"localhost.localdomain"];
    !name.is_empty()
        && name.len() < 254
        && name.iter().all(plain)
        && name.first().is_some_and(u8::is_ascii_alphanumeric)
        && !nobody.contains(&name)
}

/// `m1.example.com` → `m1`; an address is whole.
fn short(host: &[u8]) -> Vec<u8> {
    let is_address = host
        .iter()
        .all(|byte| byte.is_ascii_digit() || *byte == b'.');
    let end = memchr::memchr(b'.', host).filter(|_| !is_address);
    host.get(..end.unwrap_or(host.len()))
        .unwrap_or(host)
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(of: &[(&str, u32)]) -> String {
        let line = |(host, second): &(&str, u32)| {
            let (minute, second) = (second / 60, second % 60);
            format!(
                "Nov 18 15:{minute:02}:{second:02}.370567 {host} kubelet[7]: E1118 15:22:40.1 1 a.go:1] x\n"
            )
        };
        of.iter().map(line).collect()
    }

    fn json(host: &str, second: u32) -> String {
        format!(
            "{{\"_HOSTNAME\":\"{host}\",\"__REALTIME_TIMESTAMP\":\"16057{second:011}\",\"MESSAGE\":\"x\"}}\n"
        )
    }

    fn named(log: &str) -> Vec<String> {
        hosts(log.as_bytes()).into_iter().collect()
    }

    #[test]
    fn journals_of_nodes_are_told_mixed_and_one_after_the_other() {
        let mixed: Vec<_> = (0..90)
            .map(|n| (["m1.lab", "m2.lab", "m1"][n as usize % 3], n))
            .collect();
        assert_eq!(named(&lines(&mixed)), ["m1.lab", "m2.lab"]);
        let after: Vec<_> = (0..40)
            .map(|n| (if n < 20 { "m1" } else { "m2" }, n % 20))
            .collect();
        assert_eq!(named(&lines(&after)), ["m1", "m2"]);
        let records = |host| (0..20).map(move |second| json(host, second));
        let log: String = records("m1").chain(records("m2")).collect();
        assert_eq!(named(&log), ["m1", "m2"]);
    }

    #[test]
    fn a_node_that_was_renamed_is_one() {
        let renamed: Vec<_> = (0..200)
            .map(|n| (if n < 100 { "fedora" } else { "w1" }, n))
            .collect();
        assert!(named(&lines(&renamed)).is_empty());
        let at_every_boot: Vec<_> = (0..200)
            .map(|n| (if n % 50 < 20 { "fedora" } else { "w1" }, n))
            .collect();
        assert!(named(&lines(&at_every_boot)).is_empty());
        let alone: Vec<_> = (0..50).map(|n| ("w1", n)).collect();
        assert!(named(&lines(&alone)).is_empty());
    }

    #[test]
    fn files_with_the_name_of_their_node_before_each_line_are_told() {
        let audit = |node: &str| format!("{node} {{\"kind\":\"Event\",\"level\":\"Metadata\"}}\n");
        let log = audit("master-0").repeat(12) + &audit("master-1").repeat(12);
        assert_eq!(named(&log), ["master-0", "master-1"]);
        let klog = "w1 I1118 15:22:40.370567       1 a.go:1] x\nw2 I1118 15:22:40.370567       1 a.go:1] x\n";
        assert_eq!(named(&klog.repeat(10)), ["w1", "w2"]);
        assert!(named(&audit("master-0").repeat(30)).is_empty());
    }
}
