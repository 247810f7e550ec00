//! The programs of one input, numbered, with the patterns that each one's lines meet.

use super::patterns::{Allowed, PatternSet};
use super::program;
use std::collections::HashMap;
use std::sync::Arc;

/// A program that was seen.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) name: Arc<str>,
    pub(crate) allowed: Allowed,
    pub(crate) runs_kubelet: bool,
    pub(crate) supervises_kubelet: bool,
    pub(crate) is_systemd: bool,
}

/// Programs by number.
#[derive(Debug)]
pub(crate) struct Programs {
    known: Vec<Program>,
    by_ident: HashMap<Box<[u8]>, usize>,
    everything: Allowed,
    /// The identifier of the line before, which no wrapper has.
    sender: (Vec<u8>, usize),
}

/// Identifiers kept; a hostile log has no end of them.
const CAPACITY: usize = 4096;

impl Programs {
    pub(crate) fn new(patterns: &PatternSet) -> Self {
        Self {
            known: Vec::new(),
            by_ident: HashMap::new(),
            everything: patterns.allowed(None),
            sender: (Vec::new(), 0),
        }
    }

    /// The program of an identifier, if it is the one remembered.
    pub(crate) fn sender(&self, ident: &[u8]) -> Option<usize> {
        let (known, number) = &self.sender;
        (known == ident && !ident.is_empty()).then_some(*number)
    }

    /// Remembers an identifier.
    pub(crate) fn remember(&mut self, ident: &[u8], number: usize) {
        self.sender.0.clear();
        self.sender.0.extend_from_slice(ident);
        self.sender.1 = number;
    }

    /// The program of an identifier; `None` when there are too many.
    pub(crate) fn number(&mut self, ident: &[u8], patterns: &PatternSet) -> Option<usize> {
        if let Some(&number) = self.by_ident.get(ident) {
            return Some(number);
        }
        if self.by_ident.len() >= CAPACITY {
            return None;
        }
        let text = String::from_utf8_lossy(ident);
        let name = program::canonical(&text);
        let known = self.known.iter().position(|program| &*program.name == name);
        let number = known.unwrap_or_else(|| {
            self.known.push(Program {
                name: Arc::from(name),
                allowed: patterns.allowed(Some(name)),
                runs_kubelet: program::runs_kubelet(name),
                supervises_kubelet: program::supervises_kubelet(name),
                is_systemd: name == "systemd",
            });
            self.known.len() - 1
        });
        self.by_ident.insert(ident.into(), number);
        Some(number)
    }

    pub(crate) fn get(&self, number: Option<usize>) -> Option<&Program> {
        self.known.get(number?)
    }

    /// The patterns for a line: those of its program, or all when it is not sure.
    pub(crate) fn allowed(&self, number: Option<usize>, sure: bool) -> &Allowed {
        self.get(number)
            .filter(|_| sure)
            .map_or(&self.everything, |program| &program.allowed)
    }
}
