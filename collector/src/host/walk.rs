//! Opening a path component by component, for kernels without `openat2`.

use rustix::fs::{self, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::os::fd::{AsFd as _, OwnedFd};

/// Opens `path` below `root` with `O_PATH`; link texts are resolved against the root, at most 40 of them.
pub(super) fn open(root: &OwnedFd, path: &str, follow: bool) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut todo: Vec<String> = components(path);
    let mut folders: Vec<OwnedFd> = Vec::new();
    let mut links = 0;
    while let Some(name) = todo.pop() {
        if name == ".." {
            folders.pop();
            continue;
        }
        let here = folders.last().unwrap_or(root);
        let node = fs::openat(here, name.as_str(), flags, Mode::empty())?;
        let kind = FileType::from_raw_mode(fs::fstat(&node)?.st_mode);
        if kind != FileType::Symlink || (todo.is_empty() && !follow) {
            folders.push(node);
            continue;
        }
        links += 1;
        if links > 40 {
            return Err(Errno::LOOP);
        }
        let text = fs::readlinkat(&node, "", Vec::new())?
            .to_string_lossy()
            .into_owned();
        if text.starts_with('/') {
            folders.clear();
        }
        todo.extend(components(&text));
    }
    match folders.pop() {
        Some(node) => Ok(node),
        None => Ok(rustix::io::fcntl_dupfd_cloexec(root.as_fd(), 0)?),
    }
}

/// The components of a path, last first.
fn components(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|name| !name.is_empty() && *name != ".")
        .rev()
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::scratch::Scratch;
    use std::os::unix::fs::symlink;

    fn opened(scratch: &Scratch, path: &str) -> rustix::io::Result<Vec<u8>> {
        let root = fs::open(
            scratch.path(),
            OFlags::PATH | OFlags::DIRECTORY,
            Mode::empty(),
        )
        .unwrap();
        let node = open(&root, path, true)?;
        let link = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&node));
        Ok(std::fs::read(link).unwrap())
    }

    #[test]
    fn links_are_resolved_against_the_root_and_cannot_climb_out() {
        let scratch = Scratch::new();
        std::fs::create_dir_all(scratch.path().join("a/b")).unwrap();
        std::fs::write(scratch.path().join("a/file"), "x").unwrap();
        symlink("/a", scratch.path().join("a/b/absolute")).unwrap();
        symlink("../../../../../a", scratch.path().join("a/b/up")).unwrap();
        assert_eq!(opened(&scratch, "/a/b/absolute/file").unwrap(), b"x");
        assert_eq!(opened(&scratch, "/a/b/up/file").unwrap(), b"x");
        assert_eq!(opened(&scratch, "/../../a/./file").unwrap(), b"x");
    }

    #[test]
    fn a_ring_of_links_ends() {
        let scratch = Scratch::new();
        symlink("/two", scratch.path().join("one")).unwrap();
        symlink("/one", scratch.path().join("two")).unwrap();
        assert_eq!(opened(&scratch, "/one"), Err(Errno::LOOP));
    }
}
