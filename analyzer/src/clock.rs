//! The node's time: what "now" is for everything that depends on time. Never the reader's clock.

use crate::evidence::Evidence;
use crate::logs::LogDigest;
use crate::observed::ClockReading;
use crate::origin::Origin;
use chrono::{DateTime, Utc};

/// The node's time: the override, else the collection time of a live bundle, else the newer of the newest record of the
/// node's logs and the newest time that a command or the dead node's journal tells. `None` when nothing in the input tells.
///
/// A log time whose year was inferred gives way to a printed time, which has one.
pub fn now(
    evidence: &Evidence,
    logs: &LogDigest,
    given: Option<DateTime<Utc>>,
) -> Option<DateTime<Utc>> {
    if given.is_some() {
        return given;
    }
    if let Some((time, _)) = collection(evidence) {
        return Some(time);
    }
    let printed = printed(evidence).map(|(time, _)| time);
    match logs.newest {
        Some(newest) if newest.year_inferred => printed.or(Some(newest.time)),
        Some(newest) => printed.max(Some(newest.time)),
        None => printed,
    }
}

/// When our collector ran on the running node, by its clock.
pub fn collection(evidence: &Evidence) -> Option<(DateTime<Utc>, Origin)> {
    newest(evidence, true)
}

/// The newest time that an output of the node shows.
pub fn printed(evidence: &Evidence) -> Option<(DateTime<Utc>, Origin)> {
    newest(evidence, false)
}

fn newest(evidence: &Evidence, collection: bool) -> Option<(DateTime<Utc>, Origin)> {
    evidence
        .all::<ClockReading>()
        .iter()
        .filter(|reading| reading.value.collection == collection)
        .max_by_key(|reading| reading.value.time)
        .map(|reading| (reading.value.time, reading.origin.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::Stamp;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + second, 0).unwrap()
    }

    fn read(readings: &[(i64, bool)]) -> Evidence {
        let mut evidence = Evidence::default();
        for &(second, collection) in readings {
            let time = at(second);
            evidence.push(ClockReading { time, collection }, Origin::entry("date.txt"));
        }
        evidence
    }

    fn logs(second: i64, year_inferred: bool) -> LogDigest {
        LogDigest {
            newest: Some(Stamp {
                time: at(second),
                year_inferred,
            }),
            ..LogDigest::default()
        }
    }

    #[test]
    fn a_live_bundle_says_when_it_was_made() {
        let evidence = read(&[(10, true), (50, false)]);
        assert_eq!(now(&evidence, &logs(99, false), None), Some(at(10)));
        assert_eq!(now(&evidence, &logs(99, false), Some(at(1))), Some(at(1)));
    }

    #[test]
    fn without_it_the_newer_of_record_and_printed_time_tells() {
        let evidence = read(&[(50, false), (40, false)]);
        assert_eq!(now(&evidence, &logs(20, false), None), Some(at(50)));
        assert_eq!(now(&evidence, &logs(60, false), None), Some(at(60)));
        assert_eq!(now(&evidence, &logs(20, true), None), Some(at(50)));
        assert_eq!(now(&evidence, &LogDigest::default(), None), Some(at(50)));
        assert_eq!(now(&read(&[]), &LogDigest::default(), None), None);
    }
}
