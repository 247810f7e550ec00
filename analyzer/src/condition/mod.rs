//! Conditions of rules: a strict subset of CEL's syntax with three values.
//!
//! ```text
//! kubelet.effective.fail_swap_on && host.swap.active
//! kubelet.client_cert.not_after < now && !present("csr-not-approved")
//! exists(units, u, u.name == "kubelet.service" && u.load_state in ["masked", "not-found"])
//! ```

mod checker;
mod error;
mod evaluator;
mod lexer;
mod names;
mod outcome;
mod parser;
mod syntax;

pub use error::{Error, did_you_mean, edits};
pub use evaluator::{Edge, Events, Fault, Scope};
pub use names::Names;
pub use outcome::{Decided, Missing, Outcome};
pub use syntax::Query;

use evaluator::Judge;
use names::Ty;
use std::collections::BTreeSet;
use syntax::{Expr, Kind};

/// A parsed and checked condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition(Expr);

impl Condition {
    /// Parses and checks a condition: it must be a truth value.
    pub fn new(text: &str, names: &Names<'_>) -> Result<Self, Error> {
        let expr = parser::parse(text)?;
        checker::want(&expr, &[Ty::Bool], names, &mut Vec::new())?;
        Ok(Self(expr))
    }

    /// Parses and checks an expression of any type but one item of a list: the value of a template variable.
    pub fn expression(text: &str, names: &Names<'_>) -> Result<Self, Error> {
        let expr = parser::parse(text)?;
        match checker::check(&expr, names, &mut Vec::new())? {
            Ty::Record(_) => Err(Error::new(
                expr.at,
                "a variable needs one value; name a field of an item",
            )),
            _ => Ok(Self(expr)),
        }
    }

    /// Judges it.
    pub fn judge<'a>(&self, scope: &Scope<'a>) -> Result<Outcome<'a>, Fault> {
        Judge {
            scope,
            steps: 0,
            locals: Vec::new(),
        }
        .judge(&self.0)
    }

    /// The questions it asks about other rules.
    pub fn queries(&self) -> Vec<(Query, &str)> {
        let mut queries = Vec::new();
        self.0.walk(&mut |expr| {
            if let Kind::Query(query, id) = &expr.kind {
                queries.push((*query, id.as_str()));
            }
        });
        queries
    }

    /// All names in it: facts, loop variables with their fields, and names of its place.
    pub fn names(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        self.0.walk(&mut |expr| {
            if let Kind::Name(name) = &expr.kind {
                names.insert(name.as_str());
            }
        });
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declarations::Declarations;
    use crate::fact::{Fact, FactDecl, Facts, Type, Value};
    use crate::origin::Origin;
    use chrono::{TimeDelta, TimeZone as _, Utc};
    use std::collections::BTreeMap;

    const fn declared(path: &'static str, ty: Type) -> FactDecl {
        FactDecl {
            path,
            ty,
            meaning: "",
            null: "",
            needs: "",
            collect_with: "",
        }
    }

    static FACTS: [FactDecl; 9] = [
        declared("host.swap.active", Type::Bool),
        declared("host.swap.devices", Type::Texts),
        declared("host.memory", Type::Int),
        declared("kubelet.version", Type::Version),
        declared("kubelet.driver", Type::Text),
        declared("certificates", Type::Records),
        declared("certificates[].path", Type::Text),
        declared("certificates[].not_after", Type::Time),
        declared("certificates[].sans", Type::Texts),
    ];

    struct NoEvents;

    impl Events for NoEvents {
        fn query(&self, query: Query, _: &str) -> Outcome<'static> {
            match query {
                Query::Seen => Outcome::known(Value::Bool(true), Vec::new()),
                _ => Outcome::missing([Missing::Log(vec!["kubelet".to_owned()])]),
            }
        }
        fn now(&self) -> Outcome<'static> {
            let now = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
            Outcome::known(Value::Time(now), Vec::new())
        }
        fn life_age(&self) -> Outcome<'static> {
            Outcome::known(Value::Duration(TimeDelta::minutes(5)), Vec::new())
        }
        fn life_count(&self) -> Outcome<'static> {
            Outcome::known(Value::Int(2), Vec::new())
        }
    }

    fn load(text: &str) -> Result<Condition, Error> {
        let facts = Declarations::new(FACTS.iter());
        let rules = BTreeSet::from(["other-fault"]);
        let names = Names {
            facts: &facts,
            item: None,
            edge: None,
            rules: &rules,
        };
        Condition::new(text, &names)
    }

    fn node() -> Facts {
        let mut facts = Facts::default();
        let at = |value, line| Fact::new(value, Origin::line("proc/swaps", line));
        let text = |text: &str| Value::Text(text.to_owned());
        facts.set("host.swap.active", at(Value::Bool(true), 2));
        facts.set("host.memory", at(Value::Int(4096), 3));
        facts.set(
            "kubelet.version",
            at(Value::Version("1.28.5".parse().unwrap()), 4),
        );
        facts.set("kubelet.driver", at(Value::Null, 5));
        let certificate = |path: &str, year, line| {
            let time = Utc.with_ymd_and_hms(year, 6, 1, 0, 0, 0).unwrap();
            let fields = [
                ("path".to_owned(), Fact::built_in(text(path))),
                ("not_after".to_owned(), Fact::built_in(Value::Time(time))),
            ];
            at(Value::Record(BTreeMap::from(fields)), line)
        };
        let list = vec![
            certificate("old.pem", 2025, 6),
            certificate("new.pem", 2026, 7),
        ];
        facts.set("certificates", Fact::built_in(Value::List(list)));
        facts
    }

    fn judge(text: &str) -> (Option<bool>, usize, usize) {
        judge_in(&node(), text)
    }

    fn judge_in(facts: &Facts, text: &str) -> (Option<bool>, usize, usize) {
        let scope = Scope {
            facts,
            events: &NoEvents,
            item: None,
            edge: None,
        };
        let condition = load(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let outcome = condition.judge(&scope).unwrap();
        (
            outcome.truth(),
            outcome.decided.len(),
            outcome.missing.len(),
        )
    }

    fn truth(text: &str) -> Option<bool> {
        judge(text).0
    }

    fn refusal(text: &str) -> Error {
        load(text).expect_err(text)
    }

    #[test]
    fn a_list_that_is_known_in_part_decides_only_by_what_it_has() {
        let mut facts = node();
        let found = "exists(certificates, c, c.path == \"new.pem\")";
        let not_found = "exists(certificates, c, c.path == \"third.pem\")";
        let all = "all(certificates, c, c.path.endsWith(\".pem\"))";
        assert_eq!(judge_in(&facts, not_found).0, Some(false));
        facts.set_partial("certificates");
        assert_eq!(judge_in(&facts, found).0, Some(true));
        assert_eq!(judge_in(&facts, not_found), (None, 1, 1));
        assert_eq!(judge_in(&facts, all).0, None);
        assert_eq!(
            judge_in(&facts, "all(certificates, c, c.path == \"\")").0,
            Some(false)
        );
    }

    #[test]
    fn one_decisive_side_decides_whatever_the_other_is_and_unknown_spreads_otherwise() {
        let unknown = "size(host.swap.devices) > 0";
        assert_eq!(judge(unknown), (None, 0, 1));
        assert_eq!(
            judge(&format!("host.swap.active || {unknown}")),
            (Some(true), 1, 0)
        );
        assert_eq!(
            judge(&format!("{unknown} || host.swap.active")),
            (Some(true), 1, 0)
        );
        assert_eq!(
            judge(&format!("{unknown} && !host.swap.active")),
            (Some(false), 1, 0)
        );
        assert_eq!(
            judge(&format!("host.swap.active && {unknown}")),
            (None, 1, 1)
        );
        assert_eq!(truth(&format!("!({unknown})")), None);
    }

    #[test]
    fn null_equals_only_null_and_has_no_order() {
        assert_eq!(truth("kubelet.driver == null"), Some(true));
        assert_eq!(truth("kubelet.driver == 'systemd'"), Some(false));
        assert_eq!(truth("kubelet.driver != 'systemd'"), Some(true));
        assert_eq!(truth("kubelet.driver.startsWith('s')"), Some(false));
        assert_eq!(truth("kubelet.driver in ['systemd']"), Some(false));
        assert_eq!(truth("host.swap.devices == null"), None);
    }

    #[test]
    fn a_list_is_searched_item_by_item_and_the_item_found_is_the_evidence() {
        let facts = node();
        let scope = Scope {
            facts: &facts,
            events: &NoEvents,
            item: None,
            edge: None,
        };
        let condition = load("exists(certificates, c, c.not_after < now)").unwrap();
        let outcome = condition.judge(&scope).unwrap();
        assert_eq!(outcome.truth(), Some(true));
        let Some(Decided::Fact { path, origins, .. }) = outcome.decided.first() else {
            panic!("{:?}", outcome.decided);
        };
        assert_eq!(path, "certificates[].not_after");
        assert_eq!(origins, &[Origin::line("proc/swaps", 6)]);
        assert_eq!(truth("certificates.all(c, c.not_after > now)"), Some(false));
        assert_eq!(
            truth("all(certificates, c, c.path.endsWith(\".pem\"))"),
            Some(true)
        );
        assert_eq!(truth("exists(certificates, c, size(c.sans) == 0)"), None);
    }

    #[test]
    fn times_durations_and_versions_are_compared_as_such() {
        assert_eq!(truth("now - duration('24h') < now"), Some(true));
        assert_eq!(
            truth("life.age >= duration('5m') && life.count == 2"),
            Some(true)
        );
        assert_eq!(truth("kubelet.version >= version('1.9')"), Some(true));
        assert_eq!(truth("host.memory - 96 == 4000 && -1 < 0"), Some(true));
        assert_eq!(
            truth(r#"seen("other-fault") && !present("other-fault")"#),
            None
        );
    }

    #[test]
    fn what_cannot_be_right_does_not_load_and_the_message_says_where_and_what_to_write() {
        let error = refusal("true && host.swap.activ");
        assert_eq!(error.at, 8);
        assert!(
            error.message.contains("did you mean `host.swap.active`?"),
            "{error}"
        );
        assert!(
            refusal("kubelet.version < '1.24'")
                .message
                .contains("version('1.24')")
        );
        for (text, at) in [
            ("host.memory == '4096'", 0),
            ("host.memory", 0),
            ("host.memory < 1.5", 14),
            ("1 < 2 < 3", 6),
            ("present('no-such-rule')", 0),
            ("exists(host.memory, x, true)", 7),
            ("exists(certificates, c, c.subjects == null)", 24),
            ("host.swap.active = true", 17),
            ("'open", 0),
            ("(host.swap.active", 17),
            ("matches(host.memory)", 0),
            ("", 0),
        ] {
            assert_eq!(refusal(text).at, at, "{text}: {}", refusal(text));
        }
    }

    #[test]
    fn caps_are_errors_and_not_crashes() {
        refusal(&format!("{}true", "!".repeat(1000)));
        refusal(&format!("{}true{}", "(".repeat(500), ")".repeat(500)));
        refusal(&vec!["true"; 300].join("||"));
        refusal(&format!("'{}' == ''", "x".repeat(2000)));
    }
}
