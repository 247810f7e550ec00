//! A bundle under pseudonyms names nobody and leads to the same diagnosis.

use crate::killed::first_child;
use crate::programs::{causes, collect, collector, entries, report, text};
use nodebundle_fixtures::{NodeFixture, names};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

#[test]
fn every_recorded_node_has_the_same_verdict_and_none_of_its_names() {
    for name in names() {
        let node = NodeFixture::case(&name);
        let (plain, cloaked) = (
            node.output().join("plain.tar.gz"),
            node.output().join("cloaked.tar.gz"),
        );
        collect(&node.root(), &plain, &[]);
        collect(&node.root(), &cloaked, &["--pseudonymize"]);
        let (before, after) = (report(&plain, &[]), report(&cloaked, &[]));
        assert_eq!(
            before["verdict"]["state"], after["verdict"]["state"],
            "{name}"
        );
        assert_eq!(causes(&before), causes(&after), "{name}");
        let told = told_by(&node.root());
        assert!(told.len() > 2, "{name}: {told:?}");
        for (entry, content) in entries(&cloaked) {
            let shown = shown(&entry, &content);
            for secret in &told {
                assert!(!holds(&shown, secret), "{name}: {entry} holds {secret}");
            }
        }
        let verified = collector().arg("verify").arg(&cloaked).output().unwrap();
        assert!(
            verified.status.success(),
            "{name}: {}",
            text(&verified.stdout)
        );
    }
}

#[test]
fn names_domains_people_and_certificates_of_a_customer_are_gone() {
    let node = NodeFixture::ready()
        .with_file("/etc/hostname", "edge-7.fra.acme.example\n")
        .with_file("/etc/hosts", "127.0.0.1 localhost\n10.20.30.40 edge-7 vault.acme.example\n")
        .with_file("/etc/resolv.conf", "search fra.acme.example acme.corp\nnameserver 10.20.0.2\n")
        .with_file(
            "/var/log/syslog",
            "Nov 22 07:00:01 edge-7 sshd[7]: Accepted publickey for ada from 93.184.216.34 port 22\n\
             Nov 22 07:00:02 edge-7 x[8]: mail hopper@acme.example, ldap CN=Hopper,OU=Ops,DC=acme,DC=example at 2a02:db8::17\n\
             Nov 22 07:00:03 edge-7 x[8]: link 52:54:00:ab:cd:ef at db-1.acme.corp:5432, 10.20.30.0/24 via 10.20.30.1\n",
        );
    let folder = node.output().join("out");
    fs::create_dir(&folder).unwrap();
    collect(&node.root(), &folder, &["--pseudonymize"]);
    let files: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    let bundle = files
        .iter()
        .find(|path| path.extension().is_some_and(|end| end == "gz"))
        .unwrap();
    let told = [
        "edge-7",
        "acme",
        "fra.",
        "vault.",
        "for ada",
        "hopper",
        "10.20.30",
        "10.20.0.2",
        "93.184.216.34",
        "2a02:db8",
        "ab:cd:ef",
    ];
    for (entry, content) in entries(bundle) {
        let shown = shown(&entry, &content);
        for secret in told {
            assert!(!holds(&shown, secret), "{entry} holds {secret}");
        }
    }
    let name = bundle.file_name().unwrap().to_string_lossy().into_owned();
    assert!(!name.contains("edge-7") && !name.contains("acme"), "{name}");
}

#[test]
fn the_way_back_stays_with_the_customer_and_leads_to_the_originals() {
    let node = NodeFixture::ready();
    let bundle = node.output().join("b.tar.gz");
    collect(&node.root(), &bundle, &["--pseudonymize"]);
    let key = node.output().join("b.tar.gz.case-key");
    for path in [&key, &node.output().join("b.tar.gz.case-key.map")] {
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{path:?}");
    }
    let hosts = &entries(&bundle)["files/etc/hosts"];
    let original = fs::read_to_string(node.root().join("etc/hosts")).unwrap();
    assert_ne!(text(hosts), original);
    let revealed = collector()
        .args(["reveal", "--case-key"])
        .arg(&key)
        .arg(text(hosts))
        .output()
        .unwrap();
    assert_eq!(text(&revealed.stdout).trim_end(), original.trim_end());
}

#[test]
fn bundles_of_one_case_have_the_same_pseudonyms() {
    let node = NodeFixture::ready();
    let key = node.output().join("key");
    fs::write(&key, "0123456789abcdef0123456789abcdef\n").unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let key = key.display().to_string();
    let more = [
        "--pseudonymize",
        "--case-key",
        &key,
        "--now",
        "2026-11-25T00:00:00Z",
    ];
    let bundles = ["one.tar.gz", "two.tar.gz"].map(|name| {
        let bundle = node.output().join(name);
        collect(&node.root(), &bundle, &more);
        fs::read(bundle).unwrap()
    });
    assert!(bundles[0] == bundles[1], "two runs of one case differ");
}

#[test]
fn a_pipe_has_no_place_for_the_way_back() {
    let node = NodeFixture::ready();
    let mut command = collector();
    command
        .arg("--root")
        .arg(node.root())
        .args(["-o", "-", "--pseudonymize"]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--case-key FILE"));
    assert!(output.stdout.is_empty());
}

#[test]
fn after_a_kill_the_way_back_of_all_that_is_stored_is_there() {
    let lines: Vec<String> = (0..40_000_u32)
        .map(|n| (n >> 8 & 255, n & 255))
        .map(|(high, low)| format!("Nov 22 07:00:01 edge-7 x: from 10.{high}.{low}.7\n"))
        .collect();
    let node = NodeFixture::ready()
        .with_file("/etc/hostname", "edge-7.fra.acme.example\n")
        .with_file("/var/log/syslog", lines.concat());
    let folder = node.output().join("out");
    fs::create_dir(&folder).unwrap();
    kill_midway(&node, &folder);
    let files = || {
        fs::read_dir(&folder)
            .unwrap()
            .flatten()
            .map(|entry| entry.path())
    };
    let ending = |end: &str| {
        files()
            .find(|path| path.to_string_lossy().ends_with(end))
            .unwrap()
    };
    let map = fs::read_to_string(ending(".case-key.map")).unwrap();
    let bundle = partial(&folder).unwrap_or_else(|| ending(".tar.gz"));
    let mut stored = Vec::new();
    let file = fs::File::open(bundle).unwrap();
    flate2::read::MultiGzDecoder::new(file)
        .read_to_end(&mut stored)
        .ok();
    let pseudonym = regex::Regex::new(r"\bn[a-z2-7]{8}\b|\b10(?:\.[0-9]{1,3}){3}\b").unwrap();
    let stored = text(&stored);
    let mut found = 0;
    let words = pseudonym.find_iter(&stored).map(|word| word.as_str());
    for word in words.filter(|word| word.contains(|letter: char| letter.is_ascii_digit())) {
        assert!(
            map.contains(&format!("[\"{word}\",")),
            "{word} is not in the map"
        );
        found += 1;
    }
    assert!(found > 3, "{found}");
}

/// Starts a collection into a folder and kills it when a part of the bundle is written.
fn kill_midway(node: &NodeFixture, folder: &Path) {
    let mut command = collector();
    command.arg("--root").arg(node.root()).arg("-o").arg(folder);
    let mut child = command.args(["--quiet", "--pseudonymize"]).spawn().unwrap();
    while partial(folder)
        .is_none_or(|path| fs::metadata(path).map_or(0, |data| data.len()) < 20_000)
    {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        sleep(Duration::from_millis(2));
    }
    let inner = first_child(&child);
    kill_process(inner.unwrap_or(Pid::from_child(&child)), Signal::KILL).ok();
    child.kill().ok();
    child.wait().unwrap();
}

/// The unfinished bundle in a folder.
fn partial(folder: &Path) -> Option<PathBuf> {
    let names = fs::read_dir(folder).unwrap().flatten();
    let mut paths = names.map(|entry| entry.path());
    paths.find(|path| path.extension().is_some_and(|end| end == "partial"))
}

/// The node's name, its machine id, and its addresses.
fn told_by(root: &Path) -> BTreeSet<String> {
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
    let mut told = BTreeSet::from([
        read("etc/hostname").trim().to_owned(),
        read("etc/machine-id").trim().to_owned(),
    ]);
    let addresses = regex::Regex::new(r"\b(?:10|172|192)(?:\.[0-9]{1,3}){3}\b").unwrap();
    for file in [
        "etc/hosts",
        "etc/kubernetes/kubelet.conf",
        "etc/resolv.conf",
        "var/lib/kubelet/config.yaml",
    ] {
        told.extend(
            addresses
                .find_iter(&read(file))
                .map(|found| found.as_str().to_owned()),
        );
    }
    told.retain(|word| !word.is_empty());
    told
}

/// Name and content of an entry in lower case, and what its base64 decodes to.
fn shown(entry: &str, content: &[u8]) -> String {
    let text = text(content);
    format!("{entry}\n{text}\n{}", base64_in(&text).join("\n")).to_ascii_lowercase()
}

/// Whether the word begins somewhere in the text.
fn holds(text: &str, word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    text.match_indices(&word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        !before.is_some_and(|letter| letter.is_ascii_alphanumeric())
    })
}

/// What the certificates and other long base64 of a text decode to, twice where one wraps the other.
fn base64_in(text: &str) -> Vec<String> {
    let joined = text.replace("\\n", "\n");
    let mut found = Vec::new();
    let words = regex::Regex::new(r"(?:[A-Za-z0-9+/]{20,}\n?)+").unwrap();
    for word in words.find_iter(&joined) {
        let inner = decoded(word.as_str());
        if inner.contains("-----BEGIN") {
            found.extend(words.find_iter(&inner).map(|word| decoded(word.as_str())));
        }
        found.push(inner);
    }
    found
}

fn decoded(base64: &str) -> String {
    let mut bytes = Vec::new();
    let (mut held, mut bits) = (0_u32, 0);
    for letter in base64.bytes() {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let Some(digit) = alphabet.iter().position(|known| *known == letter) else {
            continue;
        };
        held = held << 6 | u32::try_from(digit).unwrap();
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 255).unwrap());
            held &= (1 << bits) - 1;
        }
    }
    text(&bytes)
}
