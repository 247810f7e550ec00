//! Registry mirrors that the configuration of container runtimes names.

use super::url::ServerUrl;
use crate::host::Host;
use crate::node::Node;

/// Every mirror and the file that names it, in the order of the files.
pub(crate) fn mirrors(host: &mut Host, node: &Node) -> Vec<(ServerUrl, String)> {
    let mut paths: Vec<String> = FILES.iter().map(|path| (*path).to_owned()).collect();
    for path in FOLDERS {
        for folder in node.places(path) {
            paths.extend(below(host, &folder));
        }
    }
    let mut found = Vec::new();
    for path in paths {
        let Ok(taken) = host.read(&path, MAX_FILE) else {
            continue;
        };
        let named = named(&taken.text());
        found.extend(named.into_iter().map(|server| (server, path.clone())));
    }
    found
}

/// Files of a folder, and `hosts.toml` one folder deeper.
fn below(host: &mut Host, folder: &str) -> Vec<String> {
    let Ok(listing) = host.list(folder) else {
        return Vec::new();
    };
    let entries = listing.entries.into_iter().take(MAX_FILES);
    let paths = entries.map(|entry| match entry.kind.as_str() {
        "dir" => format!("{folder}/{}/hosts.toml", entry.name),
        _ => format!("{folder}/{}", entry.name),
    });
    paths.collect()
}

/// Servers by URL, and those of CRI-O's `location`, which have no scheme.
fn named(text: &str) -> Vec<ServerUrl> {
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with('#') {
            continue;
        }
        let words = line.split(['"', '\'', ' ', ',', '[', ']']);
        let urls = words.filter(|word| word.starts_with("http://") || word.starts_with("https://"));
        found.extend(urls.filter_map(ServerUrl::parse));
        if let Some(place) = location(line) {
            let host = place.split('/').next().unwrap_or_default();
            found.extend(ServerUrl::parse(&format!("https://{host}")));
        }
    }
    found
}

/// The value of `location = "mirror.lab:5000/path"`.
fn location(line: &str) -> Option<&str> {
    let value = line.strip_prefix("location")?.trim_start();
    let value = value.strip_prefix('=')?.trim();
    let value = value.trim_matches(['"', '\'']);
    (!value.is_empty() && !value.contains("://")).then_some(value)
}

const FILES: &[&str] = &[
    "/etc/rancher/k3s/registries.yaml",
    "/etc/rancher/rke2/registries.yaml",
    "/etc/containers/registries.conf",
    "/etc/docker/daemon.json",
];
const FOLDERS: &[&str] = &[
    "/etc/containerd/certs.d",
    "/etc/containers/registries.conf.d",
    "/var/lib/rancher/k3s/agent/etc/containerd/certs.d",
    "/var/lib/rancher/rke2/agent/etc/containerd/certs.d",
    "/var/snap/microk8s/current/args/certs.d",
];
const MAX_FILES: usize = 50;
const MAX_FILE: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn mirrors_of_every_runtime_are_found() {
        let scratch = Scratch::new();
        let write = |path: &str, text: &str| {
            let path = scratch.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "etc/containerd/certs.d/docker.io/hosts.toml",
            "server = \"https://registry.lab\"\n# https://old.lab\n[host.\"http://mirror.lab:5000/v2\"]\n  capabilities = [\"pull\"]\n",
        );
        write(
            "etc/rancher/k3s/registries.yaml",
            "mirrors:\n  docker.io:\n    endpoint:\n      - https://me:secret@cache.lab:8443\n",
        );
        write(
            "etc/containers/registries.conf.d/m.conf",
            "[[registry.mirror]]\nlocation = \"crio.lab:5001/team\"\n",
        );
        let found = mirrors(&mut Host::direct(scratch.path()), &Node::default());
        let urls: Vec<&str> = found.iter().map(|(url, _)| url.text.as_str()).collect();
        assert_eq!(
            urls,
            [
                "https://cache.lab:8443",
                "https://registry.lab",
                "http://mirror.lab:5000/v2",
                "https://crio.lab:5001",
            ]
        );
    }
}
