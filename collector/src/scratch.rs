//! A folder for one test.

use crate::host::Host;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder that goes away with the value.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// A new, empty folder.
    #[allow(clippy::disallowed_methods, reason = "tests make their own folders")]
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("nodebundle-collector-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    #[allow(clippy::disallowed_methods, reason = "tests remove their own folders")]
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// A node of these files (path without leading slash, text), and its door.
#[allow(clippy::disallowed_methods, reason = "tests make their own folders")]
pub(crate) fn tree(files: &[(&str, &str)]) -> (Scratch, Host) {
    let scratch = Scratch::new();
    for (path, text) in files {
        let path = scratch.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let host = Host::direct(scratch.path());
    (scratch, host)
}
