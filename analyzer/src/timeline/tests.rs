use super::*;
use crate::analyze::{Options, read, report_on};
use nodebundle_bundle::{Input, Limits};

fn of(text: &str) -> Timeline {
    let rules = RuleSet::built_in();
    let input = Input::held("-", &mut text.as_bytes(), &Limits::default()).unwrap();
    let read = read(&input, &rules, &Options::default()).unwrap();
    let report = report_on(&read, &rules);
    timeline(&read, &rules, &report)
}

fn shown(timeline: &Timeline) -> Vec<(String, Kind, Option<u64>)> {
    let event = |event: &Event| {
        let time = event.time.format("%m-%d %H:%M:%S").to_string();
        let line = event.place.as_ref().and_then(|spot| spot.line);
        (time, event.kind, line)
    };
    timeline.events.iter().map(event).collect()
}

const LOG: &str = "\
2026-11-22T07:33:01.000000Z n systemd[1]: Started kubelet.service - kubelet: The Kubernetes Node Agent.
2026-11-22T07:33:02.000000Z n kubelet[61]: I1122 07:33:02.000000      61 server.go:545] \"Kubelet version\" kubeletVersion=\"v1.36.2\"
2026-11-22T07:33:03.000000Z n kubelet[61]: E1122 07:33:03.000000      61 run.go:72] \"command failed\" err=\"failed to run Kubelet: running with swap on is not supported, please disable swap or set --fail-swap-on flag to false\"
2026-11-22T07:33:03.500000Z n systemd[1]: kubelet.service: Main process exited, code=exited, status=1/FAILURE
2026-11-22T07:20:00.000000Z n systemd[1]: Started kubelet.service - kubelet: The Kubernetes Node Agent.
2026-11-22T07:20:01.000000Z n kubelet[70]: I1122 07:20:01.000000      70 server.go:545] \"Kubelet version\" kubeletVersion=\"v1.36.2\"
";

#[test]
fn starts_ends_findings_and_steps_stand_in_order_with_their_lines() {
    let events = shown(&of(LOG));
    for want in [
        ("11-22 07:20:00", Kind::ClockStep, Some(5)),
        ("11-22 07:20:00", Kind::KubeletStarts, Some(5)),
        ("11-22 07:33:01", Kind::KubeletStarts, Some(1)),
        ("11-22 07:33:03", Kind::First, Some(3)),
        ("11-22 07:33:03", Kind::KubeletEnds, Some(4)),
    ] {
        let want = (want.0.to_owned(), want.1, want.2);
        assert!(events.contains(&want), "{want:?} in {events:#?}");
    }
    assert!(events.is_sorted_by_key(|event| event.0.clone()));
}

#[test]
fn an_inferred_year_is_marked_and_without_any_year_nothing_is_told() {
    let lines: Vec<String> = LOG
        .lines()
        .map(|line| {
            let (_, rest) = line.split_once('T').unwrap();
            let rest = rest.replacen(".000000Z", "", 1).replacen(".500000Z", "", 1);
            format!("Nov 22 {rest}")
        })
        .collect();
    let yearless = lines.join("\n");
    assert!(of(&yearless).events.is_empty());
    let head =
        "-- Logs begin at Sun 2026-11-01 00:00:00 UTC, end at Sun 2026-11-22 09:00:00 UTC. --\n";
    let dated = of(&format!("{head}{yearless}"));
    assert!(
        dated
            .events
            .iter()
            .any(|event| event.kind == Kind::KubeletEnds)
    );
    assert!(dated.events.iter().all(|event| event.year_inferred));
}
