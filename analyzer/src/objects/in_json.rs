//! Objects in JSON: lists, and objects one after the other with other text between.

use super::{Enough, MOST, Object, Objects, of_list};
use std::borrow::Cow;

/// Where the walk through a text is.
struct Walk<'t, 'e> {
    text: &'t str,
    enough: &'e Enough<'e>,
    /// An object was found that is enough.
    over: bool,
    found: Objects<'t>,
    depth: u32,
    line: u64,
    /// Begin and line of the object at depth 1.
    outer: Option<Begun>,
    /// Of the item of its list.
    item: Option<Begun>,
    outer_kind: Option<&'t str>,
    item_kind: Option<&'t str>,
    /// Inside the list `items`; and the objects found before it.
    in_items: bool,
    first_item: usize,
    /// The last string, if a value can follow it.
    key: Option<&'t str>,
    had_items: bool,
}

#[derive(Clone, Copy)]
struct Begun {
    at: usize,
    line: u64,
}

pub(super) fn objects<'t>(text: &'t str, enough: &Enough<'_>) -> Objects<'t> {
    let mut walk = Walk {
        text,
        enough,
        over: false,
        found: Objects::default(),
        depth: 0,
        line: 0,
        outer: None,
        item: None,
        outer_kind: None,
        item_kind: None,
        in_items: false,
        first_item: 0,
        key: None,
        had_items: false,
    };
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if walk.over || walk.found.all.len() >= MOST {
            break;
        }
        let starts_line = at == 0 || bytes.get(at - 1) == Some(&b'\n');
        match byte {
            b'\n' => walk.line += 1,
            // Between objects only a line that begins with one counts: logs stand there, too.
            _ if walk.depth == 0 && !(byte == b'{' && starts_line) => {}
            b'"' => {
                let Some(end) = end_of_string(bytes, at + 1) else {
                    break;
                };
                walk.string(text.get(at + 1..end).unwrap_or_default());
                at = end;
            }
            b'{' | b'[' => walk.open(byte, at),
            b'}' | b']' => walk.close(at),
            b',' => walk.key = None,
            _ => {}
        }
        at += 1;
    }
    walk.found.cut = walk.outer.map(|begun| begun.line + 1);
    walk.found
}

fn end_of_string(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes.get(at) == Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

impl<'t> Walk<'t, '_> {
    fn string(&mut self, text: &'t str) {
        if self.key == Some("kind") {
            match (self.depth, self.in_items) {
                (1, _) => self.outer_kind = Some(text),
                (3, true) => self.item_kind = Some(text),
                _ => {}
            }
            self.key = None;
        } else {
            self.key = Some(text);
        }
    }

    fn open(&mut self, byte: u8, at: usize) {
        let begun = Begun {
            at,
            line: self.line,
        };
        match (self.depth, byte) {
            (0, b'{') => {
                self.outer = Some(begun);
                self.first_item = self.found.all.len();
                (self.outer_kind, self.had_items) = (None, false);
            }
            (1, b'[') if self.key == Some("items") => {
                self.in_items = true;
                self.had_items = true;
            }
            (2, b'{') if self.in_items => {
                self.item = Some(begun);
                self.item_kind = None;
            }
            _ => {}
        }
        self.key = None;
        self.depth += 1;
    }

    fn close(&mut self, at: usize) {
        self.depth = self.depth.saturating_sub(1);
        self.key = None;
        match self.depth {
            0 => self.close_outer(at),
            1 => self.in_items = false,
            2 if self.in_items => {
                if let Some(begun) = self.item.take() {
                    let kind = self.item_kind.take();
                    self.push(begun, at, kind, true);
                }
            }
            _ => {}
        }
    }

    fn close_outer(&mut self, at: usize) {
        let Some(begun) = self.outer.take() else {
            return;
        };
        let kind = self.outer_kind.take();
        if !self.had_items {
            return self.push(begun, at, kind, false);
        }
        let of_list = kind.and_then(of_list);
        let items = self.found.all.iter_mut().skip(self.first_item);
        for item in items.filter(|item| item.kind.is_none()) {
            item.kind = of_list.map(Cow::Borrowed);
        }
    }

    fn push(&mut self, begun: Begun, end: usize, kind: Option<&'t str>, listed: bool) {
        if let Some(text) = self.text.get(begun.at..=end) {
            let object = Object {
                kind: kind.map(Cow::Borrowed),
                listed,
                before: begun.line,
                text,
            };
            self.over = object.kind.is_some() && (self.enough)(&object);
            self.found.all.push(object);
        }
    }
}
