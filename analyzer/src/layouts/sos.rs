//! `sos report`, also after `sos clean` and within `sos collect`: releases 3.0 to 4.12.
//!
//! Copies of files stand at their own path, outputs in `sos_commands/<plugin>/` under the spelling of their command, and what was
//! cut to a size in `sos_strings/<plugin>/`, with a link where it would have stood.

use crate::layout::Layout;
use crate::names;
use crate::source::Source;

pub(super) const LAYOUT: Layout = Layout {
    name: "sos",
    detect,
    source,
    node: None,
};

fn detect(names: &[&str]) -> u8 {
    let has = |folder: &str| {
        names.iter().any(|name| {
            name.strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with('/'))
        })
    };
    let own = ["sos_logs", "sos_reports", "sos_strings"]
        .iter()
        .filter(|folder| has(folder))
        .count();
    let copies = ["etc", "proc", "sys", "var", "run", "lib", "usr", "boot"]
        .iter()
        .any(|folder| has(folder));
    // What packs several reports together has the folders of its own run, but took nothing itself.
    match (has("sos_commands"), copies) {
        (true, _) if own > 0 => 100,
        (true, true) => 90,
        (true, false) => 70,
        (false, true) if own > 0 => 60,
        (false, _) => 0,
    }
}

fn source(name: &str) -> Source {
    let meta = || Source::meta(name);
    // What stands in the top folder are links to outputs.
    let Some((folder, rest)) = name.split_once('/') else {
        return meta();
    };
    match folder {
        "sos_commands" => output(name, rest),
        "sos_strings" => match rest.strip_suffix(".tailed") {
            Some(rest) => shortened(name, rest),
            None => meta(),
        },
        "sos_logs" | "sos_reports" => meta(),
        _ => Source::File(format!("/{name}")),
    }
}

/// `var.log.messages` of `sos_strings/logs/`, or an output that was cut.
fn shortened(name: &str, rest: &str) -> Source {
    let base = rest.rsplit('/').next().unwrap_or(rest);
    let copied = ["etc.", "proc.", "run.", "sys.", "var.", "usr."];
    if copied.iter().any(|root| base.starts_with(root)) {
        return Source::File(path(base));
    }
    output(name, rest)
}

/// What stands at `<plugin>/[<folder>/…]<spelling of the command>`.
fn output(name: &str, rest: &str) -> Source {
    let (folders, base) = rest.rsplit_once('/').unwrap_or(("", rest));
    let mut folders = folders.split('/').skip(1);
    let other_namespace = folders.next() == Some("namespaces") && base.starts_with("ip_netns");
    if other_namespace || base.starts_with("ip_netns_exec") {
        return Source::Meta(name.to_owned());
    }
    let ending = base.rsplit_once('.').map_or("", |(_, ending)| ending);
    // A tree of objects that another tool made, or a file that a plugin wrote.
    if ["yaml", "json", "log", "svg", "html"].contains(&ending) && !base.contains('_') {
        return Source::Named(name.to_owned());
    }
    let mut words = words(without_number(base));
    if matches!(words.as_slice(), [snap, tool, ..] if tool == "kubectl" && snap.ends_with("k8s")) {
        words.remove(0);
    }
    match words.first().map(String::as_str) {
        Some("journalctl") => journal(&words),
        Some(program) if names::is_program(program) || OTHERS.contains(&program) => {
            Source::Command(words.join(" "))
        }
        _ => Source::meta(name),
    }
}

/// Programs that only this tool runs. What hundreds of others print is not read: their complaints are not the node's.
const OTHERS: [&str; 5] = ["oc", "iptables", "microshift", "ip6tables", "podman"];

/// The second output of the same spelling ends in `.1`.
fn without_number(base: &str) -> &str {
    match base.rsplit_once('.') {
        Some((stem, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => stem,
        _ => base,
    }
}

/// The words of a command. Whatever is neither letter, digit, dot nor dash became `_`, and slashes became dots.
fn words(base: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in base.split('_').filter(|word| !word.is_empty()) {
        let value_of_kubeconfig = words.last().is_some_and(|last| last == "--kubeconfig");
        if value_of_kubeconfig {
            words.pop();
        } else if word.starts_with('.') {
            words.push(path(word));
        } else {
            words.push(word.to_owned());
        }
    }
    words
}

/// The path behind `.etc.cni.net.d` and `var.log.pods.a.0.log`: a dot stays before what looks like the ending of a name.
fn path(spelled: &str) -> String {
    const ENDINGS: [&str; 12] = [
        "d", "conf", "log", "json", "yaml", "crt", "key", "pem", "service", "gz", "toml", "env",
    ];
    let mut path = String::new();
    let mut numbered = false;
    let parts = spelled.split('.').filter(|part| !part.is_empty());
    for (depth, part) in parts.enumerate() {
        let number = part.bytes().all(|byte| byte.is_ascii_digit());
        let ending = ENDINGS.contains(&part) || numbered && number;
        path.push(if ending && depth > 1 { '.' } else { '/' });
        path.push_str(part);
        numbered = ["log", "messages", "syslog", "secure"].contains(&part);
    }
    path
}

/// A journal, or what journalctl tells of journals.
fn journal(words: &[String]) -> Source {
    let about = ["--disk-usage", "--list-boots", "--verify", "--header"];
    if words.iter().any(|word| about.contains(&word.as_str())) {
        return Source::Command(words.join(" "));
    }
    let mut units = words
        .split(|word| word == "--unit" || word == "-u")
        .skip(1)
        .map(unit);
    match (units.next(), units.next()) {
        (Some(unit), None) => Source::Journal(unit),
        _ if words.iter().any(|word| word == "--dmesg") => Source::Journal("kernel".to_owned()),
        _ => Source::Journal(String::new()),
    }
}

/// The unit at the beginning of what follows `--unit`; a pattern is no unit.
fn unit(after: &[String]) -> String {
    const KINDS: [&str; 7] = [
        "service", "scope", "socket", "timer", "mount", "slice", "target",
    ];
    let name: Vec<&str> = after
        .iter()
        .map(String::as_str)
        .take_while(|word| !word.starts_with('-'))
        .collect();
    let name = name.join("_");
    match name.rsplit_once('.') {
        Some((_, kind)) if KINDS.contains(&kind) => name,
        _ if name.ends_with('.') || name == "snap.microk8s" => String::new(),
        _ => format!("{name}.service"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(line: &str) -> Source {
        Source::Command(line.to_owned())
    }

    fn journal_of(unit: &str) -> Source {
        Source::Journal(unit.to_owned())
    }

    #[test]
    fn a_report_is_told_whole_and_cut_but_not_what_packs_reports_together() {
        assert_eq!(
            detect(&[
                "sos_commands/host/hostname",
                "sos_logs/sos.log",
                "etc/hosts"
            ]),
            100
        );
        assert_eq!(
            detect(&["sos_commands/systemd/timedatectl", "proc/mounts"]),
            90
        );
        assert_eq!(detect(&["etc/hosts", "sos_reports/manifest.json"]), 60);
        let packed = [
            "sos_logs/sos.log",
            "sos_reports/manifest.json",
            "sosreport-w1.tar.xz!/sos_commands/host/hostname",
        ];
        assert_eq!(detect(&packed), 0);
        assert_eq!(detect(&["etc/hosts", "proc/mounts"]), 0);
    }

    #[test]
    fn outputs_are_known_by_the_spelling_of_their_command() {
        for (name, line) in [
            ("networking/ip_-d_address", "ip -d address"),
            (
                "networking/ip_route_show_table_all",
                "ip route show table all",
            ),
            ("systemd/systemctl_status_--all", "systemctl status --all"),
            (
                "kubernetes/cluster-info/kubectl_--kubeconfig_.etc.kubernetes.admin.conf_get_-o_json_nodes",
                "kubectl get -o json nodes",
            ),
            ("filesys/df_-al_-x_autofs", "df -al -x autofs"),
            ("crio/ls_-alZR_.etc.cni.net.d", "ls -alZR /etc/cni/net.d"),
            ("systemd/journalctl_--list-boots", "journalctl --list-boots"),
            ("general/date.1", "date"),
            ("kubernetes/microk8s_kubectl_get_nodes", "kubectl get nodes"),
            (
                "openshift/oc_describe_node_w1.lab",
                "oc describe node w1.lab",
            ),
        ] {
            let found = source(&format!("sos_commands/{name}"));
            assert_eq!(found, command(line), "{name}");
        }
        for name in ["date", "sos_commands/dnf/dnf_list_installed"] {
            assert_eq!(source(name), Source::meta(name));
        }
    }

    #[test]
    fn journals_are_of_their_unit_or_of_the_whole_boot() {
        for (name, unit) in [
            (
                "kubernetes/journalctl_--no-pager_--unit_kubelet",
                "kubelet.service",
            ),
            ("logs/journalctl_--no-pager_--boot_-1", ""),
            ("logs/journalctl_--no-pager_--catalog_--boot", ""),
            (
                "microshift/journalctl_--no-pager_--unit_microshift-etcd.scope_--since_-3days",
                "microshift-etcd.scope",
            ),
            (
                "kubernetes/journalctl_--no-pager_--unit_snap.kubelet.daemon",
                "snap.kubelet.daemon.service",
            ),
            ("microk8s/journalctl_--no-pager_--unit_snap.microk8s", ""),
            ("k/journalctl_--no-pager_--unit_a_--unit_b", ""),
        ] {
            let found = source(&format!("sos_commands/{name}"));
            assert_eq!(found, journal_of(unit), "{name}");
        }
    }

    #[test]
    fn what_was_cut_to_a_size_is_what_it_would_have_been() {
        assert_eq!(
            source("sos_strings/kubernetes/journalctl_--no-pager_--unit_kubelet.tailed"),
            journal_of("kubelet.service")
        );
        for (spelled, path) in [
            ("var.log.messages", "/var/log/messages"),
            ("var.log.syslog.1", "/var/log/syslog.1"),
            (
                "var.log.pods.kube-system_etcd-w_1.etcd.0.log",
                "/var/log/pods/kube-system_etcd-w_1/etcd/0.log",
            ),
            ("var.log.audit.audit.log.1", "/var/log/audit/audit.log.1"),
        ] {
            let found = source(&format!("sos_strings/logs/{spelled}.tailed"));
            assert_eq!(found, Source::File(path.into()), "{spelled}");
        }
    }

    #[test]
    fn copies_keep_their_path_and_other_network_namespaces_are_not_the_nodes() {
        assert_eq!(
            source("etc/kubernetes/kubelet.conf"),
            Source::File("/etc/kubernetes/kubelet.conf".into())
        );
        for name in [
            "sos_commands/networking/ip_netns_exec_cni-1_ip_route_show_table_all",
            "sos_commands/networking/namespaces/cni-1/ip_netns_exec_cni-1_iptables-save",
        ] {
            assert_eq!(source(name), Source::Meta(name.into()));
        }
    }
}
