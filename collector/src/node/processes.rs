//! Processes, from `/proc`: who they are, and the command line of those that matter.

use crate::host::Host;
use crate::spec::has_ending;

/// One process.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Process {
    /// Its number.
    pub(crate) pid: u32,
    /// Name, cut at 15 bytes by the kernel.
    pub(crate) comm: String,
    /// `R`, `S`, `D`, `Z`, …; `None` when not recorded.
    pub(crate) state: Option<String>,
    /// The process that started it.
    pub(crate) parent: Option<u32>,
    /// Start in clock ticks since boot.
    pub(crate) start_ticks: Option<u64>,
    /// Processor time in clock ticks.
    pub(crate) cpu_ticks: Option<u64>,
    /// Memory that it holds, in pages.
    pub(crate) rss_pages: Option<u64>,
    /// Number of its threads.
    pub(crate) threads: Option<u64>,
    /// The unit that owns it.
    pub(crate) unit: Option<String>,
    /// Command line, of programs on the list only.
    pub(crate) argv: Option<Vec<String>>,
    /// The file that it runs, of programs on the list only; `None` where it cannot be seen, or is deleted.
    pub(crate) program: Option<String>,
}

impl Process {
    /// Whether its command line and environment may be looked at.
    pub(crate) fn is_of_interest(&self) -> bool {
        is_program_of_interest(&self.comm)
    }

    /// The file that it runs, else the one that its command line begins with.
    pub(crate) fn program(&self) -> Option<String> {
        let first = || self.argv.as_ref()?.first()?.split(' ').next();
        let program = self.program.as_deref().or_else(first)?;
        program.starts_with('/').then(|| program.to_owned())
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
    let mut process = stat.as_deref().map(stat_fields).unwrap_or_default();
    if process.parent == Some(2) || pid == 2 {
        return None;
    }
    process.pid = pid;
    process.comm = host.line(&format!("/proc/{pid}/comm"))?;
    if process.state.is_none() {
        let status = host.line(&format!("/proc/{pid}/status"));
        process.state = status.as_deref().and_then(status_state);
    }
    process.unit = host
        .line(&format!("/proc/{pid}/cgroup"))
        .and_then(|text| unit_of(&text));
    process.argv = is_program_of_interest(&process.comm)
        .then(|| host.read(&format!("/proc/{pid}/cmdline"), 64 << 10).ok())
        .flatten()
        .map(|taken| split_nul(&taken.bytes));
    if process.argv.is_some() {
        process.program = executable(host, pid);
    }
    Some(process)
}

fn executable(host: &mut Host, pid: u32) -> Option<String> {
    let listing = host.list(&format!("/proc/{pid}")).ok()?;
    let mut entries = listing.entries.into_iter();
    let link = entries.find(|entry| entry.name == "exe")?.link?;
    (!link.ends_with(" (deleted)")).then_some(link)
}

/// What `/proc/PID/stat` tells; the name in it may hold spaces and parentheses.
fn stat_fields(text: &str) -> Process {
    let Some((_, rest)) = text.rsplit_once(')') else {
        return Process::default();
    };
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
    Process {
        state: fields.first().map(|state| (*state).to_owned()),
        parent: number(1).and_then(|parent| u32::try_from(parent).ok()),
        cpu_ticks: number(11)
            .zip(number(12))
            .map(|(user, system)| user + system),
        threads: number(17),
        start_ticks: number(19),
        rss_pages: number(21),
        ..Process::default()
    }
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
    "proxy-agent",
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
        let text = "42 (a) b) D 7 42 42 0 -1 4194560 1 0 0 0 5 6 0 0 20 0 3 0 1234 999 55";
        let process = stat_fields(text);
        assert_eq!(process.state.as_deref(), Some("D"));
        assert_eq!(process.parent, Some(7));
        assert_eq!(process.start_ticks, Some(1234));
        assert_eq!(process.cpu_ticks, Some(11));
        assert_eq!((process.threads, process.rss_pages), (Some(3), Some(55)));
    }

    #[test]
    #[allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]
    fn a_process_of_which_only_the_name_is_recorded_is_one() {
        let scratch = crate::scratch::Scratch::new();
        std::fs::create_dir_all(scratch.path().join("proc/7")).unwrap();
        std::fs::write(scratch.path().join("proc/7/comm"), "kubelet\n").unwrap();
        let mut host = Host::direct(scratch.path());
        let found = find(&mut host);
        assert_eq!((found[0].pid, found[0].comm.as_str()), (7, "kubelet"));
        assert_eq!(found[0].state, None);
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
