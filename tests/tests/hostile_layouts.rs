//! Entries that want to break their reader, in bundles of other tools: all else is used, and nothing raw reaches a terminal.

use crate::programs::{analyzer, report, text};
use flate2::Compression;
use flate2::write::GzEncoder;
use nodebundle_fixtures::Scratch;
use std::fs;
use std::path::{Path, PathBuf};

/// Where a tool's bundle has what is tried here.
struct Bundle {
    layout: &'static str,
    /// A log of the kubelet.
    log: &'static str,
    /// Text that is read as YAML or JSON.
    yaml: &'static str,
    /// A certificate.
    certificate: &'static str,
    /// What else tells the tool.
    telling: &'static [&'static str],
}

const BUNDLES: [Bundle; 4] = [
    Bundle {
        layout: "sos",
        log: "sos_commands/kubernetes/journalctl_--no-pager_--unit_kubelet",
        yaml: "etc/kubernetes/kubelet.conf",
        certificate: "var/lib/kubelet/pki/kubelet-client-current.pem",
        telling: &["sos_logs/sos.log", "sos_reports/manifest.json"],
    },
    Bundle {
        layout: "eks",
        log: "kubelet/kubelet.log",
        yaml: "kubelet/kubeconfig.yaml",
        certificate: "var_log/kubelet.pem",
        telling: &["system/ps.txt", "kernel/uname.txt", "system/services.txt"],
    },
    Bundle {
        layout: "must-gather",
        log: "nodes/w1/w1_logs_kubelet",
        yaml: "cluster-scoped-resources/core/nodes/w1.yaml",
        certificate: "nodes/w1/kubelet-client-current.pem",
        telling: &["event-filter.html", "version", "nodes/w1/sysinfo.log"],
    },
    Bundle {
        layout: "troubleshoot",
        log: "host-collectors/run-host/journalctl-kubelet.txt",
        yaml: "host-collectors/copy/kubelet.conf",
        certificate: "host-collectors/copy/kubelet-client-current.pem",
        telling: &["version.yaml", "host-collectors/system/memory.json"],
    },
];

/// What ends a kubelet, with what wants to steer a terminal in it.
const FAULT: &str = "Nov 22 07:31:39 w1 kubelet[61]: E1122 07:31:39.000000      61 run.go:72] \"command failed\" err=\"failed to parse kubelet flag: unknown flag: --made-up\x1b]0;owned\x07\x1b[2J\u{202e}\u{9b}31m\"\n";

/// Nine levels of ten aliases each.
fn alias_bomb() -> String {
    let mut text =
        "apiVersion: v1\nkind: Node\nmetadata: {name: w1}\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        text.extend([format!("a{level}: &a{level} [{aliases}]\n")]);
    }
    text
}

/// A certificate whose first length is that of four gigabytes, and one that ends within itself.
fn lying_certificates() -> String {
    use base64::Engine as _;
    let pem = |der: &[u8]| {
        let body = base64::engine::general_purpose::STANDARD.encode(der);
        format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
    };
    let long = [&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff][..], &[0; 64]].concat();
    let deep = [0x30, 0x80].repeat(400);
    pem(&long) + &pem(&deep) + "-----BEGIN CERTIFICATE-----\n%%%%\n"
}

impl Bundle {
    /// The bundle as a tar.gz, its names as bytes.
    fn packed(&self, folder: &Path) -> PathBuf {
        let path = folder.join(format!("{}.tar.gz", self.layout));
        let long = format!("{}\n{FAULT}", "x".repeat(16 << 20));
        let mut entries: Vec<(Vec<u8>, Vec<u8>)> = vec![
            (self.log.into(), long.into_bytes()),
            (self.yaml.into(), alias_bomb().into_bytes()),
            (self.certificate.into(), lying_certificates().into_bytes()),
            (b"not-utf8-\xff\xfe\x1b[31m.log".to_vec(), FAULT.into()),
        ];
        let telling = self.telling.iter();
        entries.extend(telling.map(|name| (name.as_bytes().to_vec(), b"{}\n".to_vec())));
        let file = fs::File::create(&path).unwrap();
        let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::fast()));
        for (name, content) in entries {
            let name = [b"top/", name.as_slice()].concat();
            let mut header = tar::Header::new_gnu();
            header.as_old_mut().name[..name.len()].copy_from_slice(&name);
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            archive.append(&header, content.as_slice()).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap();
        path
    }
}

#[test]
fn what_wants_to_break_the_reader_is_a_gap_and_the_fault_beside_it_is_found() {
    let scratch = Scratch::new();
    for bundle in BUNDLES {
        let found = report(&bundle.packed(scratch.path()), &[]);
        let layout = bundle.layout;
        assert_eq!(found["input"]["layout"], layout);
        let causes = found["causes"].to_string();
        assert!(causes.contains("made-up"), "{layout}: {found}");
        let gaps = found["gaps"].to_string();
        assert!(gaps.contains(bundle.yaml), "{layout}: {gaps}");
    }
}

#[test]
fn no_output_of_any_form_lets_control_characters_through() {
    const CALLS: [&[&str]; 12] = [
        &["report", "--view", "full", "--color", "never"],
        &["report", "--format", "json"],
        &["ls", "--long"],
        &["ls", "--format", "json"],
        &["grep", "-i", "made-up"],
        &["grep", "--format", "json", "made-up"],
        &["timeline"],
        &["timeline", "--format", "json"],
        &["facts"],
        &["facts", "--format", "json"],
        &["verify"],
        &["verify", "--json"],
    ];
    let scratch = Scratch::new();
    for bundle in BUNDLES {
        let input = bundle.packed(scratch.path());
        let shown: [&[&str]; 2] = [&["show"], &["show", "--format", "json"]];
        let calls = CALLS.iter().map(|call| (*call, None));
        for (call, finding) in calls.chain(shown.map(|call| (call, Some("flag-unknown")))) {
            // The pattern of grep comes before its inputs, the finding of show after them.
            let output = analyzer()
                .args(call)
                .arg(&input)
                .args(finding)
                .output()
                .unwrap();
            let layout = bundle.layout;
            assert!(
                matches!(output.status.code(), Some(0 | 1)),
                "{layout} {call:?}: {} {}",
                output.status,
                text(&output.stderr)
            );
            let printed = [output.stdout.as_slice(), &output.stderr].concat();
            let printed = String::from_utf8(printed).expect("outputs are UTF-8");
            let raw = printed
                .chars()
                .find(|c| c.is_control() && *c != '\n' || *c == '\u{202e}');
            assert_eq!(raw, None, "{layout} {call:?}");
            let mentions = !["timeline", "facts", "verify"].contains(&call[0]);
            assert!(
                !mentions || call[0] == "ls" || printed.contains("made-up"),
                "{layout} {call:?}: {printed}"
            );
        }
    }
}
