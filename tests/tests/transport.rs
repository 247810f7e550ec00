//! Split, encrypted, summed and signed bundles, undone with the tools that their receivers have.

use crate::programs::{analyzer, causes, collect, collector, report, skip, text};
use nodebundle_fixtures::NodeFixture;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

#[test]
fn parts_are_joined_with_cat_and_checked_with_sha256sum() {
    let node = large_node();
    let folder = made(&node, "parts");
    collect(
        &node.root(),
        &folder.join("b.tar.gz"),
        &["--split", "64KiB", FIXED[0], FIXED[1]],
    );
    let parts: Vec<String> = names(&folder);
    assert!(parts.len() > 3, "{parts:?}");
    assert_eq!(parts[0], "b.tar.gz.001");
    for part in &parts {
        let mode = fs::metadata(folder.join(part))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{part}");
    }
    assert_eq!(
        fs::metadata(folder.join("b.tar.gz.001")).unwrap().len(),
        64 << 10
    );
    shell(&folder, "sha256sum --ignore-missing -c b.tar.gz.sha256");
    shell(
        &folder,
        "cat b.tar.gz.[0-9]* > b.tar.gz && sha256sum -c b.tar.gz.sha256",
    );
    let verified = collector()
        .arg("verify")
        .arg(folder.join("b.tar.gz"))
        .output()
        .unwrap();
    assert!(verified.status.success(), "{}", text(&verified.stdout));
}

#[test]
fn a_part_by_itself_is_refused_with_the_recipe() {
    let node = large_node();
    let folder = made(&node, "parts");
    collect(&node.root(), &folder.join("b.zip"), &["--split", "64KiB"]);
    for part in ["b.zip.001", "b.zip.002"] {
        for (mut program, task) in [(collector(), "verify"), (analyzer(), "report")] {
            let refused = program.arg(task).arg(folder.join(part)).output().unwrap();
            let words = text(&refused.stderr);
            assert!(!refused.status.success(), "{part}");
            assert!(
                words.contains("cat b.zip.[0-9]* > b.zip"),
                "{part}: {words}"
            );
        }
    }
    fs::create_dir(folder.join("lost")).unwrap();
    fs::copy(folder.join("b.zip.001"), folder.join("lost/b.zip.001")).unwrap();
    let report = report(&folder.join("lost/b.zip.001"), &[]);
    assert_eq!(report["input"]["complete"], false);
}

#[test]
fn a_bundle_that_fits_into_one_part_keeps_its_name() {
    let node = NodeFixture::ready();
    let folder = made(&node, "one");
    collect(
        &node.root(),
        &folder.join("b.tar.gz"),
        &["--split", "20MiB"],
    );
    assert_eq!(names(&folder), ["b.tar.gz", "b.tar.gz.sha256"]);
    shell(&folder, "sha256sum -c b.tar.gz.sha256");
}

#[test]
fn names_that_are_taken_are_never_replaced() {
    let node = NodeFixture::ready();
    let folder = made(&node, "taken");
    fs::write(folder.join("b.tar.gz.sha256"), "theirs").unwrap();
    let output = run(&node, &folder.join("b.tar.gz"), &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("b.tar.gz.sha256 exists"));
    assert_eq!(names(&folder), ["b.tar.gz.sha256"]);
}

#[test]
fn only_the_receiver_reads_an_encrypted_bundle() {
    if !there("age") {
        return;
    }
    let node = NodeFixture::case("wrong-ca-and-bad-token");
    let keys = Keys::new(&node);
    let plain = node.output().join("plain.tar.gz");
    collect(&node.root(), &plain, &[]);
    for name in ["b.tar.gz.age", "b.zip.age"] {
        let folder = made(&node, name);
        let sealed = folder.join(name);
        let to = ["--encrypt-to", &keys.first, "--encrypt-to", &keys.second];
        collect(&node.root(), &sealed, &to);
        assert_eq!(names(&folder), [name.to_owned(), format!("{name}.sha256")]);
        shell(&folder, &format!("sha256sum -c {name}.sha256"));
        for identity in ["first", "second"] {
            let opened = keys.open(identity, &sealed);
            assert_eq!(causes(&report(&opened, &[])), causes(&report(&plain, &[])));
            let verified = collector().arg("verify").arg(&opened).output().unwrap();
            assert!(verified.status.success(), "{}", text(&verified.stdout));
        }
        for identity in ["first", "second"] {
            let file = keys.folder.join(identity).display().to_string();
            let opened = report(&sealed, &["--identity", &file]);
            assert_eq!(causes(&opened), causes(&report(&plain, &[])));
            assert_eq!(opened["input"]["complete"], true);
        }
        let stranger = keys.folder.join("stranger").display().to_string();
        let refused = analyzer()
            .args(["report", "--identity", &stranger])
            .arg(&sealed)
            .output()
            .unwrap();
        assert_eq!(refused.status.code(), Some(3));
        let words = text(&refused.stderr);
        assert!(words.contains("other keys"), "{words}");
        assert!(keys.try_open("stranger", &sealed).is_none());
        let refused = collector().arg("verify").arg(&sealed).output().unwrap();
        let words = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(3));
        assert!(words.contains("age -d -i KEYFILE"), "{words}");
    }
}

#[test]
fn the_default_name_of_an_encrypted_bundle_says_so() {
    if !there("age") {
        return;
    }
    let node = NodeFixture::ready();
    let (keys, folder) = (Keys::new(&node), made(&node, "folder"));
    collect(&node.root(), &folder, &["--encrypt-to", &keys.first]);
    assert!(
        names(&folder)[0].ends_with("Z.tar.gz.age"),
        "{:?}",
        names(&folder)
    );
}

#[test]
fn an_encrypted_bundle_can_be_split_and_sent_through_a_pipe() {
    if !there("age") {
        return;
    }
    let node = large_node();
    let keys = Keys::new(&node);
    let folder = made(&node, "both");
    let name = folder.join("b.tar.gz.age");
    let split = ["--split", "64KiB", "--encrypt-to", &keys.first];
    collect(&node.root(), &name, &split);
    shell(
        &folder,
        "cat b.tar.gz.age.[0-9]* > b.tar.gz.age && sha256sum -c b.tar.gz.age.sha256",
    );
    let whole = fs::read(keys.open("first", &name)).unwrap();
    let mut piped = collector();
    piped
        .arg("--root")
        .arg(node.root())
        .args(["-o", "-", "--quiet", "--encrypt-to", &keys.first]);
    let piped = piped.output().unwrap();
    assert!(piped.status.success(), "{}", text(&piped.stderr));
    fs::write(folder.join("piped"), piped.stdout).unwrap();
    let piped = fs::read(keys.open("first", &folder.join("piped"))).unwrap();
    assert!(whole.starts_with(b"\x1f\x8b\x08\x04") && piped.starts_with(b"\x1f\x8b\x08\x04"));
}

#[test]
fn a_recipient_that_is_none_stops_everything_before_the_first_byte() {
    let node = NodeFixture::ready();
    let folder = made(&node, "none");
    let right = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
    for wrong in [
        "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwk",
        "bob",
        "",
    ] {
        let output = run(
            &node,
            &folder,
            &["--encrypt-to", right, "--encrypt-to", wrong],
        );
        assert_eq!(output.status.code(), Some(2), "{wrong}");
        assert!(text(&output.stderr).contains("age-keygen"), "{wrong}");
    }
    assert!(names(&folder).is_empty(), "{:?}", names(&folder));
}

#[test]
fn what_arrived_of_a_cut_encrypted_bundle_can_be_read() {
    if !there("age") {
        return;
    }
    let node = large_node();
    let keys = Keys::new(&node);
    let sealed = node.output().join("b.tar.gz.age");
    collect(&node.root(), &sealed, &["--encrypt-to", &keys.first]);
    let bytes = fs::read(&sealed).unwrap();
    let cut = node.output().join("cut.tar.gz.age");
    fs::write(&cut, &bytes[..bytes.len() / 4 * 3]).unwrap();
    let command = format!(
        "age -d -i {} {} > opened.tar.gz || true",
        keys.folder.join("first").display(),
        cut.display()
    );
    shell(&keys.folder, &command);
    let opened = keys.folder.join("opened.tar.gz");
    assert!(fs::metadata(&opened).unwrap().len() >= 64 << 10);
    assert_eq!(report(&opened, &[])["input"]["complete"], false);
    let first = keys.folder.join("first").display().to_string();
    let direct = report(&cut, &["--identity", &first]);
    assert_eq!(direct["input"]["complete"], false);
    assert_eq!(causes(&direct), causes(&report(&opened, &[])));
}

#[test]
fn the_analyzer_opens_what_the_age_program_wrote() {
    if !there("age") {
        return;
    }
    let node = NodeFixture::case("wrong-ca-and-bad-token");
    let keys = Keys::new(&node);
    let plain = node.output().join("plain.zip");
    collect(&node.root(), &plain, &["--format", "zip"]);
    let first = keys.folder.join("first").display().to_string();
    for form in ["", "--armor"] {
        let sealed = keys.folder.join(format!("sealed{form}"));
        let age = format!(
            "age {form} -r {} -r {} -o {} {}",
            keys.second,
            keys.first,
            sealed.display(),
            plain.display()
        );
        shell(&keys.folder, &age);
        let opened = report(&sealed, &["--identity", &first]);
        assert_eq!(causes(&opened), causes(&report(&plain, &[])), "{form}");
        assert_eq!(opened["input"]["complete"], true, "{form}");
    }
}

#[test]
fn ssh_keygen_verifies_a_signed_bundle_and_refuses_a_changed_one() {
    if !there("ssh-keygen") {
        return;
    }
    let node = NodeFixture::ready();
    let folder = made(&node, "signed");
    shell(
        &folder,
        "ssh-keygen -q -t ed25519 -N '' -C '' -f key && (printf 'ops ' && cat key.pub) > allowed",
    );
    let key = folder.join("key").display().to_string();
    collect(
        &node.root(),
        &folder.join("b.tar.gz"),
        &["--sign-with", &key],
    );
    let check = "ssh-keygen -Y verify -f allowed -I ops -n nodebundle -s b.tar.gz.sig < b.tar.gz";
    shell(&folder, check);
    shell(&folder, "printf x >> b.tar.gz");
    assert!(!sh(&folder, check).status.success());
}

#[test]
fn a_key_that_cannot_sign_stops_everything_before_the_first_byte() {
    if !there("ssh-keygen") {
        return;
    }
    let node = NodeFixture::ready();
    let (keys, folder) = (made(&node, "keys"), made(&node, "none"));
    shell(
        &keys,
        "ssh-keygen -q -t ed25519 -N secret1 -f locked; ssh-keygen -q -t rsa -N '' -f rsa",
    );
    shell(
        &keys,
        "ssh-keygen -q -t ed25519 -N '' -f open; chmod 644 open",
    );
    for (key, says) in [
        ("locked", "passphrase"),
        ("rsa", "ed25519"),
        ("open", "chmod 600"),
    ] {
        let key = keys.join(key).display().to_string();
        let output = run(&node, &folder, &["--sign-with", &key]);
        assert_eq!(output.status.code(), Some(2), "{key}");
        assert!(
            text(&output.stderr).contains(says),
            "{}",
            text(&output.stderr)
        );
    }
    assert!(names(&folder).is_empty());
}

/// A node whose bundle needs several parts: its log does not compress well.
fn large_node() -> NodeFixture {
    let mut state = 1_u64;
    let mut log = String::new();
    for line in 0..6000 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let words = format!(
            "pod {:x} sandbox {:x}",
            state >> 16,
            state.rotate_left(29) >> 16
        );
        writeln!(
            log,
            "Nov 22 07:{:02}:{:02} worker-1 kubelet[66]: I1122 07:00:00.{line:06} 66 kubelet.go:2] {words}",
            line / 100,
            line / 2 % 60
        )
        .unwrap();
    }
    NodeFixture::ready().with_file("/var/log/syslog", log)
}

fn made(node: &NodeFixture, name: &str) -> PathBuf {
    let folder = node.output().join(name);
    fs::create_dir(&folder).unwrap();
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn run(node: &NodeFixture, output: &Path, more: &[&str]) -> Output {
    let mut command = collector();
    command.arg("--root").arg(node.root()).arg("-o").arg(output);
    command.arg("--quiet").args(more).output().unwrap()
}

fn sh(folder: &Path, command: &str) -> Output {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", command])
        .current_dir(folder)
        .output()
        .unwrap()
}

fn shell(folder: &Path, command: &str) {
    let output = sh(folder, command);
    let words = text(&output.stderr);
    assert!(output.status.success(), "{command}: {words}");
}

/// Whether a receiver's tool is installed; says so where it is not.
fn there(program: &str) -> bool {
    let found = sh(Path::new("/"), &format!("command -v {program}"))
        .status
        .success();
    if !found {
        skip::<()>(&format!("{program} is not installed"));
    }
    found
}

/// Three pairs of age keys.
struct Keys {
    folder: PathBuf,
    first: String,
    second: String,
}

impl Keys {
    fn new(node: &NodeFixture) -> Self {
        let folder = made(node, "keys");
        for name in ["first", "second", "stranger"] {
            shell(&folder, &format!("age-keygen -o {name}"));
        }
        let public = |name: &str| {
            let output = sh(&folder, &format!("age-keygen -y {name}"));
            text(&output.stdout).trim().to_owned()
        };
        Self {
            first: public("first"),
            second: public("second"),
            folder,
        }
    }

    fn open(&self, identity: &str, sealed: &Path) -> PathBuf {
        self.try_open(identity, sealed).expect("it is for this key")
    }

    fn try_open(&self, identity: &str, sealed: &Path) -> Option<PathBuf> {
        let opened = self.folder.join(format!("opened-by-{identity}"));
        fs::remove_file(&opened).ok();
        let mut age = Command::new("age");
        age.arg("-d").arg("-i").arg(self.folder.join(identity));
        let status = age.arg("-o").arg(&opened).arg(sealed).output().unwrap();
        status.status.success().then_some(opened)
    }
}

const FIXED: [&str; 2] = ["--now", "2026-11-25T00:00:00Z"];
