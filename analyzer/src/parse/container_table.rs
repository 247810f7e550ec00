//! Tables of containers: `crictl ps -a`, `docker ps -a`.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::parser::Parser;
use crate::table::Columns;

pub(super) const PARSER: Parser = Parser {
    name: "container_table",
    kind: "table of containers",
    facts: FACTS,
    accepts: |entry| {
        entry.may_be_output_of(&["crictl", "docker", "nerdctl", "k3s"])
            && entry.head().lines().any(|line| columns(line).is_some())
    },
    parse,
};

const FACTS: &[FactDecl] = &[
    FactDecl::new(
        "runtime.containers",
        Type::Records,
        "containers in the runtime's table",
    )
    .needs("table of containers", "crictl ps -a"),
    FactDecl::new(
        "runtime.containers[].name",
        Type::Text,
        "name of the container in its pod",
    ),
    FactDecl::new(
        "runtime.containers[].state",
        Type::Text,
        "running, exited, created or unknown",
    ),
    FactDecl::new(
        "runtime.containers[].attempt",
        Type::Int,
        "how often it was started before",
    )
    .null_is("the table does not say"),
    FactDecl::new(
        "runtime.containers[].pod",
        Type::Text,
        "pod that it belongs to",
    )
    .null_is("the table does not say"),
    FactDecl::new(
        "runtime.containers[].exit_code",
        Type::Int,
        "what it ended with",
    )
    .null_is("it runs, or the table does not say"),
];

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let mut columns = None;
    let mut rows = Vec::new();
    for (line, content) in numbered(&text) {
        if let Some(found) = self::columns(content) {
            columns = Some(found);
        } else if content.trim().is_empty() {
            columns = None;
        } else if let Some(columns) = &columns {
            rows.extend(row(columns, content).map(|fields| Fact::record(fields, &entry.at(line))));
        }
    }
    if !rows.is_empty() && evidence.facts.get("runtime.containers").is_none() {
        evidence.facts.set("runtime.containers", Fact::list(rows));
    }
}

/// The heading of such a table.
fn columns(line: &str) -> Option<Columns<'_>> {
    let columns = Columns::of(line);
    let has = |name| columns.has(name);
    let containers = has("CONTAINER") || has("CONTAINER ID");
    (containers && (has("STATE") || has("STATUS"))).then_some(columns)
}

fn row<'f>(columns: &Columns<'_>, line: &str) -> Option<Vec<(&'f str, Option<Value>)>> {
    let state = columns
        .cell(line, "STATE")
        .or_else(|| columns.cell(line, "STATUS"))?;
    let given = columns
        .cell(line, "NAME")
        .or_else(|| columns.cell(line, "NAMES"))?;
    let given = given.as_str();
    // cri-dockerd and dockershim name containers `k8s_<container>_<pod>_<namespace>_<uid>_<attempt>`.
    let mut parts = given.strip_prefix("k8s_").map(|rest| rest.split('_'));
    let inner = parts.as_mut().and_then(Iterator::next);
    let inner_pod = parts.as_mut().and_then(Iterator::next);
    let inner_attempt = parts.and_then(|mut parts| parts.next_back());
    let told = |column: &str, inner: Option<&str>| {
        columns
            .cell(line, column)
            .or_else(|| inner.map(str::to_owned))
    };
    let attempt = told("ATTEMPT", inner_attempt);
    let pod = told("POD", inner_pod);
    let number = attempt.and_then(|text| text.parse().ok());
    Some(vec![
        ("name", Some(Value::from(inner.unwrap_or(given)))),
        ("state", Some(Value::from(word(&state)))),
        ("attempt", Some(number.map_or(Value::Null, Value::Int))),
        ("pod", Some(pod.as_deref().map_or(Value::Null, Value::from))),
        ("exit_code", Some(exit_code(&state))),
    ])
}

/// `Up 3 minutes`, `Exited (1) 2 minutes ago`, `Running`.
fn word(state: &str) -> &'static str {
    match state.split_whitespace().next().unwrap_or_default() {
        "Running" | "Up" => "running",
        "Exited" | "Restarting" | "Dead" => "exited",
        "Created" => "created",
        _ => "unknown",
    }
}

/// `Exited (1) 2 minutes ago`.
fn exit_code(state: &str) -> Value {
    let inner = state
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'));
    let code = inner.and_then(|(code, _)| code.parse().ok());
    code.map_or(Value::Null, Value::Int)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::named;

    fn read(text: &str) -> Vec<String> {
        let evidence = named(&PARSER, text);
        let fact = evidence.facts.get("runtime.containers").unwrap();
        let shown = |item: &Fact| {
            let field = |name| item.field(name).unwrap().value.to_string();
            format!(
                "{} {} {} {}",
                field("name"),
                field("state"),
                field("attempt"),
                field("pod")
            )
        };
        fact.items().iter().map(shown).collect()
    }

    #[test]
    fn tables_of_crictl_and_docker_are_read() {
        let crictl = "\
CONTAINER           IMAGE               CREATED             STATE               NAME                ATTEMPT             POD ID              POD
0a1b2c3d4e5f6       c2e17b8d0f4a3       2 minutes ago       Exited              kube-apiserver      7                   9f8e7d6c5b4a3       kube-apiserver-m1
1b2c3d4e5f6a7       3861cfcd7c04c       3 hours ago         Running             etcd                0                   8e7d6c5b4a392
";
        assert_eq!(
            read(crictl),
            [
                "kube-apiserver exited 7 kube-apiserver-m1",
                "etcd running 0 unset"
            ]
        );
        let docker = "\
CONTAINER ID   IMAGE          COMMAND                  CREATED         STATUS                     PORTS     NAMES
0a1b2c3d4e5f   c2e17b8d0f4a   \"kube-apiserver --ad…\"   3 minutes ago   Exited (1) 2 minutes ago             k8s_kube-apiserver_kube-apiserver-m1_kube-system_0af1_12
";
        assert_eq!(read(docker), ["kube-apiserver exited 12 kube-apiserver-m1"]);
    }
}
