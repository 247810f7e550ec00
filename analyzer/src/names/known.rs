//! Names of programs, files and folders that people give to what they send.

/// First folder of a node path, and what must follow where the word alone is too common.
pub(super) const ROOTS: &[(&str, &[&str])] = &[
    ("etc", &[]),
    ("var", &["lib", "log", "run", "snap"]),
    ("usr", &["lib", "bin", "sbin", "local", "share", "libexec"]),
    (
        "proc",
        &[
            "sys",
            "mounts",
            "swaps",
            "meminfo",
            "cgroups",
            "filesystems",
            "modules",
            "uptime",
            "loadavg",
            "net",
            "cmdline",
            "cpuinfo",
            "version",
        ],
    ),
    (
        "run",
        &[
            "systemd",
            "containerd",
            "crio",
            "k3s",
            "k0s",
            "flannel",
            "log",
            "eks",
            "cloud-init",
        ],
    ),
    ("sys", &["fs", "class", "kernel", "module"]),
    ("opt", &["cni", "containerd", "azure", "rke2"]),
    ("lib", &["systemd"]),
];

/// Names that only one file of a node has.
pub(super) const UNMISTAKABLE: &[(&str, &str)] = &[
    ("kubeadm-flags.env", "/var/lib/kubelet/kubeadm-flags.env"),
    (
        "10-kubeadm.conf",
        "/etc/systemd/system/kubelet.service.d/10-kubeadm.conf",
    ),
    (
        "bootstrap-kubelet.conf",
        "/etc/kubernetes/bootstrap-kubelet.conf",
    ),
    ("kubelet.conf", "/etc/kubernetes/kubelet.conf"),
    ("kubelet.service", "/etc/systemd/system/kubelet.service"),
    (
        "kubelet-client-current.pem",
        "/var/lib/kubelet/pki/kubelet-client-current.pem",
    ),
    ("cpu_manager_state", "/var/lib/kubelet/cpu_manager_state"),
    (
        "memory_manager_state",
        "/var/lib/kubelet/memory_manager_state",
    ),
    ("os-release", "/etc/os-release"),
    ("os-release.txt", "/etc/os-release"),
    ("resolv.conf", "/etc/resolv.conf"),
    ("fstab", "/etc/fstab"),
    ("hosts", "/etc/hosts"),
    ("meminfo", "/proc/meminfo"),
    ("mounts", "/proc/mounts"),
    ("swaps", "/proc/swaps"),
];

pub(super) const KNOWN_FILES: &[&str] = &[
    "/etc/containerd/config.toml",
    "/etc/crictl.yaml",
    "/etc/default/kubelet",
    "/etc/fstab",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/kubernetes/bootstrap-kubelet.conf",
    "/etc/kubernetes/kubelet.conf",
    "/etc/kubernetes/kubelet/kubelet-config.json",
    "/etc/machine-id",
    "/etc/os-release",
    "/etc/rancher/k3s/config.yaml",
    "/etc/rancher/rke2/config.yaml",
    "/etc/resolv.conf",
    "/etc/sysconfig/kubelet",
    "/etc/systemd/system/kubelet.service",
    "/etc/systemd/system/kubelet.service.d/10-kubeadm.conf",
    "/proc/cgroups",
    "/proc/filesystems",
    "/proc/meminfo",
    "/proc/modules",
    "/proc/mounts",
    "/proc/swaps",
    "/proc/uptime",
    "/var/lib/kubelet/config.yaml",
    "/var/lib/kubelet/cpu_manager_state",
    "/var/lib/kubelet/kubeadm-flags.env",
    "/var/lib/kubelet/memory_manager_state",
    "/var/lib/kubelet/pki/kubelet-client-current.pem",
];

pub(super) const KNOWN_FOLDERS: &[&str] = &[
    "/etc/cni",
    "/etc/cni/net.d",
    "/etc/kubernetes",
    "/etc/kubernetes/manifests",
    "/etc/kubernetes/pki",
    "/etc/systemd/system/kubelet.service.d",
    "/opt/cni/bin",
    "/var/lib/kubelet",
    "/var/lib/kubelet/pki",
];

/// Names whose underscore belongs to a word.
pub(super) const KEEP: &[&str] = &["s_client"];

/// Words with a dash of their own.
pub(super) const DASHED: &[&str] = &[
    "iptables-save",
    "ip6tables-save",
    "list-units",
    "list-unit-files",
    "list-jobs",
    "list-boots",
    "list-timers",
    "is-enabled",
    "is-active",
    "is-failed",
    "k3s-agent",
    "rke2-agent",
    "rke2-server",
    "cri-docker",
];

/// Programs whose first word after the name is a bundle of options.
pub(super) const OPTION_FIRST: &[&str] = &[
    "ss", "netstat", "df", "hostname", "uname", "free", "lsblk", "sysctl", "swapon",
];

/// Names that do not spell out their command.
pub(super) const ALIASES: &[(&str, &str)] = &[
    ("curl-healthz", "curl http://127.0.0.1:10248/healthz"),
    ("kubelet-healthz", "curl http://127.0.0.1:10248/healthz"),
    ("containerd-config-dump", "containerd config dump"),
    ("ctr-images", "ctr --namespace k8s.io images ls"),
    ("nft-ruleset", "nft list ruleset"),
    ("iptables", "iptables-save"),
    ("openssl-certs", "openssl x509"),
    ("systemctl-failed", "systemctl list-units --failed"),
    ("csr", "kubectl get csr"),
    ("csrs", "kubectl get csr"),
    ("nodes", "kubectl get nodes"),
    ("node", "kubectl describe node"),
    ("describe-node", "kubectl describe node"),
    ("node-condition", "kubectl describe node"),
    ("events", "kubectl get events"),
    ("unit-files", "systemctl list-unit-files"),
    ("mounts", "mount"),
    ("routes", "ip route"),
    ("processes", "ps aux"),
    ("ports", "ss -tlnp"),
];

/// Programs whose name also begins the names of their configuration files and logs.
pub(super) const DAEMONS: &[&str] = &["containerd", "crio", "docker", "k3s", "kubelet", "kubeadm"];

/// What follows the name of such a program in a command.
pub(super) const DAEMON_COMMANDS: &[&str] = &[
    "--version",
    "version",
    "info",
    "ps",
    "images",
    "inspect",
    "status",
    "certs",
    "init",
    "join",
    "reset",
];

pub(super) const PROGRAMS: &[&str] = &[
    "blkid",
    "chronyc",
    "containerd",
    "crictl",
    "crio",
    "ctr",
    "curl",
    "date",
    "df",
    "dig",
    "dmidecode",
    "docker",
    "env",
    "findmnt",
    "free",
    "getenforce",
    "getent",
    "hostname",
    "hostnamectl",
    "ip",
    "ip6tables-save",
    "iptables-save",
    "journalctl",
    "k3s",
    "kubeadm",
    "kubectl",
    "kubelet",
    "lsblk",
    "lsmod",
    "mount",
    "nc",
    "netstat",
    "nft",
    "nslookup",
    "ntpq",
    "openssl",
    "ping",
    "ps",
    "resolvectl",
    "route",
    "runc",
    "sestatus",
    "ss",
    "stat",
    "swapon",
    "sysctl",
    "systemctl",
    "timedatectl",
    "top",
    "uname",
    "uptime",
];
