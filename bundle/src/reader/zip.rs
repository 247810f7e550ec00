//! Zip by its central directory; by its local headers where that is missing.

use super::guard::Inflated;
use super::walk::{BUFFER, Meta, Walk};
use super::{zip_cut, zip_end};
use std::cell::Cell;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::rc::Rc;
use zip::ZipArchive;

/// Reads an archive that can be sought in.
pub(super) fn walk<R: Read + Seek>(walk: &mut Walk<'_>, mut file: R) {
    let archive = match zip_end::most_entries(&mut file) {
        Ok(entries) if entries > walk.limits.entries => {
            walk.budget.exceed("the zip has more entries than allowed");
            return;
        }
        Ok(_) => ZipArchive::new(&mut file).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let mut archive = match archive {
        Ok(archive) => archive,
        Err(why) => {
            let what =
                format!("the zip has no usable directory ({why}): it is read entry by entry");
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
        return walk.link(&raw_name, &target, false);
    }
    let size = file.size();
    let taken = Rc::new(Cell::new(file.compressed_size()));
    let budget = Rc::clone(&walk.budget);
    let inflated = Inflated::new(file, taken, walk.limits.ratio, walk.limits, budget);
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
