//! `--spec FILE`: more items than the built-in ones, with the same caps, redaction and deny list.

mod glob;
mod keys;
mod read;
mod schema;
mod take;
mod web;
mod yaml;

pub(crate) use schema::schema;

use crate::cli::Options;
use crate::spec::Sensitivity;
use rustix::fs::{self, FileType, Mode, OFlags};
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::time::Duration;

/// One item of a spec file. Its id in the manifest is `user/<id>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserItem {
    /// As written.
    pub(crate) id: String,
    /// What to take.
    pub(crate) what: What,
    /// Most bytes of one file, of an output or of an answer.
    pub(crate) cap: u64,
    /// Its own time limit; `None` leaves that of `--item-timeout`.
    pub(crate) timeout: Option<Duration>,
    /// How much harm its source could do; everything is masked all the same.
    pub(crate) sensitivity: Sensitivity,
    /// What it is for, in the words of the spec.
    pub(crate) reason: String,
}

/// What an item takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// One file by its absolute path.
    File(String),
    /// Files whose absolute paths match: `*` stands for anything within one name.
    Glob(String),
    /// Standard output of a program of the system folders.
    Command(Vec<String>),
    /// The answer to one GET without any credential.
    Http(String),
}

impl UserItem {
    /// Its id in the manifest.
    pub(crate) fn record_id(&self) -> String {
        format!("user/{}", self.id)
    }

    /// The manifest's kind.
    pub(crate) fn kind(&self) -> &'static str {
        match self.what {
            What::File(_) | What::Glob(_) => "user-file",
            What::Command(_) => "user-command",
            What::Http(_) => "user-http",
        }
    }

    /// The source in words, as `plan` and the manifest print it.
    pub(crate) fn describe(&self) -> String {
        match &self.what {
            What::File(path) | What::Glob(path) => path.clone(),
            What::Command(argv) => format!("command: {}", argv.join(" ")),
            What::Http(url) => format!("probe: GET {url}"),
        }
    }

    /// Where in the bundle it is stored.
    pub(crate) fn stored_below(&self) -> String {
        match &self.what {
            What::File(path) => format!("files{path}"),
            What::Glob(_) => "files/".to_owned(),
            What::Command(_) | What::Http(_) => self.entry(),
        }
    }

    /// Entry of an output or an answer.
    fn entry(&self) -> String {
        format!("user/{}.txt", self.id)
    }
}

/// Why a spec cannot be used: where, and what would be right. Never its text, except for names of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SpecError {
    /// The file as given on the command line.
    pub(crate) file: String,
    /// Line and column, from 1; `None` when it is about the file itself.
    pub(crate) at: Option<(usize, usize)>,
    /// The key it is about, as in `files[2].cap`; empty at the top.
    pub(crate) key: String,
    /// What is wrong and what would be right.
    pub(crate) problem: String,
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--spec {}", self.file)?;
        if let Some((line, column)) = self.at {
            write!(f, ":{line}:{column}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// The items of `--spec`; none without it.
pub(crate) fn of(options: &Options) -> Result<Vec<UserItem>, SpecError> {
    let Some(path) = &options.spec else {
        return Ok(Vec::new());
    };
    let about_the_file = |problem: String| SpecError {
        file: path.clone(),
        at: None,
        key: String::new(),
        problem,
    };
    let text = content(path).map_err(about_the_file)?;
    read::items(&text).map_err(|wrong| SpecError {
        file: path.clone(),
        at: Some(wrong.at),
        key: wrong.key,
        problem: wrong.problem,
    })
}

/// A regular file of root or the caller that nobody else may write: what it asks for is done with the caller's rights.
fn content(path: &str) -> Result<String, String> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = fs::open(path, flags, Mode::empty()).map_err(|errno| errno.to_string())?;
    let stat = fs::fstat(&file).map_err(|errno| errno.to_string())?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err("it is not a regular file".to_owned());
    }
    if stat.st_uid != 0 && stat.st_uid != rustix::process::getuid().as_raw() {
        return Err("it belongs to somebody else: it must be root's or yours".to_owned());
    }
    if stat.st_mode & 0o022 != 0 {
        return Err("others can write it: chmod go-w it first".to_owned());
    }
    let mut content = Vec::new();
    let read = File::from(file)
        .take(MAX_FILE + 1)
        .read_to_end(&mut content);
    read.map_err(|error| error.to_string())?;
    if content.len() as u64 > MAX_FILE {
        return Err("it is longer than 256 KiB".to_owned());
    }
    String::from_utf8(content).map_err(|error| format!("it is no text: {error}"))
}

const MAX_FILE: u64 = 256 << 10;

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests write files with the standard library"
    )]

    use super::*;
    use crate::scratch::Scratch;
    use clap::Parser as _;
    use std::os::unix::fs::PermissionsExt as _;

    fn spec(mode: u32, text: &str) -> Result<Vec<UserItem>, SpecError> {
        let scratch = Scratch::new();
        let path = scratch.path().join("my.yaml");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let words = ["c", "--spec", path.to_str().unwrap()];
        of(&crate::cli::Cli::parse_from(words).options)
    }

    #[test]
    fn a_spec_that_others_can_write_is_refused() {
        let text = "files:\n- id: a\n  path: /etc/a\n";
        assert_eq!(spec(0o644, text).unwrap().len(), 1);
        assert!(
            spec(0o666, text)
                .unwrap_err()
                .to_string()
                .contains("chmod go-w")
        );
    }

    #[test]
    fn an_error_names_file_line_column_and_key() {
        let error = spec(0o600, "files:\n- id: a\n  pth: /etc/a\n").unwrap_err();
        let text = error.to_string();
        assert!(text.contains("my.yaml:3:3: files[1].pth: "), "{text}");
        assert!(text.contains("`path`"), "{text}");
    }
}
