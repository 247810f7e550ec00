//! From the writer to the disk or pipe.

use super::Prepared;
use super::age::Sealer;
use super::parts::Parts;
use super::sign::SigningKey;
use crate::identity::{Fetch, Owner, hand_over};
use crate::output::{Folder, Output, OutputError, OutputFile};
use ring::digest::{Context, SHA256, SHA512};
use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write};
use std::rc::Rc;

/// Where the bundle is written. A clone is another hold on the same: the writer has one, and who ends the run the other.
#[derive(Clone)]
pub(crate) struct Delivery(Rc<RefCell<Stream>>);

struct Stream {
    sealer: Option<Sealer>,
    stored: Stored,
    /// Where checksum and signature go; `None` for standard output.
    folder: Option<Folder>,
    owner: Option<Owner>,
    key: Option<SigningKey>,
}

/// The bytes as they are stored, with their sums.
struct Stored {
    place: Place,
    bytes: u64,
    sha256: Context,
    sha512: Option<Context>,
}

enum Place {
    Whole(Output),
    Parts(Box<Parts>),
    Closed,
}

/// One line of a `.sha256` file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sum {
    /// Name beside the checksum file.
    pub(super) name: String,
    /// Lower-case hex.
    pub(super) sha256: String,
}

/// What became of the bundle.
#[derive(Debug, Default)]
pub(crate) struct Delivered {
    /// Where the bundle is, or will be once its parts are joined; `-` for standard output.
    pub(crate) path: String,
    /// The files that hold it: one, or the parts in order. Empty for standard output.
    pub(crate) files: Vec<String>,
    /// Bytes stored.
    pub(crate) bytes: u64,
    /// SHA-256 of the whole; `None` when it is not finished.
    pub(crate) sha256: Option<String>,
    /// The `.sha256` file.
    pub(crate) sums: Option<String>,
    /// The `.sig` file.
    pub(crate) signature: Option<String>,
    /// Whether it can be read only with a key.
    pub(crate) encrypted: bool,
    /// Why it is not under its own name, or not whole.
    pub(crate) problem: Option<String>,
    /// What else could not be written.
    pub(crate) notes: Vec<String>,
    /// Command that fetches it, where the caller cannot read it.
    pub(crate) fetch: Option<String>,
}

impl Delivery {
    /// To standard output.
    pub(crate) fn to_pipe(pipe: File, prepared: Prepared) -> Self {
        Self::new(Place::Whole(Output::Stream(pipe)), None, prepared, None)
    }

    /// To a file or its parts, where none of the names that will be needed is taken.
    pub(crate) fn to_file(
        folder: Folder,
        name: &str,
        owner: Option<Owner>,
        prepared: Prepared,
    ) -> Result<Self, OutputError> {
        let mut needed = vec![name.to_owned(), format!("{name}.sha256")];
        needed.extend(prepared.key.is_some().then(|| format!("{name}.sig")));
        for name in needed {
            folder.must_not_hold(&name)?;
        }
        let place = match prepared.split {
            Some(size) => {
                let parts = Parts::begin(folder.again()?, name, size, owner)?;
                Place::Parts(Box::new(parts))
            }
            None => Place::Whole(Output::File(folder.file(name)?)),
        };
        Ok(Self::new(place, Some(folder), prepared, owner))
    }

    fn new(place: Place, folder: Option<Folder>, prepared: Prepared, owner: Option<Owner>) -> Self {
        let stored = Stored {
            place,
            bytes: 0,
            sha256: Context::new(&SHA256),
            sha512: prepared.key.is_some().then(|| Context::new(&SHA512)),
        };
        Self(Rc::new(RefCell::new(Stream {
            sealer: prepared.sealer,
            stored,
            folder,
            owner,
            key: prepared.key,
        })))
    }

    /// Where the bundle grows; `-` for standard output.
    pub(crate) fn growing_path(&self) -> String {
        match &self.0.borrow().stored.place {
            Place::Whole(Output::File(file)) => file.partial_path(),
            Place::Parts(parts) => parts.growing_path(),
            Place::Whole(Output::Stream(_)) | Place::Closed => "-".to_owned(),
        }
    }

    /// Ends the bundle: the files get their names, checksum and signature are written beside them. With `whole: false` the
    /// writer failed, and what is there stays under the name of something unfinished.
    pub(crate) fn close(&self, whole: bool) -> Delivered {
        self.0.borrow_mut().close(whole)
    }
}

impl Stream {
    fn close(&mut self, whole: bool) -> Delivered {
        let mut delivered = Delivered {
            encrypted: self.sealer.is_some(),
            ..Delivered::default()
        };
        let ended = if whole { self.end() } else { Ok(()) };
        if let Err(error) = &ended {
            delivered.problem = Some(format!("cannot write the bundle: {error}"));
        }
        let whole = whole && ended.is_ok();
        let (sums, fetch) = match std::mem::replace(&mut self.stored.place, Place::Closed) {
            Place::Whole(Output::File(file)) if whole => self.close_file(file, &mut delivered),
            Place::Whole(Output::File(file)) => {
                delivered.files.push(file.partial_path());
                delivered.path = file.partial_path();
                (Vec::new(), None)
            }
            Place::Parts(parts) => parts.close(whole, &mut delivered),
            Place::Whole(Output::Stream(_)) | Place::Closed => {
                "-".clone_into(&mut delivered.path);
                (Vec::new(), None)
            }
        };
        delivered.bytes = self.stored.bytes;
        if whole && delivered.problem.is_none() && self.folder.is_some() {
            self.vouch(sums, &mut delivered);
        }
        let all = delivered.all_files();
        delivered.fetch = fetch.map(|fetch| fetch.command(&all));
        delivered
    }

    /// The last encrypted chunk.
    fn end(&mut self) -> io::Result<()> {
        if let Some(sealer) = &mut self.sealer {
            sealer.finish(&mut self.stored)?;
        }
        self.stored.flush()
    }

    fn close_file(&self, file: OutputFile, delivered: &mut Delivered) -> (Vec<Sum>, Option<Fetch>) {
        let partial = file.partial_path();
        let fetch = hand_over(&file, self.owner);
        delivered.path = file.finish().unwrap_or_else(|error| {
            delivered.problem = Some(error.to_string());
            partial
        });
        delivered.files.push(delivered.path.clone());
        (Vec::new(), fetch)
    }

    /// Writes `.sha256` and `.sig` beside the bundle.
    fn vouch(&mut self, mut sums: Vec<Sum>, delivered: &mut Delivered) {
        let whole = hex(self.stored.sha256.clone().finish().as_ref());
        if sums
            .iter()
            .all(|sum| sum.name != file_name(&delivered.path))
        {
            sums.insert(0, Sum::new(&delivered.path, whole.clone()));
        }
        delivered.sha256 = Some(whole);
        let lines: Vec<String> = sums.iter().map(Sum::line).collect();
        match self.beside(&delivered.path, "sha256", &lines.concat()) {
            Ok(path) => delivered.sums = Some(path),
            Err(error) => delivered.notes.push(error.to_string()),
        }
        let signature = self.key.as_ref().zip(self.stored.sha512.take());
        let signature = signature.map(|(key, sha512)| key.signature(sha512.finish().as_ref()));
        match signature.map(|text| self.beside(&delivered.path, "sig", &text)) {
            Some(Ok(path)) => delivered.signature = Some(path),
            // Who asked for a signature has not got what he asked for.
            Some(Err(error)) => delivered.problem = Some(error.to_string()),
            None => {}
        }
    }

    fn beside(&self, bundle: &str, ending: &str, text: &str) -> Result<String, OutputError> {
        let name = format!("{}.{ending}", file_name(bundle));
        let Some(folder) = &self.folder else {
            return Ok(name);
        };
        let mut file = folder.file(&name)?;
        let path = file.path();
        let written = file.write_all(text.as_bytes()).and_then(|()| file.flush());
        written.map_err(|why| OutputError::Create { path, why })?;
        hand_over(&file, self.owner);
        file.finish_as(&[name])
    }
}

impl Sum {
    pub(super) fn new(path: &str, sha256: String) -> Self {
        let name = file_name(path).to_owned();
        Self { name, sha256 }
    }

    /// As `sha256sum` writes it.
    fn line(&self) -> String {
        format!("{}  {}\n", self.sha256, self.name)
    }
}

impl Delivered {
    /// Every file that was written, in the order of their names.
    pub(super) fn all_files(&self) -> Vec<String> {
        let beside = self.sums.iter().chain(&self.signature);
        self.files.iter().chain(beside).cloned().collect()
    }
}

impl Write for Delivery {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut stream = self.0.borrow_mut();
        let Stream { sealer, stored, .. } = &mut *stream;
        match sealer {
            Some(sealer) => sealer.push(bytes, stored)?,
            None => stored.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.borrow_mut().stored.flush()
    }
}

impl Write for Stored {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = match &mut self.place {
            Place::Whole(output) => output.write(bytes)?,
            Place::Parts(parts) => parts.write(bytes)?,
            Place::Closed => return Err(io::Error::other("the bundle is closed")),
        };
        let stored = bytes.get(..count).unwrap_or_default();
        self.sha256.update(stored);
        if let Some(sha512) = &mut self.sha512 {
            sha512.update(stored);
        }
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.place {
            Place::Whole(output) => output.flush(),
            Place::Parts(parts) => parts.flush(),
            Place::Closed => Ok(()),
        }
    }
}

/// The last part of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").ok();
        hex
    })
}
