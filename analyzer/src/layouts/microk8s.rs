//! `microk8s inspect`: a folder for each service, trees with kubelite (1.21 and newer) and with single daemons, classic and strict snaps.

use crate::layout::Layout;
use crate::source::Source;

pub(super) const LAYOUT: Layout = Layout {
    name: "microk8s",
    detect,
    source,
    node: None,
};

const SNAP: &str = "/var/snap/microk8s/current";

fn detect(names: &[&str]) -> u8 {
    let services = names
        .iter()
        .filter(|name| {
            service(name).is_some_and(|(_, file)| file.rsplit('.').next() == Some("log"))
        })
        .count();
    let has = |folder: &str| names.iter().any(|name| name.starts_with(folder));
    let beside = ["args/", "sys/", "network/", "k8s/", "apparmor/", "dqlite/"]
        .iter()
        .filter(|folder| has(folder))
        .count();
    match (services, beside) {
        (0, _) => 0,
        (_, 0) => 70,
        _ => 100,
    }
}

/// The unit whose folder an entry stands in, and the rest of its name.
fn service(name: &str) -> Option<(String, &str)> {
    let (folder, file) = name.split_once('/')?;
    let bare = folder.strip_prefix("snap.").unwrap_or(folder);
    bare.strip_prefix("microk8s.daemon-")?;
    Some((format!("snap.{bare}"), file))
}

fn source(name: &str) -> Source {
    if let Some((unit, file)) = service(name) {
        return match file {
            "journal.log" => Source::journal_of(&unit),
            "systemctl.log" => Source::command(format!("systemctl status {unit}.service")),
            "snapctl.log" => Source::command(format!("snapctl services {unit}")),
            _ => Source::meta(name),
        };
    }
    let (folder, rest) = name.split_once('/').unwrap_or(("", name));
    match folder {
        "args" => Source::file(format!("{SNAP}/args/{rest}")),
        "network" => network(name, rest),
        "sys" => system(name, rest),
        "k8s" => kubernetes(name, rest),
        "dqlite" if rest != "list.out" => {
            Source::file(format!("{SNAP}/var/kubernetes/backend/{rest}"))
        }
        "apparmor" if rest == "dmesg" => Source::kernel_log(),
        _ => Source::meta(name),
    }
}

fn network(name: &str, file: &str) -> Source {
    Source::command(match file {
        "ip-addr" => "ip addr",
        "ip-route" => "ip route",
        "iptables" => "iptables -t nat -L -n -v",
        "iptables-S" => "iptables -S",
        "iptables-L" => "iptables -L",
        "ss" => "ss -pln",
        _ => return Source::meta(name),
    })
}

fn system(name: &str, file: &str) -> Source {
    Source::command(match file {
        "ps" => "ps -ef",
        "disk_usage" => "df -h",
        "memory_usage" => "free -m",
        "uptime" => "uptime",
        "aio-max-nr" => "sysctl fs.aio-max-nr",
        "aio-nr" => "sysctl fs.aio-nr",
        "inotify_max_user_instances" => "sysctl fs.inotify.max_user_instances",
        "inotify_max_user_watches" => "sysctl fs.inotify.max_user_watches",
        _ => return Source::meta(name),
    })
}

fn kubernetes(name: &str, file: &str) -> Source {
    match file {
        "version" => Source::command("kubectl version"),
        "cluster-info" => Source::command("kubectl cluster-info"),
        "get-all" => Source::command("kubectl get all"),
        "cluster-info-dump" => Source::Named(name.to_owned()),
        _ => Source::meta(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classic_and_strict_trees_are_told_with_any_of_their_services() {
        assert_eq!(
            detect(&[
                "snap.microk8s.daemon-kubelite/journal.log",
                "args/kubelet",
                "sys/ps"
            ]),
            100
        );
        assert_eq!(
            detect(&["microk8s.daemon-kubelite/snapctl.log", "network/ip-addr"]),
            100
        );
        assert_eq!(detect(&["snap.microk8s.daemon-kubelet/systemctl.log"]), 70);
        assert_eq!(detect(&["args/kubelet", "sys/ps", "network/ss"]), 0);
    }

    #[test]
    fn logs_and_arguments_are_those_of_the_snap() {
        for folder in ["snap.microk8s.daemon-kubelite", "microk8s.daemon-kubelite"] {
            assert_eq!(
                source(&format!("{folder}/journal.log")),
                Source::journal_of("snap.microk8s.daemon-kubelite")
            );
        }
        assert_eq!(
            source("snap.microk8s.daemon-kubelet/systemctl.log"),
            Source::command("systemctl status snap.microk8s.daemon-kubelet.service")
        );
        assert_eq!(
            source("args/kubelet"),
            Source::file("/var/snap/microk8s/current/args/kubelet")
        );
        assert_eq!(source("sys/snap-list"), Source::meta("sys/snap-list"));
    }
}
