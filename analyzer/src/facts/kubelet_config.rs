//! The kubelet's configuration file: where it is, whether it can be read, and what is wrong in it.

use crate::derived::{Context, Derived};
use crate::evidence::{Evidence, Sourced};
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::kubelet::Kubelet;
use crate::kubelet::config::{Config, Place};
use crate::kubelet::fields::{self, Misfit};
use crate::origin::Origin;
use crate::parse::kubelet_config::KubeletConfig;
use crate::version::Version;

pub(super) const DERIVED: Derived = Derived {
    name: "kubelet_config",
    after: &["kubelet_flags"],
    facts: FACTS,
    derive,
};

const FACTS: &[FactDecl] = &[
    FactDecl::new(
        "kubelet.config.path",
        Type::Text,
        "configuration file that --config names",
    )
    .null_is("the kubelet is started without --config")
    .needs("command line of the kubelet", "systemctl cat kubelet"),
    file(
        "kubelet.config.exists",
        Type::Bool,
        "the configuration file exists",
    ),
    file(
        "kubelet.config.parses",
        Type::Bool,
        "the configuration file and its drop-ins are YAML or JSON",
    ),
    file(
        "kubelet.config.kind_ok",
        Type::Bool,
        "apiVersion and kind are kubelet.config.k8s.io/v1beta1 KubeletConfiguration",
    ),
    file(
        "kubelet.config.unknown_fields",
        Type::Texts,
        "dotted paths of fields that this version does not have: misspelt, misplaced or too new; they are ignored",
    ),
    file(
        "kubelet.config.wrong_types",
        Type::Texts,
        "dotted paths of fields whose value the kubelet cannot take, which keeps it from starting",
    ),
];

const fn file(path: &'static str, ty: Type, meaning: &'static str) -> FactDecl {
    FactDecl::new(path, ty, meaning).needs(
        "the kubelet's configuration file",
        "cat /var/lib/kubelet/config.yaml",
    )
}

fn derive(evidence: &mut Evidence, context: &Context<'_>) {
    let kubelet = Kubelet::of(evidence, context);
    let config = kubelet.config(evidence);
    let mut found = place_facts(evidence, &config);
    found.extend(content_facts(&config, kubelet.version));
    for (path, fact) in found {
        evidence.facts.set(path, fact);
    }
}

fn place_facts(evidence: &Evidence, config: &Config<'_>) -> Vec<(&'static str, Fact)> {
    let mut found = Vec::new();
    match &config.place {
        Place::Path(path, origins) => found.push((
            "kubelet.config.path",
            Fact {
                value: Value::from(path.as_str()),
                origins: origins.clone(),
            },
        )),
        Place::None(origin) => {
            found.push((
                "kubelet.config.path",
                Fact::new(Value::Null, origin.clone()),
            ));
        }
        Place::Unknown => {}
    }
    if let Some((exists, origin)) = config.exists(evidence) {
        found.push((
            "kubelet.config.exists",
            Fact::new(Value::Bool(exists), origin),
        ));
    }
    found
}

fn content_facts(config: &Config<'_>, version: Option<Version>) -> Vec<(&'static str, Fact)> {
    let files: Vec<&Sourced<KubeletConfig>> = config
        .file
        .into_iter()
        .chain(config.drop_ins.iter().copied())
        .collect();
    let Some(first) = files.first() else {
        return Vec::new();
    };
    let broken = files.iter().find_map(|file| {
        let error = file.value.content.as_ref().err()?;
        Some(Origin {
            line: error.line(),
            ..file.origin.clone()
        })
    });
    let parses = broken.is_none();
    let origin = broken.unwrap_or_else(|| first.origin.clone());
    let mut found = vec![(
        "kubelet.config.parses",
        Fact::new(Value::Bool(parses), origin),
    )];
    if let Some(kind_ok) = config.file.and_then(kind_ok) {
        found.push(("kubelet.config.kind_ok", kind_ok));
        if config.file.and_then(|file| file.value.kind_ok()) == Some(false) {
            return found;
        }
    }
    let unknown = files.iter().map(|file| {
        let document = file.value.content.as_ref().ok()?;
        Some(listed(
            fields::unknown(&document.root, version)?,
            &file.origin,
        ))
    });
    if let Some(unknown) = unknown.collect::<Option<Vec<_>>>() {
        found.push((
            "kubelet.config.unknown_fields",
            joined(unknown, &first.origin),
        ));
    }
    let wrong = files.iter().map(|file| {
        let document = file.value.content.as_ref().ok()?;
        Some(listed(fields::wrong_types(&document.root), &file.origin))
    });
    if let Some(wrong) = wrong.collect::<Option<Vec<_>>>() {
        found.push(("kubelet.config.wrong_types", joined(wrong, &first.origin)));
    }
    found
}

fn kind_ok(file: &Sourced<KubeletConfig>) -> Option<Fact> {
    let ok = file.value.kind_ok()?;
    let root = &file.value.content.as_ref().ok()?.root;
    let line = root
        .pair("kind")
        .or_else(|| root.pair("apiVersion"))
        .map(|pair| pair.line);
    let origin = Origin {
        line,
        ..file.origin.clone()
    };
    Some(Fact::new(Value::Bool(ok), origin))
}

fn listed(misfits: Vec<Misfit>, entry: &Origin) -> Vec<Fact> {
    misfits
        .into_iter()
        .map(|misfit| Fact::text(misfit.path, Origin::line(entry.entry.clone(), misfit.line)))
        .collect()
}

fn joined(lists: Vec<Vec<Fact>>, read: &Origin) -> Fact {
    Fact::list_at(lists.into_iter().flatten().collect(), read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::{Absence, Process};
    use crate::yaml;

    fn derived(text: Option<&str>) -> Evidence {
        let mut evidence = Evidence::default();
        let process = Process {
            pid: 7,
            argv: Some(vec!["/usr/bin/kubelet".into(), "--config=/c.yaml".into()]),
            ..Process::default()
        };
        evidence.push(process, Origin::line("ps.txt", 2));
        if let Some(text) = text {
            let config = KubeletConfig {
                path: Some("/c.yaml".into()),
                content: yaml::parse(text),
            };
            evidence.push(config, Origin::entry("files/c.yaml"));
        } else {
            let absence = Absence {
                path: "/c.yaml".into(),
                below: None,
            };
            evidence.push(absence, Origin::line("manifest.json", 4));
        }
        crate::testing::derive(&mut evidence, &[&DERIVED]);
        evidence
    }

    #[test]
    fn a_misspelt_field_is_cited_with_its_line() {
        let facts = derived(Some(
            "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nmaxPod: 1\n",
        ))
        .facts;
        let unknown = facts.get("kubelet.config.unknown_fields").unwrap();
        assert_eq!(unknown.items()[0].as_text(), Some("maxPod"));
        assert_eq!(unknown.items()[0].origins[0].line, Some(3));
        assert_eq!(facts.bool("kubelet.config.kind_ok"), Some(true));
        assert_eq!(facts.bool("kubelet.config.exists"), Some(true));
    }

    #[test]
    fn a_broken_file_has_no_fields_to_judge() {
        let facts = derived(Some("kind: KubeletConfiguration\na: b: c\n")).facts;
        assert_eq!(facts.bool("kubelet.config.parses"), Some(false));
        assert_eq!(
            facts.get("kubelet.config.parses").unwrap().origins[0].line,
            Some(2)
        );
        assert!(facts.get("kubelet.config.unknown_fields").is_none());
    }

    #[test]
    fn a_missing_file_is_known_to_be_missing() {
        let facts = derived(None).facts;
        assert_eq!(facts.bool("kubelet.config.exists"), Some(false));
        assert!(facts.get("kubelet.config.parses").is_none());
    }

    #[test]
    fn another_kind_is_told_and_its_fields_are_not_judged() {
        let facts = derived(Some("apiVersion: v1\nkind: Config\nclusters: []\n")).facts;
        assert_eq!(facts.bool("kubelet.config.kind_ok"), Some(false));
        assert!(facts.get("kubelet.config.unknown_fields").is_none());
    }
}
