//! `probes/docker.json` of our own bundle: what Docker's engine says of itself.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::json::{Document, text};
use crate::observed::{DockerEngine, RuntimeSocket};
use crate::origin::Origin;
use crate::parser::Parser;
use crate::source::Source;
use serde_json::Value;

pub(super) const PARSER: Parser = Parser {
    name: "docker_probe",
    kind: "probe of Docker's engine",
    facts: &[],
    accepts: |entry| matches!(&entry.source, Source::Probe(name) if name == "docker"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match Document::parse(&entry.text()) {
        Ok(document) => document,
        Err(problem) => return evidence.gap(entry.name.as_ref(), problem, &["runtime"]),
    };
    let at = |line| Origin {
        line,
        ..entry.whole()
    };
    for (line, item) in document.items("sockets") {
        let exists = item.get("exists").and_then(Value::as_bool);
        if let (Some(path), Some(exists)) = (text(item, "path"), exists) {
            let hangs = document.items("unanswered").any(|(_, unanswered)| {
                text(unanswered, "socket") == Some(path)
                    && text(unanswered, "outcome") == Some("timeout")
            });
            let connect = if hangs {
                Some("timeout")
            } else {
                text(item, "connect")
            };
            let socket = RuntimeSocket {
                path: path.to_owned(),
                exists,
                connect: connect.map(str::to_owned),
            };
            evidence.push(socket, at(line));
        }
    }
    for (line, item) in document.items("settings") {
        let engine = match (text(item, "key"), text(item, "value")) {
            (Some("cgroup_driver"), Some(driver)) => DockerEngine::CgroupDriver(driver.to_owned()),
            (Some("version"), Some(version)) => DockerEngine::Version(version.to_owned()),
            _ => continue,
        };
        evidence.push(engine, at(line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::probe;

    fn read(text: &str) -> Evidence {
        probe(&PARSER, "docker", text)
    }

    #[test]
    fn what_the_engine_says_is_read_with_its_line() {
        let evidence = read(
            "{\"sockets\":[\n{\"path\":\"/run/docker.sock\",\"exists\":true,\"connect\":\"ok\"}\n],\"settings\":[\n\
             {\"socket\":\"/run/docker.sock\",\"key\":\"cgroup_driver\",\"value\":\"cgroupfs\"}\n]}",
        );
        let driver = &evidence.all::<DockerEngine>()[0];
        assert_eq!(driver.value, DockerEngine::CgroupDriver("cgroupfs".into()));
        assert_eq!(driver.origin.line, Some(4));
        let socket = &evidence.all::<RuntimeSocket>()[0];
        assert_eq!(socket.value.connect.as_deref(), Some("ok"));
    }

    #[test]
    fn an_engine_that_takes_the_connection_and_never_answers_does_not_connect() {
        let evidence = read(
            r#"{"sockets":[{"path":"/run/docker.sock","exists":true,"connect":"ok"}],
                "unanswered":[{"socket":"/run/docker.sock","question":"/info","outcome":"timeout"}]}"#,
        );
        let socket = &evidence.all::<RuntimeSocket>()[0];
        assert_eq!(socket.value.connect.as_deref(), Some("timeout"));
    }
}
