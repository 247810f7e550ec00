//! Output of `ufw status`, also `verbose` and `numbered`: what it keeps from leaving the node.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::packet_filter::tell;
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "ufw",
    kind: "packet filter rules",
    facts: &[],
    accepts: |entry| entry.may_be_output_of(&["ufw"]) && entry.head().lines().any(is_underline),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let rules: Vec<(u64, String)> = numbered(&text)
        .filter_map(|(number, line)| Some((number, policy(line).or_else(|| rule(line))?)))
        .collect();
    tell(&rules, entry, evidence);
}

/// `--                         ------      ----`, the same in every language.
fn is_underline(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let dashes = |word: &&str| word.len() > 1 && word.bytes().all(|byte| byte == b'-');
    words.len() == 3 && words.iter().all(dashes)
}

/// `Default: deny (incoming), deny (outgoing), disabled (routed)`
fn policy(line: &str) -> Option<String> {
    let (before, _) = line.strip_prefix("Default: ")?.split_once(" (outgoing)")?;
    let drops = matches!(before.split(' ').next_back()?, "deny" | "reject");
    drops.then(|| ":OUTPUT DROP".to_owned())
}

/// A row for what leaves the node, as `iptables-save` would write it: `10.0.0.1 6443/tcp  DENY OUT  Anywhere`.
fn rule(line: &str) -> Option<String> {
    let row = line.split(" # ").next().unwrap_or(line);
    let row = match row.trim_start().strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.1,
        None => row,
    };
    let words: Vec<&str> = row.split_whitespace().collect();
    let at = words.iter().position(|word| *word == "OUT")?;
    let target = match *words.get(at.checked_sub(1)?)? {
        "ALLOW" | "LIMIT" => "ACCEPT",
        "DENY" => "DROP",
        "REJECT" => "REJECT",
        _ => return None,
    };
    let mut rule = vec!["-A", "OUTPUT"];
    let mut to = words.get(..at - 1)?.iter().copied();
    while let Some(word) = to.next() {
        match word {
            "Anywhere" | "(v6)" => {}
            "on" => rule.extend(["-o", to.next()?]),
            _ => rule.extend(condition(word)),
        }
    }
    rule.extend(["-j", target]);
    Some(rule.join(" "))
}

/// An address, `6443/tcp`, `6440:6450/tcp`, `443`, or the name of an application, of which nothing is known.
fn condition(word: &str) -> Vec<&str> {
    let (ports, protocol) = word.split_once('/').unwrap_or((word, ""));
    let is_ports = ports
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b",:".contains(&byte))
        && !word.contains("::");
    match (is_ports, protocol) {
        (true, "") => vec!["--dport", ports],
        (true, protocol) => vec!["-p", protocol, "--dport", ports],
        (false, "tcp" | "udp") if ports.contains(['.', ':']) => vec!["-d", ports, "-p", protocol],
        (false, _) if word.contains(['.', ':']) => vec!["-d", word],
        _ => vec!["!", word],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::{DropRule, FirewallRead};
    use crate::testing::named;

    type Told = (Vec<(u16, u16)>, Option<String>);

    fn read(defaults: &str, rows: &str) -> Vec<Told> {
        let text = format!(
            "Status: active\n{defaults}\nTo                         Action      From\n--                         ------      ----\n{rows}"
        );
        let evidence = named(&PARSER, &text);
        // What other programs filter is not shown.
        assert!(evidence.all::<FirewallRead>().is_empty());
        let rules = evidence.all::<DropRule>().iter();
        rules
            .map(|rule| (rule.value.ports.clone(), rule.value.address.clone()))
            .collect()
    }

    #[test]
    fn what_may_not_leave_is_told_by_port_and_address() {
        let rows = "22/tcp                     ALLOW IN    Anywhere\n6443/tcp                   DENY        Anywhere\n[ 3] 6443/tcp                   DENY OUT    Anywhere                   (out)\n10.0.0.1 6440:6450/tcp     REJECT OUT  Anywhere on ens3           # no API\n10.0.0.0/8                 DENY OUT    Anywhere\n53/udp                     DENY OUT    Anywhere\nOpenSSH                    DENY OUT    Anywhere\n";
        assert_eq!(
            read("", rows),
            [
                (vec![(6443, 6443)], None),
                (vec![(6440, 6450)], Some("10.0.0.1".into())),
                (vec![], Some("10.0.0.0/8".into())),
            ]
        );
    }

    #[test]
    fn what_leaves_by_default_is_told_by_what_is_allowed() {
        let defaults = "Default: deny (incoming), deny (outgoing), disabled (routed)";
        let rows = "443/tcp                    ALLOW OUT   Anywhere\n53                         ALLOW OUT   Anywhere\n53 (v6)                    ALLOW OUT   Anywhere (v6)\n";
        assert_eq!(
            read(defaults, rows),
            [(vec![(1, 52), (54, 442), (444, 65535)], None)]
        );
        let unclear = "Kubernetes                 ALLOW OUT   Anywhere\n";
        assert!(read(defaults, unclear).is_empty());
        let open = "Default: deny (incoming), allow (outgoing), disabled (routed)";
        assert!(read(open, "").is_empty());
    }
}
