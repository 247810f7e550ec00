//! Names and name resolution.

use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier};

pub(crate) const SPEC: Spec = Spec {
    name: "names",
    about: "host name and name resolution",
    items: &[
        file(
            "hostname",
            "W9 W11",
            "/etc/hostname",
            "the node name differs",
        ),
        file(
            "kernel-hostname",
            "W11",
            "/proc/sys/kernel/hostname",
            "the node name differs",
        ),
        file(
            "hosts",
            "W9",
            "/etc/hosts",
            "an old address of the API server, the node's own name",
        ),
        file(
            "resolv-conf",
            "D1",
            "/etc/resolv.conf",
            "no or a dead name server, more than three",
        ),
        file(
            "resolved",
            "D1",
            "/run/systemd/resolve/resolv.conf",
            "what the kubelet hands to pods",
        ),
        file(
            "resolved-stub",
            "D1",
            "/run/systemd/resolve/stub-resolv.conf",
            "the stub copied into pods",
        ),
        file("nsswitch", "D2", "/etc/nsswitch.conf", "lookup order"),
        file("host-conf", "D2", "/etc/host.conf", "lookup order"),
        file("gai-conf", "D2", "/etc/gai.conf", "IPv6 before IPv4"),
        file(
            "resolved-conf",
            "D2 U5",
            "/etc/systemd/resolved.conf",
            "name servers, DNSSEC",
        ),
        Item {
            name: "kubelet-resolv-conf",
            catalog: "D1",
            kind: "resolv-conf",
            source: Source::Named {
                what: "the file that the kubelet's resolvConf names",
                paths: |node| node.paths("resolv-conf", "resolvConf"),
                accepts: is_resolv_conf,
            },
            cap: 16 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Identifying,
            reason: "a missing file keeps every pod from starting",
        },
    ],
};

const fn file(
    name: &'static str,
    catalog: &'static str,
    path: &'static str,
    reason: &'static str,
) -> Item {
    Item {
        name,
        catalog,
        kind: "name-resolution",
        source: Source::File(path),
        cap: 64 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Identifying,
        reason,
    }
}

/// Every line is a comment or a keyword of resolv.conf.
fn is_resolv_conf(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).lines().all(|line| {
        let line = line.trim();
        let keyword = line.split_whitespace().next().unwrap_or_default();
        line.starts_with(['#', ';'])
            || matches!(
                keyword,
                "" | "nameserver"
                    | "search"
                    | "domain"
                    | "options"
                    | "sortlist"
                    | "lookup"
                    | "family"
            )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_file_is_no_resolv_conf() {
        assert!(is_resolv_conf(
            b"# x\nnameserver 10.0.0.2\noptions ndots:5\n"
        ));
        assert!(!is_resolv_conf(b"root:x:0:0:root:/root:/bin/bash\n"));
    }
}
