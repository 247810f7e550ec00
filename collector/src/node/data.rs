//! Data folders that a flag, a variable or a configuration file moved away from the usual place.

use super::processes::Process;
use super::scan;
use super::unit_file::{expand, words};
use super::units::Unit;
use crate::host::Host;
use crate::profile::{DataFolder, Profile};
use crate::spec::{has_ending, matches};

/// The usual place of a data folder and where it really is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moved {
    /// Where the profile's paths say it is.
    pub(crate) usual: &'static str,
    /// Where the node says it is.
    pub(crate) actual: String,
}

/// Data folders that are not in their usual place; the running process first.
pub(crate) fn find<'a>(
    host: &mut Host,
    units: &[Unit],
    processes: &[Process],
    profiles: impl Iterator<Item = &'a Profile>,
) -> Vec<Moved> {
    let mut moved: Vec<Moved> = Vec::new();
    for profile in profiles {
        let Some(data) = &profile.data else { continue };
        let mut places = from_processes(data, profile, processes);
        places.extend(from_units(host, data, profile, units));
        places.extend(data.config.and_then(|path| from_config(host, path)));
        for place in places {
            let actual = place.trim_end_matches('/').to_owned();
            let one = Moved {
                usual: data.usual,
                actual,
            };
            let elsewhere = one.actual.starts_with('/') && one.actual != one.usual;
            if elsewhere && !moved.contains(&one) {
                moved.push(one);
            }
        }
    }
    moved
}

fn from_processes(data: &DataFolder, profile: &Profile, processes: &[Process]) -> Vec<String> {
    let own = processes.iter().filter(|process| {
        let mut programs = profile.programs.iter();
        programs.any(|name| process.comm.starts_with(name))
    });
    own.filter_map(|process| process.argv.as_ref())
        .flat_map(|argv| flagged(data, argv))
        .collect()
}

fn from_units(
    host: &mut Host,
    data: &DataFolder,
    profile: &Profile,
    units: &[Unit],
) -> Vec<String> {
    let mut places = Vec::new();
    for unit in units {
        let mut patterns = profile.kubelet_units.iter();
        if !patterns.any(|pattern| matches(pattern, &unit.name)) {
            continue;
        }
        let variables = unit.variables(host);
        for line in &unit.exec_start {
            let argv = expand(&words(line), &|name| variables.get(name).cloned());
            places.extend(flagged(data, &argv));
        }
        places.extend(variables.get(data.variable).cloned());
    }
    places
}

/// Values of the flags that name the folder, as `--flag value` or `--flag=value`.
fn flagged(data: &DataFolder, argv: &[String]) -> Vec<String> {
    let mut values = Vec::new();
    let mut words = argv.iter().peekable();
    while let Some(word) = words.next() {
        let Some(flag) = word.strip_prefix('-') else {
            continue;
        };
        let flag = flag.trim_start_matches('-');
        match flag.split_once('=') {
            Some((name, value)) if data.flags.contains(&name) => values.push(value.to_owned()),
            None if data.flags.contains(&flag) => values.extend(words.peek().map(|v| (*v).clone())),
            _ => {}
        }
    }
    values
}

/// `data-dir` of the configuration; the last file wins.
fn from_config(host: &mut Host, path: &str) -> Option<String> {
    let mut last = None;
    for file in with_drop_ins(host, path) {
        if let Ok(taken) = host.read(&file, 256 << 10) {
            let found = scan::values(&taken.text(), &["data-dir"]);
            last = found
                .into_iter()
                .next_back()
                .map(|(_, value)| value)
                .or(last);
        }
    }
    last
}

/// A configuration file and those of its `.d` folder, in the order in which they are read.
pub(crate) fn with_drop_ins(host: &mut Host, path: &str) -> Vec<String> {
    let folder = format!("{path}.d");
    let mut files = vec![path.to_owned()];
    if let Ok(listing) = host.list(&folder) {
        let names = listing.entries.into_iter().map(|entry| entry.name);
        let names = names.filter(|name| has_ending(name, "yaml") || has_ending(name, "yml"));
        files.extend(names.map(|name| format!("{folder}/{name}")));
    }
    files
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::node::Node;
    use crate::scratch::Scratch;

    fn moved(files: &[(&str, &str)]) -> Vec<Moved> {
        let scratch = Scratch::new();
        for (path, text) in files {
            let path = scratch.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Node::resolve(&mut Host::direct(scratch.path()), None).moved
    }

    fn to(usual: &'static str, actual: &str) -> Vec<Moved> {
        vec![Moved {
            usual,
            actual: actual.to_owned(),
        }]
    }

    #[test]
    fn the_last_configuration_file_decides() {
        let found = moved(&[
            ("etc/rancher/rke2/config.yaml", "data-dir: /data/old\n"),
            (
                "etc/rancher/rke2/config.yaml.d/50-rancher.yaml",
                "data-dir: \"/data/rke2/\"\n",
            ),
        ]);
        assert_eq!(found, to("/var/lib/rancher/rke2", "/data/rke2"));
    }

    #[test]
    fn flags_of_the_unit_and_its_environment_count() {
        let unit = "etc/systemd/system/k0sworker.service";
        let line = "[Service]\nExecStart=/usr/local/bin/k0s worker --data-dir=/opt/k0s --token-file /etc/k0s/t\n";
        assert_eq!(moved(&[(unit, line)]), to("/var/lib/k0s", "/opt/k0s"));
        let unit = "etc/systemd/system/k3s-agent.service";
        let line = "[Service]\nEnvironmentFile=-/etc/k3s.env\nExecStart=/usr/local/bin/k3s agent\n";
        let found = moved(&[(unit, line), ("etc/k3s.env", "K3S_DATA_DIR=/srv/k3s\n")]);
        assert_eq!(found, to("/var/lib/rancher/k3s", "/srv/k3s"));
    }

    #[test]
    fn a_folder_in_its_usual_place_is_not_moved() {
        let text = "data-dir: /var/lib/rancher/k3s/\n";
        assert!(moved(&[("etc/rancher/k3s/config.yaml", text)]).is_empty());
    }
}
