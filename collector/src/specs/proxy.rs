//! Proxy settings outside units.

use crate::facts;
use crate::host::Host;
use crate::host::wire::Failure;
use crate::node::Node;
use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier};
use serde_json::json;

pub(crate) const SPEC: Spec = Spec {
    name: "proxy",
    about: "proxy settings",
    items: &[
        Item {
            name: "environment",
            catalog: "W10",
            kind: "environment-file",
            source: Source::File("/etc/environment"),
            cap: 16 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Mixed,
            reason: "API traffic sent to a proxy, NO_PROXY lacks the service network",
        },
        Item {
            name: "profile",
            catalog: "W10",
            kind: "environment-file",
            source: Source::Folder {
                path: "/etc/profile.d",
                names: &["*proxy*"],
                depth: 0,
            },
            cap: 16 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "API traffic sent to a proxy",
        },
        Item {
            name: "package-managers",
            catalog: "W10",
            kind: "proxy",
            source: Source::Fact {
                topic: "proxy-lines",
                make: proxy_lines,
            },
            cap: 16 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Mixed,
            reason: "a proxy that only some programs of the node know",
        },
    ],
};

/// `facts/proxy-lines.json`: lines of package managers and of systemd that set a proxy, and nothing else of their files.
#[allow(
    clippy::unnecessary_wraps,
    reason = "every fact is made by one signature"
)]
fn proxy_lines(host: &mut Host, _: &Node) -> Result<String, Failure> {
    let mut paths: Vec<String> = FILES.iter().map(|path| (*path).to_owned()).collect();
    for folder in FOLDERS {
        if let Ok(listing) = host.list(folder) {
            let files = listing
                .entries
                .into_iter()
                .filter(|entry| entry.kind != "dir");
            paths.extend(files.map(|entry| format!("{folder}/{}", entry.name)));
        }
    }
    let mut lines = Vec::new();
    for path in paths {
        let Ok(taken) = host.read(&path, 64 * KIB) else {
            continue;
        };
        for (number, line) in taken.text().lines().enumerate() {
            if sets_proxy(line) {
                lines.push(json!({"path": path, "line": number + 1, "text": line.trim()}));
            }
        }
    }
    Ok(facts::list("lines", &lines))
}

fn sets_proxy(line: &str) -> bool {
    let lower = line.trim().to_ascii_lowercase();
    let comment = ["#", "//", ";"].iter().any(|mark| lower.starts_with(mark));
    let names = ["acquire::http", "proxy=", "proxy =", "_proxy"];
    !comment && lower.contains("proxy") && names.iter().any(|name| lower.contains(name))
        // A password of its own line says nothing of the way that traffic takes.
        && !lower.starts_with("proxy_password") && !lower.starts_with("proxy_username")
}

const FILES: &[&str] = &[
    "/etc/apt/apt.conf",
    "/etc/dnf/dnf.conf",
    "/etc/yum.conf",
    "/etc/sysconfig/proxy",
    "/etc/systemd/system.conf",
    "/etc/wgetrc",
];

const FOLDERS: &[&str] = &["/etc/apt/apt.conf.d", "/etc/systemd/system.conf.d"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_set_a_proxy_are_told_from_others() {
        assert!(sets_proxy("Acquire::http::Proxy \"http://10.0.0.1:3128\";"));
        assert!(sets_proxy("proxy=http://10.0.0.1:3128"));
        assert!(sets_proxy(
            "DefaultEnvironment=HTTPS_PROXY=http://10.0.0.1:3128"
        ));
        assert!(!sets_proxy("# proxy=http://10.0.0.1:3128"));
        assert!(!sets_proxy("proxy_password=hunter2"));
    }
}
