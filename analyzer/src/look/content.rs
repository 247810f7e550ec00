//! The bytes of entries, in the order in which they were asked for.

use super::named::Named;
use super::opened::Opened;
use crate::logs::{is_journal, journal_text};
use nodebundle_bundle::Control;
use nodebundle_bundle::reader::ReadError;
use nodebundle_journal::MAGIC;
use schemars::JsonSchema;
use serde::Serialize;
use std::io::{self, BufRead, Read as _};

/// The JSON of entries; one line of theirs a line.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Contents<'a> {
    /// 1.
    pub schema_version: u32,
    /// In the order in which they were asked for.
    pub entries: Vec<Lines<'a>>,
}

/// The lines of one entry.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Lines<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its lines; what is no UTF-8 in them is U+FFFD.
    pub lines: Vec<&'a str>,
}

/// Where the content of an entry goes.
pub trait Shelf {
    /// An entry begins.
    fn begin(&mut self, name: &str) -> io::Result<()>;
    /// Its bytes, as they are.
    fn bytes(&mut self, body: &mut dyn BufRead) -> io::Result<()>;
    /// A line of its text, where it had to be decoded.
    fn line(&mut self, line: &[u8]) -> io::Result<()>;
}

/// Why content did not come whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// The input cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Where the content goes took no more.
    #[error("writing the output: {0}")]
    Output(io::Error),
    /// The entry is damaged; what came before is out.
    #[error("{name}: {why}")]
    Damage {
        /// The entry.
        name: String,
        /// What is wrong with it.
        why: String,
    },
}

/// Puts the entries on the shelf. Journal files are decoded to text unless they are wanted raw.
pub fn content(
    opened: &mut Opened,
    named: &Named,
    raw: bool,
    shelf: &mut dyn Shelf,
) -> Result<(), ContentError> {
    match named {
        Named::Entries(names) => {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            pass(opened, &names, Decoding { raw, unit: None }, shelf)
        }
        Named::Unit(unit, files) => {
            let decoding = Decoding {
                raw: false,
                unit: Some(unit),
            };
            let old = files.iter().filter(|name| name.contains('@'));
            let new = files.iter().filter(|name| !name.contains('@'));
            let old: Vec<&str> = old.map(String::as_str).collect();
            let new: Vec<&str> = new.map(String::as_str).collect();
            pass(opened, &old, decoding, shelf)?;
            pass(opened, &new, decoding, shelf)
        }
        Named::Nothing(_) => Ok(()),
    }
}

#[derive(Clone, Copy)]
struct Decoding<'a> {
    raw: bool,
    unit: Option<&'a str>,
}

fn pass(
    opened: &mut Opened,
    names: &[&str],
    decoding: Decoding<'_>,
    shelf: &mut dyn Shelf,
) -> Result<(), ContentError> {
    if names.is_empty() {
        return Ok(());
    }
    let mut left = names.len();
    let mut failed = None;
    opened.read(&mut |place, body| {
        if !names.contains(&place.name) {
            return Control::Continue;
        }
        left -= 1;
        if let Err(error) = entry(place.name, body, decoding, shelf) {
            failed.get_or_insert(error);
        }
        let over = matches!(failed, Some(ContentError::Output(_)));
        if left == 0 || over {
            Control::Stop
        } else {
            Control::Continue
        }
    })?;
    failed.map_or(Ok(()), Err)
}

fn entry(
    name: &str,
    body: &mut dyn BufRead,
    decoding: Decoding<'_>,
    shelf: &mut dyn Shelf,
) -> Result<(), ContentError> {
    let damage = |error: io::Error| ContentError::Damage {
        name: name.to_owned(),
        why: error.to_string(),
    };
    let mut start = Vec::new();
    let read = body.take(MAGIC.len() as u64).read_to_end(&mut start);
    shelf.begin(name).map_err(ContentError::Output)?;
    read.map_err(damage)?;
    let mut body = start.as_slice().chain(body);
    if decoding.raw || !is_journal(&start) {
        let mut watched = Watched {
            inner: &mut body,
            failed: None,
        };
        let put = shelf.bytes(&mut watched);
        return match (watched.failed, put) {
            (Some(error), _) => Err(damage(error)),
            (None, put) => put.map_err(ContentError::Output),
        };
    }
    let mut refused = None;
    let decoded = journal_text(&mut body, decoding.unit, &mut |line| {
        shelf.line(line).map_err(|error| {
            let kind = error.kind();
            refused = Some(error);
            io::Error::from(kind)
        })
    });
    match refused {
        Some(error) => Err(ContentError::Output(error)),
        None => decoded.map_err(damage),
    }
}

/// Tells a fault of the input from one of the output.
struct Watched<'a> {
    inner: &'a mut dyn BufRead,
    failed: Option<io::Error>,
}

impl io::Read for Watched<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut here = self.fill_buf()?;
        let read = here.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Watched<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.inner.fill_buf() {
            Ok(bytes) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.failed = Some(error);
                Ok(&[])
            }
        }
    }

    fn consume(&mut self, amount: usize) {
        self.inner.consume(amount);
    }
}
