//! What is over, and what lasts.

use super::*;

#[test]
fn a_fault_is_past_when_an_event_ends_it_and_only_then() {
    let rule = "id: log-only\nlog: [{pattern: x}]\nends: [node-registered]";
    let node = || bench(&[rule, REGISTERED]).life(0, 500);
    let over = node()
        .line("log-only", 10)
        .line("node-registered", 20)
        .report();
    assert!(over.causes.is_empty());
    assert_eq!(ids(&over.history), ["log-only"]);
    let again = node()
        .line("node-registered", 20)
        .line("log-only", 30)
        .report();
    assert_eq!(ids(&again.causes), ["log-only"]);
}

#[test]
fn a_later_life_outlives_a_fault_only_by_running_well_past_its_offset() {
    let node = |second_life: i64| {
        bench(&[LOG])
            .life(0, 60)
            .line("log-only", 30)
            .life(100, 100 + second_life)
    };
    assert_eq!(ids(&node(45).report().history), ["log-only"]);
    assert_eq!(ids(&node(35).report().causes), ["log-only"]);
    let mut cut = node(45);
    cut.logs.lives[1].cut = true;
    assert_eq!(ids(&cut.report().causes), ["log-only"]);
}

#[test]
fn a_repeating_line_that_stopped_while_its_stream_goes_on_is_past() {
    let rule = "id: log-only\nlog: [{pattern: x, every: 10s}]";
    assert_eq!(
        ids(&bench(&[rule])
            .life(0, 500)
            .line("log-only", 50)
            .report()
            .history),
        ["log-only"]
    );
    assert_eq!(
        ids(&bench(&[rule])
            .life(0, 300)
            .line("log-only", 50)
            .report()
            .causes),
        ["log-only"]
    );
    assert_eq!(
        ids(&bench(&[LOG])
            .life(0, 500)
            .line("log-only", 50)
            .report()
            .causes),
        ["log-only"]
    );
}

#[test]
fn a_registered_kubelet_that_says_nothing_for_three_periods_has_got_over_an_outage() {
    let rule = "id: log-only\nlog: [{pattern: x, every: 10s}]";
    let node = |registered: bool, now: i64| {
        let node = bench(&[rule, REGISTERED]).life(0, 50);
        let node = if registered {
            node.line("node-registered", 5)
        } else {
            node
        };
        let mut node = node.line("log-only", 50);
        node.now = Some(second(now));
        node
    };
    assert_eq!(ids(&node(true, 85).report().history), ["log-only"]);
    assert_eq!(ids(&node(true, 75).report().causes), ["log-only"]);
    assert_eq!(ids(&node(false, 85).report().causes), ["log-only"]);
    let mut ended = node(true, 85);
    ended.logs.lives[0].end_seen = true;
    assert_eq!(ids(&ended.report().causes), ["log-only"]);
}

#[test]
fn what_another_program_said_once_lasts_while_its_effect_shows() {
    let cause = "id: z-cause\nlog: [{pattern: x}]\nexplains: [shown]";
    let shown = "id: shown\nrole: symptom\nlog: [{pattern: x}]\nends: [node-registered]";
    let node = |program: &str, at: &[(&str, i64)]| {
        let mut node = bench(&[cause, shown, REGISTERED]).line("z-cause", 5);
        for hit in &mut node.logs.hits {
            hit.program = Some(program.into());
        }
        let node = node.life(10, 300);
        let lines = at.iter();
        lines
            .fold(node, |node, (id, at)| node.line(id, *at))
            .report()
            .causes
            .len()
    };
    assert_eq!(node("containerd", &[("shown", 200)]), 1);
    assert_eq!(node("kubelet", &[("shown", 200)]), 0);
    assert_eq!(node("containerd", &[]), 0);
    assert_eq!(
        node("containerd", &[("shown", 200), ("node-registered", 210)]),
        0
    );
}

#[test]
fn facts_keep_a_fault_present_that_the_log_has_got_over() {
    let node = bench(&[BOTH]).life(0, 60).line("both", 30).life(100, 300);
    assert_eq!(ids(&node.report().history), ["both"]);
    assert_eq!(ids(&node.fact("a.bad", true).report().causes), ["both"]);
}

#[test]
fn posted_lines_without_lives_are_all_present() {
    let rule = "id: log-only\nlog: [{pattern: x}]\nends: [node-registered]";
    let node = bench(&[rule, REGISTERED])
        .line_with("log-only", None, &[])
        .line_with("node-registered", None, &[]);
    assert_eq!(ids(&node.report().causes), ["log-only"]);
}

#[test]
fn what_only_a_start_would_show_is_no_cause_while_the_kubelet_runs() {
    let swap = "id: swap\nstage: host\nwhen: a.bad\nexplains: [{id: kubelet-crash-loop, life: ends}, {id: join, time: overlaps}]";
    let crash = "id: kubelet-crash-loop\nrole: symptom\nkubelet_down: true\nlog: [{pattern: x}]\nexplains: [{id: join, time: overlaps}]";
    let join = "id: join\nrole: symptom\nlog: [{pattern: x}]";
    let node = |to: i64| {
        let mut node = bench(&[swap, crash, join, STARTED])
            .life(0, to)
            .line("kubelet-started", 2)
            .fact("a.bad", true);
        let running = Fact::new(true.into(), Origin::line("ps.txt", 3));
        node.evidence.facts.set("kubelet.running", running);
        node
    };
    let well = node(600).report();
    assert!(well.causes.is_empty());
    assert_eq!(ids(&well.latent), ["swap"]);
    assert_eq!(ids(&node(30).report().causes), ["swap"]);
    let loops = node(600).line("kubelet-crash-loop", 590).report();
    assert_eq!(ids(&loops.causes), ["swap"]);
}

#[test]
fn a_symptom_is_past_when_all_that_explains_it_is_and_it_ended_with_it() {
    let cause =
        "id: outage\nlog: [{pattern: x, every: 10s}]\nexplains: [noise]\nends: [node-registered]";
    let noise = "id: noise\nrole: symptom\nseverity: critical\nlog: [{pattern: x}]";
    let node = |noise_at: i64| {
        bench(&[cause, noise, REGISTERED])
            .life(0, 500)
            .line("outage", 100)
            .line("node-registered", 105)
            .line("noise", noise_at)
            .report()
    };
    let over = node(120);
    assert_eq!(ids(&over.history), ["noise", "outage"]);
    assert!(over.symptoms.is_empty());
    assert_eq!(over.verdict.state, State::Healthy);
    let goes_on = node(140);
    assert_eq!(ids(&goes_on.symptoms), ["noise"]);
    assert_eq!(goes_on.verdict.state, State::Broken);
}
