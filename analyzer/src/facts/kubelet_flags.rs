//! The kubelet's command line: flags with their provenance, flags that its version lacks, variables that nothing defines.

use crate::derived::{Context, Derived};
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::kubelet::command_line::{CommandLine, From};
use crate::kubelet::{Kubelet, versions};
use crate::version::Version;

pub(super) const DERIVED: Derived = Derived {
    name: "kubelet_flags",
    after: &["units", "running", "kubelet_version"],
    facts: FACTS,
    derive,
};

const FACTS: &[FactDecl] = &[
    line(
        "kubelet.flags",
        Type::Records,
        "flags that the kubelet runs with, in order: of its process, else of its unit with variables replaced, else as it logged them",
    ),
    FactDecl::new(
        "kubelet.flags[].name",
        Type::Text,
        "name without dashes; empty for a word that is no flag",
    ),
    FactDecl::new(
        "kubelet.flags[].value",
        Type::Text,
        "value as given; true for a flag that stands alone",
    ),
    FactDecl::new(
        "kubelet.flags[].from",
        Type::Text,
        "who tells it: process, unit, settings (of a program that embeds the kubelet) or log",
    ),
    line(
        "kubelet.unknown_flags",
        Type::Records,
        "flags that this version of the kubelet does not have, which keeps it from starting",
    ),
    FactDecl::new(
        "kubelet.unknown_flags[].name",
        Type::Text,
        "name without dashes",
    ),
    FactDecl::new(
        "kubelet.unknown_flags[].removed_in",
        Type::Version,
        "first minor without it",
    )
    .null_is("no version up to this one has it: misspelt, or newer than the kubelet"),
    FactDecl::new(
        "kubelet.unset_variables",
        Type::Texts,
        "variables in ExecStart= that no setting and no environment file defines",
    )
    .needs(
        "the kubelet's unit file and its environment files",
        "systemctl cat kubelet",
    ),
];

const fn line(path: &'static str, ty: Type, meaning: &'static str) -> FactDecl {
    FactDecl::new(path, ty, meaning).needs(
        "command line of the kubelet or its unit file",
        "ps auxww; systemctl cat kubelet",
    )
}

fn derive(evidence: &mut Evidence, context: &Context<'_>) {
    let kubelet = Kubelet::of(evidence, context);
    let version = kubelet.version;
    let unset = kubelet.unit.as_ref().and_then(|unit| {
        let command = unit.command(evidence)?;
        let origin = command.origin.clone();
        command
            .complete
            .then(|| Fact::texts(command.expanded.unset, &origin))
    });
    let Some(line) = kubelet.line else {
        return;
    };
    let unknown = version.and_then(|version| unknown_flags(&line, version));
    let flags = line.flags.iter().map(|flag| {
        let fields = [
            ("name", Some(Value::from(flag.name.as_str()))),
            ("value", Some(Value::from(flag.value.as_str()))),
            ("from", Some(Value::from(line.from.word()))),
        ];
        Fact::record(fields, &flag.origin)
    });
    let flags = Fact::list_at(flags.collect(), &line.origin);
    evidence.facts.set("kubelet.flags", flags);
    if let Some(unknown) = unknown {
        evidence.facts.set("kubelet.unknown_flags", unknown);
    }
    if let Some(unset) = unset {
        evidence.facts.set("kubelet.unset_variables", unset);
    }
}

/// The flags that a version does not have; `None` for a kubelet newer than the tables, and where none is among the flags that are known.
fn unknown_flags(line: &CommandLine, version: Version) -> Option<Fact> {
    if versions::is_too_new(version) {
        return None;
    }
    let mut names: Vec<&str> = Vec::new();
    let mut unknown = Vec::new();
    for given in line.flags.iter().filter(|given| !given.name.is_empty()) {
        let flag = versions::flag(&given.name);
        let has = flag.is_some_and(|flag| versions::has(version, flag.since, flag.gone));
        // What a kubelet logs it has taken, also where no table names it.
        let is_taken = flag.is_none() && line.from == From::Log;
        if has || is_taken || names.contains(&given.name.as_str()) {
            continue;
        }
        names.push(&given.name);
        let removed = flag
            .and_then(|flag| flag.gone)
            .filter(|gone| version >= *gone);
        let fields = [
            ("name", Some(Value::from(given.name.as_str()))),
            (
                "removed_in",
                Some(removed.map_or(Value::Null, Value::Version)),
            ),
        ];
        unknown.push(Fact::record(fields, &given.origin));
    }
    if unknown.is_empty() && !line.complete {
        return None;
    }
    Some(Fact::list_at(unknown, &line.origin))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::LogDigest;
    use crate::observed::Process;
    use crate::origin::Origin;

    fn derived(argv: &[&str], version: &str) -> Evidence {
        let mut evidence = Evidence::default();
        let process = Process {
            pid: 7,
            argv: Some(argv.iter().map(|&word| word.to_owned()).collect()),
            ..Process::default()
        };
        evidence.push(process, Origin::line("ps-aux.txt", 9));
        let version = Value::Version(version.parse().unwrap());
        evidence
            .facts
            .set("kubelet.version", Fact::new(version, Origin::entry("v")));
        crate::testing::derive(&mut evidence, &[&DERIVED]);
        evidence
    }

    #[test]
    fn flags_that_the_version_lacks_are_told_with_the_minor_that_dropped_them() {
        let argv = [
            "/usr/bin/kubelet",
            "--network-plugin=cni",
            "--network-plugin=cni",
            "--no-such-flag",
            "--v=2",
        ];
        let evidence = derived(&argv, "1.28.3");
        let unknown = evidence.facts.get("kubelet.unknown_flags").unwrap().items();
        assert_eq!(unknown.len(), 2);
        assert_eq!(
            unknown[0].field("removed_in").unwrap().value,
            Value::Version("1.24".parse().unwrap())
        );
        assert_eq!(unknown[1].field("removed_in").unwrap().value, Value::Null);
        let flags = evidence.facts.get("kubelet.flags").unwrap().items();
        assert_eq!(flags.len(), 4);
        assert_eq!(flags[0].field("from").unwrap().as_text(), Some("process"));
        assert_eq!(flags[0].origins[0].line, Some(9));
    }

    #[test]
    fn a_command_line_of_which_a_part_is_not_known_proves_nothing() {
        let unit = "# /etc/systemd/system/kubelet.service\n[Service]\nEnvironmentFile=/etc/default/kubelet\nExecStart=/usr/bin/kubelet --v=2 $KUBELET_FLAGS\n";
        let mut evidence = crate::testing::command(
            &crate::parse::unit_file::PARSER,
            "systemctl cat kubelet",
            unit,
        );
        let version = Value::Version("1.36.2".parse().unwrap());
        evidence
            .facts
            .set("kubelet.version", Fact::new(version, Origin::entry("v")));
        crate::testing::derive(&mut evidence, &[&DERIVED]);
        assert!(evidence.facts.get("kubelet.flags").is_some());
        assert!(evidence.facts.get("kubelet.unknown_flags").is_none());
    }

    #[test]
    fn a_healthy_command_line_has_none() {
        let argv = ["/usr/bin/kubelet", "--config=/c", "--logging-format=text"];
        let evidence = derived(&argv, "1.36.2");
        let unknown = evidence.facts.get("kubelet.unknown_flags").unwrap();
        assert!(unknown.items().is_empty());
        assert_eq!(unknown.origins.len(), 1);
        assert!(
            derived(&argv, "1.99.0")
                .facts
                .get("kubelet.unknown_flags")
                .is_none()
        );
    }

    #[test]
    fn a_flag_that_the_kubelet_logged_as_its_own_is_never_unknown() {
        let mut logs = LogDigest::default();
        for (name, value) in [("flag.of-a-vendor", "1"), ("flag.network-plugin", "cni")] {
            let at = crate::logs::Occurrence {
                origin: Origin::line("kubelet.log", 4),
                text: String::new(),
                time: None,
                sequence: 0,
            };
            logs.stated.insert(name.to_owned(), (value.to_owned(), at));
        }
        let mut evidence = Evidence::default();
        let version = Value::Version("1.36.2".parse().unwrap());
        let version = Fact::new(version, Origin::entry("v"));
        evidence.facts.set("kubelet.version", version);
        let context = Context {
            logs: &logs,
            now: None,
        };
        (DERIVED.derive)(&mut evidence, &context);
        let unknown = evidence.facts.get("kubelet.unknown_flags").unwrap();
        let names: Vec<_> = unknown
            .items()
            .iter()
            .map(|flag| flag.field("name").unwrap().value.to_string())
            .collect();
        assert_eq!(names, ["network-plugin"]);
    }
}
