//! The text of `facts/*.json`: every item of a list on one line of its own, so that a line can be cited.

use serde::Serialize;
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

/// One object, one key a line.
pub(crate) fn object<T: Serialize>(value: &T) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
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
        let empty: serde_json::Value = serde_json::from_str(&list::<u8>("keys", &[])).unwrap();
        assert_eq!(empty["keys"], serde_json::json!([]));
    }
}
