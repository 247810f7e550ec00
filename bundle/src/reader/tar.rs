//! Tar, read block by block: nothing is unpacked, no size is trusted, no name is followed.

use super::detect::checksum_fits;
use super::guard::{Exactly, cut_short, fill};
use super::summary::shown;
use super::walk::{Meta, Walk};
use std::io::{self, BufRead, Read as _};
use tar::{EntryType, Header, PaxExtensions};

const BLOCK: u64 = 512;
const BLOCK_BYTES: usize = 512;
/// Most bytes of an extended header; a longest name is far below.
const EXTENSION_BYTES: u64 = 1 << 20;

/// How reading the blocks ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// At the blocks that end an archive.
    Archive,
    /// At the end of the stream, between two entries.
    Stream,
    /// Within an entry, at damage, or because the walk is over.
    Early,
}

/// What extended headers say of the next entry.
#[derive(Debug, Default)]
struct Extended {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    mtime: Option<u64>,
    sparse: bool,
}

/// Reads an archive of its own, and those that follow it where several were joined.
pub(super) fn walk_stream(walk: &mut Walk<'_>, stream: &mut dyn BufRead) {
    let mut first = Vec::new();
    loop {
        match walk_blocks(walk, &mut first.as_slice().chain(&mut *stream), false) {
            End::Archive => match behind(stream) {
                Ok(Some(header)) => first = header,
                Ok(None) => return,
                Err(error) => return walk.damage(None, error.to_string()),
            },
            End::Stream => return walk.damage(None, "the archive has no end: it is cut short"),
            End::Early => return,
        }
    }
}

/// Passes over the zeros behind an archive, to the header of another one. What else stands there is no part of it.
fn behind(stream: &mut dyn BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut block = [0; BLOCK_BYTES];
    while fill(stream, &mut block) == BLOCK_BYTES {
        if checksum_fits(&block) {
            return Ok(Some(block.to_vec()));
        }
        if block.iter().any(|byte| *byte != 0) {
            return Ok(None);
        }
    }
    // An error looks like an end to `fill`; asking again brings it out.
    stream.fill_buf().map(|_| None)
}

/// Reads entries until something ends them. With `cut` the stream is all that is left of a member.
pub(super) fn walk_blocks(walk: &mut Walk<'_>, stream: &mut dyn BufRead, cut: bool) -> End {
    let mut blocks = Blocks {
        stream,
        cut,
        extended: Extended::default(),
        lost: false,
    };
    let mut zeros = 0;
    loop {
        let header = match blocks.header() {
            Ok(Some(header)) => header,
            Ok(None) if zeros > 0 => return End::Archive,
            Ok(None) => return End::Stream,
            Err(error) => {
                walk.damage(None, error.to_string());
                return End::Early;
            }
        };
        if header.as_bytes().iter().all(|byte| *byte == 0) {
            zeros += 1;
            if zeros == 2 {
                return End::Archive;
            }
            continue;
        }
        zeros = 0;
        if let Err(error) = blocks.entry(walk, &header) {
            walk.damage(None, error.to_string());
            return End::Early;
        }
        if walk.is_over() {
            return End::Early;
        }
    }
}

/// Bytes that an entry fills whose plain header begins the text: header, content and padding.
pub(super) fn only_entry(text: &[u8]) -> Option<u64> {
    let block = text.first_chunk::<BLOCK_BYTES>()?;
    let header = Header::from_byte_slice(block);
    let is_file = header.entry_type() == EntryType::Regular && checksum_fits(block);
    let size = header.entry_size().ok().filter(|_| is_file)?;
    size.checked_next_multiple_of(BLOCK)?.checked_add(BLOCK)
}

struct Blocks<'s> {
    stream: &'s mut dyn BufRead,
    cut: bool,
    extended: Extended,
    /// A broken header was reported and no good one has been seen since.
    lost: bool,
}

impl Blocks<'_> {
    fn header(&mut self) -> io::Result<Option<Header>> {
        let mut block = [0; BLOCK_BYTES];
        match fill(self.stream, &mut block) {
            // An error looks like an end to `fill`; asking again brings it out.
            0 => self.stream.fill_buf().map(|_| None),
            filled if filled < block.len() => Err(cut_short()),
            _ => Ok(Some(Header::from_byte_slice(&block).clone())),
        }
    }

    /// The entry behind a header, and the blocks it fills.
    fn entry(&mut self, walk: &mut Walk<'_>, header: &Header) -> io::Result<()> {
        let size = header.entry_size().ok();
        let Some(size) = size.filter(|_| checksum_fits(header.as_bytes())) else {
            if !std::mem::replace(&mut self.lost, true) {
                walk.damage(None, "a header is broken: looking for the next one");
            }
            return Ok(());
        };
        self.lost = false;
        match header.entry_type() {
            EntryType::XHeader => self.pax(size),
            EntryType::GNULongName => {
                self.extended.name = Some(self.text(size)?);
                Ok(())
            }
            EntryType::GNULongLink => {
                self.extended.link = Some(self.text(size)?);
                Ok(())
            }
            EntryType::XGlobalHeader => self.skip(size),
            _ => {
                let extended = std::mem::take(&mut self.extended);
                self.node(walk, header, extended, size)
            }
        }
    }

    /// A file, folder, link or device.
    fn node(
        &mut self,
        walk: &mut Walk<'_>,
        header: &Header,
        extended: Extended,
        size: u64,
    ) -> io::Result<()> {
        let size = extended.size.unwrap_or(size);
        let name = extended
            .name
            .unwrap_or_else(|| header.path_bytes().into_owned());
        let kind = header.entry_type();
        let why = match kind {
            _ if extended.sparse || kind.is_gnu_sparse() => "it is stored as a sparse file",
            EntryType::Regular | EntryType::Continuous if name.ends_with(b"/") => "",
            EntryType::Regular | EntryType::Continuous => {
                let meta = Meta {
                    name: &name,
                    size: Some(size),
                    mtime: extended.mtime.or_else(|| header.mtime().ok()),
                    cut: false,
                };
                return self.file(walk, meta, size);
            }
            EntryType::Directory => "",
            EntryType::Symlink | EntryType::Link => {
                let target = extended
                    .link
                    .or_else(|| header.link_name_bytes().map(std::borrow::Cow::into_owned));
                walk.link(&name, &target.unwrap_or_default(), kind == EntryType::Link);
                // Only a file has content: some tools state a hard link's size, none stores it.
                return Ok(());
            }
            EntryType::Char | EntryType::Block | EntryType::Fifo => "it is a device or a pipe",
            _ => "it is of an unknown type",
        };
        if !why.is_empty() {
            walk.refuse(&name, why);
        }
        self.skip(size)
    }

    fn file(&mut self, walk: &mut Walk<'_>, meta: Meta<'_>, size: u64) -> io::Result<()> {
        if self.cut {
            let left = self.stream.fill_buf()?;
            if (left.len() as u64) < size {
                let lines = whole_lines(meta.name, left);
                if lines > 0 {
                    let meta = Meta { cut: true, ..meta };
                    walk.offer(meta, &mut Exactly::new(self.stream, lines as u64));
                }
                return Err(cut_inside(meta.name));
            }
        }
        let mut content = Exactly::new(self.stream, size);
        walk.offer(meta, &mut content);
        if walk.is_over() {
            return Ok(());
        }
        content.skip_rest()?;
        self.skip_padding(size)
    }

    fn pax(&mut self, size: u64) -> io::Result<()> {
        let text = self.text(size)?;
        for field in PaxExtensions::new(&text).flatten() {
            let value = field.value_bytes();
            let number = || field.value().ok()?.split('.').next()?.parse().ok();
            match field.key_bytes() {
                b"path" => self.extended.name = Some(value.to_vec()),
                b"linkpath" => self.extended.link = Some(value.to_vec()),
                b"size" => self.extended.size = number(),
                b"mtime" => self.extended.mtime = number(),
                key => self.extended.sparse |= key.starts_with(b"GNU.sparse."),
            }
        }
        Ok(())
    }

    /// Content of an extended header, without the NUL that ends it.
    fn text(&mut self, size: u64) -> io::Result<Vec<u8>> {
        if size > EXTENSION_BYTES {
            self.skip(size)?;
            return Ok(Vec::new());
        }
        let mut text = Vec::new();
        Exactly::new(self.stream, size).read_to_end(&mut text)?;
        self.skip_padding(size)?;
        if text.last() == Some(&0) {
            text.pop();
        }
        Ok(text)
    }

    fn skip(&mut self, size: u64) -> io::Result<()> {
        Exactly::new(self.stream, size).skip_rest()?;
        self.skip_padding(size)
    }

    fn skip_padding(&mut self, size: u64) -> io::Result<()> {
        let padding = (BLOCK - size % BLOCK) % BLOCK;
        Exactly::new(self.stream, padding).skip_rest()
    }
}

/// Bytes up to the last line end where the entry consists of lines, else none.
pub(super) fn whole_lines(name: &[u8], left: &[u8]) -> usize {
    if !name.ends_with(b".log") && !name.ends_with(b".jsonl") {
        return 0;
    }
    memchr::memrchr(b'\n', left).map_or(0, |at| at + 1)
}

/// The input ends inside this entry.
pub(super) fn cut_inside(name: &[u8]) -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        format!("the input is cut inside {}", shown(name)),
    )
}
