//! What the EKS node monitoring agent takes for a `NodeDiagnostic`: the tree of the log collector script, the units of Auto Mode,
//! and on Bottlerocket the archive of `logdog` within. Versions 1.0 to 1.7.

use super::{bottlerocket, eks};
use crate::layout::Layout;
use crate::source::Source;

pub(super) const LAYOUT: Layout = Layout {
    name: "eks-agent",
    detect,
    source,
    node: None,
};

/// What only the agent writes, besides what the script writes, too.
const OWN: [&str; 6] = [
    "automode/",
    "bottlerocket/logdog/",
    "bottlerocket/application-inventory.json",
    "networking/get_api_server.txt",
    "networking/nftables-",
    "system/pressure_",
];

fn detect(names: &[&str]) -> u8 {
    let own = names
        .iter()
        .any(|name| OWN.iter().any(|own| name.starts_with(own)));
    match eks::detect(names) {
        sure if own && sure > 0 => sure.saturating_add(5),
        _ => 0,
    }
}

fn source(name: &str) -> Source {
    let (folder, file) = name.split_once('/').unwrap_or(("", name));
    match folder {
        "automode" => {
            let unit = file.strip_suffix(".txt").unwrap_or(file);
            Source::journal_of(unit)
        }
        "bottlerocket" => match file.split_once(".tar.gz!/") {
            Some((_, inside)) => {
                bottlerocket::source(inside.strip_prefix("bottlerocket-logs/").unwrap_or(inside))
            }
            None => Source::meta(name),
        },
        _ => eks::source(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: [&str; 4] = [
        "kubelet/kubelet.log",
        "system/services.txt",
        "kernel/uname.txt",
        "storage/mounts.txt",
    ];

    #[test]
    fn it_is_told_from_the_script_by_what_only_it_writes() {
        assert_eq!(detect(&TREE), 0);
        let mut names = TREE.to_vec();
        names.push("system/pressure_cpu.txt");
        assert!(detect(&names) > eks::detect(&names));
        assert_eq!(detect(&["automode/kube-proxy.txt"]), 0);
    }

    #[test]
    fn the_archive_of_logdog_within_is_read_as_such() {
        let inside =
            "bottlerocket/logdog/bottlerocket-logs.tar.gz!/bottlerocket-logs/journalctl.log";
        assert_eq!(source(inside), Source::whole_journal());
        assert_eq!(
            source("automode/kube-proxy.txt"),
            Source::journal_of("kube-proxy")
        );
        assert_eq!(source("kubelet/kubelet.log"), Source::journal_of("kubelet"));
    }
}
