//! Takes files, logs and listings of one item.

use crate::deny;
use crate::expand;
use crate::host::wire::{Failure, Keep, Listing};
use crate::host::{Host, Taken};
use crate::profile;
use crate::spec::{Item, Source, command_entry, listing_entry};
use crate::take::Taking;
use nodebundle_bundle::Outcome;
use nodebundle_bundle::writer::WriteError;
use serde_json::json;
use std::io::Write;

impl<W: Write> Taking<'_, W> {
    /// Files and logs of an item, in every place where its folder can be.
    pub(crate) fn files(&mut self, id: &str, item: &Item, path: &str) -> Result<(), WriteError> {
        match expand::files(self.host, self.node, item) {
            Ok(files) => {
                for file in files {
                    let id = own_id(id, path, &file);
                    if item.source.is_log() {
                        self.log(id, item, &file)?;
                    } else {
                        self.file(id, item, &file)?;
                    }
                }
                Ok(())
            }
            Err(failure) => {
                let open = self.vault.open_item(id.to_owned(), item, path);
                let outcome = self.vault.fail(open, &failure)?;
                self.finished(id.to_owned(), outcome);
                Ok(())
            }
        }
    }

    /// One file, unless another item took it.
    pub(crate) fn file(&mut self, id: String, item: &Item, path: &str) -> Result<(), WriteError> {
        if !self.claimed.insert(path.to_owned()) {
            return Ok(());
        }
        let mut taken = self.host.read(path, item.cap);
        if taken
            .as_ref()
            .is_ok_and(|taken| taken.bytes.len() as u64 > item.cap)
        {
            taken = self.host.read_once(path, item.cap, Keep::HeadAndTail);
        }
        self.store(id, item, path, taken)
    }

    fn log(&mut self, id: String, item: &Item, path: &str) -> Result<(), WriteError> {
        if !self.claimed.insert(path.to_owned()) {
            return Ok(());
        }
        let cap = self.vault.log_cap(item);
        let taken = self.host.read_once(path, cap, Keep::Tail);
        self.store(id, item, path, taken)
    }

    /// Stores what was read, or why nothing was.
    pub(crate) fn store(
        &mut self,
        id: String,
        item: &Item,
        path: &str,
        taken: Result<Taken, Failure>,
    ) -> Result<(), WriteError> {
        let kind = taken
            .as_ref()
            .map_or(item.kind, |taken| kind_of(item.kind, &taken.bytes));
        let mut open = self.vault.open_item(id.clone(), item, path);
        kind.clone_into(&mut open.record.kind);
        let outcome = match taken {
            Err(failure) => self.vault.fail(open, &failure)?,
            Ok(taken) => {
                let rewritten = matches!(item.source, Source::Rewritten { .. });
                let whole = || deny::unless_rewritten(path).filter(|_| !rewritten);
                let refused = deny::by_path(path)
                    .or_else(whole)
                    .or_else(|| claim(item, &taken.bytes));
                if let Some(why) = refused {
                    open.record.attributes = Some(taken.info.attributes);
                    self.vault
                        .fail(open, &Failure::new(Outcome::Skipped, why))?
                } else {
                    self.vault.file(open, path, &taken)?
                }
            }
        };
        self.finished(id, outcome);
        Ok(())
    }

    /// Names in a folder, in every place where it can be.
    pub(crate) fn listings(&mut self, id: &str, item: &Item, path: &str) -> Result<(), WriteError> {
        for place in self.node.places(path) {
            self.listing(own_id(id, path, &place), item, &place)?;
        }
        Ok(())
    }

    /// Names in one folder.
    pub(crate) fn listing(
        &mut self,
        id: String,
        item: &Item,
        path: &str,
    ) -> Result<(), WriteError> {
        let entry = listing_entry(path);
        if !self.claimed.insert(entry.clone()) {
            return Ok(());
        }
        let mut open = self.vault.open_item(id.clone(), item, path);
        let outcome = match self.host.list(path) {
            Err(failure) => self.vault.fail(open, &failure)?,
            Ok(listing) => {
                if !listing.complete {
                    open.record.outcome = Outcome::Truncated;
                } else if listing.entries.is_empty() {
                    open.record.outcome = Outcome::Empty;
                }
                self.vault
                    .text(open, &entry, &listing_text(path, &listing))?
            }
        };
        self.finished(id, outcome);
        Ok(())
    }

    /// Why a command would change the node; of a tree no command is run anyway.
    pub(crate) fn why_not(&mut self, unless: fn(&mut Host) -> Option<Failure>) -> Option<Failure> {
        self.host.is_live().then(|| unless(self.host)).flatten()
    }

    /// Records a command that would change the node.
    pub(crate) fn refuse(
        &mut self,
        id: String,
        item: &Item,
        why: &Failure,
    ) -> Result<(), WriteError> {
        let source = item.source.describe();
        let open = self.vault.open_item(id.clone(), item, &source);
        let outcome = self.vault.fail(open, why)?;
        self.finished(id, outcome);
        Ok(())
    }

    /// Stores what a program that the node itself names says of its version.
    pub(crate) fn version(
        &mut self,
        id: &str,
        item: &Item,
        argv: &[String],
    ) -> Result<(), WriteError> {
        let words = argv.join(" ");
        let id = format!("{id}:{words}");
        let source = format!("command: {words}");
        let open = self.vault.open_item(id.clone(), item, &source);
        let ran = self.host.run_named(argv, item.cap);
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        let outcome = self.output(open, &command_entry(&argv), ran)?;
        self.finished(id, outcome);
        Ok(())
    }
}

/// What a file is by its content, where its name can mean two things.
fn kind_of(declared: &'static str, bytes: &[u8]) -> &'static str {
    match declared {
        "kubeconfig" if profile::is_kubelet_config(bytes) => "kubelet-config",
        "kubelet-config" | "distribution-config" if profile::is_kubeconfig(bytes) => "kubeconfig",
        _ => declared,
    }
}

/// The item's id, with the path where that is not the one it declares.
fn own_id(id: &str, declared: &str, place: &str) -> String {
    if declared == place {
        id.to_owned()
    } else {
        format!("{id}:{place}")
    }
}

/// Why content that a file's name or another file promised is not that content.
fn claim(item: &Item, bytes: &[u8]) -> Option<&'static str> {
    match item.source {
        Source::Named { accepts, .. } if !accepts(bytes) => {
            Some("its content is not what the file that names it promises")
        }
        _ => None,
    }
}

/// `listings/*.json`: one name a line.
fn listing_text(path: &str, listing: &Listing) -> String {
    let entries = crate::facts::list("entries", &listing.entries);
    let head = format!(
        "{{\n \"path\": {},\n \"complete\": {},\n",
        json!(path),
        listing.complete
    );
    entries.replacen("{\n", &head, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_json_with_one_name_a_line() {
        let listing = Listing {
            complete: true,
            entries: Vec::new(),
        };
        let text = listing_text("/etc/kubernetes", &listing);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["path"], "/etc/kubernetes");
        assert_eq!(value["complete"], true);
        assert_eq!(value["entries"], json!([]));
    }
}
