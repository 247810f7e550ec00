//! One config-like entry, held whole.

use crate::origin::Origin;
use crate::source::Source;
use std::sync::Arc;

/// One entry of at most [`Entry::MAX_BYTES`], handed to every parser that accepts it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Name in the bundle, without its top folder.
    pub name: Arc<str>,
    /// What it is a copy of.
    pub source: Source,
    /// Its content. Text may have any line ends and any encoding errors.
    pub bytes: Vec<u8>,
}

impl Entry {
    /// Larger entries are logs or are left out as a gap.
    pub const MAX_BYTES: u64 = 1 << 20;

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

    /// The node path, when this is a copy of a file.
    pub fn path(&self) -> Option<&str> {
        match &self.source {
            Source::File(path) => Some(path),
            _ => None,
        }
    }
}
