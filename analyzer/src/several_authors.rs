//! A log in which the lines of several nodes stand one node after the other, or mixed: whose each line is.

use std::collections::BTreeMap;

/// The nodes of a cluster by the names that their lines have.
pub(crate) struct Authors {
    /// Name in lower case → number of the node; `None` for a short name that several nodes have.
    names: BTreeMap<Vec<u8>, Option<usize>>,
    /// The node of the line before.
    last: Option<usize>,
}

impl Authors {
    /// From the numbers and names of the nodes.
    pub(crate) fn of<'n>(nodes: impl Iterator<Item = (usize, &'n str)>) -> Self {
        let mut names = BTreeMap::new();
        for (number, name) in nodes {
            let name = name.to_ascii_lowercase();
            if let Some((short, _)) = name.split_once('.') {
                names
                    .entry(short.as_bytes().to_vec())
                    .and_modify(|known: &mut Option<usize>| *known = None)
                    .or_insert(Some(number));
            }
            names.insert(name.into_bytes(), Some(number));
        }
        Self { names, last: None }
    }

    /// The node of a line, and the line without a name that was put before it. A line that names nobody goes on with the one
    /// before it.
    pub(crate) fn author<'l>(&mut self, line: &'l [u8]) -> (Option<usize>, &'l [u8]) {
        if line.starts_with(b"-- Logs begin at ") || line.starts_with(b"-- Journal begins at ") {
            self.last = None;
            return (None, line);
        }
        let first = line.split(|&byte| byte == b' ').next().unwrap_or_default();
        if let Some(node) = self.node(first) {
            self.last = Some(node);
            return (self.last, line.get(first.len() + 1..).unwrap_or_default());
        }
        let named = in_json(line, b"\"_HOSTNAME\"")
            .and_then(|name| self.node(name))
            .or_else(|| {
                let words = line
                    .split(|&byte| byte == b' ')
                    .filter(|word| !word.is_empty());
                words.take(HOST_WITHIN).find_map(|word| self.node(word))
            });
        self.last = named.or(self.last.filter(|_| !begins_record(line)));
        (self.last, line)
    }

    fn node(&self, name: &[u8]) -> Option<usize> {
        self.names
            .get(&name.to_ascii_lowercase())
            .copied()
            .flatten()
    }
}

/// Words of `Nov 22 07:22:29 host program[pid]: text` up to the host.
const HOST_WITHIN: usize = 4;

/// A text in a record of the journal as JSON, by its key in quotes.
pub(crate) fn in_json<'l>(line: &'l [u8], key: &[u8]) -> Option<&'l [u8]> {
    let at = line
        .starts_with(b"{")
        .then(|| memchr::memmem::find(line, key))??;
    let rest = line.get(at + key.len()..)?;
    let begin = memchr::memchr(b'"', rest)? + 1;
    let value = rest.get(begin..)?;
    value.get(..memchr::memchr(b'"', value)?)
}

/// A line that has a time of its own, and so a host that is none of the nodes.
fn begins_record(line: &[u8]) -> bool {
    crate::logs::is_carried(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_apart_by_host_and_by_prefix() {
        let nodes = ["m1.example.com", "m2.example.com"];
        let mut authors = Authors::of((0..).zip(nodes));
        for (line, node) in [
            ("-- Logs begin at Wed 2020-11-18 15:20:54 UTC. --", None),
            ("Nov 18 15:22:40.370567 m1 kubelet[1]: one", Some(0)),
            ("  and what goes on", Some(0)),
            ("-- Reboot --", Some(0)),
            (
                "Nov 18 15:22:41.370567 M2.example.com kubelet[1]: two",
                Some(1),
            ),
            ("2020-11-18T15:22:42+0000 m1 kubelet[1]: m2", Some(0)),
            ("Nov 18 15:22:43.370567 w9 kubelet[1]: nobody's", None),
            ("{\"MESSAGE\":\"m1 x\",\"_HOSTNAME\" : \"m2\"}", Some(1)),
        ] {
            assert_eq!(authors.author(line.as_bytes()).0, node, "{line}");
        }
        assert_eq!(
            authors.author(b"m1.example.com Nov 18 15:22:40 m1 kubelet[1]: x"),
            (Some(0), &b"Nov 18 15:22:40 m1 kubelet[1]: x"[..])
        );
    }

    #[test]
    fn a_short_name_of_two_nodes_names_neither() {
        let mut authors = Authors::of((0..).zip(["n.a", "n.b"]));
        assert_eq!(authors.author(b"Nov 18 15:22:40 n kubelet[1]: x").0, None);
    }
}
