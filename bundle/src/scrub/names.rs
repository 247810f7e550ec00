//! Names of entries without secrets: what a tool ran, and what people call files, stands in them.

use crate::redact::{ContentKind, Redactor};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Masks names, one after another: the same name always in the same way, different names never alike.
#[derive(Debug)]
pub(crate) struct Names {
    redactor: Redactor,
    /// Masked name → the name that it stands for.
    given: BTreeMap<String, String>,
}

impl Names {
    pub(crate) fn new(redactor: Redactor) -> Self {
        Self {
            redactor,
            given: BTreeMap::new(),
        }
    }

    /// The name, its secrets masked where it has any.
    pub(crate) fn masked<'n>(&mut self, name: &'n str) -> Cow<'n, str> {
        let parts: Vec<Cow<'_, str>> = name.split('/').map(|part| self.part(part)).collect();
        if parts.iter().all(|part| matches!(part, Cow::Borrowed(_))) {
            return Cow::Borrowed(name);
        }
        let wanted = parts.join("/");
        let mut unique = wanted.clone();
        let mut number = 2;
        while self.given.get(&unique).is_some_and(|known| known != name) {
            unique = format!("{wanted}~{number}");
            number += 1;
        }
        self.given.insert(unique.clone(), name.to_owned());
        Cow::Owned(unique)
    }

    /// One folder or file. Tools write `_` for the blanks of a command.
    fn part<'n>(&self, part: &'n str) -> Cow<'n, str> {
        let spaced = part.replace('_', " ");
        let tries = [
            (ContentKind::Argv, spaced.as_str()),
            (ContentKind::Text, spaced.as_str()),
            (ContentKind::Text, part),
        ];
        let found = tries.iter().find_map(|(kind, text)| {
            let redacted = self.redactor.file(*kind, text.as_bytes()).ok()?;
            (!redacted.counts().is_empty()).then_some(redacted)
        });
        let Some(redacted) = found else {
            return Cow::Borrowed(part);
        };
        let text = String::from_utf8_lossy(redacted.bytes());
        let plain = |c: char| match c {
            '/' | '\\' => '-',
            ' ' => '_',
            c if c.is_control() => '_',
            c => c,
        };
        Cow::Owned(text.chars().map(plain).collect())
    }
}
