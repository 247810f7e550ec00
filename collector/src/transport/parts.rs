//! A bundle in parts: `NAME.001`, `NAME.002`, …, each finished before the next is begun.

use super::delivery::{Delivered, Sum, hex};
use crate::identity::{Fetch, Owner, hand_over};
use crate::output::{Folder, OutputError, OutputFile};
use ring::digest::{Context, SHA256};
use std::io::{self, Write};

/// The parts of one bundle.
pub(super) struct Parts {
    folder: Folder,
    /// Name of the whole.
    name: String,
    size: u64,
    owner: Option<Owner>,
    current: Option<Part>,
    /// Parts that are written, in order.
    paths: Vec<String>,
    sums: Vec<Sum>,
    fetch: Option<Fetch>,
    problem: Option<String>,
}

struct Part {
    file: OutputFile,
    hash: Context,
    bytes: u64,
}

impl Part {
    fn new(file: OutputFile) -> Self {
        Self {
            file,
            hash: Context::new(&SHA256),
            bytes: 0,
        }
    }
}

impl Parts {
    /// Makes the first part.
    pub(super) fn begin(
        folder: Folder,
        name: &str,
        size: u64,
        owner: Option<Owner>,
    ) -> Result<Self, OutputError> {
        let first = folder.file(&part_name(name, 1))?;
        Ok(Self {
            folder,
            name: name.to_owned(),
            size,
            owner,
            current: Some(Part::new(first)),
            paths: Vec::new(),
            sums: Vec::new(),
            fetch: None,
            problem: None,
        })
    }

    /// Where the part is that is being written.
    pub(super) fn growing_path(&self) -> String {
        let part = self.current.as_ref();
        part.map_or_else(String::new, |part| part.file.partial_path())
    }

    /// Finishes the last part. A bundle that fits into one part is not split and gets its ordinary name. With
    /// `whole: false` the last part stays unfinished.
    pub(super) fn close(
        mut self,
        whole: bool,
        delivered: &mut Delivered,
    ) -> (Vec<Sum>, Option<Fetch>) {
        match self.current.take() {
            Some(part) if whole => {
                let alone = self.paths.is_empty().then(|| self.name.clone());
                self.finish(part, alone);
            }
            Some(part) => self.paths.push(part.file.partial_path()),
            None => {}
        }
        delivered.path = match self.paths.as_slice() {
            [one] => one.clone(),
            _ => self.folder.path_of(&self.name),
        };
        delivered.files = self.paths;
        if let Some(problem) = self.problem {
            delivered.problem.get_or_insert(problem);
        }
        (self.sums, self.fetch)
    }

    fn finish(&mut self, mut part: Part, name: Option<String>) {
        part.file.flush().ok();
        let fetch = hand_over(&part.file, self.owner);
        self.fetch = self.fetch.take().or(fetch);
        let partial = part.file.partial_path();
        let name = name.unwrap_or_else(|| part_name(&self.name, self.paths.len() + 1));
        let path = part.file.finish_as(&[name]).unwrap_or_else(|error| {
            self.problem.get_or_insert_with(|| error.to_string());
            partial
        });
        let sum = hex(part.hash.finish().as_ref());
        self.sums.push(Sum::new(&path, sum));
        self.paths.push(path);
    }

    fn room(&mut self) -> io::Result<Part> {
        let closed = || io::Error::other("the parts are closed");
        let part = self.current.take().ok_or_else(closed)?;
        if part.bytes < self.size {
            return Ok(part);
        }
        self.finish(part, None);
        let next = part_name(&self.name, self.paths.len() + 1);
        self.folder
            .file(&next)
            .map(Part::new)
            .map_err(io::Error::other)
    }
}

impl Write for Parts {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut part = self.room()?;
        let room = usize::try_from(self.size - part.bytes).unwrap_or(usize::MAX);
        let now = bytes.get(..room).unwrap_or(bytes);
        let written = part.file.write(now);
        if let Ok(count) = written {
            part.hash.update(now.get(..count).unwrap_or_default());
            part.bytes += count as u64;
        }
        self.current = Some(part);
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.current {
            Some(part) => part.file.flush(),
            None => Ok(()),
        }
    }
}

/// Name of a part.
fn part_name(name: &str, number: usize) -> String {
    format!("{name}.{number:03}")
}
