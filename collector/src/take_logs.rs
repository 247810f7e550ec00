//! Takes log files that are found on the node: their newest lines, unpacked where rotation packed them.

use crate::host::wire::{Failure, Keep};
use crate::host::{Host, Taken};
use crate::spec::{Item, LogFile, has_ending};
use crate::take::Taking;
use flate2::read::MultiGzDecoder;
use nodebundle_bundle::Outcome;
use nodebundle_bundle::manifest::Kept;
use nodebundle_bundle::writer::WriteError;
use std::io::{self, Read as _, Write};

impl<W: Write> Taking<'_, W> {
    /// Takes each file; without one the item's record says what was looked for.
    pub(crate) fn logs(
        &mut self,
        id: &str,
        item: &Item,
        files: &[LogFile],
    ) -> Result<(), WriteError> {
        if files.is_empty() {
            let open = self
                .vault
                .open_item(id.to_owned(), item, &item.source.describe());
            let outcome = self
                .vault
                .fail(open, &Failure::new(Outcome::Absent, "there are none"))?;
            self.finished(id.to_owned(), outcome);
        }
        for file in files {
            if !self.claimed.insert(file.path.clone()) {
                continue;
            }
            let taken = read(self.host, file);
            // What was unpacked is stored under the name it had before.
            let stored = file.path.strip_suffix(".gz").unwrap_or(&file.path);
            self.store(format!("{id}:{}", file.path), item, stored, taken)?;
        }
        Ok(())
    }
}

fn read(host: &mut Host, file: &LogFile) -> Result<Taken, Failure> {
    if file.cap == 0 {
        let reason = "logs of this kind have their size";
        return Err(Failure::new(Outcome::Skipped, reason));
    }
    if let Some(packing) = ["xz", "zst", "bz2", "lz4"]
        .into_iter()
        .find(|packing| has_ending(&file.path, packing))
    {
        let reason = format!("packed with {packing}, which is not read");
        return Err(Failure::new(Outcome::Skipped, reason));
    }
    let packed = has_ending(&file.path, "gz");
    let keep = if packed { Keep::Start } else { Keep::Tail };
    let mut taken = host.read_once(
        &file.path,
        if packed { MOST_PACKED } else { file.read },
        keep,
    )?;
    if packed {
        let (bytes, whole) = unpack(&taken.bytes, file.read)
            .map_err(|error| Failure::new(Outcome::Error, format!("not unpacked: {error}")))?;
        let cut = taken.bytes.len() as u64 >= MOST_PACKED;
        set(&mut taken, bytes, whole && !cut);
    }
    if let Some(choose) = file.choose {
        let (bytes, whole) = newest(choose(&taken.text()).as_bytes(), file.cap);
        let whole = whole && taken.info.kept.is_empty();
        set(&mut taken, bytes, whole);
    }
    Ok(taken)
}

/// Puts other content in the place of what was read.
fn set(taken: &mut Taken, bytes: Vec<u8>, whole: bool) {
    taken.info.kept = if whole {
        Vec::new()
    } else {
        vec![Kept {
            what: "tail".to_owned(),
            from: 0,
            to: bytes.len() as u64,
        }]
    };
    taken.bytes = bytes;
}

/// The newest lines of a gzip file, and whether these are all. A file that was cut yields what can be unpacked.
fn unpack(packed: &[u8], cap: u64) -> io::Result<(Vec<u8>, bool)> {
    let cap = usize::try_from(cap).unwrap_or(usize::MAX);
    let mut decoder = MultiGzDecoder::new(packed).take(MOST_UNPACKED);
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 64 << 10];
    let mut whole = true;
    loop {
        match decoder.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(chunk.get(..count).unwrap_or_default()),
            Err(error) if bytes.is_empty() => return Err(error),
            Err(_) => {
                whole = false;
                break;
            }
        }
        if bytes.len() > 2 * cap {
            bytes.drain(..bytes.len() - cap);
            whole = false;
        }
    }
    let (bytes, all) = newest(&bytes, cap as u64);
    Ok((bytes, whole && all && decoder.limit() > 0))
}

/// The newest whole lines of a text.
fn newest(text: &[u8], cap: u64) -> (Vec<u8>, bool) {
    let cap = usize::try_from(cap).unwrap_or(usize::MAX);
    if text.len() <= cap {
        return (text.to_vec(), true);
    }
    let tail = text.get(text.len() - cap..).unwrap_or_default();
    let start = tail
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    (tail.get(start..).unwrap_or_default().to_vec(), false)
}

/// Bytes read of a packed file.
const MOST_PACKED: u64 = 8 << 20;
/// Bytes unpacked of it, whatever it claims to hold.
const MOST_UNPACKED: u64 = 256 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(text: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(text).unwrap();
        packer.finish().unwrap()
    }

    fn numbered_lines() -> String {
        let lines: Vec<String> = (0..10_000).map(|n| format!("line {n}")).collect();
        lines.join("\n") + "\n"
    }

    #[test]
    fn of_a_packed_log_the_newest_lines_are_kept() {
        let text = numbered_lines();
        let (bytes, whole) = unpack(&pack(text.as_bytes()), 1000).unwrap();
        let kept = String::from_utf8(bytes).unwrap();
        assert!(!whole && kept.starts_with("line ") && kept.ends_with("line 9999\n"));
        assert!(kept.len() <= 1000 && kept.len() > 900);
        let (bytes, whole) = unpack(&pack(b"short\n"), 1000).unwrap();
        assert!(whole && bytes == b"short\n");
    }

    #[test]
    fn a_packed_log_that_was_cut_yields_its_beginning_and_nonsense_is_an_error() {
        let text = numbered_lines();
        let mut packed = pack(text.as_bytes());
        packed.truncate(packed.len() / 2);
        let (bytes, whole) = unpack(&packed, 1 << 20).unwrap();
        assert!(!whole && bytes.starts_with(b"line 0\n"));
        assert!(unpack(b"no gzip at all", 1000).is_err());
    }
}
