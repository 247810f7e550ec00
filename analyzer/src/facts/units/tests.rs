use super::*;

fn state(name: &str, rank: u8, fields: &[(&'static str, &str)]) -> UnitState {
    let mut state = UnitState::new(name, rank);
    for (field, text) in fields {
        state.text(field, text, Origin::line("show.txt", u64::from(rank)));
    }
    state
}

fn derived(states: Vec<UnitState>) -> Evidence {
    let mut evidence = Evidence::default();
    for one in states {
        evidence.push(one, Origin::entry("show.txt"));
    }
    crate::testing::derive(&mut evidence, &[&DERIVED]);
    evidence
}

#[test]
fn each_field_comes_from_the_tool_that_knows_most() {
    let evidence = derived(vec![
        state(
            "kubelet.service",
            4,
            &[("active_state", "failed"), ("sub_state", "failed")],
        ),
        state("kubelet.service", 1, &[("active_state", "active")]),
    ]);
    assert_eq!(
        evidence.facts.text("kubelet.unit.active_state"),
        Some("active")
    );
    assert_eq!(
        evidence.facts.text("kubelet.unit.sub_state"),
        Some("failed")
    );
    assert!(evidence.facts.get("kubelet.unit.result").is_none());
}

#[test]
fn an_embedding_unit_that_is_up_wins_over_a_leftover_kubelet() {
    let evidence = derived(vec![
        state(
            "kubelet.service",
            1,
            &[("load_state", "loaded"), ("active_state", "inactive")],
        ),
        state(
            "k3s-agent.service",
            1,
            &[("load_state", "loaded"), ("active_state", "active")],
        ),
    ]);
    assert_eq!(
        evidence.facts.text("kubelet.unit.name"),
        Some("k3s-agent.service")
    );
}

#[test]
fn without_states_the_unit_that_starts_at_boot_is_the_kubelets() {
    let evidence = derived(vec![
        state(
            "kubelet.service",
            1,
            &[("load_state", "masked"), ("unit_file_state", "masked")],
        ),
        state(
            "k3s-agent.service",
            1,
            &[("load_state", "loaded"), ("unit_file_state", "enabled")],
        ),
    ]);
    let chosen = evidence.facts.text("kubelet.unit.name");
    assert_eq!(chosen, Some("k3s-agent.service"));
}

#[test]
fn a_missing_kubelet_unit_is_known_to_be_missing() {
    let evidence = derived(vec![state(
        "kubelet.service",
        1,
        &[("load_state", "not-found")],
    )]);
    assert_eq!(
        evidence.facts.text("kubelet.unit.load_state"),
        Some("not-found")
    );
}

/// What a table of units in memory and one of files tell together.
fn tables(states: Vec<UnitState>, files: bool) -> Evidence {
    let mut evidence = Evidence::default();
    for one in states {
        evidence.push(one, Origin::entry("files.txt"));
    }
    for files in [false].into_iter().chain(files.then_some(true)) {
        let all = AllUnits {
            files,
            services: false,
        };
        evidence.push(all, Origin::entry("units.txt"));
    }
    crate::testing::derive(&mut evidence, &[&DERIVED]);
    evidence
}

#[test]
fn what_a_whole_table_does_not_name_does_not_run_or_does_not_exist() {
    let told = |states, files| {
        let facts = tables(states, files).facts;
        ["load_state", "active_state"].map(|field| {
            let path = format!("kubelet.unit.{field}");
            facts.text(&path).map(str::to_owned)
        })
    };
    let text = |text: &str| Some(text.to_owned());
    let disabled = state("kubelet.service", 4, &[("unit_file_state", "disabled")]);
    assert_eq!(told(vec![disabled], true), [None, text("inactive")]);
    assert_eq!(
        told(Vec::new(), true),
        [text("not-found"), text("inactive")]
    );
    assert_eq!(told(Vec::new(), false), [None, text("inactive")]);
    let other = state("k3s.service", 4, &[("unit_file_state", "enabled")]);
    let facts = tables(vec![other], false).facts;
    assert_eq!(facts.text("kubelet.unit.name"), Some("k3s.service"));
}
