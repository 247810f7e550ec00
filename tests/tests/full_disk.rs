//! A disk that fills up while the bundle grows, or is full before: a readable bundle, or none and advice.

use crate::killed::{World, bundles, left_behind_is_sound};
use crate::programs::{skip, text};
use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use std::ffi::CString;
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Instant;

/// Built for speed; fewer where everything takes ten times as long.
const RUNS: u32 = if cfg!(debug_assertions) { 5 } else { 50 };

#[test]
fn a_disk_that_fills_up_at_any_instant_leaves_a_readable_bundle_or_no_file() {
    let world = World::new();
    let before = world.listing();
    let length = {
        let Some(disk) = Disk::of(&world, "measured", 200) else {
            return;
        };
        let begin = Instant::now();
        assert!(world.collector(&disk.at).status().unwrap().success());
        begin.elapsed()
    };
    let mut read = 0;
    for run in 0..RUNS {
        let disk = Disk::of(&world, &run.to_string(), 200).unwrap();
        let mut child = world.collector(&disk.at).spawn().unwrap();
        sleep(length * (run * 7919 % RUNS) / RUNS);
        disk.fill(u64::from(run % 5) * 20_000);
        let code = child.wait().unwrap().code();
        assert!(matches!(code, Some(0 | 1 | 3)), "run {run}: {code:?}");
        disk.remove_filler();
        let left = left_behind_is_sound(&disk.at, &format!("full disk {run}"));
        assert!(
            left || code == Some(3),
            "run {run} ended with {code:?} and left nothing"
        );
        read += u32::from(left);
    }
    assert!(read > RUNS / 4, "only {read} of {RUNS} runs left a bundle");
    assert_eq!(
        before,
        world.listing(),
        "something outside the output changed"
    );
}

#[test]
fn a_disk_without_room_for_any_bundle_is_left_alone_with_three_ways_out() {
    let world = World::new();
    let Some(disk) = Disk::of(&world, "tiny", 20) else {
        return;
    };
    let mut command = world.collector(&disk.at);
    let ended = command.stderr(Stdio::piped()).output().unwrap();
    let words = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(3), "{words}");
    for way in ["another place with -o", "-o -", "free some space"] {
        assert!(words.contains(way), "{way}: {words}");
    }
    assert_eq!(fs::read_dir(&disk.at).unwrap().count(), 0);
}

#[test]
fn a_disk_with_little_room_gets_the_first_tier_only() {
    let world = World::new();
    let Some(disk) = Disk::of(&world, "small", 250) else {
        return;
    };
    assert!(world.collector(&disk.at).status().unwrap().success());
    let bundle = bundles(&disk.at).remove(0);
    let entries = crate::programs::entries(&bundle);
    let names: Vec<&String> = entries.keys().collect();
    assert!(
        entries.contains_key("files/etc/kubernetes/kubelet.conf"),
        "{names:?}"
    );
    assert!(!entries.contains_key("files/var/log/syslog"), "{names:?}");
}

#[test]
fn a_read_only_folder_ends_with_exit_three_and_says_so() {
    let world = World::new();
    let Some(disk) = Disk::of(&world, "read-only", 200) else {
        return;
    };
    rustix::mount::mount_remount(&disk.at, MountFlags::RDONLY, c"").unwrap();
    let mut command = world.collector(&disk.at);
    let ended = command.stderr(Stdio::piped()).output().unwrap();
    let words = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(3), "{words}");
    assert!(words.contains("Read-only file system"), "{words}");
    assert!(words.contains("another place with -o"), "{words}");
}

/// A small disk of its own; unmounted when dropped.
struct Disk {
    at: PathBuf,
}

impl Disk {
    /// A disk of some MiB below the world's output; `None`, said loudly, where nothing can be mounted.
    fn of(world: &World, name: &str, mebibytes: u32) -> Option<Self> {
        let at = world.output().join(name);
        fs::create_dir(&at).unwrap();
        let options = CString::new(format!("size={mebibytes}m")).unwrap();
        match mount(
            "disk",
            &at,
            "tmpfs",
            MountFlags::empty(),
            options.as_c_str(),
        ) {
            Ok(()) => Some(Self { at }),
            Err(errno) => skip(&format!("a small disk cannot be mounted: {errno}")),
        }
    }

    /// Takes all space but `rest` bytes.
    fn fill(&self, rest: u64) {
        let filler = fs::File::create(self.filler()).unwrap();
        let free = || {
            let space = statvfs(&self.at).unwrap();
            space.f_bavail * space.f_frsize
        };
        // The bundle grows meanwhile: what does not fit is tried again.
        for _ in 0..20 {
            let size = filler.metadata().unwrap().len();
            let more = free().saturating_sub(rest);
            if more == 0 || fallocate(&filler, FallocateFlags::empty(), size, more).is_ok() {
                return;
            }
        }
    }

    fn filler(&self) -> PathBuf {
        self.at.join("filler")
    }

    fn remove_filler(&self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        unmount(self.at.as_path(), UnmountFlags::DETACH).ok();
    }
}
