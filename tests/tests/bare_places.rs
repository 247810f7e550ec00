//! Places with almost nothing in them: no file system but `/proc`, no root, no temporary folder, a copy elsewhere.

use crate::killed::bundles;
use crate::programs::{analyzer, collector, entries, folder, skip, text};
use nodebundle_fixtures::Scratch;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

#[test]
fn it_runs_in_an_empty_root_that_has_only_proc() {
    let Some(root) = EmptyRoot::new() else {
        return;
    };
    let mut command = Command::new("chroot");
    command
        .arg(&root.at)
        .arg("/collector")
        .args(["--no-probes", "--quiet", "-o", "/b.tar.gz"]);
    let output = command
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin")
        .output()
        .unwrap();
    assert!(
        matches!(output.status.code(), Some(0 | 1)),
        "{}",
        text(&output.stderr)
    );
    let bundle = root.at.join("b.tar.gz");
    assert!(entries(&bundle).contains_key("manifest.json"));
    let report = analyzer().arg("report").arg(&bundle).output().unwrap();
    assert!(report.status.success(), "{}", text(&report.stderr));
}

#[test]
fn an_unprivileged_user_gets_a_bundle_and_a_list_of_what_stays_open() {
    let Some(place) = Unprivileged::new() else {
        return;
    };
    let output = place.run(&["--no-probes", "-o", "out"]);
    assert!(
        matches!(output.status.code(), Some(0 | 1)),
        "{}",
        text(&output.stderr)
    );
    let bundles = bundles(&place.scratch.path().join("out"));
    let entries = entries(&bundles[0]);
    let info: Value = serde_json::from_slice(&entries["bundle.json"]).unwrap();
    assert_eq!(info["uid"], NOBODY);
    let manifest: Value = serde_json::from_slice(&entries["manifest.json"]).unwrap();
    let records = manifest["records"].as_array().unwrap();
    let denied = records.iter().any(|record| record["outcome"] == "denied");
    let words = text(&output.stdout);
    assert_eq!(
        denied,
        words.contains("Not readable without root"),
        "{words}"
    );
}

#[test]
fn a_copy_in_another_folder_needs_neither_home_nor_temporary_folder() {
    let scratch = Scratch::new();
    let stick = scratch.path().join("usb stick");
    fs::create_dir(&stick).unwrap();
    let copy = stick.join("c");
    fs::copy(folder().join("nodebundle-collector"), &copy).unwrap();
    let node = nodebundle_fixtures::NodeFixture::ready();
    let mut command = Command::new(&copy);
    command
        .env_clear()
        .env("TMPDIR", "/nonexistent")
        .current_dir(&stick);
    let output = command.arg("--root").arg(node.root()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let names = fs::read_dir(&stick).unwrap().flatten();
    assert_eq!(names.count(), 3, "the program, one bundle, its checksum");
}

/// A folder with the program and `/proc`; unmounted when dropped.
struct EmptyRoot {
    at: PathBuf,
    _scratch: Scratch,
}

impl EmptyRoot {
    fn new() -> Option<Self> {
        let scratch = Scratch::new();
        let at = scratch.path().join("root");
        fs::create_dir_all(at.join("proc")).unwrap();
        fs::copy(collector().get_program(), at.join("collector")).unwrap();
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        match mount("proc", at.join("proc"), "proc", flags, None) {
            Ok(()) => Some(Self {
                at,
                _scratch: scratch,
            }),
            Err(errno) => skip(&format!("proc cannot be mounted: {errno}")),
        }
    }
}

impl Drop for EmptyRoot {
    fn drop(&mut self) {
        unmount(self.at.join("proc"), UnmountFlags::DETACH).ok();
    }
}

/// A folder of somebody without rights, with a copy of the program.
struct Unprivileged {
    scratch: Scratch,
}

const NOBODY: u32 = 65534;

impl Unprivileged {
    fn new() -> Option<Self> {
        if !rustix::process::getuid().is_root() {
            return skip("only root can become somebody else");
        }
        let scratch = Scratch::new();
        let copy = scratch.path().join("collector");
        fs::copy(collector().get_program(), &copy).unwrap();
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(scratch.path(), open).unwrap();
        let out = scratch.path().join("out");
        fs::create_dir(&out).unwrap();
        chown(&out, Some(NOBODY), Some(NOBODY)).unwrap();
        Some(Self { scratch })
    }

    fn run(&self, words: &[&str]) -> Output {
        use std::os::unix::process::CommandExt as _;
        let mut command = Command::new(Path::new("./collector"));
        command.args(words).current_dir(self.scratch.path());
        command.uid(NOBODY).gid(NOBODY).env_clear();
        command.stdin(Stdio::null()).output().unwrap()
    }
}
