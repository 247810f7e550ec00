//! A file system that never answers costs one item, not the collection.
//!
//! Needs root and `/dev/fuse`; says so and passes where it has not got them (`.ci/run` fails on that line when it is root).

use crate::programs::{collector, text};
use nodebundle_fixtures::NodeFixture;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A FUSE mount whose daemon answers INIT and nothing more. Goes away with the value.
struct StuckMount(PathBuf);

impl StuckMount {
    fn at(point: &Path) -> io::Result<Self> {
        let mut device = OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/fuse")?;
        let options = format!(
            "fd={},rootmode=40000,user_id=0,group_id=0",
            device.as_raw_fd()
        );
        let options = CString::new(options)?;
        mount(
            "stuck",
            point,
            "fuse",
            MountFlags::empty(),
            options.as_c_str(),
        )?;
        let stuck = Self(point.to_path_buf());
        answer_init(&mut device)?;
        std::thread::spawn(move || {
            let mut request = vec![0; 1 << 20];
            while device.read(&mut request).is_ok() {}
        });
        Ok(stuck)
    }
}

impl Drop for StuckMount {
    fn drop(&mut self) {
        unmount(&self.0, UnmountFlags::DETACH | UnmountFlags::FORCE).ok();
    }
}

/// `struct fuse_in_header` begins with length, opcode and a unique number; INIT is answered with version 7.31.
fn answer_init(device: &mut File) -> io::Result<()> {
    let mut request = vec![0; 1 << 20];
    let count = device.read(&mut request)?;
    let unique = request[8..16].to_vec();
    assert!(count >= 40 && request[4..8] == 26_u32.to_le_bytes());
    let mut body = vec![0; 64];
    body[0..4].copy_from_slice(&7_u32.to_le_bytes());
    body[4..8].copy_from_slice(&31_u32.to_le_bytes());
    body[20..24].copy_from_slice(&4096_u32.to_le_bytes());
    let mut reply = Vec::new();
    reply.extend_from_slice(&80_u32.to_le_bytes());
    reply.extend_from_slice(&0_u32.to_le_bytes());
    reply.extend_from_slice(&unique);
    reply.extend_from_slice(&body);
    device.write_all(&reply)
}

fn mounted(point: &Path) -> Option<StuckMount> {
    match StuckMount::at(point) {
        Ok(stuck) => Some(stuck),
        Err(error) => {
            eprintln!("skipped: a stuck mount needs root and /dev/fuse: {error}");
            None
        }
    }
}

#[test]
fn a_stuck_certificate_folder_costs_its_own_items_only() {
    let node = NodeFixture::ready();
    let Some(_stuck) = mounted(&node.root().join("var/lib/kubelet/pki")) else {
        return;
    };
    // Building the program is not part of its time.
    let mut program = collector();
    let start = Instant::now();
    let output = program
        .arg("--root")
        .arg(node.root())
        .args([
            "-o",
            "-",
            "--quiet",
            "--deadline",
            "30s",
            "--item-timeout",
            "1s",
        ])
        .output()
        .unwrap();
    assert!(start.elapsed() < Duration::from_secs(38));
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let bundle = node.output().join("stuck.tar.gz");
    std::fs::write(&bundle, &output.stdout).unwrap();
    let entries = crate::programs::entries(&bundle);
    let manifest: serde_json::Value = serde_json::from_slice(&entries["manifest.json"]).unwrap();
    let late: Vec<&str> = manifest["records"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|record| record["outcome"] == "timeout")
        .map(|record| record["source"].as_str().unwrap())
        .collect();
    assert!(!late.is_empty());
    for source in late {
        assert!(source.starts_with("/var/lib/kubelet/pki"), "{source}");
    }
    assert!(entries.contains_key("files/var/lib/kubelet/config.yaml"));
    assert!(entries.contains_key("listings/var/lib/kubelet.json"));
}

#[test]
fn a_stuck_output_folder_ends_the_program_in_time() {
    let node = NodeFixture::ready();
    let folder = node.output().join("stuck");
    std::fs::create_dir_all(&folder).unwrap();
    let Some(_stuck) = mounted(&folder) else {
        return;
    };
    // Building the program is not part of its time.
    let mut program = collector();
    let start = Instant::now();
    let output = program
        .arg("--root")
        .arg(node.root())
        .arg("-o")
        .arg(folder.join("b.tar.gz"))
        .args(["--quiet", "--deadline", "2s"])
        .output()
        .unwrap();
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("another place"));
}
