//! Gzip members that state their own length: hop from one to the next, and find the next one after damage.

use super::tar::{self, End};
use super::walk::{BUFFER, Opening, Walk};
use crate::member::{
    HEADER_BYTES, HOLDS_END, HOLDS_MANIFEST_PART, MAGIC, MAX_MEMBER_BYTES, MAX_TEXT_BYTES,
    MemberHeader, TRAILER_BYTES,
};
use flate2::{Crc, Decompress, FlushDecompress, Status};
use std::io::{BufRead, Read as _};
use std::ops::ControlFlow;
use std::sync::mpsc;
use std::thread;

/// Most bytes of a gzip header that is not ours.
const GZIP_HEADER_BYTES: usize = 4096;

/// Text that holds the header of an entry, and the beginning of its content.
const HEAD_BYTES: usize = 4096;
/// Members that are inflated before they are asked for.
const AHEAD: usize = 2;

/// Reads all members of a stream.
pub(super) fn walk(walk: &mut Walk<'_>, stream: &mut dyn BufRead) {
    let mut members = Members::new(stream, walk.opening());
    let mut text = Vec::new();
    loop {
        let member = members.next(text);
        if deal_with(walk, &member).is_break() {
            return;
        }
        text = member.text;
    }
}

/// The same, with another thread that inflates while the visitor works.
pub(super) fn walk_ahead(walk: &mut Walk<'_>, stream: &mut (dyn BufRead + Send)) {
    let mut members = Members::new(stream, walk.opening());
    let (give, take) = mpsc::sync_channel(AHEAD);
    let (give_back, take_back) = mpsc::channel();
    thread::scope(|scope| {
        let inflating = thread::Builder::new().spawn_scoped(scope, move || {
            loop {
                let member = members.next(take_back.try_recv().unwrap_or_default());
                let is_end = matches!(member.found, Found::End);
                // Nobody takes it any more where the visitor stopped.
                if give.send(member).is_err() || is_end {
                    return;
                }
            }
        });
        if let Err(error) = inflating {
            return walk.damage(None, error.to_string());
        }
        for member in take {
            if deal_with(walk, &member).is_break() {
                return;
            }
            let _ = give_back.send(member.text);
        }
    });
}

/// Offers the entries of one member; breaks where nothing more is to be read.
fn deal_with(walk: &mut Walk<'_>, member: &Member) -> ControlFlow<()> {
    match &member.found {
        Found::LeftOut => return ControlFlow::Continue(()),
        Found::Whole => {
            let end = member.offer(walk, false);
            if end != End::Archive && !walk.is_over() {
                return ControlFlow::Continue(());
            }
        }
        Found::Lost(what) => {
            walk.damage(Some(member.offset), *what);
            return ControlFlow::Continue(());
        }
        Found::Cut => {
            member.offer(walk, true);
            walk.damage(Some(member.offset), "the last gzip member is cut short");
            member.why_ended(walk);
        }
        Found::End => {
            walk.damage(None, "the archive has no end: it is cut short");
            member.why_ended(walk);
        }
    }
    ControlFlow::Break(())
}

/// One member, or what stands in its place.
struct Member {
    found: Found,
    /// Where it begins in the stream.
    offset: u64,
    text: Vec<u8>,
    /// The error that ended the stream, if one did.
    ended_by: Option<String>,
}

impl Member {
    fn why_ended(&self, walk: &mut Walk<'_>) {
        if let Some(why) = &self.ended_by {
            walk.damage(None, why.as_str());
        }
    }

    fn offer(&self, walk: &mut Walk<'_>, cut: bool) -> End {
        if let Err(error) = walk.budget.spend(self.text.len()) {
            walk.damage(None, error.to_string());
            return End::Early;
        }
        tar::walk_blocks(walk, &mut self.text.as_slice(), cut)
    }
}

/// What the next member turned out to be.
enum Found {
    /// Its text is whole and its checksum right.
    Whole,
    /// It is not wanted and was hopped over.
    LeftOut,
    /// The stream ends inside it; its text is what could be inflated.
    Cut,
    /// It, or bytes between two members, cannot be used: why.
    Lost(&'static str),
    /// There is none.
    End,
}

/// How inflating ended.
enum Inflating {
    /// After so many bytes of deflate data, with checksum and length right.
    Right(usize),
    /// It needs more input.
    Unfinished,
    Wrong,
}

struct Members<R> {
    stream: R,
    opening: Opening,
    window: Vec<u8>,
    /// Where in the window the next member begins.
    start: usize,
    /// Where that is in the stream.
    offset: u64,
    ended: bool,
    ended_by: Option<String>,
    text: Vec<u8>,
}

impl<R: BufRead> Members<R> {
    fn new(stream: R, opening: Opening) -> Self {
        Self {
            stream,
            opening,
            window: Vec::new(),
            start: 0,
            offset: 0,
            ended: false,
            ended_by: None,
            text: Vec::new(),
        }
    }

    /// The next member; its text replaces what is in `text`.
    fn next(&mut self, text: Vec<u8>) -> Member {
        self.text = text;
        self.text.clear();
        let offset = self.offset;
        let found = self.find();
        Member {
            found,
            offset,
            text: std::mem::take(&mut self.text),
            ended_by: self.ended_by.clone(),
        }
    }

    fn find(&mut self) -> Found {
        if self.ahead(HEADER_BYTES).is_empty() {
            return Found::End;
        }
        if let Some(header) = MemberHeader::parse(self.ahead(HEADER_BYTES)) {
            let holds_manifest = header.flags & (HOLDS_MANIFEST_PART | HOLDS_END) != 0;
            if self.opening == Opening::Manifest && !holds_manifest && self.hop_over(header) {
                return Found::LeftOut;
            }
            let hopped =
                (self.opening == Opening::Names && self.hop_with_head(header)) || self.hop(header);
            if hopped {
                return Found::Whole;
            }
        }
        self.in_sequence()
    }

    /// Goes on to the next member without a look at this one, where the next one is where it should be.
    fn hop_over(&mut self, header: MemberHeader) -> bool {
        let length = header.member_bytes as usize;
        let next = self.ahead(length + HEADER_BYTES).get(length..);
        let fits = next.is_some_and(|next| MemberHeader::parse(next).is_some());
        if fits {
            self.advance(length);
        }
        fits
    }

    /// Where one entry fills the member, inflates its beginning alone; zeros stand for the rest.
    fn hop_with_head(&mut self, header: MemberHeader) -> bool {
        let ahead = self.ahead(HEADER_BYTES + HEAD_BYTES);
        let packed = ahead.get(HEADER_BYTES..).unwrap_or_default();
        self.text = inflated_head(packed);
        let fills = tar::only_entry(&self.text) == Some(header.text_bytes.into());
        if fills && self.hop_over(header) {
            self.text.resize(header.text_bytes as usize, 0);
            return true;
        }
        false
    }

    /// Trusts the length that the header states; false where it turns out to be wrong or the member damaged.
    fn hop(&mut self, header: MemberHeader) -> bool {
        let length = header.member_bytes as usize;
        self.ahead(length);
        let from = self.start + HEADER_BYTES;
        let Some(rest) = self.window.get(from..self.start + length) else {
            return false;
        };
        self.text.clear();
        self.text.reserve(header.text_bytes as usize + 1);
        let inflated = inflate(rest, header.text_bytes as usize, &mut self.text);
        let whole = matches!(inflated, Inflating::Right(used) if used + TRAILER_BYTES == rest.len())
            && self.text.len() == header.text_bytes as usize;
        if whole {
            self.advance(length);
        }
        whole
    }

    /// Lets the deflate data say where the member ends.
    fn in_sequence(&mut self) -> Found {
        self.text.clear();
        let ahead = self.ahead(MAX_MEMBER_BYTES);
        if ahead.len() < HEADER_BYTES {
            return Found::Cut;
        }
        let Some(header) = gzip_header_bytes(ahead) else {
            self.find_next();
            return Found::Lost("these bytes are not a gzip member");
        };
        let from = self.start + header;
        let rest = self.window.get(from..).unwrap_or_default();
        match inflate(rest, MAX_TEXT_BYTES, &mut self.text) {
            Inflating::Right(used) => {
                self.advance(header + used + TRAILER_BYTES);
                Found::Whole
            }
            Inflating::Unfinished if self.ended && self.is_last() => Found::Cut,
            _ => {
                self.find_next();
                Found::Lost("a gzip member is damaged")
            }
        }
    }

    /// Whether no other member begins in what is left of the stream.
    fn is_last(&self) -> bool {
        let rest = self.window.get(self.start + 1..).unwrap_or_default();
        find_member(rest).is_none()
    }

    /// Goes on to the next member, or to the end.
    fn find_next(&mut self) {
        self.advance(1);
        loop {
            let ahead = self.ahead(MAX_MEMBER_BYTES);
            if let Some(at) = find_member(ahead) {
                self.advance(at);
                return;
            }
            let searched = ahead.len().saturating_sub(HEADER_BYTES - 1);
            if self.ended {
                let rest = self.window.len() - self.start;
                self.advance(rest);
                return;
            }
            self.advance(searched);
        }
    }

    /// At least so many bytes from the start of the member, or all that are left.
    fn ahead(&mut self, bytes: usize) -> &[u8] {
        let missing = (self.start + bytes).saturating_sub(self.window.len());
        if missing > 0 && !self.ended {
            self.window.drain(..self.start);
            self.start = 0;
            let wanted = missing.max(BUFFER);
            let mut stream = self.stream.by_ref().take(wanted as u64);
            match stream.read_to_end(&mut self.window) {
                Ok(read) => self.ended = read < wanted,
                // What was read before the error can be used.
                Err(error) => {
                    self.ended = true;
                    self.ended_by = Some(error.to_string());
                }
            }
        }
        self.window.get(self.start..).unwrap_or_default()
    }

    fn advance(&mut self, bytes: usize) {
        self.start = (self.start + bytes).min(self.window.len());
        self.offset += bytes as u64;
    }
}

/// Where the next member begins whose header is ours.
fn find_member(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(bytes, &MAGIC)
        .find(|at| bytes.get(*at..).and_then(MemberHeader::parse).is_some())
}

/// Length of any gzip header, as RFC 1952 says.
fn gzip_header_bytes(bytes: &[u8]) -> Option<usize> {
    let mut header = bytes.get(..bytes.len().min(GZIP_HEADER_BYTES))?;
    let before = header.len();
    flate2::bufread::GzDecoder::new(&mut header).header()?;
    Some(before - header.len())
}

/// At most [`HEAD_BYTES`] of the text behind deflate data.
fn inflated_head(packed: &[u8]) -> Vec<u8> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    // What cannot be inflated shows up when the whole member is tried.
    let _ = Decompress::new(false).decompress_vec(packed, &mut head, FlushDecompress::None);
    head
}

/// Inflates deflate data of at most `cap` bytes of text and checks what follows it.
fn inflate(packed: &[u8], cap: usize, text: &mut Vec<u8>) -> Inflating {
    let mut inflater = Decompress::new(false);
    loop {
        let used = usize::try_from(inflater.total_in()).unwrap_or(usize::MAX);
        let rest = packed.get(used..).unwrap_or_default();
        if text.len() == text.capacity() {
            text.reserve(text.len().clamp(64 << 10, 2 << 20));
        }
        let before = (inflater.total_in(), inflater.total_out());
        match inflater.decompress_vec(rest, text, FlushDecompress::None) {
            Ok(Status::StreamEnd) => break,
            Ok(_) if text.len() > cap => return Inflating::Wrong,
            Ok(_) if before == (inflater.total_in(), inflater.total_out()) => {
                return Inflating::Unfinished;
            }
            Ok(_) => {}
            Err(_) => return Inflating::Wrong,
        }
    }
    let used = usize::try_from(inflater.total_in()).unwrap_or(usize::MAX);
    let Some(trailer) = packed
        .get(used..)
        .and_then(<[u8]>::first_chunk::<TRAILER_BYTES>)
    else {
        return Inflating::Unfinished;
    };
    let mut crc = Crc::new();
    crc.update(text);
    let stated = [crc.sum().to_le_bytes(), crc.amount().to_le_bytes()].concat();
    if text.len() <= cap && stated == trailer {
        Inflating::Right(used)
    } else {
        Inflating::Wrong
    }
}
