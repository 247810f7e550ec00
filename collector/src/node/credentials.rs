//! Where credentials lie that are never stored: they are learned from, and their existence is told.

use super::unit_file::{expand, words};
use super::{Node, absolute, scan, unique};
use crate::host::Host;
use crate::profile::Arguments;
use crate::profiles;
use crate::spec::matches;

/// Paths of the profiles, those of token files that commands and configurations name; patterns as what is there.
pub(crate) fn find(host: &mut Host, node: &Node) -> Vec<String> {
    let mut paths = Vec::new();
    let declared = profiles::ALL.iter().flat_map(|profile| profile.credentials);
    for path in declared.flat_map(|path| node.places(path)) {
        match path.rsplit_once('/') {
            Some((folder, pattern)) if pattern.contains('*') => {
                paths.extend(matching(host, folder, pattern));
            }
            _ => paths.push(path),
        }
    }
    paths.extend(of_units(host, node));
    paths.extend(of_settings(host));
    for kubeconfig in &node.kubeconfigs {
        if let Ok(taken) = host.read(kubeconfig, 256 << 10) {
            let found = scan::values(&taken.text(), &["tokenFile"]);
            paths.extend(found.iter().map(|(_, path)| absolute(path, kubeconfig)));
        }
    }
    unique(paths.into_iter().filter(|path| path.starts_with('/')))
}

fn matching(host: &mut Host, folder: &str, pattern: &str) -> Vec<String> {
    let Ok(listing) = host.list(folder) else {
        return Vec::new();
    };
    let names = listing
        .entries
        .into_iter()
        .filter(|entry| entry.kind == "file");
    let names = names.filter(|entry| matches(pattern, &entry.name));
    names
        .take(MAX_MATCHES)
        .map(|entry| format!("{folder}/{}", entry.name))
        .collect()
}

/// `--token-file X` of the units of interest.
fn of_units(host: &mut Host, node: &Node) -> Vec<String> {
    let mut paths = Vec::new();
    for unit in &node.units {
        let variables = unit.variables(host);
        for line in &unit.exec_start {
            let argv = expand(&words(line), &|name| variables.get(name).cloned());
            let mut argv = argv.iter().peekable();
            while let Some(word) = argv.next() {
                let flag = word.trim_start_matches('-');
                match flag.split_once('=') {
                    Some((name, path)) if TOKEN_FILES.contains(&name) => {
                        paths.push(path.to_owned());
                    }
                    None if TOKEN_FILES.contains(&flag) => {
                        paths.extend(argv.peek().map(|path| (*path).clone()));
                    }
                    _ => {}
                }
            }
        }
    }
    paths
}

/// `token-file:` of the configurations of distributions.
fn of_settings(host: &mut Host) -> Vec<String> {
    let mut paths = Vec::new();
    for profile in profiles::ALL {
        let Arguments::KubeletArg(config) = profile.arguments else {
            continue;
        };
        for file in super::data::with_drop_ins(host, config) {
            if let Ok(taken) = host.read(&file, 256 << 10) {
                let found = scan::values(&taken.text(), TOKEN_FILES);
                paths.extend(found.into_iter().map(|(_, path)| path));
            }
        }
    }
    paths
}

const TOKEN_FILES: &[&str] = &["token-file", "agent-token-file"];

/// Files of one pattern.
const MAX_MATCHES: usize = 20;
