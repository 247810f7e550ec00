//! A folder tree, in the order of its names. No link is followed.

use super::input::sorted_children;
use super::walk::{BUFFER, Meta, Walk};
use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// Reads every file below a folder.
pub(super) fn walk(walk: &mut Walk<'_>, root: &Path) {
    let mut waiting = vec![root.to_owned()];
    while let Some(path) = waiting.pop() {
        if walk.is_over() {
            return;
        }
        let name = path.strip_prefix(root).unwrap_or(&path);
        let name = name.to_string_lossy().into_owned();
        let kind = match fs::symlink_metadata(&path) {
            Ok(attributes) => attributes.file_type(),
            Err(error) => {
                walk.refuse(name.as_bytes(), &error.to_string());
                continue;
            }
        };
        if kind.is_dir() || path == root {
            match sorted_children(&path) {
                Ok(children) => waiting.extend(children.into_iter().rev()),
                Err(error) => walk.refuse(name.as_bytes(), &error.to_string()),
            }
        } else if kind.is_symlink() {
            let target = fs::read_link(&path).unwrap_or_default();
            walk.link(name.as_bytes(), target.to_string_lossy().as_bytes(), false);
        } else if kind.is_file() {
            file(walk, &path, &name);
        } else {
            walk.refuse(name.as_bytes(), "it is a device, a socket or a pipe");
        }
    }
}

fn file(walk: &mut Walk<'_>, path: &Path, name: &str) {
    let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
    let (attributes, file) = match opened {
        Ok(opened) => opened,
        Err(error) => return walk.refuse(name.as_bytes(), &error.to_string()),
    };
    let modified = attributes.modified().ok();
    let meta = Meta {
        name: name.as_bytes(),
        size: Some(attributes.len()),
        mtime: modified
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .map(|since| since.as_secs()),
        cut: false,
    };
    walk.offer(meta, &mut BufReader::with_capacity(BUFFER, file));
}
