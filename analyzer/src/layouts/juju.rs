//! `juju-crashdump` of a model with Charmed Kubernetes: folders of each machine and container as they stand there, outputs of add-ons
//! beside them. Follows releases 1.0 to 1.0.2.

use crate::layout::Layout;
use crate::names;
use crate::source::Source;

pub(super) const LAYOUT: Layout = Layout {
    name: "juju",
    detect,
    source,
    node: Some(node),
};

fn detect(names: &[&str]) -> u8 {
    let machines = names.iter().any(|name| machine(name).is_some());
    let status = ["juju_status.yaml", "debug_log.txt"];
    let status = status.iter().any(|file| names.contains(file));
    match (machines, status) {
        (true, true) => 100,
        (true, false) => 80,
        _ => 0,
    }
}

/// The machine and what stands in its folder: `3/baremetal/var/log/syslog`, `3/lxd/0/var/log/syslog`.
fn machine(name: &str) -> Option<(&str, &str)> {
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let (number, rest) = name
        .split_once('/')
        .filter(|(number, _)| is_number(number))?;
    if let Some(file) = rest.strip_prefix("baremetal/") {
        return Some((number, file));
    }
    let inside = ["lxd/", "lxc/", "kvm/"]
        .iter()
        .find_map(|kind| rest.strip_prefix(kind))?;
    let (_, file) = inside
        .split_once('/')
        .filter(|(number, _)| is_number(number))?;
    let length = name.len() - file.len() - 1;
    Some((name.get(..length)?, file))
}

fn node(name: &str) -> Option<&str> {
    machine(name).map(|(machine, _)| machine)
}

fn source(name: &str) -> Source {
    let Some((_, file)) = machine(name) else {
        return Source::meta(name);
    };
    let root = file.split('/').next().unwrap_or_default();
    match root {
        // Of a container, which is a machine of its own.
        _ if file.starts_with("var/lib/lxd/containers/") => Source::meta(name),
        "var" | "etc" | "opt" | "usr" => Source::file(format!("/{file}")),
        _ => match file {
            "listening.txt" => Source::command("netstat -taupn"),
            "psaux.txt" => Source::command("ps aux"),
            _ => names::source(file),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_and_containers_are_nodes() {
        let names = [
            "juju_status.yaml",
            "0/baremetal/var/log/syslog",
            "0/lxd/11/var/log/syslog",
            "0/baremetal/psaux.txt",
        ];
        assert_eq!(detect(&names), 100);
        assert_eq!(detect(&names[1..]), 80);
        assert_eq!(detect(&["juju_status.yaml", "0/x.txt"]), 0);
        let nodes: Vec<_> = names.iter().map(|name| node(name)).collect();
        assert_eq!(nodes, [None, Some("0"), Some("0/lxd/11"), Some("0")]);
        assert_eq!(source(names[2]), Source::file("/var/log/syslog"));
        assert_eq!(source(names[3]), Source::command("ps aux"));
        let other = "0/baremetal/var/lib/lxd/containers/a/rootfs/var/log/syslog";
        assert_eq!(source(other), Source::meta(other));
    }
}
