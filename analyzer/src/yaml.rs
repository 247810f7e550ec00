//! The only door to YAML, and to JSON read with places: a tree in which every node knows its line.
//!
//! Scalars mean what the kubelet's own reader makes of them: `yes` is true, `0755` is octal, the last of two equal keys
//! wins, only the first document counts. Errors carry a position and never a text, which might quote a secret.

use crate::tree::{Node, Pair, Value};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Spanned};
use std::borrow::Cow;
use std::fmt;

/// A key that stands twice in one mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// Dotted path of the key; items of lists as their index.
    pub path: String,
    /// Line of the later one, which wins.
    pub line: u64,
}

/// One document.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its content.
    pub root: Node,
    /// Keys that stand twice.
    pub duplicates: Vec<Duplicate>,
}

/// The text is not YAML.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum YamlError {
    /// At a known place.
    #[error("line {line} is not YAML")]
    At {
        /// Line from 1.
        line: u64,
        /// Column from 1.
        column: u64,
    },
    /// The reader does not say where, or the text is larger than any configuration.
    #[error("not YAML")]
    Whole,
}

impl YamlError {
    /// Line of the error, where known.
    pub fn line(self) -> Option<u64> {
        match self {
            Self::At { line, .. } => Some(line),
            Self::Whole => None,
        }
    }
}

/// Reads the first document of a text. A text without any is a null document.
pub fn parse(text: &str) -> Result<Document, YamlError> {
    let text = with_masks_quoted(text.trim_start_matches('\u{feff}'));
    let mut reader = text.as_bytes();
    let options = serde_saphyr::options! {
        legacy_octal_numbers: true,
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        with_snippet: false,
    };
    let first = serde_saphyr::read_with_options::<_, RawNode>(&mut reader, options).next();
    let root = match first {
        None => RawNode {
            value: RawValue::Null,
            line: 1,
            column: 1,
        },
        Some(Ok(root)) => root,
        Some(Err(error)) => return Err(position(&error)),
    };
    let mut duplicates = Vec::new();
    let root = settle(root, "", &mut duplicates);
    Ok(Document { root, duplicates })
}

/// Reads JSON, which is YAML; the error says what is wrong in words of JSON.
pub fn parse_json(text: &str) -> Result<Document, String> {
    parse(text).map_err(|error| format!("line {} is not JSON", error.line().unwrap_or(1)))
}

/// The stars that some tools put in place of secrets would be references to nothing; lines keep their numbers.
fn with_masks_quoted(text: &str) -> Cow<'_, str> {
    const STARS: &str = "*****";
    if !text.contains(STARS) {
        return Cow::Borrowed(text);
    }
    let quoted = |line: &str| match line.split_once(": ") {
        Some((key, value)) if value.trim_start().starts_with(STARS) => {
            let bare = value.trim().replace(['"', '\\'], "");
            format!("{key}: \"{bare}\"\n")
        }
        _ => format!("{line}\n"),
    };
    Cow::Owned(text.lines().map(quoted).collect())
}

fn position(error: &serde_saphyr::Error) -> YamlError {
    match error.location() {
        Some(place) if place.line() > 0 => YamlError::At {
            line: place.line(),
            column: place.column(),
        },
        _ => YamlError::Whole,
    }
}

/// Takes the pairs of a mapping together so that each key stands once.
fn settle(raw: RawNode, path: &str, duplicates: &mut Vec<Duplicate>) -> Node {
    let below = |name: &str| match path {
        "" => name.to_owned(),
        _ => format!("{path}.{name}"),
    };
    let value = match raw.value {
        RawValue::Null => Value::Null,
        RawValue::Bool(value) => Value::Bool(value),
        RawValue::Int(value) => Value::Int(value),
        RawValue::Float(value) => Value::Float(value),
        RawValue::Text(text) => Value::Text(text),
        RawValue::List(items) => Value::List(
            items
                .into_iter()
                .enumerate()
                .map(|(index, item)| settle(item, &below(&index.to_string()), duplicates))
                .collect(),
        ),
        RawValue::Map(entries) => Value::Map(settle_pairs(entries, &below, duplicates)),
    };
    Node {
        value,
        line: raw.line,
        column: raw.column,
    }
}

fn settle_pairs(
    entries: Vec<(RawNode, RawNode)>,
    below: &dyn Fn(&str) -> String,
    duplicates: &mut Vec<Duplicate>,
) -> Vec<Pair> {
    let mut places: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    let mut pairs: Vec<Pair> = Vec::with_capacity(entries.len());
    for (raw_key, raw_value) in entries {
        let line = raw_key.line;
        let key = settle(raw_key, "", &mut Vec::new())
            .scalar()
            .unwrap_or_else(|| "null".to_owned());
        let path = below(&key);
        let value = settle(raw_value, &path, duplicates);
        let earlier = places.get(&key).and_then(|&place| pairs.get_mut(place));
        if let Some(pair) = earlier {
            duplicates.push(Duplicate { path, line });
            *pair = Pair { key, line, value };
        } else {
            places.insert(key.clone(), pairs.len());
            pairs.push(Pair { key, line, value });
        }
    }
    pairs
}

/// What the reader yields: repeated keys are still repeated.
#[derive(Debug)]
struct RawNode {
    value: RawValue,
    line: u64,
    column: u64,
}

#[derive(Debug)]
enum RawValue {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<RawNode>),
    Map(Vec<(RawNode, RawNode)>),
}

impl<'de> Deserialize<'de> for RawNode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<RawValue>::deserialize(deserializer)?;
        Ok(Self {
            value: spanned.value,
            line: spanned.referenced.line(),
            column: spanned.referenced.column(),
        })
    }
}

impl<'de> Deserialize<'de> for RawValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = RawValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<RawValue, E> {
        Ok(RawValue::Null)
    }

    fn visit_none<E>(self) -> Result<RawValue, E> {
        Ok(RawValue::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<RawValue, D::Error> {
        RawValue::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<RawValue, E> {
        Ok(RawValue::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<RawValue, E> {
        Ok(RawValue::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<RawValue, E> {
        Ok(i64::try_from(value).map_or_else(|_| RawValue::Text(value.to_string()), RawValue::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<RawValue, E> {
        Ok(RawValue::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<RawValue, E> {
        Ok(RawValue::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<RawValue, E> {
        Ok(RawValue::Text(value))
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<RawValue, E> {
        Ok(RawValue::Text(String::from_utf8_lossy(value).into_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<RawValue, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(RawValue::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<RawValue, A::Error> {
        let mut map = Vec::new();
        while let Some(pair) = entries.next_entry()? {
            map.push(pair);
        }
        Ok(RawValue::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        parse(&format!("k: {text}\n"))
            .unwrap()
            .root
            .get("k")
            .unwrap()
            .value
            .clone()
    }

    #[test]
    fn scalars_mean_what_the_kubelet_makes_of_them() {
        for (text, expected) in [
            ("yes", Value::Bool(true)),
            ("off", Value::Bool(false)),
            ("0755", Value::Int(493)),
            ("1_000", Value::Int(1000)),
            ("0x1F", Value::Int(31)),
            (".5", Value::Float(0.5)),
            ("1:30", Value::Text("1:30".into())),
            ("10.96.0.10", Value::Text("10.96.0.10".into())),
            ("\"0\"", Value::Text("0".into())),
            ("~", Value::Null),
            ("", Value::Null),
            ("0s", Value::Text("0s".into())),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
    }

    #[test]
    fn every_node_and_key_knows_its_line() {
        let document = parse("a: 1\nb:\n  c: [x, y]\n  d:\n  - e: f\n").unwrap();
        let b = document.root.pair("b").unwrap();
        assert_eq!((b.line, b.value.line), (2, 3));
        let e = document.root.at("b.d").unwrap().items()[0]
            .pair("e")
            .unwrap();
        assert_eq!((e.line, e.value.line, e.value.column), (5, 5, 8));
    }

    #[test]
    fn the_last_of_two_equal_keys_wins_and_is_reported() {
        let document = parse("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n").unwrap();
        assert_eq!(document.root.get("a").unwrap().int(), Some(3));
        assert_eq!(document.root.at("b.c").unwrap().int(), Some(2));
        let lines: Vec<_> = document
            .duplicates
            .iter()
            .map(|twice| (twice.path.as_str(), twice.line))
            .collect();
        assert_eq!(lines, [("b.c", 4), ("a", 5)]);
    }

    #[test]
    fn only_the_first_document_counts_even_before_a_broken_one() {
        let document = parse("a: 1\n---\na: : :\n\t- x\n").unwrap();
        assert_eq!(document.root.get("a").unwrap().int(), Some(1));
        assert!(parse("").unwrap().root.is_null());
    }

    #[test]
    fn stars_in_place_of_a_secret_are_a_text() {
        let document =
            parse("user:\n  token: ********\n  data: ***** SCRUBBED BASE64 PEM *****\nlast: 1\n");
        let root = document.unwrap().root;
        let data = root.get("user").and_then(|user| user.get("data")).unwrap();
        assert_eq!(data.text(), Some("***** SCRUBBED BASE64 PEM *****"));
        assert_eq!(root.get("last").unwrap().line, 4);
    }

    #[test]
    fn merge_keys_and_aliases_are_followed() {
        let document = parse("base: &b {one: 1, two: 2}\nk:\n  <<: *b\n  two: 3\n").unwrap();
        assert_eq!(document.root.at("k.one").unwrap().int(), Some(1));
        assert_eq!(document.root.at("k.two").unwrap().int(), Some(3));
        assert!(document.duplicates.is_empty());
    }

    #[test]
    fn an_error_gives_the_line_and_no_text() {
        let error = parse("a: 1\nusers:\n\t- token: hunter2-hunter2\n").unwrap_err();
        assert_eq!(error.line(), Some(3));
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    #[test]
    fn json_is_read_with_lines_too() {
        let document = parse("{\n\t\"kind\": \"X\",\n\t\"n\": [1, 2]\n}\n").unwrap();
        assert_eq!(document.root.get("kind").unwrap().line, 2);
        assert_eq!(document.root.get("n").unwrap().items().len(), 2);
    }

    #[test]
    fn hostile_texts_end_in_an_error() {
        let deep = "[".repeat(100_000);
        assert!(parse(&deep).is_err());
        let levels = (1..10).map(|level| {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            format!("a{level}: &a{level} [{aliases}]\n")
        });
        let bomb =
            "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned() + &levels.collect::<String>();
        assert!(parse(&bomb).is_err());
        assert!(parse("a: 1\u{0}b\n").is_err());
    }

    #[test]
    fn byte_order_marks_and_carriage_returns_are_accepted() {
        let document = parse("\u{feff}a: 1\r\nb: x\r\n").unwrap();
        assert_eq!(document.root.get("b").unwrap().text(), Some("x"));
        assert_eq!(document.root.get("b").unwrap().line, 2);
    }
}
