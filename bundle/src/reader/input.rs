//! What can be read: a file, a folder, or what came on standard input.

use super::detect::{self, Content, PEEK};
use super::guard::fill;
use super::unseal::{Keys, Seekable};
use super::walk::BUFFER;
use super::{Limits, ReadError};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One input: what is reported on as one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A file or folder, as the person named it.
    Path(PathBuf),
    /// Bytes that are held, with the name to show for them.
    Held {
        /// `-` for standard input.
        name: String,
        /// The content.
        bytes: Arc<[u8]>,
    },
    /// Another input, with keys for what is encrypted in it.
    Keyed {
        /// The input as it is stored.
        input: Box<Self>,
        /// What opens it.
        keys: Keys,
    },
}

impl Input {
    /// Reads a stream, such as standard input, to its end and holds it.
    pub fn held(name: &str, stream: &mut dyn Read, limits: &Limits) -> Result<Self, ReadError> {
        let mut bytes = Vec::new();
        let read = stream.take(limits.held_bytes + 1).read_to_end(&mut bytes);
        read.map_err(|error| ReadError::open(name, error))?;
        if bytes.len() as u64 > limits.held_bytes {
            return Err(ReadError::TooLarge {
                name: name.to_owned(),
                allowed: limits.held_bytes,
            });
        }
        Ok(Self::Held {
            name: name.to_owned(),
            bytes: bytes.into(),
        })
    }

    /// The same input, opened with keys where it is encrypted.
    #[must_use]
    pub fn with_keys(self, keys: Keys) -> Self {
        Self::Keyed {
            input: Box::new(self),
            keys,
        }
    }

    /// How a message names it.
    pub fn name(&self) -> String {
        match self {
            Self::Keyed { input, .. } => input.name(),
            Self::Path(path) => path.display().to_string(),
            Self::Held { name, .. } => name.clone(),
        }
    }

    /// The folder, where it is one.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.path().filter(|path| path.is_dir())
    }

    /// The path, where it has one.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Held { .. } => None,
            Self::Keyed { input, .. } => input.path(),
        }
    }

    /// What opens the encrypted.
    pub(super) fn keys(&self) -> Option<&Keys> {
        match self {
            Self::Keyed { keys, .. } => Some(keys),
            Self::Path(_) | Self::Held { .. } => None,
        }
    }

    /// The bytes as they are stored.
    pub(super) fn open(&self) -> Result<Box<dyn Seekable + Send + '_>, ReadError> {
        match self {
            Self::Keyed { input, .. } => input.open(),
            Self::Path(path) => {
                let open = |path| -> io::Result<File> {
                    let file = File::open(path)?;
                    if file.metadata()?.is_file() {
                        Ok(file)
                    } else {
                        Err(io::Error::other("it is neither a file nor a folder"))
                    }
                };
                match open(path) {
                    Ok(file) => Ok(Box::new(BufReader::with_capacity(BUFFER, file))),
                    Err(error) => Err(ReadError::open(&self.name(), error)),
                }
            }
            Self::Held { bytes, .. } => Ok(Box::new(Cursor::new(bytes))),
        }
    }

    /// What a file is called where it is the only entry.
    pub(super) fn entry_name(&self) -> String {
        let file_name = self.path().and_then(Path::file_name);
        file_name.map_or_else(
            || "stdin".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        )
    }
}

/// What a path stands for.
#[derive(Debug, PartialEq, Eq)]
pub struct Expanded {
    /// The inputs, sorted by name.
    pub inputs: Vec<Input>,
    /// What stands beside them in a folder and is in none of them, without their checksums and signatures.
    pub left: Vec<PathBuf>,
}

impl Expanded {
    fn only(input: Input) -> Self {
        Self {
            inputs: vec![input],
            left: Vec::new(),
        }
    }
}

/// The inputs that a path stands for: a folder that directly holds archives or bundle folders stands for each of them, unless it is
/// the tree of a node, or holds one only, with files beside it; everything else for itself. What is neither a file nor a folder, such
/// as a pipe, is read and held.
pub fn expand(path: &Path) -> Result<Expanded, ReadError> {
    let itself = || Expanded::only(Input::Path(path.to_owned()));
    let shown = path.display().to_string();
    let attributes = fs::metadata(path).map_err(|error| ReadError::open(&shown, error))?;
    if !attributes.is_dir() && !attributes.is_file() {
        let mut stream = File::open(path).map_err(|error| ReadError::open(&shown, error))?;
        let held = Input::held(&shown, &mut stream, &Limits::default())?;
        return Ok(Expanded::only(held));
    }
    if !attributes.is_dir() || path.join("bundle.json").is_file() || is_tree(path) {
        return Ok(itself());
    }
    let children = sorted_children(path).map_err(|error| ReadError::open(&shown, error))?;
    let (inputs, mut left): (Vec<PathBuf>, Vec<PathBuf>) =
        children.into_iter().partition(|child| is_input(child));
    left.retain(|child| !is_about_another(child));
    let has_files = left.iter().any(|child| child.is_file());
    if inputs.is_empty() || (inputs.len() == 1 && has_files) {
        return Ok(itself());
    }
    Ok(Expanded {
        inputs: inputs.into_iter().map(Input::Path).collect(),
        left,
    })
}

/// Whether a folder is a node's file system, or what sos made of it; archives in it are parts of it.
fn is_tree(folder: &Path) -> bool {
    ["etc", "proc", "var", "sos_commands"]
        .iter()
        .any(|name| folder.join(name).is_dir())
}

/// A checksum or a signature, or a file that no listing shows.
fn is_about_another(path: &Path) -> bool {
    const ENDINGS: [&str; 7] = ["sha256", "sha512", "sha1", "md5", "asc", "sig", "minisig"];
    let ending = path.extension().and_then(OsStr::to_str);
    let name = path.file_name().and_then(OsStr::to_str);
    ending.is_some_and(|ending| ENDINGS.contains(&ending))
        || name.is_some_and(|name| name.starts_with('.'))
}

/// The names in a folder, sorted, joined to its path.
pub(super) fn sorted_children(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut children = fs::read_dir(folder)?
        .map(|child| child.map(|child| child.path()))
        .collect::<io::Result<Vec<_>>>()?;
    children.sort_unstable();
    Ok(children)
}

/// An archive or the folder of a bundle.
fn is_input(path: &Path) -> bool {
    let Ok(attributes) = fs::symlink_metadata(path) else {
        return false;
    };
    if attributes.is_dir() {
        return path.join("bundle.json").is_file();
    }
    attributes.is_file()
        && File::open(path).is_ok_and(|file| is_archive(&mut BufReader::with_capacity(PEEK, file)))
}

fn is_archive(file: &mut dyn BufRead) -> bool {
    let mut head = [0; PEEK];
    let filled = fill(file, &mut head);
    let head = head.get(..filled).unwrap_or_default();
    match detect::content(head) {
        Content::Members | Content::Tar | Content::Zip | Content::Sealed(_) => true,
        Content::Plain | Content::Foreign(_) => false,
        Content::Compressed(codec) => {
            let decoder = codec.decoder(head.chain(file));
            let mut block = [0; PEEK];
            let filled = fill(&mut BufReader::with_capacity(BUFFER, decoder), &mut block);
            block.get(..filled).is_some_and(detect::is_tar)
        }
    }
}
