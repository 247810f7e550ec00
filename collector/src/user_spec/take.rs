//! Takes the items of a spec file, after the built-in facts and before probes and logs.

use super::{UserItem, What, glob, web};
use crate::deny;
use crate::host::wire::{Failure, Keep};
use crate::take::Taking;
use nodebundle_bundle::Outcome;
use nodebundle_bundle::writer::WriteError;
use std::io::Write;

impl<W: Write> Taking<'_, W> {
    /// All items of the spec that are not left out.
    pub(crate) fn user_items(&mut self) -> Result<(), WriteError> {
        let choice = self.choice;
        for item in &choice.user_items {
            if !choice.wants_user(item) {
                continue;
            }
            let id = item.record_id();
            let stop = self.reason_to_stop();
            let why = stop.or_else(|| self.refusal(item).map(str::to_owned));
            match (why, &item.what) {
                (Some(why), _) => {
                    self.user_failure(&id, item, &Failure::new(Outcome::Skipped, why))?;
                }
                (None, What::File(path)) => self.user_file(&id, item, path)?,
                (None, What::Glob(pattern)) => self.user_files(&id, item, pattern)?,
                (None, What::Command(argv)) => self.user_command(&id, item, argv)?,
                (None, What::Http(url)) => self.user_http(&id, item, url)?,
            }
        }
        Ok(())
    }

    /// Why an item is not even tried.
    fn refusal(&self, item: &UserItem) -> Option<&'static str> {
        match item.what {
            What::Command(_) if !self.host.is_live() => Some("not with --root"),
            What::Command(_) if !self.choice.spec_commands => {
                Some("commands of a spec need --allow-spec-commands")
            }
            What::Http(_) if !self.choice.probes => Some("probes are off"),
            _ if self.choice.least => Some("too little room for more than the first tier"),
            _ => None,
        }
    }

    fn user_failure(
        &mut self,
        id: &str,
        item: &UserItem,
        failure: &Failure,
    ) -> Result<(), WriteError> {
        let open = self
            .vault
            .open(id.to_owned(), item.kind(), &item.describe());
        let outcome = self.vault.fail(open, failure)?;
        self.finished(id.to_owned(), outcome);
        Ok(())
    }

    fn user_files(&mut self, id: &str, item: &UserItem, pattern: &str) -> Result<(), WriteError> {
        match glob::files(self.host, pattern) {
            Err(failure) => self.user_failure(id, item, &failure),
            Ok(files) if files.is_empty() => {
                let failure = Failure::new(Outcome::Empty, "no name matches");
                self.user_failure(id, item, &failure)
            }
            Ok(files) => {
                for path in files {
                    self.user_file(&format!("{id}:{path}"), item, &path)?;
                }
                Ok(())
            }
        }
    }

    fn user_file(&mut self, id: &str, item: &UserItem, path: &str) -> Result<(), WriteError> {
        let mut open = self.vault.open(id.to_owned(), item.kind(), path);
        let taken = if self.claimed.insert(path.to_owned()) {
            self.limited(item, |host| {
                host.read_once(path, item.cap, Keep::HeadAndTail)
            })
        } else {
            Err(Failure::new(Outcome::Skipped, "stored by another item"))
        };
        let outcome = match (taken, deny::by_path(path)) {
            (Err(failure), _) => self.vault.fail(open, &failure)?,
            (Ok(taken), Some(why)) => {
                open.record.attributes = Some(taken.info.attributes);
                self.vault
                    .fail(open, &Failure::new(Outcome::Skipped, why))?
            }
            (Ok(taken), None) => self.vault.file(open, path, &taken)?,
        };
        self.finished(id.to_owned(), outcome);
        Ok(())
    }

    fn user_command(
        &mut self,
        id: &str,
        item: &UserItem,
        argv: &[String],
    ) -> Result<(), WriteError> {
        let open = self
            .vault
            .open(id.to_owned(), item.kind(), &item.describe());
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        let ran = self.limited(item, |host| host.run(&argv, item.cap));
        let outcome = self.output(open, &item.entry(), ran)?;
        self.finished(id.to_owned(), outcome);
        Ok(())
    }

    fn user_http(&mut self, id: &str, item: &UserItem, url: &str) -> Result<(), WriteError> {
        let mut open = self
            .vault
            .open(id.to_owned(), item.kind(), &item.describe());
        let time = item.timeout.unwrap_or(self.host.item_timeout());
        let outcome = match web::get(self.host, url, item.cap, time) {
            Err(failure) => self.vault.fail(open, &failure)?,
            Ok((text, cut)) => {
                if cut {
                    open.record.outcome = Outcome::Truncated;
                }
                self.vault.text(open, &item.entry(), &text)?
            }
        };
        self.finished(id.to_owned(), outcome);
        Ok(())
    }

    fn limited<T>(&mut self, item: &UserItem, ask: impl FnOnce(&mut crate::host::Host) -> T) -> T {
        let limit = item.timeout.unwrap_or(self.host.item_timeout());
        self.host.within(limit, ask)
    }
}
