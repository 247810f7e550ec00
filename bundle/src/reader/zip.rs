//! Zip by its central directory; by its local headers where that is missing.

use super::guard::Inflated;
use super::walk::{BUFFER, Meta, Walk};
use super::zip_cut;
use std::cell::Cell;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::rc::Rc;
use zip::ZipArchive;

/// Reads an archive that can be sought in.
pub(super) fn walk<R: Read + Seek>(walk: &mut Walk<'_>, mut file: R) {
    let mut archive = match ZipArchive::new(&mut file) {
        Ok(archive) => archive,
        Err(error) => {
            let what =
                format!("the zip has no usable directory ({error}): it is read entry by entry");
            walk.damage(None, what);
            if file.seek(SeekFrom::Start(0)).is_ok() {
                zip_cut::walk(walk, &mut BufReader::with_capacity(BUFFER, file));
            }
            return;
        }
    };
    let overlapping = overlapping(&mut archive);
    for index in 0..archive.len() {
        if walk.is_over() {
            return;
        }
        entry(
            walk,
            &mut archive,
            index,
            overlapping.get(index) == Some(&true),
        );
    }
}

fn entry<R: Read + Seek>(
    walk: &mut Walk<'_>,
    archive: &mut ZipArchive<R>,
    index: usize,
    overlaps: bool,
) {
    let raw_name = match archive.by_index_raw(index) {
        Ok(file) => file.name_raw().to_vec(),
        Err(_) => format!("entry {index}").into_bytes(),
    };
    if overlaps {
        return walk.refuse(&raw_name, "it overlaps another entry");
    }
    let mut file = match archive.by_index(index) {
        Ok(file) => file,
        Err(error) => return walk.refuse(&raw_name, &error.to_string()),
    };
    if file.is_dir() {
        return;
    }
    if file.is_symlink() {
        let mut target = Vec::new();
        let _ = file.by_ref().take(4096).read_to_end(&mut target);
        return walk.link(&raw_name, &target);
    }
    let size = file.size();
    let taken = Rc::new(Cell::new(file.compressed_size()));
    let budget = Rc::clone(&walk.budget);
    let inflated = Inflated::new(file, taken, walk.limits, budget);
    let meta = Meta {
        name: &raw_name,
        size: Some(size),
        mtime: None,
        cut: false,
    };
    walk.offer(meta, &mut BufReader::with_capacity(BUFFER, inflated));
}

/// For each entry, whether its bytes belong to an entry before it as well, or reach into the directory.
fn overlapping<R: Read + Seek>(archive: &mut ZipArchive<R>) -> Vec<bool> {
    let mut ranges: Vec<(u64, u64, usize)> = (0..archive.len())
        .filter_map(|index| {
            let file = archive.by_index_raw(index).ok()?;
            let end = file.data_start()?.checked_add(file.compressed_size())?;
            Some((file.header_start(), end, index))
        })
        .collect();
    ranges.sort_unstable();
    let directory = archive.central_directory_start();
    let mut overlaps = vec![false; archive.len()];
    let mut reached = 0;
    for (start, end, index) in ranges {
        if let Some(flag) = overlaps.get_mut(index) {
            *flag = start < reached || end > directory;
        }
        reached = reached.max(end);
    }
    overlaps
}
