//! How many entries a zip claims, before its directory is loaded.

use memchr::memmem;
use std::io::{self, Read, Seek, SeekFrom};

const END: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;
const LOCATOR: &[u8] = b"PK\x06\x07";
const LOCATOR_BYTES: usize = 20;
/// The end record of a zip64 stands right before its locator.
const WIDE_END: &[u8] = b"PK\x06\x06";
const WIDE_END_BYTES: usize = 56;
/// A comment follows the end record; it is at most this long.
const COMMENT_BYTES: usize = 0xffff;

/// The highest number of entries that any end record states. Loading a directory costs memory for each.
pub(super) fn most_entries<R: Read + Seek>(file: &mut R) -> io::Result<u64> {
    let length = file.seek(SeekFrom::End(0))?;
    let tail_bytes = (COMMENT_BYTES + END_BYTES + LOCATOR_BYTES + WIDE_END_BYTES) as u64;
    let tail_start = length.saturating_sub(tail_bytes);
    file.seek(SeekFrom::Start(tail_start))?;
    let mut tail = Vec::new();
    file.take(tail_bytes).read_to_end(&mut tail)?;
    let mut most = 0;
    for at in memmem::find_iter(&tail, END) {
        most = most.max(number(&tail, at + 10, 2));
    }
    for at in memmem::find_iter(&tail, LOCATOR) {
        let end = at.saturating_sub(WIDE_END_BYTES);
        if !tail.get(end..).is_some_and(|end| end.starts_with(WIDE_END))
            || number(&tail, at + 8, 8) != tail_start + end as u64
        {
            return Err(io::Error::other("its end record is not where it should be"));
        }
        most = most.max(number(&tail, end + 32, 8));
    }
    Ok(most)
}

/// A little-endian number of so many bytes; 0 where they are not all there.
fn number(bytes: &[u8], at: usize, width: usize) -> u64 {
    bytes.get(at..at + width).map_or(0, |bytes| {
        bytes
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn end(entries: u16) -> Vec<u8> {
        let mut end = END.to_vec();
        end.extend([0; 6]);
        end.extend(entries.to_le_bytes());
        end.extend([0; 10]);
        end
    }

    #[test]
    fn the_highest_claim_counts() {
        let file = [b"content".to_vec(), end(7), end(3)].concat();
        assert_eq!(most_entries(&mut Cursor::new(file)).unwrap(), 7);
        assert_eq!(
            most_entries(&mut Cursor::new(b"no end".to_vec())).unwrap(),
            0
        );
    }

    #[test]
    fn a_wide_end_counts_where_its_locator_points_and_is_refused_elsewhere() {
        let mut wide = WIDE_END.to_vec();
        wide.resize(32, 0);
        wide.extend(5_000_000_u64.to_le_bytes());
        wide.resize(WIDE_END_BYTES, 0);
        let with_locator = |offset: u64| {
            let mut file = [
                b"content".to_vec(),
                wide.clone(),
                LOCATOR.to_vec(),
                vec![0; 4],
            ]
            .concat();
            file.extend(offset.to_le_bytes());
            file.extend([0; 4]);
            file.extend(end(0xffff));
            Cursor::new(file)
        };
        assert_eq!(most_entries(&mut with_locator(7)).unwrap(), 5_000_000);
        assert!(most_entries(&mut with_locator(3)).is_err());
    }
}
