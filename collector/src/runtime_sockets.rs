//! Sockets of container runtimes: where they are, and which of them somebody listens on.

use crate::node::{Node, unique};

/// Sockets that kubelets are told to use.
pub(crate) fn told(node: &Node) -> Vec<String> {
    let flags = node.flag("container-runtime-endpoint").into_iter();
    flags
        .chain(node.config("containerRuntimeEndpoint"))
        .map(|endpoint| {
            let path = endpoint.strip_prefix("unix://").unwrap_or(&endpoint);
            path.to_owned()
        })
        .filter(|path| path.starts_with('/'))
        .collect()
}

/// Sockets that kubelets are told to use, then the usual ones; each once.
pub(crate) fn all(node: &Node) -> Vec<String> {
    let usual = USUAL.iter().map(|path| (*path).to_owned());
    unique(told(node).into_iter().chain(usual))
}

/// Inode of the socket that accepts connections at the path, in the text of `/proc/net/unix`.
pub(crate) fn listening_inode(unix: &str, path: &str) -> Option<u64> {
    unix.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let accepts = *fields.get(3)? == "00010000";
        let same = plain(fields.get(7)?) == plain(path);
        let inode = fields.get(6)?.parse().ok()?;
        (accepts && same).then_some(inode)
    })
}

/// `/var/run` is a link to `/run`.
fn plain(path: &str) -> &str {
    path.strip_prefix("/var")
        .filter(|rest| rest.starts_with("/run/"))
        .unwrap_or(path)
}

/// Where runtimes listen.
const USUAL: &[&str] = &[
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/run/cri-dockerd.sock",
    "/run/k3s/containerd/containerd.sock",
    "/run/k0s/containerd.sock",
    "/var/snap/microk8s/common/run/containerd.sock",
    "/run/docker.sock",
    "/run/dockershim.sock",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listening_socket_is_told_from_a_connected_one() {
        let unix = "Num RefCount Protocol Flags Type St Inode Path\n\
            0: 00000003 00000000 00000000 0001 03 11 /run/containerd/containerd.sock\n\
            0: 00000002 00000000 00010000 0001 01 12 /run/containerd/containerd.sock\n";
        assert_eq!(
            listening_inode(unix, "/run/containerd/containerd.sock"),
            Some(12)
        );
        assert_eq!(
            listening_inode(unix, "/var/run/containerd/containerd.sock"),
            Some(12)
        );
        assert_eq!(listening_inode(unix, "/run/crio/crio.sock"), None);
    }

    #[test]
    fn only_a_socket_that_accepts_has_a_listener() {
        let unix = "Num RefCount Protocol Flags Type St Inode Path\n\
            0: 00000002 00000000 00010000 0001 01 777 /run/containerd/containerd.sock\n\
            0: 00000003 00000000 00000000 0001 03 778 /run/crio/crio.sock\n";
        assert_eq!(
            listening_inode(unix, "/run/containerd/containerd.sock"),
            Some(777)
        );
        assert_eq!(listening_inode(unix, "/run/crio/crio.sock"), None);
    }
}
