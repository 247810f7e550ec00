//! Units of interest: where their files are, what overrides what, whether they are enabled.

use super::unit_file::{assignments, environment, words};
use crate::host::Host;
use crate::host::wire::Listing;
use crate::profiles;
use crate::spec::{has_ending, matches};
use std::collections::{BTreeMap, BTreeSet};

/// One unit, from files and links.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Unit {
    /// `kubelet.service`
    pub(crate) name: String,
    /// The file that defines it; `None` when there is none.
    pub(crate) fragment: Option<String>,
    /// Whether it is a link to `/dev/null`, or empty.
    pub(crate) masked: bool,
    /// Drop-ins that apply, in the order in which they apply.
    pub(crate) drop_ins: Vec<String>,
    /// `enabled`, `disabled`, `static`, `masked`, `alias`; `None` without a fragment.
    pub(crate) file_state: Option<String>,
    /// Whether some search folder could not be listed, so that "not found" is not proven.
    pub(crate) uncertain: bool,
    /// Environment files that it names, without the `-`, and whether one may be missing.
    pub(crate) environment_files: Vec<(String, bool)>,
    /// `Environment=` assignments.
    pub(crate) environment: BTreeMap<String, String>,
    /// `ExecStart=` lines after resets.
    pub(crate) exec_start: Vec<String>,
    /// Other `Exec…=` lines.
    exec_other: Vec<String>,
}

impl Unit {
    /// systemd's word for what it would load.
    pub(crate) fn load_state(&self) -> Option<&'static str> {
        match (&self.fragment, self.masked) {
            (_, true) => Some("masked"),
            (Some(_), _) => Some("loaded"),
            (None, _) if self.uncertain => None,
            (None, _) => Some("not-found"),
        }
    }

    /// Absolute paths of the programs it runs.
    pub(crate) fn programs(&self) -> Vec<String> {
        let lines = self.exec_start.iter().chain(&self.exec_other);
        let programs = lines.filter_map(|line| words(line).into_iter().next());
        programs
            .map(|word| word.trim_start_matches(EXEC_PREFIXES).to_owned())
            .filter(|word| word.starts_with('/'))
            .collect()
    }

    /// Value of a variable in its environment; environment files win over `Environment=`.
    pub(crate) fn variables(&self, host: &mut Host) -> BTreeMap<String, String> {
        let mut variables = self.environment.clone();
        for (path, _) in &self.environment_files {
            if let Ok(taken) = host.read(path, 64 << 10) {
                variables.extend(environment(&taken.text()));
            }
        }
        variables
    }
}

/// Finds the units that match the list of interest.
pub(crate) fn find(host: &mut Host) -> Vec<Unit> {
    let folders = Folders::list(host);
    let mut names: BTreeSet<String> = ALWAYS.iter().map(|name| (*name).to_owned()).collect();
    for (_, listing) in &folders.listings {
        for entry in &listing.entries {
            let name = entry.name.strip_suffix(".d").unwrap_or(&entry.name);
            if patterns().any(|pattern| matches(pattern, name)) {
                names.insert(name.to_owned());
            }
        }
    }
    names
        .into_iter()
        .map(|name| load(host, &folders, name))
        .collect()
}

/// The search folders that exist, most important first.
struct Folders {
    listings: Vec<(String, Listing)>,
    /// Units that a `.wants` or `.requires` folder names.
    wanted: BTreeSet<String>,
    uncertain: bool,
}

impl Folders {
    fn list(host: &mut Host) -> Self {
        let mut folders = Self {
            listings: Vec::new(),
            wanted: BTreeSet::new(),
            uncertain: false,
        };
        for path in SEARCH {
            if *path == "/lib/systemd/system" && is_merged(host) {
                continue;
            }
            match host.list(path) {
                Ok(listing) => {
                    folders.uncertain |= !listing.complete;
                    folders.listings.push(((*path).to_owned(), listing));
                }
                Err(failure) => {
                    folders.uncertain |= failure.outcome != nodebundle_bundle::Outcome::Absent
                        && failure.outcome != nodebundle_bundle::Outcome::NotApplicable;
                }
            }
        }
        folders.find_wanted(host);
        folders
    }

    fn find_wanted(&mut self, host: &mut Host) {
        let mut wants = Vec::new();
        for (path, listing) in &self.listings {
            if path.starts_with("/etc/") || path.starts_with("/run/systemd/system") {
                let names = listing.entries.iter().map(|entry| &entry.name);
                wants.extend(
                    names
                        .filter(|name| has_ending(name, "wants") || has_ending(name, "requires"))
                        .map(|name| format!("{path}/{name}")),
                );
            }
        }
        for folder in wants {
            if let Ok(listing) = host.list(&folder) {
                self.wanted
                    .extend(listing.entries.into_iter().map(|entry| entry.name));
            }
        }
    }

    /// Whether the name is a link to a unit of another name.
    fn is_alias(&self, name: &str) -> bool {
        let mut entries = self
            .listings
            .iter()
            .flat_map(|(_, listing)| &listing.entries);
        let link = entries
            .find(|entry| entry.name == name)
            .and_then(|entry| entry.link.as_deref());
        link.is_some_and(|link| link != "/dev/null" && link.rsplit('/').next() != Some(name))
    }

    /// Path of the unit's file, and whether it is masked.
    fn fragment(&self, name: &str) -> Option<(String, bool)> {
        self.listings.iter().find_map(|(path, listing)| {
            let entry = listing.entries.iter().find(|entry| entry.name == name)?;
            let masked = entry.link.as_deref() == Some("/dev/null")
                || (entry.kind == "file" && entry.size == 0);
            Some((format!("{path}/{name}"), masked))
        })
    }

    /// Drop-ins by file name; a more important folder hides the same name in a lesser one.
    fn drop_ins(&self, host: &mut Host, name: &str) -> Vec<String> {
        let folder_name = format!("{name}.d");
        let mut by_name: BTreeMap<String, String> = BTreeMap::new();
        for (path, listing) in &self.listings {
            if !listing
                .entries
                .iter()
                .any(|entry| entry.name == folder_name)
            {
                continue;
            }
            let folder = format!("{path}/{folder_name}");
            let Ok(inner) = host.list(&folder) else {
                continue;
            };
            for entry in inner.entries {
                if has_ending(&entry.name, "conf") {
                    let path = format!("{folder}/{}", entry.name);
                    by_name.entry(entry.name).or_insert(path);
                }
            }
        }
        by_name.into_values().collect()
    }
}

/// Whether `/lib` is the same as `/usr/lib`.
fn is_merged(host: &mut Host) -> bool {
    host.stat("/lib")
        .is_ok_and(|stat| stat.attributes.link.is_some())
}

fn load(host: &mut Host, folders: &Folders, name: String) -> Unit {
    let mut unit = Unit {
        uncertain: folders.uncertain,
        ..Unit::default()
    };
    if let Some((fragment, masked)) = folders.fragment(&name) {
        unit.fragment = Some(fragment);
        unit.masked = masked;
        unit.drop_ins = folders.drop_ins(host, &name);
    }
    let mut has_install = false;
    let files: Vec<String> = unit
        .fragment
        .iter()
        .chain(&unit.drop_ins)
        .cloned()
        .collect();
    for path in files {
        if let Ok(taken) = host.read(&path, 64 << 10) {
            has_install |= apply(&mut unit, &taken.text());
        }
    }
    unit.file_state = unit.fragment.as_ref().map(|_| {
        let state = match (unit.masked, folders.wanted.contains(&name), has_install) {
            (true, ..) => "masked",
            _ if folders.is_alias(&name) => "alias",
            (_, true, _) => "enabled",
            (_, _, true) => "disabled",
            _ => "static",
        };
        state.to_owned()
    });
    unit.name = name;
    unit
}

/// Applies one file to the unit; true when it has an `[Install]` section.
fn apply(unit: &mut Unit, text: &str) -> bool {
    let mut has_install = false;
    for (section, key, value) in assignments(text) {
        has_install |= section == "Install";
        match (section.as_str(), key.as_str()) {
            ("Service", "ExecStart") if value.is_empty() => unit.exec_start.clear(),
            ("Service", "ExecStart") => unit.exec_start.push(value),
            ("Service", "EnvironmentFile") if value.is_empty() => unit.environment_files.clear(),
            ("Service", "EnvironmentFile") => {
                let optional = value.starts_with('-');
                let path = value.trim_start_matches('-').to_owned();
                unit.environment_files.push((path, optional));
            }
            ("Service", "Environment") if value.is_empty() => unit.environment.clear(),
            ("Service", "Environment") => {
                for word in words(&value) {
                    if let Some((name, value)) = word.split_once('=') {
                        unit.environment.insert(name.to_owned(), value.to_owned());
                    }
                }
            }
            ("Service", other) if other.starts_with("Exec") => unit.exec_other.push(value),
            _ => {}
        }
    }
    has_install
}

/// Search folders, most important first.
pub(crate) const SEARCH: &[&str] = &[
    "/etc/systemd/system",
    "/run/systemd/system",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// Characters before the program in `ExecStart=`.
const EXEC_PREFIXES: [char; 5] = ['@', '-', ':', '+', '!'];

/// Units that are reported even when they are not found.
const ALWAYS: &[&str] = &["kubelet.service", "containerd.service", "crio.service"];

/// Units that are reported where they exist: those of every node and those of the distributions.
pub(crate) fn patterns() -> impl Iterator<Item = &'static str> {
    let own = profiles::ALL.iter().flat_map(|profile| {
        let units = profile.kubelet_units.iter();
        units.chain(profile.units).copied()
    });
    OF_INTEREST.iter().copied().chain(own)
}

const OF_INTEREST: &[&str] = &[
    "kubelet.service",
    "containerd.service",
    "crio.service",
    "cri-docker.service",
    "cri-docker.socket",
    "docker.service",
    "docker.socket",
    "rancher-system-agent.service",
    "snap.kubelet*",
    "etcd.service",
    "kube-proxy.service",
    "calico-node.service",
    "flanneld.service",
    "NetworkManager.service",
    "systemd-networkd.service",
    "systemd-resolved.service",
    "systemd-timesyncd.service",
    "chrony*.service",
    "ntp*.service",
    "firewalld.service",
    "ufw.service",
    "nftables.service",
    "nm-cloud-setup.service",
    "cloud-init*.service",
    "node-problem-detector.service",
];

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::scratch::Scratch;
    use std::os::unix::fs::symlink;

    fn write(scratch: &Scratch, path: &str, text: &str) {
        let path = scratch.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn unit(scratch: &Scratch, name: &str) -> Unit {
        let units = find(&mut Host::direct(scratch.path()));
        units.into_iter().find(|unit| unit.name == name).unwrap()
    }

    const FRAGMENT: &str =
        "[Service]\nExecStart=/usr/bin/kubelet\n[Install]\nWantedBy=multi-user.target\n";

    #[test]
    fn a_drop_in_resets_the_command_and_names_environment_files() {
        let scratch = Scratch::new();
        write(&scratch, "usr/lib/systemd/system/kubelet.service", FRAGMENT);
        write(
            &scratch,
            "usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf",
            "[Service]\nEnvironmentFile=-/etc/default/kubelet\nExecStart=\nExecStart=/usr/bin/kubelet $X\n",
        );
        let unit = unit(&scratch, "kubelet.service");
        assert_eq!(unit.exec_start, ["/usr/bin/kubelet $X"]);
        assert_eq!(
            unit.environment_files,
            [("/etc/default/kubelet".to_owned(), true)]
        );
        assert_eq!(unit.load_state(), Some("loaded"));
        assert_eq!(unit.file_state.as_deref(), Some("disabled"));
    }

    #[test]
    fn etc_hides_the_same_drop_in_of_usr_lib() {
        let scratch = Scratch::new();
        write(&scratch, "usr/lib/systemd/system/kubelet.service", FRAGMENT);
        for folder in ["usr/lib", "etc"] {
            let path = format!("{folder}/systemd/system/kubelet.service.d/10-kubeadm.conf");
            write(&scratch, &path, "[Service]\n");
        }
        assert_eq!(
            unit(&scratch, "kubelet.service").drop_ins,
            ["/etc/systemd/system/kubelet.service.d/10-kubeadm.conf"]
        );
    }

    #[test]
    fn masked_enabled_and_missing_units_are_told_apart() {
        let scratch = Scratch::new();
        write(&scratch, "usr/lib/systemd/system/kubelet.service", FRAGMENT);
        write(
            &scratch,
            "usr/lib/systemd/system/containerd.service",
            FRAGMENT,
        );
        let etc = scratch.path().join("etc/systemd/system");
        std::fs::create_dir_all(etc.join("multi-user.target.wants")).unwrap();
        symlink("/dev/null", etc.join("containerd.service")).unwrap();
        symlink(
            "/usr/lib/systemd/system/kubelet.service",
            etc.join("multi-user.target.wants/kubelet.service"),
        )
        .unwrap();
        let kubelet = unit(&scratch, "kubelet.service");
        assert_eq!(kubelet.file_state.as_deref(), Some("enabled"));
        assert_eq!(
            unit(&scratch, "containerd.service").load_state(),
            Some("masked")
        );
        symlink(
            "/usr/lib/systemd/system/kubelet.service",
            etc.join("k3s.service"),
        )
        .unwrap();
        assert_eq!(
            unit(&scratch, "k3s.service").file_state.as_deref(),
            Some("alias")
        );
        assert_eq!(
            unit(&scratch, "crio.service").load_state(),
            Some("not-found")
        );
    }
}
