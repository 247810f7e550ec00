//! The rungs, the verdict and its sentence.

use super::*;

#[test]
fn a_later_proof_in_the_same_life_refutes_its_own_stages_and_no_others() {
    let config = "id: config-fault\nstage: config\nlog: [{pattern: x}]";
    let network = "id: network-fault\nstage: network\nlog: [{pattern: x}]";
    let node = || bench(&[config, network, STARTED]).life(0, 500);
    let refuted = node()
        .line("config-fault", 5)
        .line("network-fault", 6)
        .line("kubelet-started", 10)
        .report();
    assert_eq!(ids(&refuted.causes), ["network-fault"]);
    assert_eq!(ids(&refuted.history), ["config-fault"]);
    assert_eq!(rung(&refuted, Stage::Config), RungState::Ok);
    assert_eq!(rung(&refuted, Stage::Network), RungState::Failed);
    let later = node()
        .line("kubelet-started", 10)
        .line("config-fault", 20)
        .report();
    assert_eq!(ids(&later.causes), ["config-fault"]);
    let earlier_life = bench(&[config, STARTED])
        .life(0, 6)
        .line("config-fault", 5)
        .life(10, 14)
        .line("kubelet-started", 12)
        .report();
    assert_eq!(ids(&earlier_life.causes), ["config-fault"]);
}

#[test]
fn rungs_behind_a_failed_one_are_not_reached_and_a_proven_one_with_a_cause_is_degraded() {
    let minor = "id: minor\nstage: config\nseverity: medium\nlog: [{pattern: x}]";
    let major = "id: major\nstage: runtime\nlog: [{pattern: x}]";
    let report = bench(&[minor, major, STARTED])
        .life(0, 500)
        .line("kubelet-started", 5)
        .line("minor", 6)
        .line("major", 7)
        .report();
    assert_eq!(rung(&report, Stage::Unit), RungState::Unknown);
    assert_eq!(rung(&report, Stage::Process), RungState::Ok);
    assert_eq!(rung(&report, Stage::Config), RungState::Degraded);
    assert_eq!(rung(&report, Stage::Runtime), RungState::Failed);
    assert_eq!(rung(&report, Stage::Network), RungState::NotReached);
    assert_eq!(ids(&report.causes), ["major", "minor"]);
}

#[test]
fn the_verdict_is_honest_about_young_kubelets_and_nodes_that_never_joined() {
    let state = |bench: Bench| bench.report().verdict.state;
    assert_eq!(
        state(bench(&[REGISTERED]).life(0, 500).line("node-registered", 5)),
        State::Healthy
    );
    assert_eq!(
        state(bench(&[REGISTERED]).life(0, 100).line("node-registered", 5)),
        State::Undetermined
    );
    assert_eq!(state(bench(&[REGISTERED])), State::Undetermined);
    assert_eq!(
        state(bench(&[REGISTERED]).life(0, 500)),
        State::Undetermined
    );
    let joined = bench(&[REGISTERED])
        .fact("kubelet.kubeconfig.exists", false)
        .fact("kubelet.bootstrap.exists", false);
    assert_eq!(state(joined), State::NotJoined);
    assert_eq!(
        state(bench(&[LOG]).life(0, 500).line("log-only", 5)),
        State::Broken
    );
    let medium = "id: small\nseverity: medium\nlog: [{pattern: x}]";
    assert_eq!(
        state(bench(&[medium]).life(0, 500).line("small", 5)),
        State::Degraded
    );
}

#[test]
fn a_running_kubelet_that_says_nothing_more_grows_older_by_the_nodes_clock() {
    let mut quiet = bench(&[REGISTERED]).life(0, 30).line("node-registered", 5);
    quiet.now = Some(Stamp {
        time: second(30).time + TimeDelta::hours(3),
        year_inferred: false,
    });
    assert_eq!(quiet.report().verdict.state, State::Healthy);
}

#[test]
fn the_sentence_says_what_the_cause_keeps_the_node_from() {
    let critical = |stage: &str| {
        format!("id: fault\nseverity: critical\nstage: {stage}\nlog: [{{pattern: x}}]")
    };
    let sentence = |stage: &str, registered: bool| {
        let rule = critical(stage);
        let node = bench(&[&rule, REGISTERED]).life(0, 500);
        let node = if registered {
            node.line("node-registered", 50)
        } else {
            node
        };
        let sentence = node.line("fault", 100).report().verdict.sentence;
        sentence.split(':').next().unwrap().to_owned()
    };
    assert_eq!(sentence("config", false), "The kubelet cannot run");
    assert_eq!(sentence("authn", false), "The kubelet cannot register");
    assert_eq!(
        sentence("authn", true),
        "The kubelet has lost the API server"
    );
    assert_eq!(sentence("runtime", true), "The node cannot stay Ready");
}
