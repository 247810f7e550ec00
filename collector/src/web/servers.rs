//! Servers that the files of k3s and RKE2 name: their configuration, and the state of their local balancers, which can outlive it.

use super::url::ServerUrl;
use crate::host::Host;
use crate::host::wire::Keep;
use crate::node::scan;
use serde_json::Value;

/// Every server and the file that names it, in the order of the files; a server can stand in several.
pub(crate) fn named_servers(host: &mut Host) -> Vec<(ServerUrl, String)> {
    let mut servers = Vec::new();
    for folder in BALANCER_FOLDERS {
        for path in files(host, folder, "load-balancer.json") {
            let text = content(host, &path);
            servers.extend(of_balancer(&text).map(|server| (server, path.clone())));
        }
    }
    let mut configurations: Vec<String> = CONFIGURATIONS.iter().map(|&path| path.into()).collect();
    for folder in CONFIGURATION_FOLDERS {
        configurations.extend(files(host, folder, ".yaml"));
    }
    for path in configurations {
        let found = scan::values(&content(host, &path), &["server"]);
        let found = found.iter().filter_map(|(_, url)| ServerUrl::parse(url));
        servers.extend(found.map(|server| (server, path.clone())));
    }
    for path in ENVIRONMENTS {
        let text = content(host, path);
        let lines = text.lines().filter_map(|line| line.split_once('='));
        let urls = lines.filter(|(name, _)| URL_VARIABLES.contains(&name.trim()));
        let found =
            urls.filter_map(|(_, url)| ServerUrl::parse(url.trim().trim_matches(['"', '\''])));
        servers.extend(found.map(|server| (server, (*path).to_owned())));
    }
    servers.retain(|(server, _)| server.secure);
    servers
}

/// The hash of the CA in the first join token that holds one, and the file of it; the rest of the token is let go of at once.
///
/// `K10<hash of the CA bundle>::<user>:<password>`
pub(crate) fn token_hash(host: &mut Host) -> Option<(String, String)> {
    let files = CONFIGURATIONS.iter().chain(ENVIRONMENTS).chain(TOKENS);
    files.into_iter().find_map(|path| {
        let taken = host.read_once(path, MAX_FILE, Keep::Start).ok()?;
        Some((hash_in(&taken.text())?, (*path).to_owned()))
    })
}

fn hash_in(text: &str) -> Option<String> {
    let mut after = text.split("K10").skip(1);
    after.find_map(|rest| {
        let hash = rest.split("::").next()?;
        let whole = hash.len() == HASH && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        whole.then(|| hash.to_ascii_lowercase())
    })
}

/// `ServerURL`, and each of `ServerAddresses`, which have no scheme.
fn of_balancer(text: &str) -> impl Iterator<Item = ServerUrl> {
    let state: Value = serde_json::from_str(text).unwrap_or_default();
    let url = state.get("ServerURL").and_then(Value::as_str);
    let url = url.map(str::to_owned);
    let addresses = state.get("ServerAddresses").and_then(Value::as_array);
    let addresses = addresses.cloned().unwrap_or_default();
    let addresses = addresses
        .into_iter()
        .filter_map(|address| Some(format!("https://{}", address.as_str()?)));
    let all: Vec<String> = url.into_iter().chain(addresses).collect();
    all.into_iter().filter_map(|url| ServerUrl::parse(&url))
}

fn files(host: &mut Host, folder: &str, ending: &str) -> Vec<String> {
    let Ok(listing) = host.list(folder) else {
        return Vec::new();
    };
    let names = listing.entries.into_iter().map(|entry| entry.name);
    let names = names.filter(|name| name.ends_with(ending)).take(MAX_FILES);
    let mut paths: Vec<String> = names.map(|name| format!("{folder}/{name}")).collect();
    paths.sort();
    paths
}

fn content(host: &mut Host, path: &str) -> String {
    let taken = host.read(path, MAX_FILE);
    taken.map(|taken| taken.text()).unwrap_or_default()
}

/// Port on which RKE2 serves joining nodes.
pub(crate) const SUPERVISOR_PORT: u16 = 9345;
const BALANCER_FOLDERS: &[&str] = &[
    "/var/lib/rancher/k3s/agent/etc",
    "/var/lib/rancher/rke2/agent/etc",
];
const CONFIGURATIONS: &[&str] = &[
    "/etc/rancher/k3s/config.yaml",
    "/etc/rancher/rke2/config.yaml",
];
const CONFIGURATION_FOLDERS: &[&str] = &[
    "/etc/rancher/k3s/config.yaml.d",
    "/etc/rancher/rke2/config.yaml.d",
];
/// Environment files that the installers write; they hold a token beside the URL.
const ENVIRONMENTS: &[&str] = &[
    "/etc/systemd/system/k3s-agent.service.env",
    "/etc/systemd/system/k3s.service.env",
    "/etc/default/rke2-agent",
    "/etc/sysconfig/rke2-agent",
];
const TOKENS: &[&str] = &[
    "/var/lib/rancher/k3s/server/token",
    "/var/lib/rancher/rke2/server/token",
];
/// Hexadecimal digits of a hash.
const HASH: usize = 64;
const URL_VARIABLES: &[&str] = &["K3S_URL", "RKE2_URL"];
const MAX_FILES: usize = 20;
const MAX_FILE: u64 = 256 << 10;

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn balancers_configurations_and_environments_name_servers() {
        let scratch = Scratch::new();
        let write = |path: &str, text: &str| {
            let path = scratch.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "var/lib/rancher/k3s/agent/etc/k3s-agent-load-balancer.json",
            r#"{"ServerURL":"https://api.lab:6443","ServerAddresses":["10.0.0.1:6443","10.0.0.2:6443"]}"#,
        );
        write(
            "etc/rancher/rke2/config.yaml",
            "token: a::b\nserver: https://rke.lab:9345\n",
        );
        write(
            "etc/systemd/system/k3s-agent.service.env",
            "K3S_TOKEN='secret'\nK3S_URL='https://10.0.0.3:6443'\n",
        );
        let found = named_servers(&mut Host::direct(scratch.path()));
        let urls: Vec<&str> = found
            .iter()
            .map(|(server, _)| server.text.as_str())
            .collect();
        assert_eq!(
            urls,
            [
                "https://api.lab:6443",
                "https://10.0.0.1:6443",
                "https://10.0.0.2:6443",
                "https://rke.lab:9345",
                "https://10.0.0.3:6443",
            ]
        );
    }

    #[test]
    fn of_a_token_only_the_hash_of_the_ca_is_taken() {
        let hash = "0123456789abcdef".repeat(4);
        let text = format!("server: https://a\ntoken: K10{hash}::server:secret\n");
        assert_eq!(hash_in(&text).as_deref(), Some(hash.as_str()));
        assert_eq!(hash_in("token: K10abc::server:secret"), None);
        assert_eq!(hash_in("token: secret"), None);
    }
}
