//! Empty files of runs that were killed in their first instant, where a file system knows no files without a name.

use super::Folder;
use rustix::fs::{self, AtFlags, Dir, FileType};

impl Folder {
    /// Removes empty `nodebundle-….partial` files and an empty `name`, if they are this user's and older than a minute: there is
    /// nothing in them, and no run that still goes on has one for so long.
    pub(crate) fn clear_leftovers(&self, name: &str) {
        let Ok(entries) = Dir::read_from(&self.fd) else {
            return;
        };
        for entry in entries.flatten().take(MOST_NAMES) {
            let found = entry.file_name().to_bytes();
            let ours = found.starts_with(b"nodebundle-") && found.ends_with(b".partial");
            if (ours || found == name.as_bytes()) && self.is_leftover(entry.file_name()) {
                fs::unlinkat(&self.fd, entry.file_name(), AtFlags::empty()).ok();
            }
        }
    }

    fn is_leftover(&self, name: &std::ffi::CStr) -> bool {
        let Ok(stat) = fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) else {
            return false;
        };
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime).tv_sec;
        FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
            && stat.st_size == 0
            && stat.st_uid == rustix::process::geteuid().as_raw()
            && now.saturating_sub(stat.st_mtime) > OLD
    }
}

/// Seconds.
const OLD: i64 = 60;
/// A folder with more is looked through in part.
const MOST_NAMES: usize = 10_000;

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build folders with the standard library"
    )]

    use super::*;
    use crate::scratch::Scratch;
    use std::time::{Duration, SystemTime};

    #[test]
    fn only_old_empty_files_of_unfinished_runs_are_removed() {
        let scratch = Scratch::new();
        let old = SystemTime::now() - Duration::from_mins(5);
        for (name, content, is_old) in [
            ("nodebundle-a-1.tar.gz.partial", "", true),
            ("mine.partial", "", true),
            ("nodebundle-b-1.tar.gz.partial", "x", true),
            ("nodebundle-c-1.tar.gz.partial", "", false),
            ("nodebundle-d-1.tar.gz", "", true),
            ("other.partial", "", true),
        ] {
            let path = scratch.path().join(name);
            std::fs::write(&path, content).unwrap();
            if is_old {
                let file = std::fs::File::options().write(true).open(path).unwrap();
                file.set_modified(old).unwrap();
            }
        }
        let folder = Folder::open(scratch.path().to_str().unwrap()).unwrap();
        folder.clear_leftovers("mine.partial");
        let mut left: Vec<String> = std::fs::read_dir(scratch.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        let kept = ["b-1.tar.gz.partial", "c-1.tar.gz.partial", "d-1.tar.gz"];
        let mut kept: Vec<String> = kept.map(|end| format!("nodebundle-{end}")).into();
        kept.push("other.partial".to_owned());
        assert_eq!(left, kept);
    }
}
