//! The answer in one sentence.

use super::events::age;
use super::judge::Present;
use super::rank::Ranked;
use super::{Case, node};
use crate::duration;
use crate::fact::Value;
use crate::finding::Finding;
use crate::report::{Answer, Rung, RungState, State, Verdict};
use crate::rule::{Role, Severity, Stage};
use chrono::TimeDelta;

/// Some faults stay silent this long after a start.
const SILENT: TimeDelta = TimeDelta::seconds(120);

const NEVER_JOINED: &str =
    "The node was never asked to join: it has neither a kubeconfig nor a bootstrap kubeconfig.";

pub(super) fn verdict(
    case: &Case<'_>,
    ranked: &Ranked,
    rungs: &[Rung],
    present: &[Present],
) -> Verdict {
    let (state, sentence) = match ranked.causes.first() {
        Some(cause) => {
            let was_in = node::registered(case, rungs) == Answer::Yes;
            from_cause(cause, ranked.causes.len(), was_in)
        }
        None => without_cause(case, ranked, rungs, present),
    };
    let place = ranked
        .causes
        .first()
        .and_then(|cause| cause.remedy.first())
        .map(|remedy| remedy.on);
    Verdict {
        state,
        sentence,
        as_of: case.now.map(|now| now.time),
        place,
    }
}

fn from_cause(cause: &Finding, causes: usize, was_in: bool) -> (State, String) {
    let others = match causes - 1 {
        0 => String::new(),
        1 => " One more independent cause is present.".to_owned(),
        more => format!(" {more} more independent causes are present."),
    };
    let title = in_sentence(&cause.title);
    let state = match cause.severity {
        Severity::Critical | Severity::High => State::Broken,
        Severity::Medium | Severity::Low => State::Degraded,
    };
    let effect = effect(cause, was_in);
    (state, format!("{effect}: {title}.{others}"))
}

/// What a cause keeps the node from; `was_in` where the node has registered.
fn effect(cause: &Finding, was_in: bool) -> &'static str {
    match (cause.severity, cause.stage) {
        (Severity::Medium | Severity::Low, _) => "The node does not do its whole job",
        (Severity::High, _) | (_, Stage::Heartbeat | Stage::Ready) => {
            "The node cannot become Ready"
        }
        (_, Stage::Unit | Stage::Process | Stage::Config) => "The kubelet cannot run",
        (_, Stage::Host | Stage::Runtime) if was_in => "The node cannot stay Ready",
        (_, Stage::Host | Stage::Runtime) => "The kubelet cannot run or register",
        _ if was_in => "The kubelet has lost the API server",
        _ => "The kubelet cannot register",
    }
}

/// A title inside a sentence: without a full stop, and with a small first letter where it begins with an ordinary word.
fn in_sentence(title: &str) -> String {
    let title = title.trim_end_matches('.');
    let mut letters = title.chars();
    let ordinary = title
        .split_whitespace()
        .next()
        .is_some_and(|word| word.chars().skip(1).all(|c| c.is_lowercase() || c == '\''));
    match letters.next() {
        Some(first) if ordinary => first.to_lowercase().chain(letters).collect(),
        _ => title.to_owned(),
    }
}

fn without_cause(
    case: &Case<'_>,
    ranked: &Ranked,
    rungs: &[Rung],
    present: &[Present],
) -> (State, String) {
    let unexplained = ranked
        .symptoms
        .iter()
        .find(|one| one.role == Role::Symptom && one.severity >= Severity::High);
    if let Some(symptom) = unexplained {
        return from_symptom(symptom);
    }
    if !has_kubelet_evidence(case, present) {
        return if never_joined(case) {
            (State::NotJoined, NEVER_JOINED.to_owned())
        } else {
            (
                State::Undetermined,
                "Nothing in the input tells how the kubelet is doing; collect its log and configuration.".to_owned(),
            )
        };
    }
    if let Some(age) = young(case).filter(|_| !proven_ready(case, rungs)) {
        let age = duration::text(age);
        return (
            State::Undetermined,
            format!(
                "No cause is visible, but the kubelet ran for only {age} and some faults stay silent for two minutes: collect again."
            ),
        );
    }
    if never_joined(case) {
        return (State::NotJoined, NEVER_JOINED.to_owned());
    }
    climbed(case, rungs)
}

/// A symptom that nothing explains: the node is broken where the rung below Ready failed, but the reason is not known.
fn from_symptom(symptom: &Finding) -> (State, String) {
    let title = symptom.title.trim_end_matches('.');
    let sentence = format!("{title}, but nothing in the input proves why.");
    let state = if symptom.severity == Severity::Critical {
        State::Broken
    } else {
        State::Undetermined
    };
    (state, sentence)
}

fn climbed(case: &Case<'_>, rungs: &[Rung]) -> (State, String) {
    if proven_ready(case, rungs) {
        return (
            State::Healthy,
            "The node is registered and Ready, and nothing holds it back.".to_owned(),
        );
    }
    if is(case, "node.ready") == Some(false) {
        return (
            State::Undetermined,
            "The Node object says that the node is not Ready, but nothing in the input proves why."
                .to_owned(),
        );
    }
    if ok(rungs, Stage::Registered) || ok(rungs, Stage::Heartbeat) {
        return (
            State::Healthy,
            "The node registered with the API server, and no cause against it is present."
                .to_owned(),
        );
    }
    let next = rungs
        .iter()
        .find(|rung| rung.state != RungState::Ok)
        .map_or(Stage::Ready, |rung| rung.stage);
    (
        State::Undetermined,
        format!(
            "No cause is proven, and the input does not show that the node climbed the rung `{}`.",
            next.as_str()
        ),
    )
}

/// The Node object, or the kubelet in its current life, says that the node is Ready.
fn proven_ready(case: &Case<'_>, rungs: &[Rung]) -> bool {
    is(case, "node.ready") == Some(true) || ok(rungs, Stage::Ready)
}

fn ok(rungs: &[Rung], stage: Stage) -> bool {
    rungs
        .iter()
        .any(|rung| rung.stage == stage && rung.state == RungState::Ok)
}

fn has_kubelet_evidence(case: &Case<'_>, present: &[Present]) -> bool {
    !case.logs.lives.is_empty()
        || !case.logs.hits.is_empty()
        || !present.is_empty()
        || case.evidence.facts.root().contains_key("kubelet")
}

fn never_joined(case: &Case<'_>) -> bool {
    let absent = |path: &str| is(case, path) == Some(false);
    absent("kubelet.kubeconfig.exists") && absent("kubelet.bootstrap.exists")
}

/// Age of the current life when its start was seen and it is too young to tell.
fn young(case: &Case<'_>) -> Option<TimeDelta> {
    let life = case.logs.lives.last().filter(|life| life.start_seen)?;
    age(life, case.now).filter(|age| *age < SILENT)
}

fn is(case: &Case<'_>, path: &str) -> Option<bool> {
    match case.evidence.facts.get(path)?.value {
        Value::Bool(value) => Some(value),
        _ => None,
    }
}
