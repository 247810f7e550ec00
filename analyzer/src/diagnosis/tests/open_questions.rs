//! What is left to check, to ask for and to rule out.

use super::*;

#[test]
fn what_only_facts_say_behind_the_first_cause_is_to_be_checked_next() {
    let first = "id: first\nstage: process\nlog: [{pattern: x}]";
    let behind = "id: behind\nstage: network\nwhen: a.bad";
    let before = "id: before\nstage: unit\nwhen: a.bad";
    let report = bench(&[first, behind, before])
        .fact("a.bad", true)
        .life(0, 900)
        .line("first", 1)
        .report();
    assert_eq!(ids(&report.causes), ["before", "first"]);
    assert_eq!(ids(&report.latent), ["behind"]);
}

#[test]
fn a_symptom_that_nothing_explains_is_named_and_no_cause_is_invented() {
    let symptom = "id: never-ready\nrole: symptom\nseverity: critical\ntitle: The node never registered\nlog: [{pattern: x}]";
    let report = bench(&[symptom])
        .life(0, 500)
        .line("never-ready", 5)
        .report();
    assert!(report.causes.is_empty());
    assert_eq!(report.verdict.state, State::Broken);
    assert!(
        report
            .verdict
            .sentence
            .starts_with("The node never registered, but nothing")
    );
    assert_eq!(report.node.ready, Answer::No);
}

#[test]
fn what_is_missing_is_listed_with_the_rules_that_could_not_look() {
    let report = bench(&[BOTH, "id: other\nstage: host\nwhen: b.bad || a.bad"]).report();
    assert_eq!(report.unknown.len(), 1);
    assert_eq!(report.unknown[0].needs, "the file of it");
    assert_eq!(report.unknown[0].rules, ["both", "other"]);
    assert_eq!(report.unknown[0].stages, [Stage::Host, Stage::Runtime]);
    let host = report
        .ladder
        .iter()
        .find(|rung| rung.stage == Stage::Host)
        .unwrap();
    assert_eq!(host.missing, ["the file of it"]);
}

#[test]
fn an_unreadable_entry_names_the_rules_that_could_not_look() {
    let mut bench = bench(&[BOTH, LOG]);
    bench
        .evidence
        .gap("config.yaml", "line 14 is not YAML", &["a"]);
    assert_eq!(bench.report().gaps[0].rules, ["both"]);
}

#[test]
fn rivals_that_facts_clear_are_ruled_out_when_they_would_explain_the_same() {
    let cause = "id: real\nlog: [{pattern: x}]\nexplains: [noise]";
    let rival = "id: rival\nwhen: a.bad\nexplains: [noise]";
    let other = "id: other\nwhen: b.bad";
    let noise = "id: noise\nrole: symptom\nlog: [{pattern: x}]";
    let node = |lines: &[&str]| {
        let node = bench(&[cause, rival, other, noise])
            .fact("a.bad", false)
            .fact("b.bad", false)
            .life(0, 500);
        lines
            .iter()
            .fold(node, |node, id| node.line(id, 100))
            .report()
    };
    let report = node(&["real", "noise"]);
    let ruled_out: Vec<&str> = report.ruled_out.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ruled_out, ["rival"]);
    assert!(node(&["real"]).ruled_out.is_empty());
}

#[test]
fn what_an_unknown_fact_would_explain_of_an_open_symptom_comes_first() {
    let other = "id: big\nseverity: critical\nwhen: files != null";
    let answer =
        "id: answer\nseverity: medium\nwhen: kubelet.version >= version('1.35')\nexplains: [noise]";
    let noise = "id: noise\nrole: symptom\nlog: [{pattern: x}]";
    let mut node = bench(&[other, answer, noise])
        .life(0, 500)
        .line("noise", 100);
    let first = |node: &Bench| node.report().unknown[0].needs.clone();
    assert_eq!(first(&node), "the version");
    node.logs.hits.clear();
    assert_eq!(first(&node), "the file of it");
}

#[test]
fn texts_of_a_start_are_left_out_once_the_node_is_well() {
    let ready = "id: node-became-ready\nrole: progress\nproves: [ready]\nlog: [{pattern: x}]";
    let template = |text: &str, last: i64| Template {
        text: text.to_owned(),
        program: Some("kubelet".to_owned()),
        count: 3,
        current: 3,
        first: Occurrence {
            origin: Origin::line("kubelet.log", 1),
            text: text.to_owned(),
            time: Some(second(1)),
            sequence: 1,
        },
        last: Some(second(last)),
    };
    let texts = |node: Bench| -> Vec<String> {
        let unexplained = node.report().unexplained;
        unexplained.into_iter().map(|one| one.template).collect()
    };
    let node = |is_ready: bool| {
        let node = bench(&[ready]).life(0, 500);
        let mut node = if is_ready {
            node.line("node-became-ready", 50)
        } else {
            node
        };
        node.logs.unexplained = vec![template("early", 60), template("late", 300)];
        node
    };
    assert_eq!(texts(node(true)), ["late"]);
    assert_eq!(texts(node(false)), ["early", "late"]);
}
