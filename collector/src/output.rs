//! The output file: made once, never over anything, under a name that says it is not finished until it is.

mod leftovers;

use crate::priority::Floor;
use rustix::fs::{self, AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;
use rustix::process::{Gid, Uid};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd as _, OwnedFd};

/// Where the bundle goes.
#[derive(Debug)]
pub(crate) enum Output {
    /// A file in a folder that was opened once.
    File(OutputFile),
    /// Standard output.
    Stream(File),
}

/// A file that is being written as `<name>.partial`.
///
/// It appears with its first flush, when `bundle.json` is in it: whoever is killed earlier leaves no file.
#[derive(Debug)]
pub(crate) struct OutputFile {
    folder: Folder,
    name: String,
    content: Content,
}

/// A folder that was opened once; its path is for people.
#[derive(Debug)]
pub(crate) struct Folder {
    fd: OwnedFd,
    path: String,
}

/// Where the bytes are.
#[derive(Debug)]
enum Content {
    /// In memory, for a file that does not exist yet.
    Held(Vec<u8>),
    /// In the file.
    Stored(File),
}

/// Why no bundle can be written; each says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum OutputError {
    /// The folder cannot be opened.
    #[error("cannot open the folder {path}: {why}; choose another with -o")]
    Folder { path: String, why: io::Error },
    /// The name is taken.
    #[error("{0} exists and is never replaced: choose another name with -o")]
    Exists(String),
    /// The file cannot be made.
    #[error("cannot make {path}: {why}; choose another place with -o, or use -o - and a pipe")]
    Create { path: String, why: io::Error },
    /// Too little room.
    #[error(
        "{path} has {free} bytes free, too few for any bundle: choose another place with -o, send it away with -o -, or free some space"
    )]
    NoSpace { path: String, free: u64 },
    /// Standard output is a terminal.
    #[error(
        "standard output is a terminal: a bundle is binary, so redirect it or give a path to -o"
    )]
    Terminal,
    /// The file is written, but could not get its name.
    #[error("the bundle is written as {path}, but could not be renamed: {why}")]
    Rename { path: String, why: io::Error },
}

impl Folder {
    /// Opens it.
    pub(crate) fn open(path: &str) -> Result<Self, OutputError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = fs::open(path, flags, Mode::empty()).map_err(|errno| OutputError::Folder {
            path: path.to_owned(),
            why: errno.into(),
        })?;
        Ok(Self {
            fd,
            path: path.to_owned(),
        })
    }

    /// A second hold on it.
    pub(crate) fn again(&self) -> Result<Self, OutputError> {
        let fd = self.fd.try_clone().map_err(|why| OutputError::Folder {
            path: self.path.clone(),
            why,
        })?;
        Ok(Self {
            fd,
            path: self.path.clone(),
        })
    }

    /// A file in it that is being written.
    pub(crate) fn file(&self, name: &str) -> Result<OutputFile, OutputError> {
        OutputFile::create(self.again()?, name)
    }

    /// A name that will be needed and must be free.
    pub(crate) fn must_not_hold(&self, name: &str) -> Result<(), OutputError> {
        match fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Err(OutputError::Exists(self.path_of(name))),
            Err(_) => Ok(()),
        }
    }

    /// Path of a name in it.
    pub(crate) fn path_of(&self, name: &str) -> String {
        join(&self.path, name)
    }

    /// Bytes that ordinary users may still write there.
    pub(crate) fn free_bytes(&self) -> Option<u64> {
        let space = fs::fstatvfs(&self.fd).ok()?;
        Some(space.f_bavail.saturating_mul(space.f_frsize))
    }

    /// Its space, to look at it later.
    pub(crate) fn room(&self) -> Option<Room> {
        Some(Room {
            folder: self.fd.try_clone().ok()?,
        })
    }
}

impl OutputFile {
    /// A file in a folder, in which neither `<name>` nor `<name>.partial` may exist.
    fn create(folder: Folder, name: &str) -> Result<Self, OutputError> {
        folder.must_not_hold(name)?;
        folder.clear_leftovers(&partial(name));
        folder.must_not_hold(&partial(name))?;
        Ok(Self {
            folder,
            name: name.to_owned(),
            content: Content::Held(Vec::new()),
        })
    }

    /// Makes the file with what is held, readable by its owner only.
    fn appear(&mut self, held: &[u8]) -> Result<File, OutputError> {
        let path = self.partial_path();
        let file = self.unnamed(held).unwrap_or_else(|| self.named(held));
        file.map_err(
            |why| match why.raw_os_error().map(Errno::from_raw_os_error) {
                Some(Errno::EXIST) => OutputError::Exists(path),
                _ => OutputError::Create { path, why },
            },
        )
    }

    /// A file without a name that gets one when it has its content; `None` where there are no such files.
    fn unnamed(&self, held: &[u8]) -> Option<io::Result<File>> {
        let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
        let mut file = File::from(fs::openat(&self.folder.fd, ".", flags, MODE).ok()?);
        if let Err(error) = file.write_all(held) {
            return Some(Err(error));
        }
        let link = format!("/proc/self/fd/{}", file.as_raw_fd());
        let partial = partial(&self.name);
        let follow = AtFlags::SYMLINK_FOLLOW;
        match fs::linkat(fs::CWD, link, &self.folder.fd, partial, follow) {
            Ok(()) => Some(Ok(file)),
            Err(Errno::EXIST) => Some(Err(Errno::EXIST.into())),
            Err(_) => None,
        }
    }

    /// The way of file systems that know no files without a name, as FAT. Whoever is killed between its two steps leaves an empty
    /// file, and nothing of the node; the next run into that folder removes it.
    fn named(&self, held: &[u8]) -> io::Result<File> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let partial = partial(&self.name);
        let mut file = File::from(fs::openat(&self.folder.fd, &partial, flags, MODE)?);
        if let Err(error) = file.write_all(held) {
            fs::unlinkat(&self.folder.fd, partial, AtFlags::empty()).ok();
            return Err(error);
        }
        Ok(file)
    }

    /// Gives the file to somebody.
    pub(crate) fn give_to(&self, uid: u32, gid: Option<u32>) -> io::Result<()> {
        let Content::Stored(file) = &self.content else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let group = gid.map(Gid::from_raw);
        Ok(fs::fchown(file, Some(Uid::from_raw(uid)), group)?)
    }

    /// Whether the folder is that user's and nobody else may write to it.
    pub(crate) fn is_private_to(&self, uid: u32) -> bool {
        fs::fstat(&self.folder.fd).is_ok_and(|stat| stat.st_uid == uid && stat.st_mode & 0o022 == 0)
    }

    /// Where it will be.
    pub(crate) fn path(&self) -> String {
        self.folder.path_of(&self.name)
    }

    /// Where it is until it is finished.
    pub(crate) fn partial_path(&self) -> String {
        partial(&self.path())
    }

    /// Gives the finished file its name, or another when somebody took that meanwhile. Returns its path.
    pub(crate) fn finish(self) -> Result<String, OutputError> {
        let names: Vec<String> = (0..10).map(|at| numbered(&self.name, at)).collect();
        self.finish_as(&names)
    }

    /// Gives the finished file the first of these names that is free. Returns its path.
    pub(crate) fn finish_as(mut self, names: &[String]) -> Result<String, OutputError> {
        self.flush().map_err(|why| OutputError::Create {
            path: self.partial_path(),
            why,
        })?;
        if let Content::Stored(file) = &self.content {
            file.sync_all().ok();
        }
        let partial = partial(&self.name);
        for name in names {
            match self.rename(&partial, name) {
                Ok(()) => return Ok(self.folder.path_of(name)),
                Err(Errno::EXIST) => {}
                Err(errno) => {
                    return Err(OutputError::Rename {
                        path: self.folder.path_of(&partial),
                        why: errno.into(),
                    });
                }
            }
        }
        Err(OutputError::Exists(self.path()))
    }

    /// Without replacing: some file systems know no such rename, but all refuse to link over a name.
    fn rename(&self, from: &str, to: &str) -> Result<(), Errno> {
        let folder = &self.folder.fd;
        match fs::renameat_with(folder, from, folder, to, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                fs::linkat(folder, from, folder, to, AtFlags::empty())?;
                fs::unlinkat(folder, from, AtFlags::empty())
            }
            other => other,
        }
    }
}

/// The space of the output's file system.
#[derive(Debug)]
pub(crate) struct Room {
    folder: OwnedFd,
}

impl Room {
    /// Bytes a bundle may take: 2 % of what is free, and not across a usual eviction threshold (10 % free) that still
    /// holds. `None` when the file system does not tell.
    pub(crate) fn share(&self) -> Option<u64> {
        let space = fs::fstatvfs(&self.folder).ok()?;
        let above = space.f_bavail.checked_sub(space.f_blocks / 10);
        let blocks = (space.f_bavail / 50).min(above.unwrap_or(u64::MAX));
        Some(blocks.saturating_mul(space.f_frsize))
    }

    /// Bytes above the highest threshold that still holds; `None` without one.
    pub(crate) fn above(&self, floors: &[Floor]) -> Option<u64> {
        let space = fs::fstatvfs(&self.folder).ok()?;
        let free = space.f_bavail.saturating_mul(space.f_frsize);
        let all = space.f_blocks.saturating_mul(space.f_frsize);
        let holding = floors.iter().filter_map(|floor| match floor {
            Floor::Percent(percent) => free.checked_sub(all / 100 * percent),
            Floor::Bytes(bytes) => free.checked_sub(*bytes),
        });
        holding.min()
    }

    /// Whether so little is left that the rest belongs to the node.
    pub(crate) fn is_low(&self) -> bool {
        self.share().is_some_and(|share| share < LEAST_SHARE)
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.content {
            Content::Held(held) => held.write(bytes),
            Content::Stored(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        if let Content::Held(held) = &mut self.content {
            let held = std::mem::take(held);
            self.content = Content::Stored(self.appear(&held).map_err(io::Error::other)?);
        }
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Stream(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.flush(),
            Self::Stream(stream) => stream.flush(),
        }
    }
}

/// Folder and file name for `-o`: an existing folder gets the default name. The folder of a bare name is `.`.
pub(crate) fn place(path: Option<&str>, default_name: &str) -> (String, String) {
    let Some(path) = path else {
        return (".".to_owned(), default_name.to_owned());
    };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    if path.ends_with('/') || fs::open(path, flags, Mode::empty()).is_ok() {
        return (path.to_owned(), default_name.to_owned());
    }
    match path.rsplit_once('/') {
        Some(("", name)) => ("/".to_owned(), name.to_owned()),
        Some((folder, name)) => (folder.to_owned(), name.to_owned()),
        None => (".".to_owned(), path.to_owned()),
    }
}

/// The name of an unfinished bundle.
fn partial(name: &str) -> String {
    format!("{name}.partial")
}

fn join(folder: &str, name: &str) -> String {
    match folder {
        "." => name.to_owned(),
        folder => format!("{}/{name}", folder.trim_end_matches('/')),
    }
}

/// `x.tar.gz`, `x-1.tar.gz`, …
fn numbered(name: &str, attempt: u32) -> String {
    if attempt == 0 {
        return name.to_owned();
    }
    let stem = ENDINGS
        .iter()
        .find_map(|ending| Some((name.strip_suffix(ending)?, *ending)));
    let (stem, ending) = stem.unwrap_or((name, ""));
    format!("{stem}-{attempt}{ending}")
}

/// A share below this is too little for any bundle.
pub(crate) const LEAST_SHARE: u64 = 2 << 20;

/// For its owner only.
const MODE: Mode = Mode::RUSR.union(Mode::WUSR);

const ENDINGS: &[&str] = &[".tar.gz.age", ".zip.age", ".tar.gz", ".tgz", ".zip"];

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests look at what was written with the standard library"
    )]

    use super::*;
    use crate::scratch::Scratch;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn create(scratch: &Scratch) -> Result<OutputFile, OutputError> {
        Folder::open(scratch.path().to_str().unwrap())?.file("b.tar.gz")
    }

    fn begun(scratch: &Scratch) -> OutputFile {
        let mut output = create(scratch).unwrap();
        output.write_all(b"begun").unwrap();
        output.flush().unwrap();
        output
    }

    #[test]
    fn a_bundle_is_partial_until_it_is_finished_and_for_its_owner_only() {
        let scratch = Scratch::new();
        let output = begun(&scratch);
        assert!(scratch.path().join("b.tar.gz.partial").exists());
        let path = output.finish().unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!scratch.path().join("b.tar.gz.partial").exists());
    }

    #[test]
    fn an_existing_name_is_refused_at_start_and_avoided_at_the_end() {
        let scratch = Scratch::new();
        let output = begun(&scratch);
        std::fs::write(scratch.path().join("b.tar.gz"), "old").unwrap();
        let path = output.finish().unwrap();
        assert!(path.ends_with("b-1.tar.gz"), "{path}");
        let old = std::fs::read(scratch.path().join("b.tar.gz")).unwrap();
        assert_eq!(old, b"old");
        assert!(matches!(create(&scratch), Err(OutputError::Exists(_))));
    }

    #[test]
    fn there_is_no_file_before_the_first_flush() {
        let scratch = Scratch::new();
        let mut output = create(&scratch).unwrap();
        output.write_all(b"half of bundle.json").unwrap();
        drop(output);
        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_name_that_somebody_took_before_the_first_flush_is_not_replaced() {
        let scratch = Scratch::new();
        let mut output = create(&scratch).unwrap();
        std::fs::write(scratch.path().join("b.tar.gz.partial"), "theirs").unwrap();
        output.write_all(b"ours").unwrap();
        assert!(output.flush().unwrap_err().to_string().contains("exists"));
        let theirs = std::fs::read(scratch.path().join("b.tar.gz.partial")).unwrap();
        assert_eq!(theirs, b"theirs");
    }

    #[test]
    fn a_file_system_without_unnamed_files_gets_a_named_one_for_its_owner_only() {
        let scratch = Scratch::new();
        let output = create(&scratch).unwrap();
        output.named(b"begun").unwrap();
        let path = scratch.path().join("b.tar.gz.partial");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(output.named(b"again").is_err());
    }

    #[test]
    fn a_planted_link_is_not_followed() {
        let scratch = Scratch::new();
        symlink("/etc/passwd", scratch.path().join("b.tar.gz.partial")).unwrap();
        assert!(matches!(create(&scratch), Err(OutputError::Exists(_))));
    }

    #[test]
    fn a_folder_gets_the_default_name() {
        let scratch = Scratch::new();
        let folder = scratch.path().to_str().unwrap();
        assert_eq!(
            place(Some(folder), "d"),
            (folder.to_owned(), "d".to_owned())
        );
        assert_eq!(
            place(Some("x/y.zip"), "d"),
            ("x".to_owned(), "y.zip".to_owned())
        );
        assert_eq!(place(None, "d"), (".".to_owned(), "d".to_owned()));
    }
}
