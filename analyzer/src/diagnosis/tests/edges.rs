//! Which finding explains which, and which comes first.

use super::*;

#[test]
fn an_effect_is_folded_unless_it_came_long_before_or_names_another_object() {
    let cause = "id: z-cause\nlog: [{pattern: '(?P<host>x)'}]\nexplains: [a-effect, {id: b-effect, same: [host]}]";
    let plain = "id: a-effect\nlog: [{pattern: x}]";
    let same = "id: b-effect\nlog: [{pattern: '(?P<host>x)'}]";
    let node = || {
        bench(&[cause, plain, same])
            .life(0, 900)
            .line_with("z-cause", Some(100), &[("host", "h1")])
    };
    let folded = node()
        .line("a-effect", 45)
        .line_with("b-effect", Some(110), &[("host", "h1")])
        .report();
    assert_eq!(ids(&folded.causes), ["z-cause"]);
    assert_eq!(ids(&folded.symptoms), ["a-effect", "b-effect"]);
    let apart = node()
        .line("a-effect", 35)
        .line_with("b-effect", Some(110), &[("host", "h2")])
        .report();
    assert_eq!(ids(&apart.causes), ["a-effect", "z-cause", "b-effect"]);
}

#[test]
fn a_condition_on_an_edge_decides_about_times_and_holds_where_lines_have_none() {
    let cause = "id: z-cause\nlog: [{pattern: x}]\nexplains: [{id: a-effect, if: 'other.first >= first + duration(\"10s\")'}]";
    let effect = "id: a-effect\nlog: [{pattern: x}]";
    let node = || bench(&[cause, effect]);
    assert_eq!(
        ids(&node()
            .life(0, 900)
            .line("z-cause", 100)
            .line("a-effect", 110)
            .report()
            .causes),
        ["z-cause"]
    );
    assert_eq!(
        node()
            .life(0, 900)
            .line("z-cause", 100)
            .line("a-effect", 105)
            .report()
            .causes
            .len(),
        2
    );
    let posted = node()
        .line_with("z-cause", None, &[])
        .line_with("a-effect", None, &[]);
    assert_eq!(ids(&posted.report().causes), ["z-cause"]);
}

/// A line of `a-effect` that says this, after a line of `z-cause`.
fn joined_by(join: &str, effect: &str) -> usize {
    let cause = format!(
        "id: z-cause\nlog: [{{pattern: '(?P<path>x)'}}]\nexplains: [{{id: a-effect, {join}}}]"
    );
    let effect = effect.to_owned();
    let mut node = bench(&[&cause, "id: a-effect\nlog: [{pattern: '(?P<user>x)'}]"])
        .life(0, 900)
        .line_with("z-cause", Some(100), &[("path", "/etc/a.conf")])
        .line("a-effect", 110);
    let number = node.rules.index("a-effect").unwrap();
    for hit in node.logs.hits.iter_mut().filter(|hit| hit.rule == number) {
        hit.first.text.clone_from(&effect);
        hit.last.text.clone_from(&effect);
    }
    node.report().causes.len()
}

#[test]
fn an_effect_joins_by_the_reason_and_the_object_that_its_line_gives() {
    let by_reason = "error: [unauthorized, forbidden]";
    assert_eq!(joined_by(by_reason, "lease: Unauthorized"), 1);
    assert_eq!(joined_by(by_reason, "lease: i/o timeout"), 2);
    assert_eq!(joined_by(by_reason, "a line cut before its rea"), 1);
    let by_object = "names: [path]";
    assert_eq!(joined_by(by_object, "open /etc/a.conf: no such file"), 1);
    assert_eq!(joined_by(by_object, "open /etc/b.conf: no such file"), 2);
    assert_eq!(joined_by("if: 'other.user == null'", "x"), 1);
    assert_eq!(joined_by("if: 'other.user == \"me\"'", "x"), 2);
    assert_eq!(joined_by("if: 'a.bad'", "unknown facts join"), 1);
}

#[test]
fn a_fault_explains_the_end_of_a_run_only_when_the_run_ended_with_it() {
    let cause = "id: z-cause\nlog: [{pattern: x}]\nexplains: [{id: a-effect, life: ends}]";
    let effect = "id: a-effect\nlog: [{pattern: x}]";
    let ended = |at| {
        let mut node = bench(&[cause, effect]).life(0, 300).line("z-cause", at);
        node.logs.lives[0].end_seen = true;
        node.line("a-effect", 300).report().causes.len()
    };
    assert_eq!((ended(299), ended(100)), (1, 2));
}

#[test]
fn an_effect_that_ceased_before_the_cause_began_is_not_explained_by_it() {
    let cause = "id: z-cause\nlog: [{pattern: x}]\nexplains: [{id: a-effect, time: overlaps}]";
    let effect = "id: a-effect\nlog: [{pattern: x}]";
    let at = |seconds| {
        let node = bench(&[cause, effect]).life(0, 900).line("z-cause", 500);
        node.line("a-effect", seconds).report().causes.len()
    };
    assert_eq!((at(470), at(510)), (2, 1));
}

#[test]
fn a_fault_of_one_run_is_not_explained_by_a_fault_of_another() {
    let cause = "id: z-cause\nlog: [{pattern: x}]\nexplains: [{id: a-effect, life: same}]";
    let effect = "id: a-effect\nlog: [{pattern: x}]";
    let first = || bench(&[cause, effect]).life(0, 5).line("z-cause", 1);
    let same = first().line("a-effect", 2);
    let other = first().life(6, 9).line("a-effect", 7);
    let number = |node: Bench| node.report().causes.len();
    assert_eq!((number(same), number(other)), (1, 2));
}

#[test]
fn a_chain_leads_through_a_symptom_that_nobody_logged_but_not_through_a_cause() {
    let root = "id: root\nlog: [{pattern: x}]\nexplains: [unseen-symptom, unseen-cause]";
    let symptom = "id: unseen-symptom\nrole: symptom\nlog: [{pattern: x}]\nexplains: [end-one]";
    let cause = "id: unseen-cause\nlog: [{pattern: x}]\nexplains: [end-two]";
    let one = "id: end-one\nlog: [{pattern: x}]";
    let two = "id: end-two\nlog: [{pattern: x}]";
    let report = bench(&[root, symptom, cause, one, two])
        .life(0, 900)
        .line("root", 10)
        .line("end-one", 11)
        .line("end-two", 12)
        .report();
    assert_eq!(ids(&report.causes), ["root", "end-two"]);
    assert_eq!(report.symptoms[0].explained_by, ["root"]);
}

#[test]
fn a_chain_through_what_nobody_logged_keeps_the_reasons_and_the_end_that_it_asks_for() {
    let chain = |join: &str, effect: &str| {
        let root = format!("id: root\nlog: [{{pattern: x}}]\nexplains: [{{id: unseen, {join}}}]");
        let unseen = "id: unseen\nrole: symptom\nlog: [{pattern: x}]\nexplains: [other-end, {id: end, error: [timeout, refused]}]";
        let mut node = bench(&[
            &root,
            unseen,
            "id: end\nlog: [{pattern: x}]",
            "id: other-end\nlog: [{pattern: x}]",
        ])
        .life(0, 900)
        .line("root", 10)
        .line("end", 11)
        .line("other-end", 12);
        node.logs.lives[0].end_seen = true;
        let root = node.rules.index("root").unwrap();
        for hit in node.logs.hits.iter_mut().filter(|hit| hit.rule != root) {
            hit.first.text = effect.to_owned();
            hit.last.text = effect.to_owned();
        }
        node.report().causes.len()
    };
    let refused = "error: [refused]";
    assert_eq!(chain(refused, "dial: connection refused"), 1);
    assert_eq!(chain(refused, "a line cut before its rea"), 1);
    assert_eq!(chain(refused, "dial: i/o timeout"), 3);
    assert_eq!(chain("time: follows", "dial: i/o timeout"), 1);
    assert_eq!(chain("time: follows", "the lease: Unauthorized"), 2);
    assert_eq!(chain("life: ends", "dial: connection refused"), 3);
}

#[test]
fn a_symptom_never_hides_a_cause() {
    let symptom = "id: symptom-one\nrole: symptom\nlog: [{pattern: x}]\nexplains: [real-cause]";
    let cause = "id: real-cause\nlog: [{pattern: x}]";
    let report = bench(&[symptom, cause])
        .life(0, 900)
        .line("symptom-one", 1)
        .line("real-cause", 2)
        .report();
    assert_eq!(ids(&report.causes), ["real-cause"]);
}

#[test]
fn causes_are_ranked_by_severity_then_by_the_path_then_by_confidence() {
    let ranked = bench(&[
        "id: late-critical\nstage: network\nseverity: critical\nlog: [{pattern: x}]",
        "id: early-critical\nstage: process\nseverity: critical\nlog: [{pattern: x}]",
        "id: early-high\nstage: unit\nseverity: high\nlog: [{pattern: x}]",
        "id: surer-critical\nstage: network\nseverity: critical\nlog: [{pattern: x}]\nconfidence: {log: confirmed}",
        "id: small\nstage: unit\nseverity: low\nlog: [{pattern: x}]",
    ])
    .life(0, 900)
    .line("late-critical", 1)
    .line("early-critical", 2)
    .line("early-high", 3)
    .line("surer-critical", 4)
    .line("small", 5)
    .report();
    assert_eq!(
        ids(&ranked.causes),
        [
            "early-critical",
            "surer-critical",
            "late-critical",
            "early-high"
        ]
    );
    assert_eq!(ids(&ranked.hygiene), ["small"]);
}
