//! A zip without its directory, read by walking the local headers.

use super::guard::{Counted, Exactly, Inflated, cut_short, fill};
use super::tar::{cut_inside, whole_lines};
use super::walk::{BUFFER, Meta, Walk};
use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

const LOCAL: &[u8] = b"PK\x03\x04";
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
const HEADER_BYTES: usize = 30;
/// Compressed entries up to this size are held, so that it is known whether they are whole.
const HELD_BYTES: u64 = 16 << 20;
/// Most text of a cut entry that is looked at.
const CUT_TEXT_BYTES: u64 = 64 << 20;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// The fields of a local header that matter.
struct Local {
    flags: u16,
    method: u16,
    crc: u32,
    packed: u64,
    size: u64,
    name: Vec<u8>,
}

/// Reads entry after entry until the headers end.
pub(super) fn walk(walk: &mut Walk<'_>, stream: &mut dyn BufRead) {
    while !walk.is_over() {
        let local = match local_header(stream) {
            Ok(Some(local)) => local,
            Ok(None) => return,
            Err(error) => return walk.damage(None, error.to_string()),
        };
        if let Err(error) = entry(walk, stream, &local) {
            return walk.damage(None, error.to_string());
        }
    }
}

/// `None` where no local header follows: at the directory or the end.
fn local_header(stream: &mut dyn BufRead) -> io::Result<Option<Local>> {
    let mut header = [0; HEADER_BYTES];
    let filled = fill(stream, &mut header);
    if !header.starts_with(LOCAL) {
        return Ok(None);
    }
    if filled < HEADER_BYTES {
        return Err(cut_short());
    }
    let short = |at: usize| {
        header.get(at..at + 2).map_or(0, |b| {
            b.iter().rev().fold(0u16, |n, b| n << 8 | u16::from(*b))
        })
    };
    let long = |at: usize| u32::from(short(at)) | u32::from(short(at + 2)) << 16;
    let mut name = vec![0; short(26).into()];
    let mut extra = vec![0; short(28).into()];
    stream.read_exact(&mut name)?;
    stream.read_exact(&mut extra)?;
    Ok(Some(Local {
        flags: short(6),
        method: short(8),
        crc: long(14),
        packed: long(18).into(),
        size: long(22).into(),
        name,
    }))
}

fn entry(walk: &mut Walk<'_>, stream: &mut dyn BufRead, local: &Local) -> io::Result<()> {
    let has_descriptor = local.flags & 8 != 0 && local.packed == 0;
    if local.packed == u64::from(u32::MAX) || (has_descriptor && local.method != DEFLATED) {
        return Err(io::Error::other("an entry does not say where it ends"));
    }
    if has_descriptor {
        let mut content = inflated(walk, stream, local.method);
        offer(walk, local, &mut content);
        io::copy(&mut content, &mut io::sink())?;
        drop(content);
        return skip_descriptor(stream);
    }
    if local.packed > HELD_BYTES {
        let mut packed = Exactly::new(stream, local.packed);
        let mut content = inflated(walk, &mut packed, local.method);
        offer(walk, local, &mut content);
        drop(content);
        return packed.skip_rest();
    }
    let mut packed = Vec::new();
    stream.take(local.packed).read_to_end(&mut packed)?;
    if (packed.len() as u64) < local.packed {
        cut_entry(walk, &packed, local);
        return Err(cut_inside(&local.name));
    }
    let mut packed = packed.as_slice();
    let content = inflated(walk, &mut packed, local.method);
    let mut checked = BufReader::with_capacity(BUFFER, Checked::new(content, local.crc));
    offer(walk, local, &mut checked);
    Ok(())
}

fn offer(walk: &mut Walk<'_>, local: &Local, content: &mut dyn BufRead) {
    if local.flags & 1 != 0 {
        return walk.refuse(&local.name, "it is encrypted");
    }
    if local.method != STORED && local.method != DEFLATED {
        return walk.refuse(&local.name, "its compression method is not supported");
    }
    if !local.name.ends_with(b"/") {
        let meta = Meta {
            name: &local.name,
            size: Some(local.size).filter(|size| *size > 0),
            mtime: None,
            cut: false,
        };
        walk.offer(meta, content);
    }
}

/// The whole lines of an entry that the end of the file cut.
fn cut_entry(walk: &mut Walk<'_>, mut packed: &[u8], local: &Local) {
    let mut text = Vec::new();
    let mut content = inflated(walk, &mut packed, local.method).take(CUT_TEXT_BYTES);
    // The error at the cut is expected: what came before it is kept.
    let _ = content.read_to_end(&mut text);
    drop(content);
    let lines = whole_lines(&local.name, &text);
    if let Some(lines) = text.get(..lines).filter(|lines| !lines.is_empty()) {
        let meta = Meta {
            name: &local.name,
            size: None,
            mtime: None,
            cut: true,
        };
        walk.offer(meta, &mut &*lines);
    }
}

fn inflated<'s>(
    walk: &Walk<'_>,
    packed: &'s mut dyn BufRead,
    method: u16,
) -> BufReader<Inflated<Box<dyn Read + 's>>> {
    let (counted, taken) = Counted::new(packed);
    let plain: Box<dyn Read + 's> = if method == DEFLATED {
        Box::new(DeflateDecoder::new(counted))
    } else {
        Box::new(counted)
    };
    let budget = Rc::clone(&walk.budget);
    BufReader::with_capacity(
        BUFFER,
        Inflated::new(plain, taken, walk.limits.ratio, walk.limits, budget),
    )
}

/// CRC and sizes after the content, with or without a signature.
fn skip_descriptor(stream: &mut dyn BufRead) -> io::Result<()> {
    let mut first = [0; 4];
    stream.read_exact(&mut first)?;
    let rest = if first == *DESCRIPTOR { 12 } else { 8 };
    Exactly::new(stream, rest).skip_rest()
}

/// A stream that ends with an error where its checksum is not the stated one.
struct Checked<R> {
    inner: R,
    crc: Crc,
    stated: u32,
}

impl<R> Checked<R> {
    fn new(inner: R, stated: u32) -> Self {
        Self {
            inner,
            crc: Crc::new(),
            stated,
        }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buf)?;
        if read == 0 && !buf.is_empty() && self.crc.sum() != self.stated {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the checksum is wrong",
            ));
        }
        self.crc.update(buf.get(..read).unwrap_or_default());
        Ok(read)
    }
}
