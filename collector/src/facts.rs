//! The text of `facts/*.json`: every item of a list on one line of its own, so that a line can be cited.

use serde::Serialize;
use serde_json::Value;
use std::fmt::Write as _;

/// `{"<key>": [items]}`, one item a line.
pub(crate) fn list<T: Serialize>(key: &str, items: &[T]) -> String {
    let mut text = format!("{{\n \"{key}\": [");
    for (at, item) in items.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let item = serde_json::to_string(item).unwrap_or_default();
        write!(text, "{comma}\n  {item}").ok();
    }
    text.push_str(if items.is_empty() {
        "]\n}\n"
    } else {
        "\n ]\n}\n"
    });
    text
}

/// Single values, then lists with one item a line each.
pub(crate) fn document(values: &[(&str, Value)], lists: &[(&str, &[Value])]) -> String {
    let values = values
        .iter()
        .map(|(key, value)| format!("\n \"{key}\": {value}"));
    let lists = lists.iter().map(|(key, items)| {
        let text = list(key, items);
        text.trim_start_matches('{')
            .trim_end_matches("\n}\n")
            .to_owned()
    });
    let fields: Vec<String> = values.chain(lists).collect();
    format!("{{{}\n}}\n", fields.join(","))
}

/// One object, one key a line.
pub(crate) fn object<T: Serialize>(value: &T) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").ok();
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_stands_on_its_own_line_and_the_whole_is_json() {
        let text = list(
            "keys",
            &[serde_json::json!({"a": 1}), serde_json::json!({"b": 2})],
        );
        assert_eq!(text, "{\n \"keys\": [\n  {\"a\":1},\n  {\"b\":2}\n ]\n}\n");
        let empty: Value = serde_json::from_str(&list::<u8>("keys", &[])).unwrap();
        assert_eq!(empty["keys"], serde_json::json!([]));
    }

    #[test]
    fn a_document_is_json_with_one_item_a_line() {
        let items = [serde_json::json!({"a": 1}), serde_json::json!({"b": 2})];
        let text = document(&[("from", "bus".into())], &[("x", &items), ("y", &[])]);
        let expected =
            "{\n \"from\": \"bus\",\n \"x\": [\n  {\"a\":1},\n  {\"b\":2}\n ],\n \"y\": []\n}\n";
        assert_eq!(text, expected);
    }
}
