//! JSON with line numbers, for our own entries: every item of a list stands on a line of its own.

use serde_json::Value;
use std::collections::BTreeMap;

/// A JSON object and where the items of its lists begin.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The object.
    pub value: Value,
    /// Name of a list directly in the object → line of each of its items.
    lines: BTreeMap<String, Vec<u64>>,
}

impl Document {
    /// Reads an object; the error says what is wrong and where, never quoting a value.
    pub fn parse(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text)
            .map_err(|error| format!("line {} is not JSON", error.line()))?;
        if value.is_object() {
            Ok(Self {
                value,
                lines: item_lines(text),
            })
        } else {
            Err("it is not a JSON object".to_owned())
        }
    }

    /// The items of one list with their lines; empty when there is no such list.
    pub fn items<'a>(&'a self, list: &str) -> impl Iterator<Item = (Option<u64>, &'a Value)> {
        let lines = self.lines.get(list);
        let items = self.value.get(list).and_then(Value::as_array);
        items
            .map_or(&[][..], Vec::as_slice)
            .iter()
            .enumerate()
            .map(move |(index, item)| (lines.and_then(|lines| lines.get(index)).copied(), item))
    }

    /// The line of a key directly in the object, the first that names it.
    pub fn key_line(text: &str, key: &str) -> Option<u64> {
        let quoted = format!("\"{key}\"");
        crate::entry::numbered(text)
            .find(|(_, line)| line.contains(&quoted))
            .map(|(number, _)| number)
    }
}

/// Where the items of the lists directly in the outermost object begin.
fn item_lines(text: &str) -> BTreeMap<String, Vec<u64>> {
    let mut scan = Scan::default();
    for byte in text.bytes() {
        scan.step(byte);
    }
    scan.found
}

#[derive(Default)]
struct Scan {
    line: u64,
    open: Vec<u8>,
    quoted: bool,
    escaped: bool,
    /// The string that is being read, or was read last.
    string: Vec<u8>,
    key: String,
    item_begun: bool,
    found: BTreeMap<String, Vec<u64>>,
}

impl Scan {
    fn step(&mut self, byte: u8) {
        if byte == b'\n' {
            self.line += 1;
        }
        if self.quoted {
            return self.in_string(byte);
        }
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b']' | b'}' => {
                self.open.pop();
            }
            b',' if self.open.len() == 2 => self.item_begun = false,
            b':' if self.open.len() == 1 => {
                self.key = String::from_utf8_lossy(&self.string).into_owned();
            }
            _ => self.value(byte),
        }
    }

    fn in_string(&mut self, byte: u8) {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = true,
            b'"' => self.quoted = false,
            _ => self.string.push(byte),
        }
    }

    fn value(&mut self, byte: u8) {
        if self.open == [b'{', b'['] && !self.item_begun {
            self.item_begun = true;
            let line = self.line + 1;
            self.found.entry(self.key.clone()).or_default().push(line);
        }
        match byte {
            b'{' | b'[' => {
                self.open.push(byte);
                if self.open.len() == 2 {
                    self.item_begun = false;
                }
            }
            b'"' => {
                self.quoted = true;
                self.string.clear();
            }
            _ => {}
        }
    }
}

/// The text of a key; `None` where the item has no such key, or no text there.
pub fn text<'v>(item: &'v Value, key: &str) -> Option<&'v str> {
    item.get(key).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_know_their_lines() {
        let text = "{\n \"a\": 1,\n \"list\": [\n  {\"x\": \"]},{\", \"y\": [1, 2]},\n  {\"x\": 2}\n ],\n \"other\": [\n  \"t\",\n  \"u\"\n ]\n}";
        let document = Document::parse(text).unwrap();
        let lines: Vec<_> = document.items("list").map(|(line, _)| line).collect();
        assert_eq!(lines, [Some(4), Some(5)]);
        let others: Vec<_> = document.items("other").map(|(line, _)| line).collect();
        assert_eq!(others, [Some(8), Some(9)]);
        assert_eq!(document.items("absent").count(), 0);
    }

    #[test]
    fn an_error_names_the_line_and_nothing_else() {
        let error = Document::parse("{\n \"token\": secret\n}").unwrap_err();
        assert_eq!(error, "line 2 is not JSON");
        assert!(Document::parse("[1]").is_err());
    }
}
