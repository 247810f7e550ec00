//! Processes, from `/proc`: who they are, and the command line of those that matter.

use crate::host::Host;
use crate::spec::has_ending;

/// One process.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Process {
    /// Its number.
    pub(crate) pid: u32,
    /// Name, cut at 15 bytes by the kernel.
    pub(crate) comm: String,
    /// `R`, `S`, `D`, `Z`, …; `None` when not recorded.
    pub(crate) state: Option<String>,
    /// Start in clock ticks since boot.
    pub(crate) start_ticks: Option<u64>,
    /// The unit that owns it.
    pub(crate) unit: Option<String>,
    /// Command line, of programs on the list only.
    pub(crate) argv: Option<Vec<String>>,
}

impl Process {
    /// Whether its command line and environment may be looked at.
    pub(crate) fn is_of_interest(&self) -> bool {
        is_program_of_interest(&self.comm)
    }
}

/// Kubernetes programs and runtimes: only their command lines are read.
pub(crate) fn is_program_of_interest(comm: &str) -> bool {
    PROGRAMS.contains(&comm) || comm.starts_with("k3s") || comm.starts_with("rke2")
}

/// Every process that has a name, by number; kernel threads are left out.
pub(crate) fn find(host: &mut Host) -> Vec<Process> {
    let Ok(listing) = host.list("/proc") else {
        return Vec::new();
    };
    let mut pids: Vec<u32> = listing
        .entries
        .iter()
        .filter_map(|entry| entry.name.parse().ok())
        .collect();
    pids.sort_unstable();
    pids.truncate(MAX_PROCESSES);
    pids.into_iter().filter_map(|pid| load(host, pid)).collect()
}

fn load(host: &mut Host, pid: u32) -> Option<Process> {
    let stat = host.line(&format!("/proc/{pid}/stat"));
    let (state, start_ticks, parent) = stat.as_deref().map_or((None, None, None), stat_fields);
    if parent == Some(2) || pid == 2 {
        return None;
    }
    let comm = host.line(&format!("/proc/{pid}/comm"))?;
    let state = state.or_else(|| status_state(&host.line(&format!("/proc/{pid}/status"))?));
    let unit = host
        .line(&format!("/proc/{pid}/cgroup"))
        .and_then(|text| unit_of(&text));
    let argv = is_program_of_interest(&comm)
        .then(|| host.read(&format!("/proc/{pid}/cmdline"), 64 << 10).ok())
        .flatten()
        .map(|taken| split_nul(&taken.bytes));
    Some(Process {
        pid,
        comm,
        state,
        start_ticks,
        unit,
        argv,
    })
}

/// State, start time and parent of `/proc/PID/stat`; the name in it may hold spaces and parentheses.
fn stat_fields(text: &str) -> (Option<String>, Option<u64>, Option<u32>) {
    let Some((_, rest)) = text.rsplit_once(')') else {
        return (None, None, None);
    };
    let fields: Vec<&str> = rest.split_whitespace().collect();
    (
        fields.first().map(|state| (*state).to_owned()),
        fields.get(19).and_then(|ticks| ticks.parse().ok()),
        fields.get(1).and_then(|parent| parent.parse().ok()),
    )
}

fn status_state(text: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix("State:"))?;
    Some(line.split_whitespace().next()?.to_owned())
}

/// The last component of the cgroup path that is a service or scope.
fn unit_of(text: &str) -> Option<String> {
    let path = text
        .lines()
        .find(|line| line.starts_with("0::") || line.contains(":name=systemd:"))?;
    let units = path.rsplit('/').map(str::trim);
    let mut units = units.filter(|name| has_ending(name, "service") || has_ending(name, "scope"));
    units.next().map(str::to_owned)
}

/// Strings that end in NUL.
pub(crate) fn split_nul(bytes: &[u8]) -> Vec<String> {
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    if bytes.is_empty() {
        return Vec::new();
    }
    bytes
        .split(|byte| *byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}

const PROGRAMS: &[&str] = &[
    "kubelet",
    "hyperkube",
    "kubelite",
    "k0s",
    "microshift",
    "containerd",
    "crio",
    "dockerd",
    "cri-dockerd",
    "kube-apiserver",
    "kube-controller",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "etcd",
    "flanneld",
    "chronyd",
];

/// A node with more processes is listed in part.
const MAX_PROCESSES: usize = 4000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let text = "42 (a) b) D 1 42 42 0 -1 4194560 1 0 0 0 5 6 0 0 20 0 1 0 1234 999";
        assert_eq!(
            stat_fields(text),
            (Some("D".to_owned()), Some(1234), Some(1))
        );
    }

    #[test]
    fn the_unit_is_found_in_both_cgroup_versions() {
        assert_eq!(
            unit_of("0::/system.slice/kubelet.service\n").as_deref(),
            Some("kubelet.service")
        );
        assert_eq!(
            unit_of("4:cpu:/x\n1:name=systemd:/system.slice/containerd.service\n").as_deref(),
            Some("containerd.service")
        );
    }

    #[test]
    fn arguments_end_in_nul() {
        assert_eq!(split_nul(b"kubelet\0--v=2\0\0"), ["kubelet", "--v=2", ""]);
        assert!(split_nul(b"").is_empty());
    }
}
