//! Programs: whether they are there, which build they are, which version they state.

use crate::facts;
use crate::host::Host;
use crate::host::wire::{Digest, Failure};
use crate::node::processes::Process;
use crate::node::units::Unit;
use crate::node::{Node, unique};
use crate::spec::{Item, KIB, MIB, Sensitivity, Source, Spec, Tier};
use nodebundle_bundle::Outcome;
use serde_json::{Map, Value, json};

pub(crate) const SPEC: Spec = Spec {
    name: "programs",
    about: "programs of the kubelet, the runtime and their helpers",
    items: &[
        Item {
            name: "files",
            catalog: "K5 CR8",
            kind: "programs",
            source: Source::Fact {
                topic: "programs",
                make: programs,
            },
            cap: 64 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Public,
            reason: "a program is missing, empty, damaged, or built for another machine",
        },
        Item {
            name: "versions",
            catalog: "K5 CR8",
            kind: "command",
            source: Source::NamedCommands {
                what: "version of the kubelet and the runtime that run or that units start, of runc and crun",
                argvs: versions,
            },
            cap: 16 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Public,
            reason: "skew with the API server, flags that this version has no more",
        },
    ],
};

/// `facts/programs.json`: programs that units and kubeconfigs name, and those that every node needs.
#[allow(
    clippy::unnecessary_wraps,
    reason = "every fact is made by one signature"
)]
fn programs(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let named = node.programs.iter().cloned();
    let usual = PROGRAMS.iter().map(|path| (*path).to_owned());
    let mut found = Vec::new();
    for path in unique(named.chain(usual)) {
        if let Some(program) = program(host, &path) {
            found.push(program);
        }
    }
    Ok(facts::list("programs", &found))
}

/// `None` where existence cannot be told.
fn program(host: &mut Host, path: &str) -> Option<Value> {
    let stat = match host.stat(path) {
        Ok(stat) => stat,
        Err(failure) if failure.outcome == Outcome::Absent => {
            return Some(json!({"path": path, "exists": false}));
        }
        Err(_) => return None,
    };
    // Only the kubelet's build matters enough to read a program to its end.
    let is_kubelet = path.ends_with("/kubelet");
    let digest = host.digest(path, if is_kubelet { 512 * MIB } else { 0 });
    let mut fields = Map::new();
    fields.insert("path".into(), json!(path));
    fields.insert("exists".into(), json!(true));
    fields.insert("mode".into(), json!(stat.attributes.mode));
    fields.insert("uid".into(), json!(stat.attributes.uid));
    fields.insert(
        "mtime".into(),
        json!(crate::clock::rfc3339(stat.attributes.mtime)),
    );
    if let Some(link) = stat.attributes.link {
        fields.insert("link".into(), json!(link));
    }
    fields.insert("size".into(), json!(stat.size));
    fields.insert(
        "kind".into(),
        json!(digest.as_ref().ok().map(|digest| kind_of(&digest.start))),
    );
    if let Ok(digest) = digest {
        build(&digest, &mut fields);
    }
    Some(Value::Object(fields))
}

fn build(digest: &Digest, fields: &mut Map<String, Value>) {
    if let Some(machine) = machine(&digest.start) {
        fields.insert("machine".into(), json!(machine));
    }
    if let Some(id) = build_id(&digest.start) {
        fields.insert("build_id".into(), json!(id));
    }
    if let Some(sha256) = &digest.sha256 {
        fields.insert("sha256".into(), json!(sha256));
    }
}

fn kind_of(start: &[u8]) -> &'static str {
    match start {
        [] => "empty",
        [0x7f, b'E', b'L', b'F', ..] => "elf",
        [b'#', b'!', ..] => "script",
        _ => "other",
    }
}

/// What an ELF file is built for.
fn machine(start: &[u8]) -> Option<String> {
    if kind_of(start) != "elf" {
        return None;
    }
    let bytes: [u8; 2] = start.get(18..20)?.try_into().ok()?;
    let number = match start.get(5)? {
        2 => u16::from_be_bytes(bytes),
        _ => u16::from_le_bytes(bytes),
    };
    Some(match number {
        3 => "i386".to_owned(),
        22 => "s390x".to_owned(),
        21 => "ppc64".to_owned(),
        40 => "arm".to_owned(),
        62 => "x86_64".to_owned(),
        183 => "aarch64".to_owned(),
        243 => "riscv64".to_owned(),
        other => format!("machine {other}"),
    })
}

/// The linker's note, which stands near the start: GNU's hash, else Go's text.
fn build_id(start: &[u8]) -> Option<String> {
    let note = |head: &[u8]| {
        let at = start
            .windows(head.len())
            .position(|window| window == head)?;
        let length = start.get(at.checked_sub(4)?..at)?.try_into().ok()?;
        let length = usize::try_from(u32::from_le_bytes(length)).ok()?;
        let from = at + head.len();
        start.get(from..from.checked_add(length.min(128))?)
    };
    let gnu = note(b"\x03\0\0\0GNU\0").map(facts::hex);
    gnu.or_else(|| {
        let go = note(b"\x04\0\0\0Go\0\0")?;
        Some(String::from_utf8_lossy(go).into_owned())
    })
}

/// Running programs first, then those that units start; what others than root could have put there is not run.
fn versions(node: &Node) -> Vec<Vec<String>> {
    let running = node.processes.iter().filter_map(Process::program);
    let started = node.units.iter().flat_map(Unit::programs);
    let asked = running.chain(started).filter_map(|path| {
        let name = path.rsplit('/').next().unwrap_or_default();
        let (_, word) = ASKED.iter().find(|(asked, _)| *asked == name)?;
        Some((path, *word))
    });
    let usual = USUAL.iter().map(|path| ((*path).to_owned(), "--version"));
    let mut argvs: Vec<Vec<String>> = Vec::new();
    for (path, word) in asked.chain(usual) {
        let argv = vec![path, word.to_owned()];
        if !argvs.contains(&argv) {
            argvs.push(argv);
        }
    }
    argvs
}

/// Programs that are asked for their version, and how.
const ASKED: &[(&str, &str)] = &[
    ("kubelet", "--version"),
    ("k3s", "--version"),
    ("rke2", "--version"),
    ("k0s", "version"),
    ("microshift", "version"),
    ("containerd", "--version"),
    ("crio", "--version"),
    ("cri-dockerd", "--version"),
    ("dockerd", "--version"),
];

const USUAL: &[&str] = &["/usr/bin/runc", "/usr/sbin/runc", "/usr/bin/crun"];

const PROGRAMS: &[&str] = &[
    "/usr/bin/kubelet",
    "/usr/local/bin/kubelet",
    "/usr/bin/containerd",
    "/usr/local/bin/containerd",
    "/usr/bin/containerd-shim-runc-v2",
    "/usr/local/bin/containerd-shim-runc-v2",
    "/usr/bin/crio",
    "/usr/bin/conmon",
    "/usr/bin/runc",
    "/usr/sbin/runc",
    "/usr/local/sbin/runc",
    "/usr/bin/crun",
    "/usr/bin/nvidia-container-runtime",
    "/usr/bin/crictl",
    "/usr/local/bin/crictl",
    "/usr/bin/kubeadm",
    "/usr/sbin/iptables",
    "/usr/sbin/conntrack",
    "/usr/bin/mount",
    "/usr/bin/socat",
    "/usr/sbin/ethtool",
];

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_program_is_known_by_its_first_bytes() {
        assert_eq!(kind_of(b""), "empty");
        assert_eq!(kind_of(b"\x7fELF\x02"), "elf");
        assert_eq!(kind_of(b"#!/bin/sh\n"), "script");
        assert_eq!(kind_of(b"not a program"), "other");
    }

    #[test]
    fn an_elf_file_tells_its_machine_and_its_build() {
        let mut start = b"\x7fELF\x02\x01\x01".to_vec();
        start.resize(18, 0);
        start.extend_from_slice(&[183, 0]);
        start.extend_from_slice(b"\x04\0\0\0\x03\0\0\0\x03\0\0\0GNU\0\xab\xcd\xef");
        assert_eq!(machine(&start).as_deref(), Some("aarch64"));
        assert_eq!(build_id(&start).as_deref(), Some("abcdef"));
    }

    #[test]
    fn the_running_program_is_asked_for_its_version_before_the_one_of_the_unit() {
        let running = |program: &str, words: &str| Process {
            program: Some(program.to_owned()),
            argv: Some(vec![words.to_owned()]),
            ..Process::default()
        };
        let mut unit = Unit::default();
        unit.exec_start
            .push("/usr/local/bin/kubelet --v=2".to_owned());
        let node = Node {
            processes: vec![
                running("/opt/bin/kubelet", "kubelet"),
                running("/usr/local/bin/k0s", "/usr/local/bin/k0s worker"),
                running("/usr/bin/python3", "kubelet"),
            ],
            units: vec![unit],
            ..Node::default()
        };
        let argvs = versions(&node);
        let asked: Vec<String> = argvs.iter().map(|argv| argv.join(" ")).collect();
        assert_eq!(
            asked[..3],
            [
                "/opt/bin/kubelet --version",
                "/usr/local/bin/k0s version",
                "/usr/local/bin/kubelet --version"
            ]
        );
    }

    #[test]
    fn only_the_kubelet_is_hashed() {
        let scratch = Scratch::new();
        std::fs::create_dir_all(scratch.path().join("usr/bin")).unwrap();
        for name in ["kubelet", "crictl"] {
            std::fs::write(scratch.path().join("usr/bin").join(name), "abc").unwrap();
        }
        let mut host = Host::direct(scratch.path());
        let kubelet = program(&mut host, "/usr/bin/kubelet").unwrap();
        assert!(kubelet["sha256"].as_str().unwrap().starts_with("ba7816bf"));
        assert!(
            program(&mut host, "/usr/bin/crictl")
                .unwrap()
                .get("sha256")
                .is_none()
        );
        let missing = program(&mut host, "/usr/bin/runc").unwrap();
        assert_eq!(missing, json!({"path": "/usr/bin/runc", "exists": false}));
    }
}
