//! The kubelet's unit as its files describe it.

use crate::derived::{Context, Derived};
use crate::evidence::{Evidence, Sourced};
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::kubelet::unit;
use crate::origin::Origin;

pub(super) const DERIVED: Derived = Derived {
    name: "kubelet_unit",
    after: &["units"],
    facts: FACTS,
    derive,
};

const FACTS: &[FactDecl] = &[
    file(
        "kubelet.unit.exec_start",
        Type::Text,
        "command that starts it, variables not replaced",
    )
    .null_is("the unit has no ExecStart= after resets"),
    file(
        "kubelet.unit.exec_start_count",
        Type::Int,
        "ExecStart= settings left after resets; more than one is refused unless Type=oneshot",
    ),
    file(
        "kubelet.unit.shadowed_drop_ins",
        Type::Texts,
        "drop-ins that are not read because a folder of higher rank has one of the same name",
    ),
    file(
        "kubelet.unit.follows",
        Type::Texts,
        "units that it is ordered behind or asks for: After=, Wants=, Requires=, BindsTo=",
    ),
    file(
        "kubelet.unit.missing_environment_files",
        Type::Texts,
        "files that EnvironmentFile= requires (no dash) and the node lacks",
    ),
];

const fn file(path: &'static str, ty: Type, meaning: &'static str) -> FactDecl {
    FactDecl::new(path, ty, meaning).needs("the kubelet's unit file", "systemctl cat kubelet")
}

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    let name = evidence.facts.text("kubelet.unit.name").map(str::to_owned);
    let Some(unit) = unit::kubelet_unit(evidence, name.as_deref()) else {
        return;
    };
    let file = unit.fragment.iter().chain(&unit.drop_ins).next();
    let place = file.map(|file| file.origin.clone());
    let start = unit.exec_starts.last().map(|start| start.origin.clone());
    let Some(read) = place.or(start) else {
        return;
    };
    let mut found = start_facts(&unit, &read);
    found.push(("shadowed_drop_ins", texts(&unit.shadowed, &read)));
    // Without the unit file itself, drop-ins alone do not tell of its order.
    if unit.fragment.is_some() {
        found.push(("follows", texts(&unit.follows, &read)));
    }
    if let Some(missing) = missing(evidence, &unit, &read) {
        found.push(("missing_environment_files", missing));
    }
    if let Some(fragment) = &unit.fragment {
        let path = Fact::text(&fragment.value, fragment.origin.clone());
        found.push(("fragment_path", path));
    }
    if let Some(name) = &unit.name {
        found.push(("name", Fact::text(name, read.clone())));
    }
    found.push(("drop_ins", texts(&unit.drop_ins, &read)));
    for (field, fact) in found {
        let path = format!("kubelet.unit.{field}");
        // systemd's own word on a field was set before.
        if evidence.facts.get(&path).is_none() {
            evidence.facts.set(&path, fact);
        }
    }
}

fn start_facts(unit: &unit::Unit, read: &Origin) -> Vec<(&'static str, Fact)> {
    let starts = &unit.exec_starts;
    let command = starts.last().map_or_else(
        || Fact::new(Value::Null, read.clone()),
        |start| Fact::text(start.value.as_str(), start.origin.clone()),
    );
    let mut places: Vec<Origin> = starts.iter().map(|one| one.origin.clone()).collect();
    if places.is_empty() {
        places.push(read.clone());
    }
    let count = Fact {
        value: Value::Int(i64::try_from(starts.len()).unwrap_or(i64::MAX)),
        origins: places,
    };
    vec![("exec_start", command), ("exec_start_count", count)]
}

fn texts(placed: &[Sourced<String>], read: &Origin) -> Fact {
    let items = placed
        .iter()
        .map(|one| Fact::text(&one.value, one.origin.clone()));
    Fact::list_at(items.collect(), read)
}

/// Unknown when no file is known to be missing and the input does not tell of all.
fn missing(evidence: &Evidence, unit: &unit::Unit, read: &Origin) -> Option<Fact> {
    let missing = unit.missing_environment_files(evidence);
    if missing.is_empty() && !unit.environment_files_are_known(evidence) {
        return None;
    }
    let items = missing.into_iter().map(|(path, origins)| Fact {
        value: Value::Text(path),
        origins: origins.to_vec(),
    });
    Some(Fact::list_at(items.collect(), read))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Entry;
    use crate::observed::Absence;
    use crate::parse::unit_file::PARSER;
    use crate::source::Source;

    #[test]
    fn a_required_file_that_is_missing_is_shown_with_the_setting_and_the_proof() {
        let mut evidence = Evidence::default();
        let entry = Entry {
            name: "systemctl-cat-kubelet.txt".into(),
            source: Source::Command("systemctl cat kubelet".into()),
            bytes: b"# /lib/systemd/system/kubelet.service\n[Service]\nExecStart=/usr/bin/kubelet\nEnvironmentFile=/etc/sysconfig/kubelet\nEnvironmentFile=-/etc/default/kubelet\n".to_vec(),
        };
        (PARSER.parse)(&entry, &mut evidence);
        for path in ["/etc/sysconfig/kubelet", "/etc/default/kubelet"] {
            let absence = Absence {
                path: path.into(),
                below: None,
            };
            evidence.push(absence, Origin::line("manifest.json", 3));
        }
        crate::testing::derive(&mut evidence, &[&DERIVED]);
        let missing = evidence
            .facts
            .get("kubelet.unit.missing_environment_files")
            .unwrap();
        assert_eq!(missing.items().len(), 1);
        assert_eq!(missing.items()[0].as_text(), Some("/etc/sysconfig/kubelet"));
        assert_eq!(missing.items()[0].origins[0].line, Some(4));
        assert_eq!(evidence.facts.int("kubelet.unit.exec_start_count"), Some(1));
        assert_eq!(
            evidence.facts.text("kubelet.unit.name"),
            Some("kubelet.service")
        );
    }

    #[test]
    fn without_a_unit_file_nothing_is_known() {
        let mut evidence = Evidence::default();
        crate::testing::derive(&mut evidence, &[&DERIVED]);
        assert!(evidence.facts.get("kubelet.unit").is_none());
    }
}
