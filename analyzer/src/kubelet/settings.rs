//! Effective settings: flag before configuration before the default of the version.

use super::command_line::{CommandLine, From};
use super::config::Config;
use super::flags;
use super::versions::table;
use crate::duration;
use crate::fact::{Fact, Value};
use crate::origin::Origin;
use crate::tree::{self, Node};
use crate::version::Version;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// A setting: its flag, its field, its type and its default.
#[derive(Debug, Clone, Copy)]
struct Setting {
    flag: Option<&'static str>,
    field: Option<&'static str>,
    kind: Kind,
    default: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Int,
    Text,
    Duration,
    Texts,
    Map,
    Bools,
}

/// Everything that decides a setting.
#[derive(Debug)]
pub struct Sources<'a> {
    /// The flags; `None` when nothing tells them.
    pub line: Option<&'a CommandLine>,
    /// The configuration.
    pub config: &'a Config<'a>,
    /// The kubelet's version.
    pub version: Option<Version>,
}

/// Names of all settings, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    settings().keys().copied()
}

/// The value of a setting; `None` when something that decides it is not known. Null when it is known to be unset.
pub fn effective(name: &str, sources: &Sources<'_>) -> Option<Fact> {
    let setting = settings().get(name)?;
    let flag = setting.flag.zip(sources.line);
    let given = flag
        .and_then(|(flag, line)| flags::value(&line.flags, flag))
        .filter(|(text, _)| tells(setting, text, sources));
    if let Some((text, origins)) = given {
        let first = origins.first().cloned()?;
        return Some(Fact {
            value: from_text(setting.kind, &text, &first)?,
            origins,
        });
    }
    let field = setting.field.and_then(|field| sources.config.get(field));
    if let Some((node, entry)) = field {
        let origin = Origin::line(entry.entry.clone(), node.line);
        if !is_zero(setting, node) {
            let value = from_node(setting.kind, node, &origin)?;
            return Some(Fact::new(value, origin));
        }
    }
    default(setting, sources)
}

/// Fields of the configuration whose value a flag replaces with another one; `None` when there is no configuration or no command line to tell.
pub fn overridden(sources: &Sources<'_>) -> Option<Fact> {
    let line = sources.line?;
    let read = sources.config.file?.origin.clone();
    let fields = settings().values().filter_map(|setting| {
        let (field, flag) = (setting.field?, setting.flag?);
        let (text, origins) = flags::value(&line.flags, flag)?;
        let (node, entry) = sources.config.get(field)?;
        let given = from_text(setting.kind, &text, origins.first()?)?;
        let written = from_node(setting.kind, node, entry)?;
        let scalar = !matches!(setting.kind, Kind::Texts | Kind::Map | Kind::Bools);
        (scalar && given != written).then(|| Fact {
            value: Value::from(field),
            origins,
        })
    });
    Some(Fact::list_at(fields.collect(), &read))
}

/// Whether a flag's value can count: a log prints every flag, also those that were not given, and then the file decides.
fn tells(setting: &Setting, text: &str, sources: &Sources<'_>) -> bool {
    let logged = sources.line.is_some_and(|line| line.from == From::Log);
    let default = setting
        .default
        .and_then(|spec| default_of_version(spec, sources.version)?);
    let as_if_not_given = matches!(text, "" | "[]") || default == Some(text);
    !(logged && setting.field.is_some() && as_if_not_given)
}

fn default(setting: &Setting, sources: &Sources<'_>) -> Option<Fact> {
    let has_field = setting.field.is_some();
    let flags_known = sources.line.is_some_and(|line| line.complete);
    let known = if has_field {
        sources.config.is_known()
    } else {
        flags_known
    };
    if !known {
        return None;
    }
    let unset_at = match (has_field, sources.config.file, sources.line) {
        (true, Some(file), _) => file.origin.clone(),
        (_, _, Some(line)) => line.origin.clone(),
        _ => return None,
    };
    let Some(spec) = setting.default else {
        let empty = matches!(setting.kind, Kind::Texts | Kind::Map | Kind::Bools);
        let value = if empty {
            Value::List(Vec::new())
        } else {
            Value::Null
        };
        return Some(Fact::new(value, unset_at));
    };
    match default_of_version(spec, sources.version)? {
        Some(text) => {
            let value = from_text(setting.kind, text, &unset_at)?;
            Some(Fact::new(value, unset_at))
        }
        None => Some(Fact::new(Value::Null, unset_at)),
    }
}

/// The default of a version: `Some(None)` when that version has no such setting, `None` when the version decides and is not known.
#[expect(
    clippy::option_option,
    reason = "no default and an undecided one are different answers"
)]
fn default_of_version(
    spec: &'static str,
    version: Option<Version>,
) -> Option<Option<&'static str>> {
    if !spec.contains('@') {
        return Some(Some(spec));
    }
    let version = version?;
    let mut current = None;
    for step in spec.split(',') {
        let (value, since) = step.split_once('@')?;
        if version >= since.parse().ok()? {
            current = Some(value);
        }
    }
    Some(current)
}

/// Whether a field holds the zero of its type where that means "not set": empty text, 0 for ports and numbers of pods, a span of 0.
fn is_zero(setting: &Setting, node: &Node) -> bool {
    match (setting.kind, &node.value) {
        (Kind::Text, tree::Value::Text(text)) => text.is_empty(),
        (Kind::Int, tree::Value::Int(0)) => setting.field != Some("healthzPort"),
        (Kind::Duration, tree::Value::Text(text)) => {
            duration::parse(text).is_some_and(|span| span.is_zero())
        }
        (Kind::Texts, tree::Value::List(items)) => items.is_empty(),
        _ => false,
    }
}

fn from_text(kind: Kind, text: &str, origin: &Origin) -> Option<Value> {
    let parts = || {
        text.split(',')
            .map(|part| part.trim_matches(['[', ']', '"', '\'', ' ']))
            .filter(|part| !part.is_empty())
    };
    let pairs = |kind: Kind| {
        let records = parts().filter_map(|part| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let value = match kind {
                Kind::Bools => Value::Bool(truth(value)?),
                _ => Value::from(value),
            };
            Some(pair(kind, key, value, origin))
        });
        Value::List(records.collect())
    };
    Some(match kind {
        Kind::Bool => Value::Bool(truth(text)?),
        Kind::Int => Value::Int(text.parse().ok()?),
        Kind::Text if text.is_empty() => Value::Null,
        Kind::Text => Value::from(text.trim_matches('"')),
        Kind::Duration => Value::Duration(duration::parse(text)?),
        Kind::Texts => Value::List(
            parts()
                .map(|part| Fact::text(part, origin.clone()))
                .collect(),
        ),
        Kind::Map | Kind::Bools => pairs(kind),
    })
}

fn from_node(kind: Kind, node: &Node, origin: &Origin) -> Option<Value> {
    let at = |node: &Node| Origin::line(origin.entry.clone(), node.line);
    Some(match kind {
        Kind::Bool => Value::Bool(node.bool()?),
        Kind::Int => Value::Int(node.int()?),
        Kind::Text => Value::from(node.text()?),
        Kind::Duration => Value::Duration(duration::parse(node.text()?)?),
        Kind::Texts => Value::List(
            node.items()
                .iter()
                .filter_map(|item| Some(Fact::text(item.text()?, at(item))))
                .collect(),
        ),
        Kind::Map | Kind::Bools => Value::List(
            node.pairs()
                .iter()
                .filter_map(|entry| {
                    let value = match kind {
                        Kind::Bools => Value::Bool(entry.value.bool()?),
                        _ => Value::from(entry.value.scalar()?),
                    };
                    let origin = Origin::line(origin.entry.clone(), entry.line);
                    Some(pair(kind, &entry.key, value, &origin))
                })
                .collect(),
        ),
    })
}

fn pair(kind: Kind, key: &str, value: Value, origin: &Origin) -> Fact {
    let name = if kind == Kind::Bools { "name" } else { "key" };
    Fact::record(
        [(name, Some(Value::from(key))), ("value", Some(value))],
        origin,
    )
}

fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

fn settings() -> &'static BTreeMap<&'static str, Setting> {
    static SETTINGS: OnceLock<BTreeMap<&'static str, Setting>> = OnceLock::new();
    let read = |columns: &[&'static str]| {
        let column = |place: usize| columns.get(place).copied().filter(|text| *text != "-");
        let kind = match column(3) {
            Some("bool") => Kind::Bool,
            Some("int") => Kind::Int,
            Some("duration") => Kind::Duration,
            Some("texts") => Kind::Texts,
            Some("map") => Kind::Map,
            Some("bools") => Kind::Bools,
            _ => Kind::Text,
        };
        Setting {
            flag: column(1),
            field: column(2),
            kind,
            default: column(4),
        }
    };
    SETTINGS.get_or_init(|| table(include_str!("../../data/kubelet-settings.tsv"), &read))
}

#[cfg(test)]
mod tests {
    use super::super::command_line::From;
    use super::super::config::{self, Place};
    use super::*;
    use crate::evidence::Evidence;
    use crate::parse::kubelet_config::KubeletConfig;
    use crate::yaml;

    fn line(words: &[&str], complete: bool) -> CommandLine {
        let words: Vec<_> = words
            .iter()
            .map(|&word| (word.to_owned(), Origin::line("ps.txt", 7)))
            .collect();
        CommandLine {
            from: From::Process,
            program: None,
            flags: flags::parse(&words),
            unset: None,
            complete,
            origin: Origin::line("ps.txt", 7),
        }
    }

    fn with_config(text: &str) -> Evidence {
        let mut evidence = Evidence::default();
        evidence.push(
            KubeletConfig {
                path: Some("/c".into()),
                content: yaml::parse(text),
            },
            Origin::entry("files/c"),
        );
        evidence
    }

    fn value(name: &str, evidence: &Evidence, line: &CommandLine, version: &str) -> Option<Value> {
        let config = config::config(evidence, Some(line));
        let sources = Sources {
            line: Some(line),
            config: &config,
            version: version.parse().ok(),
        };
        effective(name, &sources).map(|fact| fact.value)
    }

    #[test]
    fn flag_before_configuration_before_default() {
        let evidence = with_config("cgroupDriver: systemd\nmaxPods: 0\nsyncFrequency: 0s\n");
        let with_flag = line(&["--config=/c", "--cgroup-driver=cgroupfs"], true);
        let plain = line(&["--config=/c"], true);
        let driver = |line| value("cgroup_driver", &evidence, line, "1.36");
        assert_eq!(driver(&with_flag), Some(Value::from("cgroupfs")));
        assert_eq!(driver(&plain), Some(Value::from("systemd")));
        assert_eq!(
            value("max_pods", &evidence, &plain, "1.36"),
            Some(Value::Int(110))
        );
        assert_eq!(
            value("client_ca_file", &evidence, &plain, "1.36"),
            Some(Value::Null)
        );
    }

    #[test]
    fn a_flag_that_repeats_the_configuration_overrides_nothing() {
        let evidence = with_config("cgroupDriver: systemd\nmaxPods: 50\n");
        let line = line(
            &["--config=/c", "--cgroup-driver=systemd", "--max-pods=60"],
            true,
        );
        let config = config::config(&evidence, Some(&line));
        let fact = overridden(&Sources {
            line: Some(&line),
            config: &config,
            version: None,
        });
        let fields: Vec<_> = fact.iter().flat_map(Fact::items).collect();
        assert_eq!(fields.len(), 1);
        assert_eq!(fields[0].as_text(), Some("maxPods"));
    }

    #[test]
    fn a_logged_flag_that_stands_at_its_default_tells_nothing_where_a_file_may_decide() {
        let nothing = Evidence::default();
        let mut logged = line(
            &[
                "--config=/c",
                "--fail-cgroupv1=true",
                "--cgroup-driver=systemd",
            ],
            true,
        );
        assert_eq!(
            value("fail_cgroup_v1", &nothing, &logged, "1.36.2"),
            Some(Value::Bool(true))
        );
        logged.from = From::Log;
        assert_eq!(value("fail_cgroup_v1", &nothing, &logged, "1.36.2"), None);
        assert_eq!(
            value("cgroup_driver", &nothing, &logged, "1.36.2"),
            Some(Value::from("systemd"))
        );
    }

    #[test]
    fn a_default_that_changed_needs_the_version() {
        let evidence = with_config("kind: KubeletConfiguration\n");
        let plain = line(&["--config=/c"], true);
        let v1 = |version| value("fail_cgroup_v1", &evidence, &plain, version);
        assert_eq!(v1("1.36.2"), Some(Value::Bool(true)));
        assert_eq!(v1("1.33.0"), Some(Value::Bool(false)));
        assert_eq!(v1("1.28.0"), Some(Value::Null));
        assert_eq!(v1("unknown"), None);
    }

    #[test]
    fn without_the_configuration_no_default_is_claimed() {
        let plain = line(&["--config=/other"], true);
        let evidence = with_config("maxPods: 5\n");
        assert_eq!(value("max_pods", &evidence, &plain, "1.36"), None);
        let none = line(&["--v=2"], true);
        let config = config::config(&evidence, Some(&none));
        assert!(matches!(config.place, Place::None(_)));
        assert_eq!(
            value("max_pods", &evidence, &none, "1.36"),
            Some(Value::Int(110))
        );
        assert_eq!(
            value("kubeconfig", &evidence, &none, "1.36"),
            Some(Value::Null)
        );
        let partial = line(&["--v=2"], false);
        assert_eq!(value("kubeconfig", &evidence, &partial, "1.36"), None);
    }

    #[test]
    fn maps_are_records_from_flags_and_files() {
        let evidence = with_config("featureGates:\n  NodeSwap: true\n");
        let line = line(&["--config=/c", "--node-labels=a/b=c,d=e"], true);
        let Some(Value::List(labels)) = value("node_labels", &evidence, &line, "1.36") else {
            panic!("no labels");
        };
        assert_eq!(labels[0].field("key").unwrap().as_text(), Some("a/b"));
        assert_eq!(labels[1].field("value").unwrap().as_text(), Some("e"));
        let Some(Value::List(gates)) = value("feature_gates", &evidence, &line, "1.36") else {
            panic!("no gates");
        };
        assert_eq!(gates[0].field("name").unwrap().as_text(), Some("NodeSwap"));
        assert_eq!(gates[0].field("value").unwrap().as_bool(), Some(true));
        assert_eq!(gates[0].origins[0].line, Some(2));
    }
}
