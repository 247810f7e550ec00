//! A file reduced to its hash: which build a program is, without a byte of it in the bundle.

use super::door::{Door, reopen};
use super::wire::{Digest, Failure};
use nodebundle_bundle::Outcome;
use rustix::fs::{self, FileType, OFlags};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::Read as _;

/// Hashes a regular file; of one longer than `cap` only the start is kept.
pub(super) fn digest(door: &Door, path: &str, cap: u64) -> Result<Digest, Failure> {
    let node = door
        .open_node(path, true)
        .map_err(|errno| door.explain(path, errno))?;
    let stat = fs::fstat(&node).map_err(|errno| door.explain(path, errno))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(Failure::new(Outcome::Skipped, "not a regular file"));
    }
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut file = File::from(reopen(&node, flags).map_err(|errno| door.explain(path, errno))?);
    let whole = u64::try_from(stat.st_size).is_ok_and(|size| size <= cap);
    let mut hasher = Sha256::new();
    let mut start = Vec::new();
    let mut buffer = vec![0; CHUNK];
    loop {
        let count = file
            .read(&mut buffer)
            .map_err(|error| Failure::new(Outcome::Error, error.kind().to_string()))?;
        let chunk = buffer.get(..count).unwrap_or_default();
        start.extend(chunk.iter().take(START - start.len().min(START)));
        if count == 0 || !whole {
            break;
        }
        hasher.update(chunk);
    }
    Ok(Digest {
        sha256: whole.then(|| crate::facts::hex(&hasher.finalize())),
        start,
    })
}

const CHUNK: usize = 256 << 10;
const START: usize = 4 << 10;

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_file_is_hashed_and_a_long_one_only_looked_at() {
        let scratch = Scratch::new();
        std::fs::write(scratch.path().join("abc"), "abc").unwrap();
        let door = Door::new(scratch.path().to_str().unwrap(), false).unwrap();
        let whole = digest(&door, "/abc", 100).unwrap();
        assert_eq!(
            whole.sha256.as_deref(),
            Some("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        );
        let long = digest(&door, "/abc", 2).unwrap();
        assert_eq!((long.sha256, long.start), (None, b"abc".to_vec()));
        assert_eq!(digest(&door, "/x", 2).unwrap_err().outcome, Outcome::Absent);
    }
}
