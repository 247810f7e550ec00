//! The one way to open a path of the node. Runs inside a worker, which may be killed at any instant.

use super::wire::{Failure, FileInfo, Keep, Listing, NodeStat, Space};
use chrono::DateTime;
use nodebundle_bundle::Outcome;
use nodebundle_bundle::manifest::{Attributes, Kept};
use rustix::fs::{self, FileType, Mode, OFlags, ResolveFlags, Stat, StatVfsMountFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::fd::{AsRawFd as _, OwnedFd};

/// A root folder and how paths below it are opened.
#[derive(Debug)]
pub(crate) struct Door {
    root: OwnedFd,
    live: bool,
}

impl Door {
    /// Opens the root: `/` of the running host, or a mounted file system.
    pub(crate) fn new(root: &str, live: bool) -> rustix::io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = fs::open(root, flags, Mode::empty())?;
        Ok(Self { root, live })
    }

    /// Whether this is the running host.
    pub(crate) fn is_live(&self) -> bool {
        self.live
    }

    /// Opens a path without touching its content. Links are followed inside the root only; of the path itself when `follow`.
    pub(crate) fn open_node(&self, path: &str, follow: bool) -> rustix::io::Result<OwnedFd> {
        if is_closed(path) {
            return Err(Errno::ACCESS);
        }
        let mut flags = OFlags::PATH | OFlags::CLOEXEC;
        if !follow {
            flags |= OFlags::NOFOLLOW;
        }
        let relative = path.trim_start_matches('/');
        let relative = if relative.is_empty() { "." } else { relative };
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        match fs::openat2(&self.root, relative, flags, Mode::empty(), resolve) {
            Err(Errno::NOSYS) => super::walk::open(&self.root, path, follow),
            other => other,
        }
    }

    /// Where an opened node lies below the root, links followed.
    pub(super) fn place(&self, node: &OwnedFd) -> rustix::io::Result<String> {
        let path = |descriptor: &OwnedFd| {
            let link = format!("/proc/self/fd/{}", descriptor.as_raw_fd());
            let path = fs::readlinkat(fs::CWD, link, Vec::new())?;
            Ok(path.to_string_lossy().into_owned())
        };
        let (node, root) = (path(node)?, path(&self.root)?);
        let below = node.strip_prefix(root.trim_end_matches('/'));
        below.map(str::to_owned).ok_or(Errno::XDEV)
    }

    /// Reads a regular file.
    pub(crate) fn read(
        &self,
        path: &str,
        cap: u64,
        keep: Keep,
    ) -> Result<(FileInfo, Vec<u8>), Failure> {
        let (mut file, stat) = self.regular(path)?;
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        let (bytes, kept) = read_capped(&mut file, size, cap, keep)
            .map_err(|error| self.explain_io(path, &error))?;
        let attributes = self.attributes(path, &stat);
        let size = size.max(if kept.is_empty() {
            bytes.len() as u64
        } else {
            0
        });
        Ok((
            FileInfo {
                size,
                attributes,
                kept,
            },
            bytes,
        ))
    }

    /// A regular file that is open for reading at any place.
    pub(crate) fn open_regular(&self, path: &str) -> Result<File, Failure> {
        self.regular(path).map(|(file, _)| file)
    }

    /// A device, open for reading without waiting, and what it is; only for the few devices that a reader knows.
    pub(super) fn open_device(&self, path: &str) -> rustix::io::Result<(OwnedFd, Stat)> {
        let node = self.open_node(path, true)?;
        let stat = fs::fstat(&node)?;
        let device = reopen(&node, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
        Ok((device, stat))
    }

    fn regular(&self, path: &str) -> Result<(File, Stat), Failure> {
        let node = self
            .open_node(path, true)
            .map_err(|errno| self.explain(path, errno))?;
        let stat = fs::fstat(&node).map_err(|errno| self.explain(path, errno))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            let kind = kind_word(FileType::from_raw_mode(stat.st_mode));
            return Err(Failure::new(
                Outcome::Skipped,
                format!("a {kind}, not a regular file"),
            ));
        }
        if is_closed(&real_path(&node)) {
            return Err(Failure::new(Outcome::Skipped, "never read"));
        }
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = File::from(reopen(&node, flags).map_err(|errno| self.explain(path, errno))?);
        Ok((file, stat))
    }

    /// Lists a folder, by name.
    pub(crate) fn list(&self, path: &str) -> Result<Listing, Failure> {
        self.open_folder(path)
            .and_then(|folder| super::listing::read(&folder))
            .map_err(|errno| self.explain(path, errno))
    }

    /// Attributes of what a path leads to.
    pub(crate) fn stat(&self, path: &str) -> Result<NodeStat, Failure> {
        let stat = self
            .open_node(path, true)
            .and_then(fs::fstat)
            .map_err(|errno| self.explain(path, errno))?;
        Ok(NodeStat {
            kind: kind_word(FileType::from_raw_mode(stat.st_mode)).to_owned(),
            size: u64::try_from(stat.st_size).unwrap_or(0),
            attributes: self.attributes(path, &stat),
        })
    }

    /// Space of the file system that holds a path.
    pub(crate) fn space(&self, path: &str) -> Result<Space, Failure> {
        let space = self
            .open_node(path, true)
            .and_then(fs::fstatvfs)
            .map_err(|errno| self.explain(path, errno))?;
        Ok(Space {
            bytes: space.f_blocks.saturating_mul(space.f_frsize),
            bytes_available: space.f_bavail.saturating_mul(space.f_frsize),
            inodes: space.f_files,
            inodes_available: space.f_favail,
            read_only: space.f_flag.contains(StatVfsMountFlags::RDONLY),
        })
    }

    /// A folder that can be read, for this program or, as `/proc/self/fd/N`, for a library.
    pub(crate) fn open_folder(&self, path: &str) -> rustix::io::Result<OwnedFd> {
        let node = self.open_node(path, true)?;
        reopen(&node, OFlags::RDONLY | OFlags::DIRECTORY)
    }

    fn attributes(&self, path: &str, stat: &Stat) -> Attributes {
        let link = self
            .open_node(path, false)
            .and_then(|node| fs::readlinkat(&node, "", Vec::new()))
            .ok()
            .map(|text| text.to_string_lossy().into_owned());
        Attributes {
            mode: mode_word(stat.st_mode),
            uid: stat.st_uid,
            gid: stat.st_gid,
            mtime: mtime(stat),
            link,
        }
    }

    /// The manifest's word for an errno; for a missing path also what of it exists.
    pub(crate) fn explain(&self, path: &str, errno: Errno) -> Failure {
        let outcome = match errno {
            Errno::NOENT | Errno::NOTDIR => return self.explain_absence(path),
            Errno::ACCESS | Errno::PERM => Outcome::Denied,
            Errno::TIMEDOUT => Outcome::Timeout,
            _ => Outcome::Error,
        };
        Failure {
            outcome,
            errno: Some(super::errno::errno_name(errno)),
            below: None,
            reason: None,
            attributes: None,
        }
    }

    fn explain_io(&self, path: &str, error: &std::io::Error) -> Failure {
        let errno = error
            .raw_os_error()
            .map_or(Errno::IO, Errno::from_raw_os_error);
        match errno {
            Errno::NOENT => Failure {
                errno: Some("ENOENT".to_owned()),
                ..Failure::new(Outcome::Error, "it disappeared while it was read")
            },
            errno => self.explain(path, errno),
        }
    }

    fn explain_absence(&self, path: &str) -> Failure {
        let mut absent = Failure {
            outcome: Outcome::Absent,
            errno: Some("ENOENT".to_owned()),
            below: None,
            reason: None,
            attributes: None,
        };
        if let Ok(node) = self.open_node(path, false)
            && let (Ok(stat), Ok(text)) = (fs::fstat(&node), fs::readlinkat(&node, "", Vec::new()))
        {
            let text = text.to_string_lossy().into_owned();
            absent.reason = Some(format!("a link to {text}, which does not exist"));
            absent.attributes = Some(Box::new(Attributes {
                mode: mode_word(stat.st_mode),
                uid: stat.st_uid,
                gid: stat.st_gid,
                mtime: mtime(&stat),
                link: Some(text),
            }));
            return absent;
        }
        let mut folder = parent(path);
        if self.open_folder(folder).is_ok() {
            return absent;
        }
        while folder != "/" && self.open_folder(folder).is_err() {
            if !self.live && parent(folder) == "/" {
                return Failure::new(
                    Outcome::NotApplicable,
                    format!("{folder} is not in this tree"),
                );
            }
            folder = parent(folder);
        }
        absent.below = Some(folder.to_owned());
        absent
    }
}

/// Opens what an `O_PATH` descriptor stands for.
pub(super) fn reopen(node: &OwnedFd, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    let path = format!("/proc/self/fd/{}", node.as_raw_fd());
    fs::open(path, flags | OFlags::CLOEXEC, Mode::empty())
}

/// Size of an open file now.
pub(crate) fn size_of(file: &File) -> Option<u64> {
    u64::try_from(fs::fstat(file).ok()?.st_size).ok()
}

fn real_path(node: &OwnedFd) -> String {
    let path = format!("/proc/self/fd/{}", node.as_raw_fd());
    fs::readlink(path, Vec::new())
        .map(|text| text.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Paths that are never opened: reading them takes messages from others, reads memory, or never ends.
fn is_closed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let in_proc = path.contains("/proc/");
    (in_proc && matches!(name, "kmsg" | "kcore" | "mem" | "pagemap"))
        || name == "trace_pipe"
        || path.contains("/sys/kernel/debug/")
        || path.contains("/sys/kernel/tracing/")
}

fn read_capped(
    file: &mut File,
    size: u64,
    cap: u64,
    keep: Keep,
) -> std::io::Result<(Vec<u8>, Vec<Kept>)> {
    let mut bytes = Vec::new();
    if keep == Keep::Start {
        file.take(cap).read_to_end(&mut bytes)?;
        return Ok((bytes, Vec::new()));
    }
    if size <= cap {
        file.take(cap.saturating_add(1)).read_to_end(&mut bytes)?;
        let limit = usize::try_from(cap).unwrap_or(usize::MAX);
        if bytes.len() <= limit {
            return Ok((bytes, Vec::new()));
        }
        bytes.truncate(limit);
        return Ok((bytes, vec![kept("head", 0, cap)]));
    }
    let head = if keep == Keep::Tail { 0 } else { cap / 5 };
    let tail_from = size - (cap - head);
    file.take(head).read_to_end(&mut bytes)?;
    cut_after_last_line(&mut bytes);
    let head = bytes.len() as u64;
    file.seek(SeekFrom::Start(tail_from))?;
    let mut tail = Vec::new();
    file.take(cap - head).read_to_end(&mut tail)?;
    let skipped = tail
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let tail_from = tail_from + skipped as u64;
    let tail_to = tail_from + (tail.len() - skipped) as u64;
    let mut ranges = Vec::new();
    if keep == Keep::HeadAndTail {
        ranges.push(kept("head", 0, head));
        let marker = format!("[nodebundle: bytes {head} to {tail_from} left out]\n");
        bytes.extend_from_slice(marker.as_bytes());
    }
    ranges.push(kept("tail", tail_from, tail_to));
    bytes.extend(tail.into_iter().skip(skipped));
    Ok((bytes, ranges))
}

fn cut_after_last_line(bytes: &mut Vec<u8>) {
    if let Some(at) = bytes.iter().rposition(|byte| *byte == b'\n') {
        bytes.truncate(at + 1);
    }
}

fn kept(what: &str, from: u64, to: u64) -> Kept {
    Kept {
        what: what.to_owned(),
        from,
        to,
    }
}

pub(super) fn kind_word(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "file",
        FileType::Directory => "dir",
        FileType::Symlink => "link",
        FileType::Socket => "socket",
        FileType::Fifo => "fifo",
        FileType::CharacterDevice => "char",
        FileType::BlockDevice => "block",
        FileType::Unknown => "unknown",
    }
}

pub(super) fn mode_word(mode: u32) -> String {
    format!("{:04o}", mode & 0o7777)
}

fn mtime(stat: &Stat) -> DateTime<chrono::Utc> {
    DateTime::from_timestamp(stat.st_mtime, 0).unwrap_or_default()
}

/// The folder of an absolute path; of `/x` and `/` it is `/`.
pub(crate) fn parent(path: &str) -> &str {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((folder, _)) => folder,
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use std::os::unix::fs::symlink;

    fn tree() -> (crate::scratch::Scratch, Door) {
        let scratch = crate::scratch::Scratch::new();
        std::fs::create_dir_all(scratch.path().join("etc/kubernetes")).unwrap();
        std::fs::write(scratch.path().join("etc/hostname"), "worker-1\n").unwrap();
        let door = Door::new(scratch.path().to_str().unwrap(), false).unwrap();
        (scratch, door)
    }

    fn read(door: &Door, path: &str) -> Result<(FileInfo, Vec<u8>), Failure> {
        door.read(path, 1000, Keep::HeadAndTail)
    }

    #[test]
    fn an_absolute_link_stays_inside_the_root() {
        let (scratch, door) = tree();
        symlink("/etc/hostname", scratch.path().join("etc/name")).unwrap();
        symlink("../../../../etc/hostname", scratch.path().join("etc/up")).unwrap();
        let (info, bytes) = read(&door, "/etc/name").unwrap();
        assert_eq!(bytes, b"worker-1\n");
        assert_eq!(info.attributes.link.as_deref(), Some("/etc/hostname"));
        assert_eq!(read(&door, "/etc/up").unwrap().1, b"worker-1\n");
    }

    #[test]
    fn a_missing_file_is_absent_and_a_missing_folder_says_below_what() {
        let (_scratch, door) = tree();
        let failure = read(&door, "/etc/kubernetes/kubelet.conf").unwrap_err();
        assert_eq!(failure.outcome, Outcome::Absent);
        assert_eq!(failure.below, None);
        let failure = read(&door, "/etc/cni/net.d/10-x.conf").unwrap_err();
        assert_eq!(failure.outcome, Outcome::Absent);
        assert_eq!(failure.below.as_deref(), Some("/etc"));
    }

    #[test]
    fn a_top_folder_that_the_tree_lacks_is_not_applicable() {
        let (_scratch, door) = tree();
        let failure = read(&door, "/run/containerd/containerd.sock").unwrap_err();
        assert_eq!(failure.outcome, Outcome::NotApplicable);
    }

    #[test]
    fn a_dangling_link_is_absent_and_keeps_its_text() {
        let (scratch, door) = tree();
        symlink("/nowhere/x", scratch.path().join("etc/resolv.conf")).unwrap();
        let failure = read(&door, "/etc/resolv.conf").unwrap_err();
        assert_eq!(failure.outcome, Outcome::Absent);
        assert_eq!(
            failure.attributes.unwrap().link.as_deref(),
            Some("/nowhere/x")
        );
    }

    #[test]
    fn a_fifo_is_not_opened() {
        let (scratch, door) = tree();
        let path = scratch.path().join("etc/pipe");
        let made = fs::mknodat(fs::CWD, &path, FileType::Fifo, Mode::RUSR, 0);
        made.unwrap();
        let failure = read(&door, "/etc/pipe").unwrap_err();
        assert_eq!(failure.outcome, Outcome::Skipped);
    }

    #[test]
    fn a_file_over_its_cap_keeps_head_and_tail_in_whole_lines() {
        let (scratch, door) = tree();
        let lines: Vec<String> = (0..1000).map(|n| format!("line {n:04}\n")).collect();
        let text = lines.concat();
        std::fs::write(scratch.path().join("etc/big"), text).unwrap();
        let (info, bytes) = read(&door, "/etc/big").unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("line 0000\n"));
        assert!(text.ends_with("line 0999\n"));
        assert_eq!(text.matches("left out]\n").count(), 1);
        assert!(
            text.lines()
                .all(|line| line.len() == 9 || line.starts_with("[nodebundle"))
        );
        assert_eq!(info.kept.len(), 2);
        assert_eq!(info.size, 10_000);
    }

    #[test]
    fn kernel_memory_and_message_devices_are_closed_by_name() {
        assert!(is_closed("/proc/kmsg"));
        assert!(is_closed("/mnt/node/proc/1/mem"));
        assert!(!is_closed("/etc/mem"));
    }
}
