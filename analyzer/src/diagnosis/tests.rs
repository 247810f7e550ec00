mod edges;
mod ladder;
mod open_questions;
mod past;
mod witnesses;

use super::*;
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::finding::{Evidence as Piece, Finding};
use crate::logs::{Hit, Life, Occurrence, Span, Template};
use crate::origin::Origin;
use crate::report::{Answer, RungState, State};
use crate::rule::{Confidence, Stage};
use crate::ruleset::RuleFile;
use chrono::TimeDelta;
use std::collections::BTreeMap;
use std::sync::Arc;

const fn declared(path: &'static str, ty: Type) -> FactDecl {
    FactDecl {
        path,
        ty,
        meaning: "",
        null: "",
        needs: "the file of it",
        collect_with: "cat it",
    }
}

static FACTS: [FactDecl; 12] = [
    declared("a.bad", Type::Bool),
    declared("b.bad", Type::Bool),
    FactDecl {
        needs: "the version",
        ..declared("kubelet.version", Type::Version)
    },
    declared("kubelet.kubeconfig.exists", Type::Bool),
    declared("kubelet.bootstrap.exists", Type::Bool),
    declared("kubelet.bootstrap.path", Type::Text),
    declared("files", Type::Records),
    declared("files[].path", Type::Text),
    declared("files[].expired", Type::Bool),
    declared("node.ready", Type::Bool),
    declared("kubelet.unit.active_state", Type::Text),
    declared("kubelet.unit.active_since", Type::Time),
];

/// A node under construction.
struct Bench {
    rules: RuleSet,
    evidence: Evidence,
    logs: LogDigest,
    now: Option<Stamp>,
}

fn second(second: i64) -> Stamp {
    Stamp {
        time: DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap(),
        year_inferred: false,
    }
}

/// Rules from the fields that matter; the rest is filled in.
fn bench(rules: &[&str]) -> Bench {
    let files: Vec<RuleFile> = rules
        .iter()
        .map(|fields| {
            let id = fields.split([':', '\n']).nth(1).unwrap().trim();
            let stage = ["stage: ", "title: ", "role: ", "meaning: "];
            let defaults = [
                "stage: runtime",
                "title: It is broken",
                "role: cause",
                "meaning: It is broken",
            ];
            let mut text = (*fields).to_owned();
            for (field, default) in stage.iter().zip(defaults) {
                if !fields.contains(field) {
                    text.push('\n');
                    text.push_str(default);
                }
            }
            if !fields.contains("severity: ") {
                text.push_str("\nseverity: high");
            }
            if !fields.contains("remedy:") {
                text.push_str("\nremedy: [{for: [generic], on: node, do: [repair it]}]");
            }
            RuleFile {
                name: format!("{id}.yaml"),
                text,
            }
        })
        .collect();
    let rules = RuleSet::from_files(&files, &Declarations::new(FACTS.iter()));
    assert_eq!(rules.problems(), &[]);
    Bench {
        rules,
        evidence: Evidence::default(),
        logs: LogDigest::default(),
        now: None,
    }
}

impl Bench {
    fn fact(mut self, path: &str, value: impl Into<Value>) -> Self {
        let fact = Fact::new(value.into(), Origin::line("facts.txt", 7));
        self.evidence.facts.set(path, fact);
        self
    }

    /// A kubelet life from one second to another whose log is whole.
    fn life(mut self, from: i64, to: i64) -> Self {
        self.logs.lives.push(Life {
            boot: None,
            pid: None,
            start_seen: true,
            end_seen: false,
            cut: false,
            first: Some(second(from)),
            last: Some(second(to)),
            from: None,
            to: None,
            first_sequence: u64::try_from(from).unwrap(),
            last_sequence: u64::try_from(to).unwrap(),
            records: 10,
        });
        let span = Span {
            first: Some(second(0)),
            last: Some(second(to)),
            records: 10,
        };
        self.logs.programs = vec!["kubelet".to_owned()];
        self.logs.spans.insert("kubelet".to_owned(), span);
        self.logs.newest = Some(second(to));
        self.now = Some(second(to));
        self
    }

    /// A line that a rule matches, in the last life so far.
    fn line(self, id: &str, at: i64) -> Self {
        self.line_with(id, Some(at), &[])
    }

    fn line_with(mut self, id: &str, at: Option<i64>, variables: &[(&str, &str)]) -> Self {
        let sequence = at.map_or(self.logs.hits.len() as u64, |at| u64::try_from(at).unwrap());
        let occurrence = Occurrence {
            origin: Origin::line("kubelet.log", sequence + 1),
            text: format!("{id} happened"),
            time: at.map(second),
            sequence,
        };
        self.logs.hits.push(Hit {
            rule: self.rules.index(id).unwrap(),
            pattern: 0,
            program: Some("kubelet".into()),
            life: self.logs.lives.len().checked_sub(1),
            count: 1,
            first: occurrence.clone(),
            last: occurrence,
            variables: Arc::new(
                variables
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect(),
            ),
        });
        self.logs
            .hits
            .sort_by_key(|hit| (hit.rule, hit.first.sequence));
        self
    }

    fn report(&self) -> Report {
        diagnose(
            &Case {
                rules: &self.rules,
                declared: &Declarations::new(FACTS.iter()),
                evidence: &self.evidence,
                logs: &self.logs,
                now: self.now,
                collected_at: None,
            },
            input(),
        )
    }
}

fn input() -> Input {
    Input {
        path: "test".to_owned(),
        part: None,
        sha256: None,
        layout: "folder".to_owned(),
        complete: true,
    }
}

fn ids(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.id.as_str()).collect()
}

fn rung(report: &Report, stage: Stage) -> RungState {
    report
        .ladder
        .iter()
        .find(|rung| rung.stage == stage)
        .unwrap()
        .state
}

const BOTH: &str = "id: both\nlog: [{pattern: x}]\nwhen: a.bad";
const LOG: &str = "id: log-only\nlog: [{pattern: x}]";
const STARTED: &str =
    "id: kubelet-started\nrole: progress\nproves: [process, config]\nlog: [{pattern: x}]";
const REGISTERED: &str =
    "id: node-registered\nrole: progress\nproves: [registered]\nlog: [{pattern: x}]";
