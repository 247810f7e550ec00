//! The table of pods of a container runtime: `crictl pods`.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::parser::Parser;
use crate::table::Columns;

pub(super) const PARSER: Parser = Parser {
    name: "sandbox_table",
    kind: "table of pods of the runtime",
    facts: FACTS,
    accepts: |entry| {
        entry.may_be_output_of(&["crictl", "k3s"])
            && entry.head().lines().any(|line| columns(line).is_some())
    },
    parse,
};

const FACTS: &[FactDecl] = &[
    FactDecl::new(
        "runtime.sandboxes",
        Type::Records,
        "pods that the runtime keeps, newest first where it prints them so",
    )
    .needs("table of pods of the runtime", "crictl pods"),
    FactDecl::new("runtime.sandboxes[].name", Type::Text, "name of the pod"),
    FactDecl::new("runtime.sandboxes[].namespace", Type::Text, "its namespace"),
    FactDecl::new(
        "runtime.sandboxes[].state",
        Type::Text,
        "ready, notready or unknown",
    ),
    FactDecl::new(
        "runtime.sandboxes[].attempt",
        Type::Int,
        "how often its sandbox was made before",
    )
    .null_is("the table does not say"),
];

/// `POD ID CREATED STATE NAME NAMESPACE ATTEMPT RUNTIME`; up to 1.11 the first is `SANDBOX ID`, up to 1.17 the last is missing.
fn columns(line: &str) -> Option<Columns<'_>> {
    let columns = Columns::of(line);
    let has = |name| columns.has(name);
    let pods = has("POD ID") || has("SANDBOX ID");
    (pods && has("STATE") && has("NAME") && has("NAMESPACE")).then_some(columns)
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let mut heading = None;
    let mut rows = Vec::new();
    for (line, content) in numbered(&text) {
        if let Some(found) = columns(content) {
            heading = Some(found);
        } else if content.trim().is_empty() {
            heading = None;
        } else if let Some(columns) = &heading {
            rows.extend(row(columns, content).map(|fields| Fact::record(fields, &entry.at(line))));
        }
    }
    if !rows.is_empty() && evidence.facts.get("runtime.sandboxes").is_none() {
        evidence.facts.set("runtime.sandboxes", Fact::list(rows));
    }
}

/// A row that is too short for a name was cut.
fn row<'f>(columns: &Columns<'_>, line: &str) -> Option<[(&'f str, Option<Value>); 4]> {
    let state = match columns.cell(line, "STATE")?.as_str() {
        "Ready" | "SANDBOX_READY" => "ready",
        "NotReady" | "SANDBOX_NOTREADY" => "notready",
        _ => "unknown",
    };
    let attempt = columns.cell(line, "ATTEMPT");
    let attempt = attempt.and_then(|number| number.parse().ok());
    Some([
        ("name", Some(Value::Text(columns.cell(line, "NAME")?))),
        (
            "namespace",
            columns.cell(line, "NAMESPACE").map(Value::Text),
        ),
        ("state", Some(Value::from(state))),
        ("attempt", Some(attempt.map_or(Value::Null, Value::Int))),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::named;

    fn read(text: &str) -> Vec<String> {
        let evidence = named(&PARSER, text);
        let fact = evidence.facts.get("runtime.sandboxes").unwrap();
        let shown = |item: &Fact| {
            let field = |name| item.field(name).unwrap().value.to_string();
            ["name", "namespace", "state", "attempt"]
                .map(field)
                .join(" ")
        };
        fact.items().iter().map(shown).collect()
    }

    #[test]
    fn tables_of_old_and_new_crictl_are_read() {
        let new = "\
POD ID              CREATED             STATE               NAME                NAMESPACE           ATTEMPT             RUNTIME
9f8e7d6c5b4a3       2 hours ago         Ready               etcd-m1             kube-system         3                   (default)
8e7d6c5b4a392       3 hours ago         NotReady            etcd-m1             kube-system         2                   (default)
";
        let wanted = [
            "etcd-m1 kube-system ready 3",
            "etcd-m1 kube-system notready 2",
        ];
        assert_eq!(read(new), wanted);
        let old = "\
SANDBOX ID          CREATED             STATE               NAME                NAMESPACE           ATTEMPT
9f8e7d6c5b4a3       2 hours ago         SANDBOX_NOTREADY    etcd-m1             kube-system         0
";
        assert_eq!(read(old), ["etcd-m1 kube-system notready 0"]);
    }
}
