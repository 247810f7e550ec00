//! What only distributions have that were not found on the node: of each one record, which names the paths that do not exist.

use crate::host::door::parent;
use chrono::{DateTime, Utc};
use nodebundle_bundle::{Outcome, Record};
use std::collections::BTreeMap;

/// Gathers what is absent while items of a distribution are taken that nothing on the node gives away.
#[derive(Debug, Default)]
pub(crate) struct Undetected {
    now: Option<&'static str>,
    gathered: BTreeMap<&'static str, Gathered>,
}

/// What one distribution would have.
#[derive(Debug)]
struct Gathered {
    started: DateTime<Utc>,
    duration_ms: u64,
    paths: BTreeMap<String, Vec<String>>,
}

impl Undetected {
    /// The distribution whose items come next, when it was not found; `None` for everything else.
    pub(crate) fn look_for(&mut self, name: Option<&'static str>) {
        self.now = name;
    }

    /// Whether the record stands for a path that such a distribution would have: it is told with the others.
    ///
    /// A link to nothing keeps its own record.
    pub(crate) fn takes(&mut self, record: &Record) -> bool {
        let is_path = record.source.starts_with('/') && record.attributes.is_none();
        let Some(name) = self
            .now
            .filter(|_| is_path && record.outcome == Outcome::Absent)
        else {
            return false;
        };
        let gathered = self.gathered.entry(name).or_insert_with(|| Gathered {
            started: record.started,
            duration_ms: 0,
            paths: BTreeMap::new(),
        });
        let below = record.below.as_deref();
        let below = below.unwrap_or_else(|| parent(&record.source));
        let paths = gathered.paths.entry(below.to_owned()).or_default();
        if !paths.contains(&record.source) {
            paths.push(record.source.clone());
        }
        gathered.duration_ms += record.duration_ms;
        true
    }

    /// The records of what was gathered so far; `what` it was, as the end of their ids.
    pub(crate) fn records(&mut self, what: &str) -> Vec<Record> {
        let gathered = std::mem::take(&mut self.gathered).into_iter();
        let record = |(name, one): (&str, Gathered)| {
            let source = format!("profile: {name}");
            let id = format!("{name}/absent-{what}");
            let mut record = Record::new(id, "profile", source, Outcome::Absent, one.started);
            record.duration_ms = one.duration_ms;
            let count: usize = one.paths.values().map(Vec::len).sum();
            record.reason = Some(format!(
                "not found on this node; {count} paths do not exist"
            ));
            record.absent = one.paths;
            record
        };
        gathered.map(record).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(path: &str, outcome: Outcome, below: Option<&str>) -> Record {
        let mut record = Record::new(path, "listing", path, outcome, DateTime::UNIX_EPOCH);
        record.below = below.map(str::to_owned);
        record
    }

    #[test]
    fn absent_paths_of_an_undetected_distribution_stand_in_one_record() {
        let mut undetected = Undetected::default();
        let absent = |path, below| record(path, Outcome::Absent, below);
        assert!(!undetected.takes(&absent("/etc/hosts", None)));
        undetected.look_for(Some("k3s"));
        assert!(undetected.takes(&absent("/etc/rancher/k3s/config.yaml", Some("/etc"))));
        assert!(undetected.takes(&absent("/etc/rancher/k3s/registries.yaml", Some("/etc"))));
        assert!(undetected.takes(&absent("/var/log/k3s.log", None)));
        assert!(!undetected.takes(&record("/etc/x", Outcome::Denied, None)));
        assert!(!undetected.takes(&absent("command: k3s", None)));
        undetected.look_for(None);
        let records = undetected.records("files");
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].id, "k3s/absent-files");
        assert_eq!(records[0].absent["/etc"].len(), 2);
        assert_eq!(records[0].absent["/var/log"], ["/var/log/k3s.log"]);
        assert!(undetected.records("files").is_empty());
    }
}
