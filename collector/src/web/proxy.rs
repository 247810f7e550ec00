//! Whether the kubelet would go through a proxy: Go's rules over the environment that the kubelet has.

use super::url::{ServerUrl, split_port};
use crate::host::Host;
use crate::node::Node;
use crate::node::processes::split_nul;
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Proxy variables of the kubelet, and where they stand.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Environment {
    /// `process 66`, `kubelet.service`; `None` without a kubelet.
    from: Option<String>,
    variables: BTreeMap<String, String>,
}

/// What applies to one server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Decision {
    /// Whether a proxy is used.
    pub(crate) applies: bool,
    /// The proxy, without credentials.
    pub(crate) url: Option<String>,
    /// Which setting decided.
    pub(crate) reason: String,
}

impl Environment {
    /// The running kubelet's environment, else that of its unit.
    pub(crate) fn read(host: &mut Host, node: &Node) -> Self {
        let Some(kubelet) = node.kubelets.first() else {
            return Self::default();
        };
        let from = kubelet.declared_by.clone();
        let variables = if let Some(pid) = from.strip_prefix("process ") {
            process_variables(host, pid)
        } else {
            let unit = node.units.iter().find(|unit| unit.name == from);
            unit.map(|unit| unit.variables(host)).unwrap_or_default()
        };
        Self::new(from, variables)
    }

    /// The environment of the container runtime that runs.
    pub(crate) fn of_runtime(host: &mut Host, node: &Node) -> Self {
        let mut processes = node.processes.iter();
        let runtime = processes.find(|process| RUNTIMES.contains(&process.comm.as_str()));
        runtime.map_or_else(Self::default, |runtime| {
            let pid = runtime.pid.to_string();
            let variables = process_variables(host, &pid);
            Self::new(format!("process {pid}"), variables)
        })
    }

    /// Keeps the proxy variables only.
    pub(crate) fn new(from: String, mut variables: BTreeMap<String, String>) -> Self {
        variables.retain(|name, _| name.to_ascii_lowercase().ends_with("_proxy"));
        Self {
            from: Some(from),
            variables,
        }
    }

    /// Decides for a server; `own` is the kubeconfig's `proxy-url`, which wins over the environment.
    pub(crate) fn decide(&self, server: &ServerUrl, own: Option<&str>) -> Decision {
        if let Some(url) = own.filter(|url| !url.is_empty()) {
            return used(url, "proxy-url of the kubeconfig".to_owned());
        }
        let Some(from) = &self.from else {
            return direct("nobody is known whose settings would hold".to_owned());
        };
        let name = if server.secure {
            "HTTPS_PROXY"
        } else {
            "HTTP_PROXY"
        };
        let Some(url) = self.variable(name) else {
            return direct(format!("{name} is not set for {from}"));
        };
        let host = server.host.to_ascii_lowercase();
        let literal = server.literal();
        if host == "localhost" || literal.is_some_and(|address| address.is_loopback()) {
            return direct("Go never uses a proxy for this host itself".to_owned());
        }
        let exceptions = self.variable("NO_PROXY").unwrap_or_default();
        let port = server.port.to_string();
        let exception = exceptions
            .split(',')
            .map(str::trim)
            .find(|entry| excepts(entry, &host, literal, &port));
        match exception {
            Some(entry) => direct(format!("NO_PROXY of {from} holds {entry}")),
            None => used(url, format!("{name} of {from}")),
        }
    }

    /// Upper case wins; an empty value is no value.
    fn variable(&self, name: &str) -> Option<&str> {
        [name.to_owned(), name.to_ascii_lowercase()]
            .iter()
            .filter_map(|name| self.variables.get(name))
            .map(String::as_str)
            .find(|value| !value.is_empty())
    }
}

fn process_variables(host: &mut Host, pid: &str) -> BTreeMap<String, String> {
    let path = format!("/proc/{pid}/environ");
    let Ok(taken) = host.read(&path, 256 << 10) else {
        return BTreeMap::new();
    };
    split_nul(&taken.bytes)
        .iter()
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Whether one entry of `NO_PROXY` covers a host (lower case) and port.
fn excepts(entry: &str, host: &str, literal: Option<IpAddr>, port: &str) -> bool {
    if entry == "*" {
        return true;
    }
    let entry = entry.to_ascii_lowercase();
    if let Some((network, length)) = entry.split_once('/') {
        let network = network.parse().ok().zip(length.parse().ok());
        return network.is_some_and(|(network, length)| contains(network, length, literal));
    }
    let Some((name, wanted)) = split_port(&entry) else {
        return false;
    };
    if name.is_empty() || wanted.is_some_and(|wanted| wanted != port) {
        return false;
    }
    if let Ok(address) = name.parse::<IpAddr>() {
        return literal == Some(address);
    }
    let name = name
        .strip_prefix('*')
        .filter(|rest| rest.starts_with('.'))
        .unwrap_or(name);
    match name.strip_prefix('.') {
        Some(_) => host.ends_with(name),
        None => host == name || host.ends_with(&format!(".{name}")),
    }
}

fn contains(network: IpAddr, length: u32, address: Option<IpAddr>) -> bool {
    match (network, address) {
        (IpAddr::V4(network), Some(IpAddr::V4(address))) if length <= 32 => {
            let differs = u32::from(network) ^ u32::from(address);
            differs.checked_shr(32 - length).unwrap_or(0) == 0
        }
        (IpAddr::V6(network), Some(IpAddr::V6(address))) if length <= 128 => {
            let differs = u128::from(network) ^ u128::from(address);
            differs.checked_shr(128 - length).unwrap_or(0) == 0
        }
        _ => false,
    }
}

fn used(url: &str, reason: String) -> Decision {
    Decision {
        applies: true,
        url: Some(without_credentials(url)),
        reason,
    }
}

fn direct(reason: String) -> Decision {
    Decision {
        applies: false,
        url: None,
        reason,
    }
}

/// `http://user:password@proxy:3128/` becomes `http://proxy:3128`.
fn without_credentials(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let place = rest.rsplit('@').next().unwrap_or_default();
    let place = place.split(['/', '?', '#']).next().unwrap_or_default();
    format!("{scheme}://{place}")
}

/// Programs that pull images.
const RUNTIMES: &[&str] = &["containerd", "crio", "dockerd"];

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(no_proxy: &str, server: &str) -> Decision {
        let variables = [
            ("HTTPS_PROXY", "http://u:p@proxy.lab:3128/"),
            ("no_proxy", no_proxy),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment = Environment::new("kubelet.service".to_owned(), variables.into());
        environment.decide(&ServerUrl::parse(server).unwrap(), None)
    }

    #[test]
    fn a_proxy_is_named_without_its_password() {
        let decision = decision("", "https://10.0.0.1:6443");
        assert!(decision.applies);
        assert_eq!(decision.url.as_deref(), Some("http://proxy.lab:3128"));
        assert_eq!(decision.reason, "HTTPS_PROXY of kubelet.service");
    }

    #[test]
    fn exceptions_follow_the_rules_of_go() {
        for (entry, server, excepted) in [
            ("10.0.0.0/8", "https://10.0.0.1:6443", true),
            ("10.0.0.0/8", "https://11.0.0.1:6443", false),
            ("10.0.0.0/8", "https://api.lab:6443", false),
            ("0.0.0.0/0", "https://10.0.0.1", true),
            ("10.0.0.1", "https://10.0.0.1:6443", true),
            ("10.0.0.1:443", "https://10.0.0.1:6443", false),
            ("a, lab ,b", "https://api.lab:6443", true),
            (".lab", "https://lab:6443", false),
            ("*.lab", "https://api.lab", true),
            ("ab", "https://lab", false),
            ("LAB", "https://API.Lab", true),
            ("*", "https://10.0.0.1", true),
            ("fd00::/16", "https://[fd00::1]:6443", true),
            ("[fd00::1]", "https://[fd00::1]:6443", true),
            ("", "https://127.0.0.1:6443", true),
            ("", "https://localhost:6443", true),
        ] {
            assert_eq!(
                !decision(entry, server).applies,
                excepted,
                "{entry} {server}"
            );
        }
    }

    #[test]
    fn the_kubeconfig_wins_and_http_has_its_own_variable() {
        let server = ServerUrl::parse("http://10.0.0.1").unwrap();
        assert!(!decision("", "http://10.0.0.1").applies);
        let own = Environment::default().decide(&server, Some("socks5://p:1"));
        assert_eq!(own.url.as_deref(), Some("socks5://p:1"));
    }
}
