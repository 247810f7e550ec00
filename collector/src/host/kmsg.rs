//! `/dev/kmsg`: reading it takes nothing from anybody, and never waits.

use super::door::Door;
use super::wire::Failure;
use nodebundle_bundle::Outcome;
use rustix::fs::{self, FileType};
use rustix::io::{Errno, read};

/// Records of the kernel's buffer, one a line, at most `cap` bytes.
pub(super) fn read_all(door: &Door, cap: u64) -> Result<Vec<u8>, Failure> {
    let path = "/dev/kmsg";
    let (device, stat) = door
        .open_device(path)
        .map_err(|errno| door.explain(path, errno))?;
    let is_device = FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice;
    if !is_device || (fs::major(stat.st_rdev), fs::minor(stat.st_rdev)) != (1, 11) {
        return Err(Failure::new(Outcome::Skipped, "not the kernel's buffer"));
    }
    let mut bytes = Vec::new();
    let mut record = vec![0; LONGEST_RECORD];
    while (bytes.len() as u64) < cap {
        match read(&device, &mut record) {
            Ok(0) | Err(Errno::AGAIN) => break,
            Ok(count) => bytes.extend_from_slice(record.get(..count).unwrap_or_default()),
            // Overwritten before it was read: the next one is there.
            Err(Errno::PIPE | Errno::INTR) => {}
            Err(errno) => return Err(door.explain(path, errno)),
        }
    }
    Ok(bytes)
}

/// The kernel refuses shorter buffers.
const LONGEST_RECORD: usize = 8192;
