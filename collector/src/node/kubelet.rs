//! The kubelet's effective command line and the paths in its configuration file.

use super::processes::Process;
use super::unit_file::{expand, words};
use super::units::Unit;
use super::{embedded, scan};
use crate::host::Host;
use crate::profile::{self, Narrowed};
use crate::spec::has_ending;
use std::collections::BTreeMap;

/// One kubelet: a running process, or what a unit would start.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Kubelet {
    /// `process 66` or `kubelet.service`.
    pub(crate) declared_by: String,
    /// Flags by name without dashes; the last of a repeated flag wins, as in the kubelet.
    pub(crate) flags: BTreeMap<String, String>,
    /// Its configuration files: `--config`, and those of `--config-dir`.
    pub(crate) config_files: Vec<String>,
    /// Keys of those files that name paths.
    pub(crate) config: Vec<Named>,
}

/// A value in a configuration file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Named {
    /// The file.
    pub(crate) file: String,
    /// Its key.
    pub(crate) key: String,
    /// The value.
    pub(crate) value: String,
}

/// Running kubelets first, then those of units, those that are embedded, and what lies in the usual places.
pub(crate) fn find(
    host: &mut Host,
    units: &[Unit],
    processes: &[Process],
    narrowed: Narrowed,
) -> Vec<Kubelet> {
    let mut kubelets = Vec::new();
    for process in processes {
        let Some(argv) = process.argv.as_ref().filter(|argv| is_kubelet(argv)) else {
            continue;
        };
        kubelets.push(Kubelet {
            declared_by: format!("process {}", process.pid),
            flags: flags(argv),
            ..Kubelet::default()
        });
    }
    for unit in units {
        let variables = unit.variables(host);
        for line in &unit.exec_start {
            let argv = expand(&words(line), &|name| variables.get(name).cloned());
            if is_kubelet(&argv) {
                kubelets.push(Kubelet {
                    declared_by: unit.name.clone(),
                    flags: flags(&argv),
                    ..Kubelet::default()
                });
            }
        }
    }
    kubelets.extend(embedded::find(host, profile::wanted(narrowed)));
    for kubelet in &mut kubelets {
        read_config(host, kubelet);
    }
    let left = left_behind(host, &kubelets, narrowed);
    kubelets.extend(left);
    kubelets
}

/// Configurations in the usual places that no kubelet names: a second installation, or one that is gone.
fn left_behind(host: &mut Host, kubelets: &[Kubelet], narrowed: Narrowed) -> Vec<Kubelet> {
    let mut found: Vec<Kubelet> = Vec::new();
    for path in profile::wanted(narrowed).flat_map(|profile| profile.configs) {
        let known = kubelets.iter().chain(&found);
        let mut files = known.flat_map(|kubelet| &kubelet.config_files);
        if files.any(|file| file == path) {
            continue;
        }
        let taken = host.read(path, 256 << 10);
        if taken.is_ok_and(|taken| profile::is_kubelet_config(&taken.bytes)) {
            let mut kubelet = Kubelet {
                declared_by: (*path).to_owned(),
                config_files: vec![(*path).to_owned()],
                ..Kubelet::default()
            };
            read_keys(host, &mut kubelet);
            found.push(kubelet);
        }
    }
    found
}

fn is_kubelet(argv: &[String]) -> bool {
    argv.iter().take(4).any(|word| {
        word.split_whitespace()
            .any(|part| part.rsplit('/').next() == Some("kubelet"))
    })
}

/// `--name=value`, `--name value` and `-name=value`; a shell's one long word is split too.
pub(crate) fn flags(argv: &[String]) -> BTreeMap<String, String> {
    let mut parts: Vec<String> = Vec::new();
    for word in argv {
        if word.contains(" --") {
            parts.extend(words(word));
        } else {
            parts.push(word.clone());
        }
    }
    let mut flags = BTreeMap::new();
    let mut parts = parts.into_iter().peekable();
    while let Some(part) = parts.next() {
        let Some(flag) = part.strip_prefix("--").or_else(|| part.strip_prefix('-')) else {
            continue;
        };
        if let Some((name, value)) = flag.split_once('=') {
            flags.insert(name.to_owned(), value.to_owned());
        } else {
            let value = parts.next_if(|next| !next.starts_with('-'));
            flags.insert(flag.to_owned(), value.unwrap_or_default());
        }
    }
    flags
}

fn read_config(host: &mut Host, kubelet: &mut Kubelet) {
    let mut files: Vec<String> = kubelet.flags.get("config").cloned().into_iter().collect();
    if let Some(folder) = kubelet.flags.get("config-dir")
        && let Ok(listing) = host.list(folder)
    {
        let names = listing.entries.into_iter().map(|entry| entry.name);
        let names = names.filter(|name| has_ending(name, "conf"));
        files.extend(names.map(|name| format!("{folder}/{name}")));
    }
    files.retain(|path| path.starts_with('/'));
    kubelet.config_files = files;
    read_keys(host, kubelet);
}

fn read_keys(host: &mut Host, kubelet: &mut Kubelet) {
    for path in &kubelet.config_files {
        if let Ok(taken) = host.read(path, 256 << 10) {
            let found = scan::values(&taken.text(), PATH_KEYS);
            kubelet
                .config
                .extend(found.into_iter().map(|(key, value)| Named {
                    file: path.clone(),
                    key,
                    value,
                }));
        }
    }
}

/// Keys of a `KubeletConfiguration` whose values are paths.
const PATH_KEYS: &[&str] = &[
    "clientCAFile",
    "tlsCertFile",
    "tlsPrivateKeyFile",
    "staticPodPath",
    "resolvConf",
    "containerRuntimeEndpoint",
    "imageServiceEndpoint",
    "volumePluginDir",
    "imageCredentialProviderConfigFile",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(line: &str) -> Vec<String> {
        words(line)
    }

    #[test]
    fn flags_are_read_in_both_forms_and_the_last_wins() {
        let flags = flags(&argv(
            "/usr/bin/kubelet --config=/a --node-ip 1.2.3.4 --v=2 --v=4 --x",
        ));
        assert_eq!(flags["config"], "/a");
        assert_eq!(flags["node-ip"], "1.2.3.4");
        assert_eq!(flags["v"], "4");
        assert_eq!(flags["x"], "");
    }

    #[test]
    fn a_shell_line_is_split() {
        let line = argv("/bin/sh -c \"exec /usr/bin/kubelet --config=/c --v=2\"");
        assert!(is_kubelet(&line));
        assert_eq!(flags(&line)["config"], "/c");
    }

    #[test]
    fn a_program_that_only_mentions_the_kubelet_is_none() {
        assert!(!is_kubelet(&argv("/usr/bin/containerd --x")));
        assert!(!is_kubelet(&argv("/usr/bin/tail -f a b /var/log/kubelet")));
    }
}
