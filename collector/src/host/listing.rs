//! Names in a folder with their attributes, without asking a mount that may not answer.

use super::door::{kind_word, mode_word};
use super::wire::{Listing, ListingEntry};
use chrono::DateTime;
use rustix::fs::{self, AtFlags, Dir, FileType, StatxFlags};
use rustix::io::Errno;
use std::ffi::CStr;
use std::os::fd::OwnedFd;

/// Reads a folder that is open. Names that disappear meanwhile are left out.
pub(super) fn read(folder: &OwnedFd) -> rustix::io::Result<Listing> {
    let mut entries = Vec::new();
    let mut complete = true;
    for name in Dir::read_from(folder)? {
        let Ok(name) = name else {
            complete = false;
            break;
        };
        let name = name.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        if entries.len() >= MAX_NAMES {
            complete = false;
            break;
        }
        match entry(folder, name) {
            Ok(entry) => entries.push(entry),
            Err(Errno::NOENT) => {}
            Err(_) => complete = false,
        }
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Listing { complete, entries })
}

/// A name may be the mount point of something that hangs: what the kernel knows without asking is enough.
fn entry(folder: &OwnedFd, name: &CStr) -> rustix::io::Result<ListingEntry> {
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT | AtFlags::STATX_DONT_SYNC;
    let stat = match fs::statx(folder, name, flags, StatxFlags::BASIC_STATS) {
        Err(Errno::NOSYS) => return old_entry(folder, name),
        other => other?,
    };
    Ok(ListingEntry {
        name: name.to_string_lossy().into_owned(),
        kind: kind_word(FileType::from_raw_mode(u32::from(stat.stx_mode))).to_owned(),
        mode: mode_word(u32::from(stat.stx_mode)),
        uid: stat.stx_uid,
        gid: stat.stx_gid,
        size: stat.stx_size,
        mtime: DateTime::from_timestamp(stat.stx_mtime.tv_sec, 0).unwrap_or_default(),
        link: link_text(folder, name),
    })
}

/// For kernels before 4.11.
fn old_entry(folder: &OwnedFd, name: &CStr) -> rustix::io::Result<ListingEntry> {
    let stat = fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(ListingEntry {
        name: name.to_string_lossy().into_owned(),
        kind: kind_word(FileType::from_raw_mode(stat.st_mode)).to_owned(),
        mode: mode_word(stat.st_mode),
        uid: stat.st_uid,
        gid: stat.st_gid,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        mtime: DateTime::from_timestamp(stat.st_mtime, 0).unwrap_or_default(),
        link: link_text(folder, name),
    })
}

fn link_text(folder: &OwnedFd, name: &CStr) -> Option<String> {
    let text = fs::readlinkat(folder, name, Vec::new()).ok()?;
    Some(text.to_string_lossy().into_owned())
}

/// A folder with more names than this is listed in part.
const MAX_NAMES: usize = 4000;
