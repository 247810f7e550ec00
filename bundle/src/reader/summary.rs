//! What the reader says of an input.

use std::fmt;

/// One entry that is offered to the visitor, with its content as a stream.
#[derive(Debug, Clone, Copy)]
pub struct EntryHead<'a> {
    /// Name without the top folder: relative, `/`-separated, without `.`, `..` or empty components.
    pub name: &'a str,
    /// The archive inside the input that holds it: its name, for deeper ones joined with `!/`. Empty for the input itself.
    pub archive: &'a str,
    /// Bytes it should have, where the archive says so; a hint.
    pub size: Option<u64>,
    /// Last modification in seconds since 1970; `None` where the archive does not say.
    pub mtime: Option<u64>,
    /// The archive was cut inside this entry: the content ends with the last whole line that is left.
    pub cut: bool,
}

impl EntryHead<'_> {
    /// The name with the archives that hold it: `archive!/name`.
    pub fn full_name(&self) -> String {
        full_name(self.archive, self.name)
    }
}

/// The name of what is inside an archive; an empty archive is the input itself.
pub(super) fn full_name(archive: &str, name: &str) -> String {
    if archive.is_empty() {
        name.to_owned()
    } else {
        format!("{archive}!/{name}")
    }
}

/// What the visitor wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Read on.
    Continue,
    /// Read nothing more.
    Stop,
}

/// How an input is packed, told by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// `.tar.gz` of self-describing members: written by our collector.
    MemberTarGz,
    /// Any other tar behind gzip.
    TarGz,
    /// A tar behind xz.
    TarXz,
    /// A tar behind zstd.
    TarZst,
    /// A tar behind bzip2.
    TarBz2,
    /// A plain tar.
    Tar,
    /// A zip.
    Zip,
    /// A folder tree.
    Folder,
    /// One file that is not an archive, plain or compressed.
    File,
}

impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MemberTarGz | Self::TarGz => "tar.gz",
            Self::TarXz => "tar.xz",
            Self::TarZst => "tar.zst",
            Self::TarBz2 => "tar.bz2",
            Self::Tar => "tar",
            Self::Zip => "zip",
            Self::Folder => "folder",
            Self::File => "file",
        })
    }
}

/// Something that is in the input and was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Name as the archive has it, control characters escaped.
    pub name: String,
    /// Why, in words.
    pub why: String,
}

/// A symbolic or hard link; the reader never follows one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Name of the link, like that of an entry, after `archive!/` where it is inside one.
    pub name: String,
    /// Its target as written, control characters escaped. That of a hard link is another name in the archive.
    pub target: String,
    /// It is a hard link: another name of a file.
    pub hard: bool,
}

/// A place where the input is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Where: the archive inside the input, empty for the input itself.
    pub archive: String,
    /// Byte offset in the compressed file where that is known.
    pub offset: Option<u64>,
    /// What, in words.
    pub what: String,
}

impl Damage {
    /// What, with its place in the packed file where that is known.
    pub fn told(&self) -> String {
        match self.offset {
            Some(offset) => format!("{} at byte {offset}", self.what),
            None => self.what.clone(),
        }
    }
}

/// After the archive inside the input, where it is in one.
impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.archive.is_empty() {
            write!(f, "{}: ", self.archive)?;
        }
        f.write_str(&self.told())
    }
}

/// What was read, and what was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadSummary {
    /// How the input is packed.
    pub packing: Packing,
    /// Read to its proper end without damage, and nothing stopped it. Says nothing of the collection: see the manifest.
    pub complete: bool,
    /// Why the reading ended early: a limit. `None` when it did not, or the visitor stopped it.
    pub stopped: Option<String>,
    /// Entries offered to the visitor.
    pub entries: u64,
    /// Bytes of content of these entries that were read.
    pub bytes: u64,
    /// Entries refused, the first of them.
    pub refused: Vec<Refusal>,
    /// Number of all entries refused.
    pub refused_count: u64,
    /// Links, the first of them.
    pub links: Vec<Link>,
    /// Names that several entries have, the first of them. All of these entries are offered.
    pub repeated: Vec<String>,
    /// Places of damage, the first of them.
    pub damage: Vec<Damage>,
    /// SHA-256 of the input in lower-case hex, when it was asked for and it is a file or standard input that was not stopped by the
    /// visitor.
    pub sha256: Option<String>,
}

/// Text from an archive, fit for a message: control characters are escaped and it is not too long.
pub(super) fn shown(text: &[u8]) -> String {
    const LONGEST: usize = 200;
    let text = String::from_utf8_lossy(text);
    let mut out: String = text
        .chars()
        .take(LONGEST)
        .map(|c| {
            if c.is_control() {
                c.escape_default().to_string()
            } else {
                c.to_string()
            }
        })
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        out.push('…');
    }
    out
}
