//! One config-like entry, held whole.

use crate::objects::begins_list;
use crate::origin::Origin;
use crate::source::Source;
use std::io::{self, BufRead, Read as _};
use std::sync::Arc;

/// One entry of at most [`Entry::MAX_BYTES`], handed to every parser that accepts it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Name in the bundle, without its top folder.
    pub name: Arc<str>,
    /// What it is a copy of.
    pub source: Source,
    /// Its content. Text may have any line ends and any encoding errors. What was cut out of a longer text has empty lines in
    /// place of those before it, so that its lines keep their numbers.
    pub bytes: Vec<u8>,
}

impl Entry {
    /// Larger entries are logs or are left out as a gap.
    pub const MAX_BYTES: u64 = 1 << 20;

    /// A list of objects of the API may be larger: it grows with the cluster.
    pub const MAX_LIST_BYTES: u64 = 24 << 20;

    /// Line ends that the pieces of one text may have before them, all together: a text of more pieces is read as one.
    pub(crate) const MAX_PADDING: u64 = 32 << 20;

    const HEAD_BYTES: usize = 4096;

    /// The beginning of an entry, all of it where it is small, and how reading it went.
    pub fn begin(
        name: impl Into<Arc<str>>,
        source: Source,
        body: &mut dyn BufRead,
    ) -> (Self, io::Result<()>) {
        let mut bytes = Vec::new();
        let mut read = body.take(Self::MAX_BYTES + 1).read_to_end(&mut bytes);
        let mut entry = Self {
            name: name.into(),
            source,
            bytes,
        };
        if read.is_ok() && entry.bytes.len() as u64 > Self::MAX_BYTES && entry.is_whole() {
            let rest = Self::MAX_LIST_BYTES - Self::MAX_BYTES;
            read = body.take(rest).read_to_end(&mut entry.bytes);
        }
        (entry, read.map(drop))
    }

    /// Whether all of it is held; of a larger one only the beginning is.
    pub fn is_whole(&self) -> bool {
        let length = self.bytes.len() as u64;
        length <= Self::MAX_BYTES
            || length <= Self::MAX_LIST_BYTES && (begins_list(&self.head()) || self.shows_units())
    }

    /// What systemd tells of all its units grows with their number.
    fn shows_units(&self) -> bool {
        let command = self.command().unwrap_or_default();
        ["systemctl show", "systemctl status"]
            .iter()
            .any(|asked| command.starts_with(asked))
    }

    /// The content as text; invalid UTF-8 becomes U+FFFD. Line numbers are those of the bytes.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }

    /// The origin of one line, from 1.
    pub fn at(&self, line: u64) -> Origin {
        Origin {
            entry: Arc::clone(&self.name),
            line: Some(line),
        }
    }

    /// The origin of the whole entry.
    pub fn whole(&self) -> Origin {
        Origin {
            entry: Arc::clone(&self.name),
            line: None,
        }
    }

    /// The command line, when this is the output of a command.
    pub fn command(&self) -> Option<&str> {
        match &self.source {
            Source::Command(command) => Some(command),
            _ => None,
        }
    }

    /// Whether this is, or may be, the output of one of these programs: nothing but the content can tell where only a name is known.
    pub fn may_be_output_of(&self, programs: &[&str]) -> bool {
        match &self.source {
            Source::Command(command) => {
                let program = command.split_whitespace().next().unwrap_or_default();
                programs.contains(&program)
            }
            Source::Named(_) => true,
            _ => false,
        }
    }

    /// Whether this is the output of a command that has all of these words.
    pub fn is_command(&self, words: &[&str]) -> bool {
        self.command().is_some_and(|command| {
            words
                .iter()
                .all(|word| command.split_whitespace().any(|given| given == *word))
        })
    }

    /// The first line that is not empty, with its number.
    pub fn first_line(&self) -> (u64, String) {
        let text = self.text();
        let first = numbered(&text).find(|(_, line)| !line.trim().is_empty());
        first.map_or((1, String::new()), |(number, line)| {
            (number, line.to_owned())
        })
    }

    /// The beginning of the content as text, for a look at what it is.
    pub fn head(&self) -> std::borrow::Cow<'_, str> {
        let blank = self.bytes.iter().take_while(|&&byte| byte == b'\n').count();
        let start = self.bytes.get(blank..).unwrap_or_default();
        let end = start.len().min(Self::HEAD_BYTES);
        String::from_utf8_lossy(start.get(..end).unwrap_or_default())
    }

    /// The node path, when this is a copy of a file.
    pub fn path(&self) -> Option<&str> {
        match &self.source {
            Source::File(path) => Some(path),
            _ => None,
        }
    }
}

/// The lines of a text with their numbers, from 1, as an editor counts.
pub fn numbered(text: &str) -> impl Iterator<Item = (u64, &str)> {
    (1..).zip(text.lines())
}
