//! Entries of a file that can only be read from front to back: one in an archive, one on standard input.
//!
//! A file is only appended to, so the fields of an entry always stand before it. Those that are asked for are kept until the end
//! of the file, for many entries share them.

use crate::header::{Header, MAGIC, Unusable};
use crate::number::{half_word, id, word};
use crate::object::{DATA, DATA_HEAD, ENTRY, ENTRY_HEAD};
use crate::packing::Packing;
use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::sync::Arc;

/// Reads the entries of one file in the order in which they were written.
pub struct Pass<R> {
    input: R,
    header: Header,
    /// Offset of the byte that is read next.
    at: u64,
    names: &'static [&'static str],
    /// Fields by their offset.
    held: BTreeMap<u64, Held>,
    /// Bytes of all fields that are held.
    size: usize,
    /// Fields that were packed in a way that is not read, or could not be unpacked.
    unreadable: u64,
    /// Bytes that belong to no object.
    lost: u64,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Sequence number, unique in the run of numbers that the file is part of.
    pub number: u64,
    /// Microseconds since 1970, UTC.
    pub time: u64,
    /// Microseconds since the boot.
    pub monotonic: u64,
    /// Id of the boot.
    pub boot: [u8; 16],
    /// `NAME=value` of the fields that were asked for.
    pub fields: Vec<Arc<[u8]>>,
}

#[derive(Debug)]
struct Held {
    packing: Packing,
    bytes: Arc<[u8]>,
}

impl<R: BufRead> Pass<R> {
    /// Begins to read; `names` are the fields that entries shall have.
    ///
    /// # Errors
    /// The outer error is the input's, the inner one says why it is no file that can be read.
    pub fn new(mut input: R, names: &'static [&'static str]) -> io::Result<Result<Self, Unusable>> {
        let mut start = vec![0; SIZE_KNOWN];
        let mut at = read_up_to(&mut input, &mut start)?;
        start.truncate(at);
        let size = word(&start, SIZE_KNOWN - 8)
            .unwrap_or(0)
            .clamp(SIZE_KNOWN as u64, MOST_HEADER);
        if at == SIZE_KNOWN && start.starts_with(MAGIC) {
            start.resize(usize::try_from(size).unwrap_or(SIZE_KNOWN), 0);
            at += read_up_to(&mut input, start.get_mut(SIZE_KNOWN..).unwrap_or_default())?;
            start.truncate(at);
        }
        let header = match Header::parse(&start) {
            Ok(header) => header,
            Err(why) => return Ok(Err(why)),
        };
        Ok(Ok(Self {
            input,
            header,
            at: at as u64,
            names,
            held: BTreeMap::new(),
            size: 0,
            unreadable: 0,
            lost: 0,
        }))
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Fields that could not be unpacked.
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// Bytes between objects that are no object: damage. Unused space at the end does not count.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Whether the input ended before the file's last object: asked at the end.
    pub fn is_cut(&self) -> bool {
        self.at <= self.header.tail_object
    }

    /// The next entry; `None` at the end of the file, or where its last object ends.
    ///
    /// # Errors
    /// Those of the input. The pass is over then.
    pub fn next_entry(&mut self) -> io::Result<Option<Entry>> {
        let pad = self.at.next_multiple_of(8) - self.at;
        self.skip(pad)?;
        let mut head = [0; 16];
        if !self.fill(&mut head)? {
            return Ok(None);
        }
        loop {
            let start = self.at - 16;
            let [kind, flags, ..] = head;
            let size = word(&head, 8).unwrap_or(0);
            if !self.is_object(start, kind, size) {
                if self.is_over(start, head) || !self.shift(&mut head)? {
                    return Ok(None);
                }
                continue;
            }
            let body = size - 16;
            match kind {
                DATA => self.data(start, flags, body)?,
                ENTRY => {
                    if let Some(entry) = self.entry(body)? {
                        return Ok(Some(entry));
                    }
                }
                _ => self.skip(body)?,
            }
            let pad = self.at.next_multiple_of(8) - self.at;
            self.skip(pad)?;
            if !self.fill(&mut head)? {
                return Ok(None);
            }
        }
    }

    fn is_object(&self, start: u64, kind: u8, size: u64) -> bool {
        let end = self.header.size.saturating_add(self.header.arena);
        (1..=7).contains(&kind) && size >= 16 && start.saturating_add(size) <= end
    }

    /// Behind the last object a file has unused space, which is zero.
    fn is_over(&self, start: u64, head: [u8; 16]) -> bool {
        head == [0; 16] && start > self.header.tail_object || self.lost > MOST_LOST
    }

    /// Looks for an object 8 bytes further on.
    fn shift(&mut self, head: &mut [u8; 16]) -> io::Result<bool> {
        self.lost += 8;
        head.rotate_left(8);
        let (_, rest) = head.split_at_mut(8);
        self.fill(rest)
    }

    fn data(&mut self, start: u64, flags: u8, body: u64) -> io::Result<()> {
        let compact = if self.header.is_compact() { 8 } else { 0 };
        let head = DATA_HEAD + compact - 16;
        let Some(length) = body.checked_sub(head) else {
            return self.skip(body);
        };
        self.skip(head)?;
        let packing = Packing::of(flags & PACKED);
        let wanted = usize::try_from(length)
            .ok()
            .filter(|length| *length <= MOST_PAYLOAD);
        let (Some(packing), Some(length)) = (packing, wanted) else {
            self.unreadable += 1;
            return self.skip(length);
        };
        // The name tells whether the rest is wanted; it cannot be told of a packed field.
        let mut bytes = vec![0; length.min(LONGEST_NAME)];
        if !self.fill(&mut bytes)? {
            return Ok(());
        }
        let rest = length - bytes.len();
        if packing == Packing::Plain && !self.is_wanted(&bytes) {
            return self.skip(rest as u64);
        }
        let begun = bytes.len();
        bytes.resize(length, 0);
        if !self.fill(bytes.get_mut(begun..).unwrap_or_default())? {
            return Ok(());
        }
        self.hold(start, packing, bytes);
        Ok(())
    }

    fn hold(&mut self, at: u64, packing: Packing, bytes: Vec<u8>) {
        self.size += bytes.len();
        while self.size > MOST_HELD
            && let Some((_, old)) = self.held.pop_first()
        {
            self.size = self.size.saturating_sub(old.bytes.len());
        }
        let bytes = Arc::from(bytes);
        self.held.insert(at, Held { packing, bytes });
    }

    fn is_wanted(&self, text: &[u8]) -> bool {
        self.names.iter().any(|name| {
            text.strip_prefix(name.as_bytes())
                .is_some_and(|rest| rest.first() == Some(&b'='))
        })
    }

    fn entry(&mut self, body: u64) -> io::Result<Option<Entry>> {
        let width = if self.header.is_compact() { 4 } else { 16 };
        let length = usize::try_from(body).unwrap_or(usize::MAX);
        let most = MOST_FIELDS * width + 48;
        let mut bytes = vec![0; length.min(most)];
        if !self.fill(&mut bytes)? {
            return Ok(None);
        }
        self.skip((length - bytes.len()) as u64)?;
        let items = usize::try_from(ENTRY_HEAD - 16).unwrap_or(usize::MAX);
        let (Some(number), Some(time), Some(monotonic), Some(boot), Some(items)) = (
            word(&bytes, 0),
            word(&bytes, 8),
            word(&bytes, 16),
            id(&bytes, 24),
            bytes.get(items..),
        ) else {
            self.lost += body;
            return Ok(None);
        };
        let offsets: Vec<u64> = items
            .chunks_exact(width)
            .filter_map(|item| word(item, 0).or_else(|| half_word(item, 0).map(u64::from)))
            .take_while(|&at| at != 0)
            .collect();
        let fields = offsets
            .into_iter()
            .filter_map(|at| self.field(at))
            .collect();
        Ok(Some(Entry {
            number,
            time,
            monotonic,
            boot,
            fields,
        }))
    }

    fn field(&mut self, at: u64) -> Option<Arc<[u8]>> {
        let held = self.held.get(&at)?;
        if held.packing == Packing::Plain {
            return Some(Arc::clone(&held.bytes));
        }
        let Some(text) = held.packing.open(held.bytes.to_vec()) else {
            self.unreadable += 1;
            return None;
        };
        if self.is_wanted(&text) {
            return Some(Arc::from(text));
        }
        self.held.remove(&at);
        None
    }

    /// Fills the buffer; false where the file ends before.
    fn fill(&mut self, out: &mut [u8]) -> io::Result<bool> {
        match self.input.read_exact(out) {
            Ok(()) => {
                self.at += out.len() as u64;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn skip(&mut self, count: u64) -> io::Result<()> {
        let mut left = count;
        while left > 0 {
            let have = match self.input.fill_buf() {
                Ok(bytes) => bytes.len(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if have == 0 {
                break;
            }
            let now = have.min(usize::try_from(left).unwrap_or(usize::MAX));
            self.input.consume(now);
            left -= now as u64;
        }
        self.at += count - left;
        Ok(())
    }
}

/// Reads until the buffer is full or the input ends.
fn read_up_to(input: &mut impl BufRead, out: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = out.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match input.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Bytes after which the header has said how long it is.
const SIZE_KNOWN: usize = 96;
/// Flags of a data object that say how it is packed.
const PACKED: u8 = 7;
/// Bytes of a field that are read before its name is known.
const LONGEST_NAME: usize = 64;
/// A longer value is no line of a log.
const MOST_PAYLOAD: usize = 8 << 20;
/// Fields of an entry.
const MOST_FIELDS: usize = 1024;
/// Bytes of fields that are held at a time; the oldest go first.
const MOST_HELD: usize = 256 << 20;
/// No header is longer.
const MOST_HEADER: u64 = 4096;
/// A damaged stretch, or an empty tail, longer than this ends the pass.
const MOST_LOST: u64 = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use nodebundle_fixtures::journal::{JournalWriter, Sender};

    const NAMES: &[&str] = &["MESSAGE", "_PID"];

    fn file() -> Vec<u8> {
        let mut writer = JournalWriter::new(7);
        let sender = Sender {
            unit: "kubelet.service",
            program: "kubelet",
            pid: 61,
        };
        for (at, message) in [(10, "one"), (20, "two"), (30, "one")] {
            writer.line(at, sender, message);
        }
        writer.finish()
    }

    fn read(bytes: &[u8]) -> (Vec<(u64, u64, Vec<String>)>, u64) {
        let mut pass = Pass::new(bytes, NAMES).unwrap().unwrap();
        let mut all = Vec::new();
        while let Some(entry) = pass.next_entry().unwrap() {
            assert_eq!(entry.boot, [7; 16]);
            let fields = entry.fields.iter();
            let fields = fields.map(|text| String::from_utf8_lossy(text).into_owned());
            all.push((entry.number, entry.time, fields.collect()));
        }
        (all, pass.lost())
    }

    #[test]
    fn entries_come_in_order_with_the_fields_that_were_asked_for() {
        let fields = |message: &str| vec![format!("MESSAGE={message}"), "_PID=61".to_owned()];
        assert_eq!(
            read(&file()),
            (
                vec![
                    (1, 10, fields("one")),
                    (2, 20, fields("two")),
                    (3, 30, fields("one")),
                ],
                0
            )
        );
    }

    #[test]
    fn a_file_cut_anywhere_yields_the_entries_before_the_cut() {
        let whole = file();
        let mut most = 0;
        for end in (0..whole.len()).step_by(131) {
            let Some(start) = whole.get(..end) else { break };
            let Ok(mut pass) = Pass::new(start, NAMES).unwrap() else {
                continue;
            };
            let mut entries = 0;
            while pass.next_entry().unwrap().is_some() {
                entries += 1;
            }
            assert!(pass.is_cut() || pass.header().tail_object < end as u64);
            assert!(entries >= most, "{end}");
            most = entries;
        }
        assert!(most >= 2, "{most}");
    }

    #[test]
    fn nonsense_in_the_middle_costs_what_stood_there() {
        let mut bytes = file();
        let at = (bytes.len() / 2) & !7;
        let (all, _) = read(&bytes);
        bytes.splice(at..at + 8, [0xFF; 8]);
        let (left, _) = read(&bytes);
        assert!(left.len() <= all.len());
        for byte in (0..bytes.len()).step_by(53) {
            let mut damaged = file();
            damaged[byte] ^= 0xA5;
            if let Ok(mut pass) = Pass::new(damaged.as_slice(), NAMES).unwrap() {
                while pass.next_entry().unwrap().is_some() {}
            }
        }
    }
}
