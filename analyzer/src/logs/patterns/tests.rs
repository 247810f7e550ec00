use super::*;
use crate::rule::{ConfidenceTable, Examples, Role, Scope, Severity, Stage};

/// A rule with nothing but patterns.
pub(crate) fn rule(id: &str, log: Vec<LogPattern>) -> Rule {
    Rule {
        id: id.to_owned(),
        title: String::new(),
        stage: Stage::Process,
        role: Role::Cause,
        severity: Severity::Low,
        scope: Scope::Node,
        versions: None,
        log,
        when: None,
        refutes: true,
        each: None,
        variables: BTreeMap::new(),
        cites: Vec::new(),
        unless: None,
        confidence: ConfidenceTable::default(),
        confirmed_by: Vec::new(),
        explains: Vec::new(),
        ends: Vec::new(),
        proves: Vec::new(),
        kubelet_down: false,
        meaning: String::new(),
        remedy: Vec::new(),
        references: Vec::new(),
        notes: None,
        examples: Examples::default(),
    }
}

/// A pattern read from these programs.
pub(crate) fn pattern(from: &[&str], text: &str) -> LogPattern {
    LogPattern {
        from: from.iter().map(|&name| name.to_owned()).collect(),
        pattern: text.to_owned(),
        min: None,
        within: None,
        after: None,
        every: None,
    }
}

fn matches(set: &PatternSet, text: &[u8], program: Option<&str>) -> Vec<(usize, TextMatch)> {
    let candidates = set.candidates(text, &set.allowed(program)).into_iter();
    candidates
        .filter_map(|at| Some((at, set.pattern(at)?.find(text)?)))
        .collect()
}

#[test]
fn a_line_of_an_embedding_program_meets_the_patterns_of_all_it_embeds() {
    let rules = [rule("a", vec![pattern(&["kubelet"], "some text here")])];
    let set = PatternSet::new(&rules).unwrap();
    let hits = |program| matches(&set, b"with Some Text here", program).len();
    assert_eq!(hits(Some("kubelet")), 0);
    let hits = |program| matches(&set, b"with some text here", program).len();
    assert_eq!(hits(Some("kubelet")), 1);
    assert_eq!(hits(Some("k3s")), 1);
    assert_eq!(hits(None), 1);
    assert_eq!(hits(Some("containerd")), 0);
}

/// Lines as kubelets, systemd and runtimes write them, and some that almost match.
fn lines() -> Vec<String> {
    let subjects = ["node", "pod", "lease", "container runtime", "certificate"];
    let errors = [
        "connection refused",
        "context deadline exceeded",
        "x509: certificate has expired or is not yet valid",
        "Unauthorized",
        "node \"w-1\" not found",
        "",
    ];
    let mut lines = vec![
        "kubelet.service: Main process exited, code=exited, status=1/FAILURE".to_owned(),
        "failed to run Kubelet: running with swap on is not supported".to_owned(),
        "UNKNOWN FLAG: --x".to_owned(),
        "unknown flag: --network-plugin".to_owned(),
        "\u{fffd}\0 short".to_owned(),
    ];
    for subject in subjects {
        for (number, error) in errors.iter().enumerate() {
            lines.push(format!(
                "\"Failed to update {subject}\" err=\"{error}\" n={number}"
            ));
            lines.push(format!("Unable to reach {subject} {number}: {error}"));
        }
    }
    lines
}

#[test]
fn required_texts_agree_with_every_pattern_on_every_line() {
    let texts = [
        "(?i)unknown flag: --\\S+",
        "connection refused|context deadline exceeded",
        "node \"(?P<node>[^\"]+)\" not found",
        "\\bn=\\d+$",
        "^Unable to reach (?:node|pod) [0-3]",
        "x509: .*(?:expired|not yet)",
        "(?:Un)?authorized",
        "lease|certificate",
        "err=\"\"",
        "swap on",
        "Main process exited, code=(?P<code>\\w+)",
        ".",
        "Failed to update (?:lease)+\"",
    ];
    let rules: Vec<Rule> = texts
        .iter()
        .map(|text| rule("r", vec![pattern(&[], text)]))
        .collect();
    let set = PatternSet::new(&rules).unwrap();
    for line in lines() {
        let naive: Vec<usize> = texts
            .iter()
            .enumerate()
            .filter(|(_, text)| compile(text).unwrap().is_match(line.as_bytes()))
            .map(|(number, _)| number)
            .collect();
        let found = matches(&set, line.as_bytes(), None);
        let found: Vec<usize> = found.iter().map(|(pattern, _)| *pattern).collect();
        assert_eq!(found, naive, "{line}");
    }
}

#[test]
fn named_groups_become_variables() {
    let rules = [rule(
        "a",
        vec![pattern(&[], r"unknown flag: --(?P<flag>[\w-]+)")],
    )];
    let set = PatternSet::new(&rules).unwrap();
    let text = b"x unknown flag: --cloud-config y";
    let (_, found) = &matches(&set, text, None)[0];
    assert_eq!(
        found.variables(text),
        [("flag".to_owned(), "cloud-config".to_owned())]
    );
    assert_eq!(found.end, 30);
}

#[test]
fn a_loosened_pattern_takes_any_digits_and_nothing_else() {
    for (pattern, want) in [
        ("^port 10250$", "^port [0-9][0-9][0-9][0-9][0-9]$"),
        ("(?P<v>v[1-3x])+", "(?:v[0-9x])+"),
    ] {
        let loose = compile(&literals::with_any_digits(pattern).unwrap()).unwrap();
        let want = compile(want).unwrap();
        for text in [
            "port 10250",
            "port 99999",
            "port 1025",
            "v9",
            "vx",
            "vy",
            "",
        ] {
            let text = text.as_bytes();
            assert_eq!(loose.is_match(text), want.is_match(text), "{pattern}");
        }
    }
}

#[test]
fn a_bad_pattern_names_its_rule() {
    let error = PatternSet::new(&[rule("bad", vec![pattern(&[], "(")])])
        .err()
        .unwrap();
    assert_eq!((error.rule.as_str(), error.number), ("bad", 1));
    let mut slow = pattern(&[], "x");
    slow.within = Some("soon".into());
    let error = PatternSet::new(&[rule("slow", vec![slow])]).err().unwrap();
    assert!(error.to_string().contains("`soon` is not a duration"));
}
