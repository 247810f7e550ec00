//! Frames of HTTP/2 (RFC 9113, section 4 and 6).

use super::CallError;
use std::io::Read;

/// One frame.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    pub(super) flags: u8,
    pub(super) payload: Vec<u8>,
}

/// What a frame is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Data,
    Headers,
    Reset,
    Settings,
    Ping,
    GoAway,
    WindowUpdate,
    Continuation,
    /// Of no interest here.
    Other,
}

/// Bits of a frame's flags.
pub(super) mod flags {
    /// Of settings and pings.
    pub(crate) const ACK: u8 = 1;
    pub(crate) const END_STREAM: u8 = 1;
    pub(crate) const END_HEADERS: u8 = 4;
    pub(crate) const PADDED: u8 = 8;
    pub(crate) const PRIORITY: u8 = 32;
}

const KINDS: [(u8, Kind); 8] = [
    (0, Kind::Data),
    (1, Kind::Headers),
    (3, Kind::Reset),
    (4, Kind::Settings),
    (6, Kind::Ping),
    (7, Kind::GoAway),
    (8, Kind::WindowUpdate),
    (9, Kind::Continuation),
];

impl Frame {
    /// The payload of data or headers without padding and priority; `None` where their lengths do not fit.
    pub(super) fn content(&self) -> Option<&[u8]> {
        let mut content = self.payload.as_slice();
        let mut padding = 0;
        if self.flags & flags::PADDED != 0 {
            let (length, rest) = content.split_first()?;
            padding = usize::from(*length);
            content = rest;
        }
        if self.kind == Kind::Headers && self.flags & flags::PRIORITY != 0 {
            content = content.get(5..)?;
        }
        content.get(..content.len().checked_sub(padding)?)
    }
}

/// Reads one frame of at most the size that every peer must keep to unless told otherwise.
pub(super) fn read(stream: &mut impl Read) -> Result<Frame, CallError> {
    let mut head = [0; 9];
    stream.read_exact(&mut head)?;
    if head.starts_with(b"HTTP/") {
        return Err(CallError::NotGrpc);
    }
    let [a, b, c, kind, flags, ..] = head;
    let length = u32::from_be_bytes([0, a, b, c]) as usize;
    if length > MAX_FRAME {
        return Err(CallError::NotGrpc);
    }
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload)?;
    let known = KINDS.iter().find(|(number, _)| *number == kind);
    Ok(Frame {
        kind: known.map_or(Kind::Other, |(_, kind)| *kind),
        flags,
        payload,
    })
}

/// Appends one frame.
pub(super) fn write(out: &mut Vec<u8>, kind: Kind, flags: u8, stream: u32, payload: &[u8]) {
    let known = KINDS.iter().find(|(_, known)| *known == kind);
    let length = u32::try_from(payload.len()).unwrap_or(0).to_be_bytes();
    out.extend(length.iter().skip(1));
    out.extend([known.map_or(0xff, |(number, _)| *number), flags]);
    out.extend(stream.to_be_bytes());
    out.extend(payload);
}

/// RFC 9113 4.2: the smallest limit, which holds as long as nobody announces another.
const MAX_FRAME: usize = 16_384;
