//! Bounds of the certificates that were sent.

use super::{Event, Kind};
use crate::evidence::Evidence;
use crate::fact::{Fact, Value};
use chrono::{DateTime, SecondsFormat, Utc};

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

/// Which certificates were valid at a time, as far as they were sent: the kubelet's own, and the API server's.
pub(super) fn state_at(evidence: &Evidence, at: DateTime<Utc>, server: bool) -> Option<String> {
    let (name, prefix) = if server {
        ("API server's certificate", "apiserver.cert")
    } else {
        ("client certificate", "kubelet.client_cert")
    };
    let bound = |bound: &str| time(evidence.facts.get(&format!("{prefix}.{bound}"))?);
    let of = |field: &str| {
        let text = evidence.facts.text(&format!("{prefix}.{field}"))?;
        Some(format!(" of {text}"))
    };
    let whose = of("cn").or_else(|| of("subject")).unwrap_or_default();
    let by = evidence.facts.text(&format!("{prefix}.issuer"));
    let by = by.map_or_else(String::new, |issuer| format!(" by {issuer}"));
    let state = match (bound("not_before"), bound("not_after")) {
        (Some(begin), _) if at < begin => format!("not valid before {}", shown(begin)),
        (_, Some(end)) if at > end => format!("expired since {}", shown(end)),
        (_, Some(end)) => format!("valid until {}", shown(end)),
        _ => return None,
    };
    Some(format!("the {name}{whose}{by} was {state}"))
}

fn shown(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
