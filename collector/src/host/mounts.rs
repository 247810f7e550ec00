//! Which mount a path is on, as mountinfo says; nothing is touched to find out.

use std::collections::BTreeMap;

/// Mount points, and how many workers were lost under each.
#[derive(Debug, Default)]
pub(crate) struct Mounts {
    points: Vec<String>,
    lost: BTreeMap<String, u32>,
}

impl Mounts {
    /// Reads the text of `/proc/self/mountinfo`.
    pub(crate) fn parse(text: &str) -> Self {
        let mut points: Vec<String> = text
            .lines()
            .filter_map(|line| line.split(' ').nth(4))
            .map(unescape)
            .collect();
        points.sort();
        points.dedup();
        Self {
            points,
            lost: BTreeMap::new(),
        }
    }

    /// The innermost mount point above a path of this machine.
    pub(crate) fn of(&self, path: &str) -> &str {
        self.points
            .iter()
            .filter(|point| is_below(path, point))
            .max_by_key(|point| point.len())
            .map_or("/", String::as_str)
    }

    /// Counts a worker that never came back.
    pub(crate) fn lose(&mut self, path: &str) {
        let point = self.of(path).to_owned();
        *self.lost.entry(point).or_default() += 1;
    }

    /// Whether two workers were lost on the path's mount, so that no third is risked.
    pub(crate) fn is_given_up(&self, path: &str) -> bool {
        let point = self.of(path);
        point != "/" && self.lost.get(point).is_some_and(|lost| *lost >= 2)
    }
}

fn is_below(path: &str, point: &str) -> bool {
    point == "/"
        || path
            .strip_prefix(point)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// mountinfo writes space, tab, newline and backslash in octal.
pub(crate) fn unescape(field: &str) -> String {
    field
        .replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\012", "\n")
        .replace("\\134", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
        30 21 0:40 / /var/lib/kubelet/pki rw - fuse.x x rw\n\
        31 21 0:41 / /mnt/a\\040b rw - tmpfs t rw\n";

    #[test]
    fn the_innermost_mount_wins() {
        let mounts = Mounts::parse(TEXT);
        assert_eq!(
            mounts.of("/var/lib/kubelet/pki/a.pem"),
            "/var/lib/kubelet/pki"
        );
        assert_eq!(mounts.of("/var/lib/kubelet/pki2"), "/");
        assert_eq!(mounts.of("/mnt/a b/c"), "/mnt/a b");
    }

    #[test]
    fn a_mount_is_given_up_after_two_losses_and_the_root_never() {
        let mut mounts = Mounts::parse(TEXT);
        mounts.lose("/var/lib/kubelet/pki/a");
        assert!(!mounts.is_given_up("/var/lib/kubelet/pki/b"));
        mounts.lose("/var/lib/kubelet/pki/b");
        assert!(mounts.is_given_up("/var/lib/kubelet/pki/c"));
        assert!(!mounts.is_given_up("/etc/hosts"));
    }
}
