//! Reports as a colleague would write them.

pub(crate) mod evidence;
pub(crate) mod finding;
mod fleet;
mod node;

use crate::format::Options;
use crate::report::Report;
use crate::terminal::Paper;
use std::io::{self, Write};

/// One report in full; several as one line per node, grouped by primary cause.
pub fn render(reports: &[Report], options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut paper = Paper::new(out, options.color, options.width);
    match reports {
        [report] => node::render(report, options.view, &mut paper),
        reports => fleet::render(reports, &mut paper),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Evidence, Finding, Remedy};
    use crate::format::View;
    use crate::report::{Input, Node, State, Tool, Verdict};
    use crate::rule::{Confidence, Place, Role, Severity, Stage};

    fn report(name: &str, causes: Vec<Finding>) -> Report {
        Report {
            schema_version: 1,
            tool: Tool {
                name: "nodebundle-analyzer".to_owned(),
                version: "1".to_owned(),
                rules: 1,
            },
            input: Input {
                path: format!("{name}.tar.gz"),
                part: None,
                sha256: None,
                layout: "native".to_owned(),
                complete: true,
            },
            verdict: Verdict {
                state: if causes.is_empty() {
                    State::Healthy
                } else {
                    State::Broken
                },
                sentence: "It is as it is.".to_owned(),
                as_of: None,
                place: None,
            },
            node: Node {
                name: Some(name.to_owned()),
                ..Node::default()
            },
            ladder: Vec::new(),
            causes,
            latent: Vec::new(),
            symptoms: Vec::new(),
            history: Vec::new(),
            hygiene: Vec::new(),
            benign: Vec::new(),
            ruled_out: Vec::new(),
            unknown: Vec::new(),
            gaps: Vec::new(),
            unexplained: Vec::new(),
            upgrade: None,
        }
    }

    fn cause(line: &str) -> Finding {
        Finding {
            id: "swap-on".to_owned(),
            title: "Swap is on".to_owned(),
            stage: Stage::Host,
            role: Role::Cause,
            severity: Severity::Critical,
            confidence: Confidence::Confirmed,
            count: 1,
            first: None,
            last: None,
            year_inferred: false,
            meaning: "The kubelet refuses to run.".to_owned(),
            evidence: vec![Evidence::Line {
                entry: "kubelet.log".to_owned(),
                line: 7,
                text: line.to_owned(),
                matched: None,
            }],
            remedy: vec![Remedy {
                on: Place::Node,
                steps: vec!["swapoff -a".to_owned()],
                check: vec!["swapon shows nothing".to_owned()],
                risk: "memory pressure".to_owned(),
            }],
            references: Vec::new(),
            explained_by: Vec::new(),
        }
    }

    fn text(reports: &[Report]) -> String {
        let options = Options {
            color: false,
            width: 100,
            view: View::Triage,
        };
        let mut out = Vec::new();
        render(reports, &options, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_cause_comes_with_its_line_its_remedy_its_check_and_its_risk() {
        let page = text(&[report("worker-1", vec![cause("swap on is not supported")])]);
        for part in [
            "Swap is on [swap-on, confirmed, critical]",
            "kubelet.log:7\n      swap on is not supported",
            "What to do on this node\n    1. swapoff -a",
            "check: swapon shows nothing",
            "risk:  memory pressure",
        ] {
            assert!(page.contains(part), "{part}\n---\n{page}");
        }
    }

    #[test]
    fn a_line_of_a_bundle_reaches_the_terminal_harmless() {
        let page = text(&[report(
            "evil\u{1b}[2J",
            vec![cause("\u{1b}]0;title\u{7}\rgone")],
        )]);
        assert!(!page.contains(['\u{1b}', '\u{7}', '\r']), "{page:?}");
    }

    #[test]
    fn a_journal_record_in_json_is_quoted_by_its_message() {
        let record = r#"{"_PID":"1","MESSAGE":"E0101 \"swap\" on","PRIORITY":"6","cut"#;
        let page = text(&[report("worker-1", vec![cause(record)])]);
        assert!(page.contains("      E0101 \"swap\" on\n"), "{page}");
    }

    #[test]
    fn several_nodes_are_grouped_by_their_primary_cause() {
        let page = text(&[
            report("worker-1", vec![cause("x")]),
            report("worker-2", Vec::new()),
            report("worker-3", vec![cause("y")]),
        ]);
        assert!(
            page.starts_with(
                "3 nodes: 1 HEALTHY, 2 BROKEN\n\nswap-on on 2 nodes: Swap is on\n  worker-1  "
            ),
            "{page}"
        );
        assert!(
            page.contains("HEALTHY, 1 node without a cause\n  worker-2  It is as it is."),
            "{page}"
        );
    }
}
