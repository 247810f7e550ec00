//! Bounds of the certificates that were sent.

use super::{Event, Kind};
use crate::evidence::Evidence;
use crate::fact::{Fact, Value};
use chrono::{DateTime, Utc};

/// Begin and end of each certificate that anything uses, or that is no leftover.
pub(super) fn events(evidence: &Evidence) -> Vec<Event> {
    let Some(all) = evidence.facts.get("certificates") else {
        return Vec::new();
    };
    all.items().iter().flat_map(bounds).collect()
}

fn bounds(certificate: &Fact) -> Vec<Event> {
    let text = |name| certificate.field(name).and_then(Fact::as_text);
    let role = text("role").unwrap_or("other");
    let subject = text("subject").unwrap_or("unknown subject");
    let path = text("path").map(|path| format!(" in {path}"));
    let leftover = certificate.field("leftover").and_then(Fact::as_bool) == Some(true);
    let what = format!(
        "{role} certificate of {subject}{}{}",
        path.unwrap_or_default(),
        if leftover { ", no longer used" } else { "" }
    );
    let bound = |name, kind| {
        let fact = certificate.field(name)?;
        Some(Event::new(time(fact)?, kind, what.clone()).at(fact.origins.first()))
    };
    [
        bound("not_before", Kind::CertificateBegins),
        bound("not_after", Kind::CertificateEnds),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn time(fact: &Fact) -> Option<DateTime<Utc>> {
    match fact.value {
        Value::Time(time) => Some(time),
        _ => None,
    }
}
