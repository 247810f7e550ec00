//! `collect-windows-logs.ps1` of AKS (`NODE-yyyyMMdd-HHmmss_logs.zip`): logs of `C:\k`, outputs with the time before their name, what the
//! network script took. Follows the script of 2020 to 2026; what it took from `C:\k` lies at the top.

use crate::layout::Layout;
use crate::names;
use crate::source::Source;

pub(super) const LAYOUT: Layout = Layout {
    name: "aks-windows",
    detect,
    source,
    node: None,
};

/// Entries that together no other tool writes.
const TELLING: [&str; 12] = [
    "CustomDataSetupScript.log",
    "collect-windows-logs-output.log",
    "kubeclusterconfig.json",
    "kubelet.err.log",
    "kubeproxy.err.log",
    "azure-vnet.log",
    "azure-vnet.json",
    "csi-proxy.log",
    "scqueryex.txt",
    "vfpOutput.txt",
    "nvspinfo.txt",
    "windows-exporter.log",
];

/// Endings of outputs whose names begin with a time.
const TIMED: [&str; 4] = [
    "cri-containerd-containers.txt",
    "cri-containerd-pods.txt",
    "hcsdiag-list.txt",
    "hyper-v-compute-operational.csv",
];

fn detect(names: &[&str]) -> u8 {
    let telling = TELLING.iter().filter(|name| names.contains(name)).count();
    let timed = TIMED
        .iter()
        .filter(|ending| names.iter().any(|name| untimed(name) == Some(ending)))
        .count();
    match telling + timed {
        0 | 1 => 0,
        2 => 60,
        3 => 80,
        _ => 95,
    }
}

/// `20261122-073000-hcsdiag-list.txt` → `hcsdiag-list.txt`
fn untimed(name: &str) -> Option<&str> {
    const TIME: usize = "20261122-073000".len();
    let (time, rest) = name.split_at_checked(TIME)?;
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (date, clock) = time.split_once('-')?;
    (date.len() == 8 && digits(date) && digits(clock)).then_some(())?;
    rest.strip_prefix(['-', '_'])
}

fn source(name: &str) -> Source {
    let base = name.rsplit('/').next().unwrap_or(name);
    if let Some(service) = service(base) {
        return Source::journal_of(service);
    }
    match untimed(base).unwrap_or(base) {
        "cri-containerd-containers.txt" => Source::command("crictl ps -a"),
        "cri-containerd-pods.txt" => Source::command("crictl pods"),
        "cri-containerd-images.txt" => Source::command("crictl images"),
        "containerd-info.txt" => Source::command("containerd --version"),
        "kubectl-get-nodes.log" => Source::command("kubectl get nodes -o wide"),
        "kubectl-describe-nodes.log" => Source::command("kubectl describe node"),
        "bootstrap-config" => Source::file("/etc/kubernetes/bootstrap-kubelet.conf"),
        "panic.log" => Source::journal_of("containerd"),
        // The output of `containerd config default` is not what runs.
        "config.toml" if !name.contains('/') => Source::file("/etc/containerd/config.toml"),
        "10-azure.conflist" => Source::file("/etc/cni/net.d/10-azure.conflist"),
        _ if is_log(base) => names::source(name),
        _ => Source::meta(name),
    }
}

/// The program whose log this is: `kubelet.err.log`, `kubelet.err-20261122T073000.log` once it was rotated.
fn service(base: &str) -> Option<&'static str> {
    const SERVICES: [(&str, &str); 3] = [
        ("kubelet", "kubelet"),
        ("containerd", "containerd"),
        ("kubeproxy", "kube-proxy"),
    ];
    let rest = |name: &str| {
        let rest = base.strip_prefix(name)?;
        let rest = rest.strip_prefix(".err").unwrap_or(rest);
        (is_log(base) && rest.starts_with(['.', '-'])).then_some(())
    };
    let found = SERVICES.iter().find(|(name, _)| rest(name).is_some());
    found.map(|(_, service)| *service)
}

fn is_log(base: &str) -> bool {
    base.split('.').any(|part| part == "log")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_and_cut_bundles_are_told() {
        let whole = [
            "collect-windows-logs-output.log",
            "kubelet.err.log",
            "kubeclusterconfig.json",
            "20261122-073000-cri-containerd-containers.txt",
            "20261122-073000_services.csv",
        ];
        assert_eq!(detect(&whole), 95);
        assert_eq!(detect(&whole[1..3]), 60);
        assert_eq!(detect(&["kubelet.log", "config.toml"]), 0);
    }

    #[test]
    fn logs_and_outputs_are_known_with_and_without_a_time() {
        for (name, want) in [
            ("kubelet.err.log", Source::journal_of("kubelet")),
            (
                "kubelet.err-20261122T073000.log",
                Source::journal_of("kubelet"),
            ),
            ("kubelet.log", Source::journal_of("kubelet")),
            ("kubeproxy.err.log", Source::journal_of("kube-proxy")),
            (
                "20261122-073000-cri-containerd-pods.txt",
                Source::command("crictl pods"),
            ),
            ("config.toml", Source::file("/etc/containerd/config.toml")),
            (
                "20261122-073000-containerd-toml.txt",
                Source::meta("20261122-073000-containerd-toml.txt"),
            ),
            ("mtu.txt", Source::meta("mtu.txt")),
        ] {
            assert_eq!(source(name), want, "{name}");
        }
    }
}
