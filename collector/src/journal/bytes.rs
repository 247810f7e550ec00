//! Bytes of journal files through one small cache: objects lie close together, and no file is mapped or held whole.

use std::cell::RefCell;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::rc::Rc;

/// One open file, read through the cache that all files share.
#[derive(Debug)]
pub(super) struct Bytes {
    file: File,
    number: usize,
    cache: Rc<RefCell<Cache>>,
}

/// Blocks read last.
#[derive(Debug, Default)]
pub(super) struct Cache {
    slots: Vec<Slot>,
    /// Reads that failed with an error of the file system.
    errors: u64,
}

#[derive(Debug, Default)]
struct Slot {
    /// Number of the file and of the block in it.
    key: Option<(usize, u64)>,
    bytes: Vec<u8>,
}

impl Cache {
    /// Forgets everything: a journal that is being written has moved on.
    pub(super) fn clear(&mut self) {
        self.slots.clear();
    }

    /// Reads that failed so far.
    pub(super) fn errors(&self) -> u64 {
        self.errors
    }

    fn block(&mut self, file: &File, number: usize, block: u64) -> &[u8] {
        if self.slots.is_empty() {
            self.slots.resize_with(SLOTS, Slot::default);
        }
        let mixed = block.wrapping_add((number as u64).wrapping_mul(0x9e37_79b9));
        let at = usize::try_from(mixed % SLOTS as u64).unwrap_or(0);
        let Some(slot) = self.slots.get_mut(at) else {
            return &[];
        };
        if slot.key != Some((number, block)) {
            slot.key = Some((number, block));
            self.errors += u64::from(!load(file, block * BLOCK as u64, &mut slot.bytes));
        }
        &slot.bytes
    }
}

impl Bytes {
    pub(super) fn new(file: File, number: usize, cache: Rc<RefCell<Cache>>) -> Self {
        Self {
            file,
            number,
            cache,
        }
    }

    /// Fills the buffer from an offset; false where the file ends before.
    pub(super) fn copy(&self, offset: u64, out: &mut [u8]) -> bool {
        let mut cache = self.cache.borrow_mut();
        let mut at = offset;
        let mut rest = out;
        while !rest.is_empty() {
            let block = cache.block(&self.file, self.number, at / BLOCK as u64);
            let inside = usize::try_from(at % BLOCK as u64).unwrap_or(0);
            let have = block.get(inside..).unwrap_or_default();
            let count = have.len().min(rest.len());
            let Some(have) = have.get(..count).filter(|have| !have.is_empty()) else {
                return false;
            };
            let (now, later) = rest.split_at_mut(count);
            now.copy_from_slice(have);
            rest = later;
            at = at.saturating_add(count as u64);
        }
        true
    }

    /// The file, for its size now.
    pub(super) fn file(&self) -> &File {
        &self.file
    }
}

/// Reads a block, or what of it the file has; false on an error.
fn load(file: &File, offset: u64, block: &mut Vec<u8>) -> bool {
    block.resize(BLOCK, 0);
    let mut filled = 0;
    let mut whole = true;
    while let Some(rest) = block.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => {
                whole = false;
                break;
            }
        }
    }
    block.truncate(filled);
    whole
}

/// Bytes of a block.
const BLOCK: usize = 16 << 10;
/// Blocks in the cache: 8 MiB.
const SLOTS: usize = 512;
