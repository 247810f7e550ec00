//! Objects in YAML: lists and documents, told by their lines alone.

use super::{Enough, MOST, Object, Objects, of_list};
use std::borrow::Cow;

pub(super) fn objects<'t>(text: &'t str, enough: &Enough<'_>) -> Objects<'t> {
    let mut walk = Walk {
        text,
        enough,
        over: false,
        found: Objects::default(),
        document: Document::default(),
    };
    let mut at = 0;
    for (before, line) in (0..).zip(text.split_inclusive('\n')) {
        if line.trim_end() == "---" {
            walk.end_document(at);
        } else {
            walk.line(line, Place { at, before });
        }
        at += line.len();
        if walk.over || walk.found.all.len() >= MOST {
            return walk.found;
        }
    }
    walk.end_document(at);
    walk.found
}

/// Where the walk through a text is.
struct Walk<'t, 'e> {
    text: &'t str,
    enough: &'e Enough<'e>,
    /// An object was found that is enough.
    over: bool,
    found: Objects<'t>,
    document: Document<'t>,
}

/// Where a line begins, and the lines before it.
#[derive(Clone, Copy)]
struct Place {
    at: usize,
    before: u64,
}

#[derive(Default)]
struct Document<'t> {
    kind: Option<&'t str>,
    begun: Option<Place>,
    /// The item that is open, and its kind.
    item: Option<(Place, Option<&'t str>)>,
    /// Columns before the dashes of the list.
    indent: Option<usize>,
    in_items: bool,
    had_items: bool,
    first_item: Option<usize>,
}

impl<'t> Walk<'t, '_> {
    fn line(&mut self, line: &'t str, place: Place) {
        let content = line.trim_end();
        let bare = content.trim_start();
        let indent = content.len() - bare.len();
        if bare.is_empty() || bare.starts_with('#') {
            return;
        }
        let document = &mut self.document;
        document.begun.get_or_insert(place);
        let dash = bare == "-" || bare.starts_with("- ");
        if document.in_items && dash && *document.indent.get_or_insert(indent) == indent {
            self.end_item(place.at);
            let first = self.found.all.len();
            self.document.first_item.get_or_insert(first);
            self.document.item = Some((place, kind(bare.trim_start_matches(['-', ' ']))));
        } else if indent == 0 {
            self.end_item(place.at);
            let document = &mut self.document;
            document.in_items = content == "items:";
            document.had_items |= document.in_items;
            document.kind = kind(content).or(document.kind);
        } else if let (Some((_, own)), Some(base)) = (&mut document.item, document.indent)
            && indent == base + 2
        {
            *own = own.or(kind(bare));
        }
    }

    fn end_item(&mut self, at: usize) {
        if let Some((place, kind)) = self.document.item.take() {
            self.push(place, at, kind, true);
        }
    }

    fn end_document(&mut self, at: usize) {
        self.end_item(at);
        let document = std::mem::take(&mut self.document);
        let of_list = document.kind.and_then(of_list);
        if let Some(first) = document.first_item {
            let items = self.found.all.iter_mut().skip(first);
            for item in items.filter(|item| item.kind.is_none()) {
                item.kind = of_list.map(Cow::Borrowed);
            }
        }
        if let Some(place) = document.begun.filter(|_| !document.had_items) {
            self.push(place, at, document.kind, false);
        }
    }

    fn push(&mut self, place: Place, end: usize, kind: Option<&'t str>, listed: bool) {
        if let Some(text) = self.text.get(place.at..end) {
            let object = Object {
                kind: kind.map(Cow::Borrowed),
                listed,
                before: place.before,
                text,
            };
            self.over = object.kind.is_some() && (self.enough)(&object);
            self.found.all.push(object);
        }
    }
}

fn kind(line: &str) -> Option<&str> {
    let kind = line.strip_prefix("kind:")?.trim();
    Some(kind.trim_matches(['"', '\'']))
}
