//! The only door to TOML: a tree in which every value knows its line. Errors carry a line and never a text.

use crate::tree::{Node, Pair, Value};
use toml_span::value::{Key, ValueInner};

/// The text is not TOML.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is not TOML")]
pub struct TomlError {
    /// Line from 1.
    pub line: u64,
}

/// Reads a text. Pairs of a table are sorted by key.
pub fn parse(text: &str) -> Result<Node, TomlError> {
    let places = Places::of(text);
    match toml_span::parse(text) {
        Ok(mut root) => {
            let start = root.span.start;
            Ok(node(root.take(), start, &places))
        }
        Err(error) => Err(TomlError {
            line: places.of_byte(error.span.start).0,
        }),
    }
}

fn node(value: ValueInner<'_>, start: usize, places: &Places) -> Node {
    let value = match value {
        ValueInner::String(text) => Value::Text(text.into_owned()),
        ValueInner::Integer(number) => Value::Int(number),
        ValueInner::Float(number) => Value::Float(number),
        ValueInner::Boolean(truth) => Value::Bool(truth),
        ValueInner::Array(items) => {
            Value::List(items.into_iter().map(|item| child(item, places)).collect())
        }
        ValueInner::Table(pairs) => Value::Map(
            pairs
                .into_iter()
                .map(|(key, value)| pair(&key, value, places))
                .collect(),
        ),
    };
    let (line, column) = places.of_byte(start);
    Node {
        value,
        line,
        column,
    }
}

fn child(mut value: toml_span::Value<'_>, places: &Places) -> Node {
    let start = value.span.start;
    node(value.take(), start, places)
}

fn pair(key: &Key<'_>, value: toml_span::Value<'_>, places: &Places) -> Pair {
    Pair {
        key: key.name.to_string(),
        line: places.of_byte(key.span.start).0,
        value: child(value, places),
    }
}

/// Where lines begin.
struct Places(Vec<usize>);

impl Places {
    fn of(text: &str) -> Self {
        let after_breaks = memchr::memchr_iter(b'\n', text.as_bytes()).map(|end| end + 1);
        Self(std::iter::once(0).chain(after_breaks).collect())
    }

    /// Line and column of a byte, from 1.
    fn of_byte(&self, byte: usize) -> (u64, u64) {
        let line = self.0.partition_point(|&start| start <= byte);
        let start = self.0.get(line.saturating_sub(1)).copied().unwrap_or(0);
        (line as u64, (byte.saturating_sub(start) + 1) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_their_lines_and_keys_with_dots_are_one_key() {
        let text =
            "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\"]\n  sandbox_image = \"p:1\"\n";
        let root = parse(text).unwrap();
        let image = root
            .under(&["plugins", "io.containerd.grpc.v1.cri", "sandbox_image"])
            .unwrap();
        assert_eq!((image.text(), image.line), (Some("p:1"), 3));
        assert_eq!(root.get("version").unwrap().int(), Some(2));
    }

    #[test]
    fn an_error_names_the_line_only() {
        let error = parse("version = 2\n[plugins\npassword = hunter2\n").unwrap_err();
        assert_eq!(error.line, 2);
        assert_eq!(error.to_string(), "line 2 is not TOML");
        assert!(parse(&"[".repeat(50_000)).is_err());
    }
}
