//! YAML as a tree in which every key and value knows its line and column.

use granit_parser::{Event, Marker, Parser};

/// Line and column, both from 1.
pub(super) type Place = (usize, usize);

/// A value and where it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Located {
    pub(super) at: Place,
    pub(super) value: Value,
}

/// What stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// Keys with their places, in the order of the file; duplicates are kept.
    Map(Vec<(Key, Located)>),
    List(Vec<Located>),
    /// Everything else is text.
    Text(String),
}

/// A key and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) at: Place,
    pub(super) name: String,
}

/// Where the file is no YAML that a spec may be, and why. Never its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) at: Place,
    pub(super) why: &'static str,
}

/// The one document of a text; `None` when there is none.
pub(super) fn document(text: &str) -> Result<Option<Located>, Broken> {
    let mut open: Vec<Frame> = Vec::new();
    let mut root = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| Broken {
            at: place(error.marker()),
            why: "this is not YAML",
        })?;
        let at = place(&span.start);
        let broken = |why| Err(Broken { at, why });
        let value = match event {
            Event::Alias(..) => return broken("aliases are not used here: write the value"),
            Event::DocumentStart(..) if root.is_some() => {
                return broken("a spec is one document");
            }
            Event::MappingStart(..) | Event::SequenceStart(..) if open.len() >= MAX_DEPTH => {
                return broken("nested too deeply");
            }
            Event::MappingStart(..) => {
                open.push(Frame::new(at, Value::Map(Vec::new())));
                continue;
            }
            Event::SequenceStart(..) => {
                open.push(Frame::new(at, Value::List(Vec::new())));
                continue;
            }
            Event::Scalar(text, ..) => Value::Text(text.into_owned()),
            Event::MappingEnd | Event::SequenceEnd => match open.pop() {
                Some(frame) => {
                    add(&mut open, frame.at, frame.value, &mut root)?;
                    continue;
                }
                None => continue,
            },
            _ => continue,
        };
        add(&mut open, at, value, &mut root)?;
    }
    Ok(root)
}

struct Frame {
    at: Place,
    value: Value,
    /// Of a map, the key whose value comes next.
    key: Option<Key>,
}

impl Frame {
    fn new(at: Place, value: Value) -> Self {
        Self {
            at,
            value,
            key: None,
        }
    }
}

fn add(
    open: &mut [Frame],
    at: Place,
    value: Value,
    root: &mut Option<Located>,
) -> Result<(), Broken> {
    let Some(frame) = open.last_mut() else {
        *root = Some(Located { at, value });
        return Ok(());
    };
    match (&mut frame.value, frame.key.take(), value) {
        (Value::List(items), _, value) => items.push(Located { at, value }),
        (Value::Map(entries), Some(key), value) => entries.push((key, Located { at, value })),
        (_, None, Value::Text(name)) => frame.key = Some(Key { at, name }),
        _ => {
            return Err(Broken {
                at,
                why: "a key must be a word",
            });
        }
    }
    Ok(())
}

fn place(marker: &Marker) -> Place {
    (marker.line(), marker.col() + 1)
}

/// A spec needs four levels.
const MAX_DEPTH: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_know_their_places() {
        let root = document("a: 1\nb:\n  - x\n").unwrap().unwrap();
        let Value::Map(entries) = root.value else {
            panic!("{root:?}");
        };
        assert_eq!(entries[1].0.at, (2, 1));
        let Value::List(items) = &entries[1].1.value else {
            panic!("{entries:?}");
        };
        assert_eq!(items[0].at, (3, 5));
    }

    #[test]
    fn what_is_broken_deep_or_clever_is_refused_at_its_place() {
        assert_eq!(document("a: [\n").unwrap_err().why, "this is not YAML");
        assert!(document(&"[".repeat(100_000)).is_err());
        let deep = ["[".repeat(20), "]".repeat(20)].concat();
        assert_eq!(document(&deep).unwrap_err().why, "nested too deeply");
        assert!(
            document("a: &x 1\nb: *x\n")
                .unwrap_err()
                .why
                .contains("aliases")
        );
        assert!(
            document("a: 1\n---\nb: 2\n")
                .unwrap_err()
                .why
                .contains("one document")
        );
        assert_eq!(
            document("[a]: 1\n").unwrap_err().why,
            "a key must be a word"
        );
        assert_eq!(document("# nothing\n").unwrap(), None);
    }
}
