//! What a parser is. Each file in `parse/` declares one.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::FactDecl;

/// Turns entries of one kind into typed evidence and facts. A pure function of the entry.
#[derive(Debug)]
pub struct Parser {
    /// File name in `parse/`, without ending.
    pub name: &'static str,
    /// The kind of entry in a few words, for gaps and documentation: `kubelet configuration`.
    pub kind: &'static str,
    /// Facts that it sets by itself.
    pub facts: &'static [FactDecl],
    /// Whether it reads this entry: by source where the layout knows it, else by content, never by name alone.
    pub accepts: fn(&Entry) -> bool,
    /// Reads it. What cannot be read becomes a gap.
    pub parse: fn(&Entry, &mut Evidence),
}

#[cfg(test)]
mod tests {
    use crate::entry::Entry;
    use crate::evidence::Evidence;
    use crate::parse;
    use crate::source::Source;
    use std::sync::Arc;

    /// Beginnings that parsers look for, each to be followed by nonsense.
    const HEADS: &[&str] = &[
        "",
        "UNIT LOAD ACTIVE SUB DESCRIPTION\n",
        "● kubelet.service - x\n Loaded: loaded (\n Active: active (\n",
        "LoadState=\nActiveState=\n",
        "USER PID %CPU COMMAND\n",
        "/etc:\ntotal 4\n",
        "Filesystem 1K-blocks Used Avail Use% Mounted on\n",
        "total used free available\nMem: ",
        "State Recv-Q Send-Q Local Address:Port Peer Address:Port\n",
        "*filter\n-A OUTPUT ",
        "table ip filter {\nchain OUTPUT {\n type filter hook output priority 0;\n",
        "*   Trying 10.0.0.1:6443...\n* Connected to x (10.0.0.1) port 6443\n< HTTP/2 ",
        "CONNECTED(00000003)\nSSL handshake has read\nAcceptable client certificate CA names\n",
        "Name: x\nTaints: \nConditions:\n Ready True ",
        "2: eth0: <UP> mtu 1500 state UP\n inet ",
        "default via 10.0.0.1 dev eth0\n",
        "{\"units\": [{\"Id\": ",
        "kind: Node\nstatus:\n  conditions:\n",
        "MemTotal: ",
        "load average up ",
        "Leap status : \nSystem time : ",
    ];

    const NONSENSE: &[&[u8]] = &[
        b"",
        b"\xff\xfe\x00\x01",
        b"99999999999999999999999999 -1 % : = ( [ { \" ' / , \n",
        b": : : : : : : : : : : :\n= = = = = = = = = =\n",
        "\u{2514}\u{2500} \u{1f600}\u{1f600} \u{300}\n".as_bytes(),
        b"-A -j -p --dport --sport -d -s , : ! \n",
        b"drwxr-xr-x 9 9 9 9 9 9 9\nlrwxrwxrwx -> -> ->\n",
        b"}}}}}]]]]]\n",
    ];

    const COMMANDS: [&str; 35] = [
        "systemctl show x",
        "systemctl is-enabled x",
        "ls -la /etc",
        "ps aux",
        "df -i",
        "free",
        "ss -tlnp",
        "ip addr",
        "ip route",
        "iptables-save",
        "nft list ruleset",
        "curl x",
        "curl http://127.0.0.1:10248/healthz",
        "openssl s_client",
        "getent hosts x",
        "date",
        "uptime",
        "chronyc tracking",
        "timedatectl",
        "uname -a",
        "hostname",
        "hostname -f",
        "swapon --show",
        "sysctl -a",
        "lsmod",
        "mount",
        "stat -fc %T /",
        "getenforce",
        "kubectl get nodes",
        "kubectl describe node",
        "kubectl get csr",
        "crictl info",
        "ctr images ls",
        "docker info",
        "kubelet --version",
    ];

    const FILES: [&str; 24] = [
        "/etc/hosts",
        "/etc/resolv.conf",
        "/etc/fstab",
        "/etc/os-release",
        "/etc/hostname",
        "/etc/machine-id",
        "/proc/mounts",
        "/proc/swaps",
        "/proc/meminfo",
        "/proc/uptime",
        "/proc/cgroups",
        "/proc/filesystems",
        "/proc/modules",
        "/proc/net/route",
        "/proc/7/cmdline",
        "/proc/7/environ",
        "/proc/sys/net/ipv4/ip_forward",
        "/etc/selinux/config",
        "/etc/kubernetes/kubelet.conf",
        "/var/lib/kubelet/config.yaml",
        "/etc/containerd/config.toml",
        "/var/lib/kubelet/pki/kubelet.crt",
        "/etc/systemd/system/kubelet.service",
        "/etc/default/kubelet",
    ];

    const TOPICS: [&str; 11] = [
        "units",
        "processes",
        "sockets",
        "network",
        "filesystems",
        "clock",
        "host",
        "sysctls",
        "programs",
        "keys",
        "journals",
    ];

    fn sources() -> Vec<Source> {
        let mut sources = vec![
            Source::Named("x.txt".into()),
            Source::Listing("/etc".into()),
            Source::Meta("bundle.json".into()),
            Source::Meta("manifest.json".into()),
        ];
        sources.extend(COMMANDS.map(|command| Source::Command(command.into())));
        sources.extend(FILES.map(|path| Source::File(path.into())));
        sources.extend(TOPICS.map(|topic| Source::Facts(topic.into())));
        sources.extend(
            [
                "endpoint",
                "kubelet",
                "cri",
                "node",
                "cluster_info",
                "supervisor",
                "names",
            ]
            .map(|name| Source::Probe(name.into())),
        );
        sources
    }

    #[test]
    fn no_parser_panics_on_nonsense_after_a_good_beginning() {
        let mut read = 0_u32;
        for source in sources() {
            for head in HEADS {
                for nonsense in NONSENSE {
                    let entry = Entry {
                        name: Arc::from("x.txt"),
                        source: source.clone(),
                        bytes: [head.as_bytes(), nonsense].concat(),
                    };
                    let accepting = parse::ALL.iter().filter(|parser| (parser.accepts)(&entry));
                    for parser in accepting {
                        (parser.parse)(&entry, &mut Evidence::default());
                        read += 1;
                    }
                }
            }
        }
        assert!(read > 1000, "only {read} were read");
    }

    const SAMPLES: &[(&str, &str)] = &[
        (
            "/var/lib/kubelet/config.yaml",
            "kind: KubeletConfiguration\nauthentication:\n  x509: {clientCAFile: '/ä'}\nclusterDNS: [1, ~]\n",
        ),
        (
            "/etc/kubernetes/kubelet.conf",
            "clusters:\n- name: c\n  cluster: {server: 'https://[::1'}\ncontexts: [x]\nusers:\n- user:\n    token: \"a.b\"\ncurrent-context: c\n",
        ),
        (
            "/etc/systemd/system/kubelet.service.d/1.conf",
            "[Service]\nExecStart=\nExecStart=-/usr/bin/kubelet \"$A ${B\" \\\n --x='\nEnvironment=\"A=b\n",
        ),
        ("/etc/default/kubelet", "A=\"b\\\nc\nB='d\n=e\nF\n"),
        (
            "/etc/containerd/config.toml",
            "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\"]\na = [1, {b = \"c\"}]\n",
        ),
        (
            "/etc/cni/net.d/1.conflist",
            "{\"cniVersion\": 1, \"plugins\": [{\"type\": {}}, 7, {\"ipam\": []}]}",
        ),
        (
            "/var/lib/kubelet/pki/a.pem",
            "-----BEGIN CERTIFICATE-----\nMIIB/ä=\n-----END CERTIFICATE-----\n-----BEGIN X PRIVATE KEY-----\nREDACTED(private-key;spki\n-----END",
        ),
        (
            "/var/lib/kubelet/cpu_manager_state",
            "{\"policyName\": \"static\", \"checksum\": 99999999999999999999}",
        ),
        (
            "/etc/rancher/k3s/config.yaml",
            "kubelet-arg: [a=b, {c: d}]\nnode-name: 1\n",
        ),
    ];

    /// Every beginning of every sample, read by every parser that takes it.
    #[test]
    fn a_file_cut_anywhere_breaks_no_parser() {
        let mut read = 0;
        for (path, text) in SAMPLES {
            for end in 0..=text.len() {
                let bytes = text.as_bytes()[..end].to_vec();
                for source in [Source::File((*path).into()), Source::Named("x".into())] {
                    let entry = Entry {
                        name: (*path).into(),
                        source,
                        bytes: bytes.clone(),
                    };
                    let mut evidence = Evidence::default();
                    for parser in parse::ALL.iter().filter(|one| (one.accepts)(&entry)) {
                        (parser.parse)(&entry, &mut evidence);
                        read += 1;
                    }
                }
            }
        }
        assert!(read > 1000, "the samples are read by their parsers: {read}");
    }
}
