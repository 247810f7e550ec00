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

static FACTS: [FactDecl; 10] = [
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
            program: Some("kubelet".to_owned()),
            life: self.logs.lives.len().checked_sub(1),
            count: 1,
            first: occurrence.clone(),
            last: occurrence,
            variables: variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
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
    let node = || {
        bench(&[rule])
            .life(0, 200)
            .line("both", 100)
            .fact("a.bad", true)
    };
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
    let node = || {
        bench(&[rule])
            .life(0, 200)
            .line("both", 100)
            .fact("a.bad", true)
    };
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
            hit.program = Some(program.to_owned());
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
