//! What lines and facts say together of one rule.

use super::*;

/// A node with a line of the rule `both` and a fact that speaks for it.
fn seen_and_known(rule: &str) -> Bench {
    bench(&[rule])
        .life(0, 200)
        .line("both", 100)
        .fact("a.bad", true)
}

#[test]
fn two_witnesses_decide_together() {
    let found = |report: &Report| {
        report
            .causes
            .first()
            .map(|cause| (cause.confidence, cause.count))
    };
    let log = bench(&[BOTH]).life(0, 200).line("both", 100);
    assert_eq!(found(&log.report()), Some((Confidence::Likely, 1)));
    let both = log.fact("a.bad", true);
    assert_eq!(found(&both.report()), Some((Confidence::Confirmed, 1)));
    let facts = bench(&[BOTH]).fact("a.bad", true);
    assert_eq!(found(&facts.report()), Some((Confidence::Likely, 0)));
    assert_eq!(found(&bench(&[BOTH]).report()), None);

    let against = bench(&[BOTH])
        .life(0, 200)
        .line("both", 100)
        .fact("a.bad", false)
        .report();
    assert!(against.causes.is_empty());
    assert_eq!(against.ruled_out[0].id, "both");
    assert!(
        matches!(&against.ruled_out[0].by[0], Piece::Fact { fact, line: Some(7), .. } if fact == "a.bad")
    );
    let one_of_several = format!("{BOTH}\nrefutes: false");
    let stands = bench(&[&one_of_several])
        .life(0, 200)
        .line("both", 100)
        .fact("a.bad", false);
    assert_eq!(found(&stands.report()), Some((Confidence::Likely, 1)));
}

#[test]
fn a_finding_cites_the_lines_and_facts_that_decided_and_proofs_of_absence() {
    let missing = "id: missing\nwhen: kubelet.bootstrap.exists == false";
    let report = bench(&[BOTH, missing])
        .life(0, 200)
        .line("both", 100)
        .fact("a.bad", true)
        .fact("kubelet.bootstrap.exists", false)
        .fact("kubelet.bootstrap.path", "/etc/bootstrap.conf")
        .report();
    let of = |id: &str| {
        &report
            .causes
            .iter()
            .find(|cause| cause.id == id)
            .unwrap()
            .evidence
    };
    assert!(
        matches!(&of("both")[0], Piece::Line { line: 101, text, .. } if text == "both happened")
    );
    assert!(matches!(&of("both")[1], Piece::Fact { fact, .. } if fact == "a.bad"));
    assert!(
        matches!(&of("missing")[0], Piece::Absent { absent, .. } if absent == "/etc/bootstrap.conf")
    );
}

#[test]
fn what_only_a_built_in_default_says_is_no_finding() {
    let mut bench = bench(&["id: by-default\nwhen: a.bad"]);
    bench
        .evidence
        .facts
        .set("a.bad", Fact::built_in(Value::Bool(true)));
    assert!(bench.report().causes.is_empty());
}

#[test]
fn unless_rules_out_and_keeps_from_confirming_while_it_is_unknown() {
    let rule = "id: both\nlog: [{pattern: x}]\nwhen: a.bad\nunless: b.bad";
    let node = || seen_and_known(rule);
    assert_eq!(node().report().causes[0].confidence, Confidence::Likely);
    assert_eq!(
        node().fact("b.bad", false).report().causes[0].confidence,
        Confidence::Confirmed
    );
    let out = node().fact("b.bad", true).report();
    assert!(out.causes.is_empty());
    assert_eq!(out.ruled_out[0].id, "both");
}

#[test]
fn each_yields_one_finding_per_item_with_its_own_words() {
    let rule = "id: expired\neach: files as f\nwhen: f.expired\nlet: {path: f.path}\nmeaning: \"{path} expired\"";
    let file = |path: &str, expired: bool| {
        let fields = [
            ("path".to_owned(), Fact::built_in(path.into())),
            ("expired".to_owned(), Fact::built_in(expired.into())),
        ];
        Fact::new(
            Value::Record(BTreeMap::from(fields)),
            Origin::line("ls.txt", 3),
        )
    };
    let list = Value::List(vec![file("/a", true), file("/b", false), file("/c", true)]);
    let report = bench(&[rule]).fact("files", list).report();
    let meanings: Vec<&str> = report
        .causes
        .iter()
        .map(|cause| cause.meaning.as_str())
        .collect();
    assert_eq!(meanings, ["/a expired", "/c expired"]);
    assert!(
        matches!(&report.causes[0].evidence[0], Piece::Fact { entry: Some(entry), line: Some(3), .. } if entry == "ls.txt")
    );
}

#[test]
fn a_rule_is_off_for_other_versions_and_never_sure_when_the_version_is_unknown() {
    let rule = "id: both\nversions: '>=1.30'\nlog: [{pattern: x}]\nwhen: a.bad";
    let node = || seen_and_known(rule);
    assert_eq!(node().report().causes[0].confidence, Confidence::Likely);
    let version = |text: &str| Value::Version(text.parse().unwrap());
    let old = node().fact("kubelet.version", version("1.29.4")).report();
    assert!(old.causes.is_empty() && old.ruled_out.is_empty());
    let new = node().fact("kubelet.version", version("1.30.0")).report();
    assert_eq!(new.causes[0].confidence, Confidence::Confirmed);
    let static_only = bench(&[rule]).fact("a.bad", true).report();
    assert_eq!(static_only.causes[0].confidence, Confidence::Possible);
}

#[test]
fn a_present_symptom_confirms_what_facts_alone_say() {
    let rule = "id: expired\nwhen: a.bad\nconfirmed_by: [refused]\nexplains: [refused]";
    let symptom = "id: refused\nrole: symptom\nlog: [{pattern: x}]";
    let alone = bench(&[rule, symptom]).fact("a.bad", true).report();
    assert_eq!(alone.causes[0].confidence, Confidence::Likely);
    let agreed = bench(&[rule, symptom])
        .fact("a.bad", true)
        .life(0, 200)
        .line("refused", 100)
        .report();
    assert_eq!(agreed.causes[0].confidence, Confidence::Confirmed);
    assert_eq!(agreed.symptoms[0].explained_by, ["expired"]);
}

#[test]
fn rules_ask_about_each_other_and_an_uncovered_log_proves_nothing() {
    let silent = "id: silent\nwhen: 'present(\"log-only\") == false && a.bad'";
    let node = || bench(&[silent, LOG]).fact("a.bad", true);
    assert_eq!(ids(&node().life(0, 200).report().causes), ["silent"]);
    assert_eq!(
        ids(&node().life(0, 200).line("log-only", 5).report().causes),
        ["log-only"]
    );
    let mut late = node().life(0, 200);
    late.logs.lives[0].start_seen = false;
    assert!(late.report().causes.is_empty());
}

#[test]
fn a_time_from_a_line_without_a_year_makes_a_judgement_by_time_only_possible() {
    let rule = "id: old\nwhen: 'a.bad && now > now - duration(\"1h\")'";
    let mut bench = bench(&[rule]).fact("a.bad", true);
    bench.now = Some(Stamp {
        year_inferred: true,
        ..second(5)
    });
    assert_eq!(bench.report().causes[0].confidence, Confidence::Possible);
}

#[test]
fn a_confirming_symptom_lends_its_line() {
    let cause = "id: by-fact\nwhen: a.bad\nconfirmed_by: [noise]\nexplains: [noise]";
    let noise = "id: noise\nrole: symptom\nlog: [{pattern: x}]";
    let report = bench(&[cause, noise])
        .fact("a.bad", true)
        .life(0, 500)
        .line("noise", 100)
        .report();
    assert_eq!(report.causes[0].confidence, Confidence::Confirmed);
    let quotes = |one: &Piece| matches!(one, Piece::Line { text, .. } if text == "noise happened");
    assert!(report.causes[0].evidence.iter().any(quotes));
}

#[test]
fn without_a_log_systemd_tells_how_long_the_kubelet_runs() {
    let young = "id: young\nwhen: 'life.age < duration(\"2m\")'";
    let found = |state: &str, since: i64| {
        let mut bench = bench(&[young])
            .fact("kubelet.unit.active_state", state)
            .fact("kubelet.unit.active_since", second(since).time);
        bench.now = Some(second(1000));
        !bench.report().causes.is_empty()
    };
    assert!(found("active", 990));
    assert!(!found("active", 800));
    assert!(!found("inactive", 990), "it became active, and ended");
}
