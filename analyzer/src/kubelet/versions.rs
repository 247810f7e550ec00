//! What each version of the kubelet knows: flags, configuration fields, feature gates. The tables are files in `data/`.

use crate::version::Version;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// How a flag takes its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagKind {
    /// Alone, or with `=true`; the word after it is not its value.
    Bool,
    /// One value; the last one counts.
    Text,
    /// Comma-separated values; several uses add up.
    List,
    /// Comma-separated pairs; several uses add up.
    Map,
}

/// A flag of the kubelet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flag {
    /// How it takes its value.
    pub kind: FlagKind,
    /// First minor that has it; `None` for 1.20 or earlier.
    pub since: Option<Version>,
    /// First minor that does not have it any more.
    pub gone: Option<Version>,
}

/// What a configuration field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// Text.
    Text,
    /// Text such as `10s`.
    Duration,
    /// A list of texts.
    Texts,
    /// A mapping to texts.
    Map,
    /// A mapping to booleans.
    Bools,
    /// A mapping whose fields are in the table.
    Group,
    /// Anything: its inside is not in the table.
    Any,
}

/// A field of the kubelet's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// What it takes.
    pub kind: FieldKind,
    /// First minor that has it; `None` for 1.20 or earlier.
    pub since: Option<Version>,
}

/// The entry of a flag; `None` when no version from 1.20 on has it, nor a few before.
pub fn flag(name: &str) -> Option<Flag> {
    static FLAGS: OnceLock<BTreeMap<&'static str, Flag>> = OnceLock::new();
    let read = |columns: &[&'static str]| {
        let kind = match columns.get(1).copied().unwrap_or_default() {
            "bool" => FlagKind::Bool,
            "list" => FlagKind::List,
            "map" => FlagKind::Map,
            _ => FlagKind::Text,
        };
        Flag {
            kind,
            since: version(columns.get(2)),
            gone: version(columns.get(3)),
        }
    };
    FLAGS
        .get_or_init(|| table(include_str!("../../data/kubelet-flags.tsv"), &read))
        .get(name)
        .copied()
}

/// The entry of a configuration field by its dotted path; `None` when no version has it.
pub fn field(path: &str) -> Option<Field> {
    static FIELDS: OnceLock<BTreeMap<&'static str, Field>> = OnceLock::new();
    let read = |columns: &[&'static str]| {
        let kind = match columns.get(1).copied().unwrap_or_default() {
            "bool" => FieldKind::Bool,
            "int" => FieldKind::Int,
            "float" => FieldKind::Float,
            "text" => FieldKind::Text,
            "duration" => FieldKind::Duration,
            "texts" => FieldKind::Texts,
            "map" => FieldKind::Map,
            "bools" => FieldKind::Bools,
            "group" => FieldKind::Group,
            _ => FieldKind::Any,
        };
        Field {
            kind,
            since: version(columns.get(2)),
        }
    };
    FIELDS
        .get_or_init(|| table(include_str!("../../data/kubelet-fields.tsv"), &read))
        .get(path)
        .copied()
}

/// A feature gate of the kubelet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    /// First minor that has it; `None` for 1.14 or earlier.
    pub since: Option<Version>,
    /// First minor that does not have it any more.
    pub gone: Option<Version>,
    /// First minor in which it takes one value only, and that value.
    pub locked: Option<(Version, bool)>,
}

/// The entry of a feature gate; `None` where no version from 1.14 on has it, nor a few before.
pub fn gate(name: &str) -> Option<Gate> {
    static GATES: OnceLock<BTreeMap<&'static str, Gate>> = OnceLock::new();
    let read = |columns: &[&'static str]| Gate {
        since: version(columns.get(1)),
        gone: version(columns.get(2)),
        locked: version(columns.get(3)).map(|since| (since, columns.get(4) == Some(&"true"))),
    };
    GATES
        .get_or_init(|| table(include_str!("../../data/feature-gates.tsv"), &read))
        .get(name)
        .copied()
}

/// Whether a version that lies between two bounds, each open when `None`, has something.
pub fn has(version: Version, since: Option<Version>, gone: Option<Version>) -> bool {
    since.is_none_or(|first| version >= first) && gone.is_none_or(|first| version < first)
}

/// Whether a kubelet is newer than these tables, so that what they lack may be known to it.
pub fn is_too_new(version: Version) -> bool {
    (version.major, version.minor) > NEWEST
}

/// Newest version that was looked at for the tables.
const NEWEST: (u32, u32) = (1, 36);

fn version(column: Option<&&str>) -> Option<Version> {
    column?.parse().ok()
}

/// A table of tab-separated columns, the first of which is the key.
pub(super) fn table<T>(
    text: &'static str,
    read: &dyn Fn(&[&'static str]) -> T,
) -> BTreeMap<&'static str, T> {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            (columns.first().copied().unwrap_or_default(), read(&columns))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn flags_come_and_go_with_versions() {
        let plugin = flag("network-plugin").unwrap();
        assert!(has(v("1.23.9"), plugin.since, plugin.gone));
        assert!(!has(v("1.24.0"), plugin.since, plugin.gone));
        let cgroup = flag("fail-cgroupv1").unwrap();
        assert!(!has(v("1.30.0"), cgroup.since, cgroup.gone));
        assert!(has(v("1.36.2"), cgroup.since, cgroup.gone));
        assert_eq!(flag("fail-swap-on").unwrap().kind, FlagKind::Bool);
        assert!(flag("no-such-flag").is_none());
    }

    #[test]
    fn fields_are_found() {
        assert_eq!(
            field("authentication.x509.clientCAFile").unwrap().kind,
            FieldKind::Text
        );
        assert_eq!(field("podLogsDir").unwrap().since, Some(v("1.30")));
        assert_eq!(
            field("memorySwap.swapBehavior").unwrap().since,
            Some(v("1.22"))
        );
        assert!(field("authentication.x509.clientCA").is_none());
    }

    #[test]
    fn gates_come_are_locked_and_go_with_versions() {
        let minor = |minor: &str| Some(v(minor));
        let gate = |name: &str| gate(name).unwrap();
        assert_eq!(gate("DynamicKubeletConfig").gone, minor("1.26"));
        assert_eq!(gate("AllowInsecureBackendProxy").gone, minor("1.23"));
        assert_eq!(gate("HugePages").gone, minor("1.16"));
        assert_eq!(gate("DynamicProvisioningScheduling").gone, minor("1.12"));
        assert_eq!(gate("APIListChunking").gone, minor("1.33"));
        assert_eq!(
            gate("StructuredAuthorizationConfiguration").gone,
            minor("1.36")
        );
        let swap = gate("NodeSwap");
        assert_eq!((swap.since, swap.gone), (minor("1.22"), None));
        assert_eq!(swap.locked, Some((v("1.34"), true)));
        assert_eq!(
            gate("KubeletCgroupDriverFromCRI").locked,
            Some((v("1.34"), true))
        );
        assert_eq!(gate("RotateKubeletServerCertificate").since, None);
        assert!(super::gate("NoSuchGate").is_none());
    }

    #[test]
    fn every_row_of_the_tables_is_in_order() {
        let in_order = |since: Option<Version>, gone: Option<Version>| {
            since.is_none_or(|since| gone.is_none_or(|gone| since < gone))
        };
        for (name, text) in [
            ("flags", include_str!("../../data/kubelet-flags.tsv")),
            ("fields", include_str!("../../data/kubelet-fields.tsv")),
            ("gates", include_str!("../../data/feature-gates.tsv")),
        ] {
            let keys: Vec<&str> = text
                .lines()
                .skip(1)
                .filter_map(|line| line.split('\t').next())
                .collect();
            assert!(keys.windows(2).all(|pair| pair[0] != pair[1]), "{name}");
            for key in keys {
                let (since, gone) = match name {
                    "flags" => flag(key).map(|one| (one.since, one.gone)),
                    "fields" => field(key).map(|one| (one.since, None)),
                    _ => gate(key).map(|one| (one.since, one.gone)),
                }
                .unwrap();
                assert!(in_order(since, gone), "{key}");
                if name == "gates" {
                    let locked = gate(key).unwrap().locked.map(|(since, _)| since);
                    assert!(
                        in_order(since, locked.map(|one| Version { patch: 1, ..one })),
                        "{key}"
                    );
                    assert!(in_order(locked, gone), "{key}");
                }
            }
        }
    }
}
