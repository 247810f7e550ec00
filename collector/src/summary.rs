//! The one summary at the end.

use crate::collect::Collected;
use crate::verdict::phone;
use nodebundle_bundle::Outcome;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// For a person.
pub(crate) fn text(collected: &Collected) -> String {
    let mut text = String::new();
    let delivered = &collected.delivered;
    let (place, size) = (delivered.place(), human(delivered.bytes));
    writeln!(text, "Bundle: {place} ({size})").ok();
    if let Some(why) = &collected.cut {
        writeln!(
            text,
            "Cut short: {why}. What was stored until then can be used."
        )
        .ok();
    }
    if collected.unanswered() > 0 {
        let late = collected.unanswered();
        writeln!(
            text,
            "Not answered in time: {late} items; everything else was taken."
        )
        .ok();
    }
    if let Some(verdict) = &collected.verdict {
        writeln!(text, "Verdict: {verdict}").ok();
    }
    writeln!(text, "Items: {}", join(&outcomes(collected))).ok();
    let redactions = redactions(collected);
    if redactions.is_empty() {
        writeln!(text, "Masked: nothing had to be").ok();
    } else {
        writeln!(text, "Masked: {}", join(&redactions)).ok();
    }
    if !collected.gate_hits.is_empty() {
        let hits: Vec<(String, u64)> = collected.gate_hits.clone().into_iter().collect();
        writeln!(
            text,
            "The last check before writing had to mask {}: the bundle is safe to send; please report this.",
            join(&hits)
        )
        .ok();
    }
    if let Some(facts) = &collected.phone {
        text.push_str(&phone::text(facts, &phone::bundle(delivered)));
    }
    text.push_str(&undecidable(collected));
    text.push_str(&delivered.how_to_send());
    text
}

fn outcomes(collected: &Collected) -> Vec<(String, u64)> {
    let mut counts: BTreeMap<Outcome, u64> = BTreeMap::new();
    for record in &collected.records {
        *counts.entry(record.outcome).or_default() += 1;
    }
    let named = counts.into_iter();
    named
        .map(|(outcome, count)| (outcome.to_string(), count))
        .collect()
}

fn redactions(collected: &Collected) -> Vec<(String, u64)> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for record in &collected.records {
        for (rule, count) in &record.redactions {
            *counts.entry(rule.clone()).or_default() += count;
        }
    }
    counts.into_iter().collect()
}

/// What could not be read, and what that leaves open.
fn undecidable(collected: &Collected) -> String {
    let denied: Vec<&str> = collected
        .records
        .iter()
        .filter(|record| record.outcome == Outcome::Denied)
        .map(|record| record.source.as_str())
        .collect();
    if denied.is_empty() {
        return String::new();
    }
    let mut open: Vec<&str> = Vec::new();
    for (part, question) in QUESTIONS {
        if denied.iter().any(|source| source.contains(part)) && !open.contains(question) {
            open.push(question);
        }
    }
    let mut text = format!("Not readable without root: {} items", denied.len());
    if open.is_empty() {
        text.push('\n');
    } else {
        writeln!(text, "; that leaves open: {}", open.join(", ")).ok();
    }
    text
}

const QUESTIONS: &[(&str, &str)] = &[
    (
        "/pki",
        "certificates (expiry, identity, does the key match)",
    ),
    (".conf", "kubeconfigs (server, CA, credential)"),
    ("kubeconfig", "kubeconfigs (server, CA, credential)"),
    ("journal", "the journals (why it ended)"),
    ("/var/log", "the journals (why it ended)"),
    ("/var/lib/kubelet", "the kubelet's configuration and state"),
    ("/environ", "the kubelet's proxy variables"),
    ("/cmdline", "the kubelet's command line"),
    (".sock", "what the container runtime says of itself"),
    ("containerd", "the container runtime's configuration"),
];

fn join(counts: &[(String, u64)]) -> String {
    let parts: Vec<String> = counts
        .iter()
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    parts.join(", ")
}

fn human(bytes: u64) -> String {
    if bytes < 1 << 20 {
        return format!("{} KiB", bytes.div_ceil(1024));
    }
    let tenths = bytes / (1 << 20) * 10 + bytes % (1 << 20) * 10 / (1 << 20);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Delivered;
    use nodebundle_bundle::Record;

    fn collected(records: Vec<Record>) -> Collected {
        Collected {
            delivered: Delivered {
                path: "b.tar.gz".to_owned(),
                bytes: 3 << 20,
                ..Delivered::default()
            },
            records,
            gate_hits: BTreeMap::new(),
            cut: None,
            verdict: None,
            phone: None,
        }
    }

    fn record(source: &str, outcome: Outcome) -> Record {
        Record::new("x/y", "k", source, outcome, chrono::DateTime::default())
    }

    #[test]
    fn the_summary_says_what_stays_open_without_root() {
        let denied = record(
            "/var/lib/kubelet/pki/kubelet-client-current.pem",
            Outcome::Denied,
        );
        let text = text(&collected(vec![denied, record("/etc/hosts", Outcome::Ok)]));
        assert!(text.contains("3.0 MiB"));
        assert!(text.contains("Items: 1 ok, 1 denied"));
        assert!(text.contains("does the key match"));
    }

    #[test]
    fn exit_four_wins_over_one() {
        let mut run = collected(Vec::new());
        assert_eq!(run.exit(), 0);
        run.cut = Some("the deadline passed".to_owned());
        assert_eq!(run.exit(), 1);
        run.gate_hits.insert("R2".to_owned(), 1);
        assert_eq!(run.exit(), 4);
        assert!(text(&run).contains("safe to send"));
    }
}
