//! A configuration file as a tree whose leaves know where they stand in the file.

use granit_parser::{Event, Parser, ScalarStyle};
use std::ops::Range;

/// A value in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// Keys and values in the order of the file; duplicates are kept.
    Map(Vec<(String, Self)>),
    /// Items in order.
    List(Vec<Self>),
    /// A leaf.
    Scalar(Scalar),
    /// An alias: what it stands for is masked where it is defined.
    Alias,
}

/// A leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// The value, unescaped.
    pub value: String,
    /// Its bytes in the file, without quotes; all lines of a block.
    pub range: Range<usize>,
    /// Whether a mask in its place needs quotes of its own, as for a number in JSON.
    pub bare: bool,
}

/// What could be read of a file.
#[derive(Debug, Default)]
pub struct Tree {
    /// The documents, the last one perhaps only in part.
    pub documents: Vec<Node>,
    /// Where reading stopped, when the file does not parse: everything from this byte on is unknown.
    pub broken_at: Option<usize>,
}

impl Node {
    /// The value of a key; with duplicates the last.
    pub fn child(&self, name: &str) -> Option<&Self> {
        let Self::Map(entries) = self else {
            return None;
        };
        entries
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, node)| node)
    }

    /// The text of a leaf.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Scalar(scalar) => Some(&scalar.value),
            _ => None,
        }
    }
}

/// Reads YAML or JSON. With `json`, plain scalars are bare.
pub fn yaml(text: &str, json: bool) -> Tree {
    let mut tree = Tree::default();
    let mut open: Vec<Frame> = Vec::new();
    let mut reached = 0;
    for event in Parser::new_from_str(text) {
        let Ok((event, span)) = event else {
            tree.broken_at = Some(reached);
            break;
        };
        let range = span.byte_range().unwrap_or(reached..reached);
        reached = reached.max(range.end);
        match event {
            Event::MappingStart(..) => open.push(Frame::Map(Vec::new(), None)),
            Event::SequenceStart(..) => open.push(Frame::List(Vec::new())),
            Event::MappingEnd | Event::SequenceEnd => close(&mut open, &mut tree),
            Event::Scalar(value, style, ..) => {
                let scalar = Scalar {
                    value: value.into_owned(),
                    range: inside_quotes(range, style),
                    bare: json && style == ScalarStyle::Plain,
                };
                add(&mut open, Node::Scalar(scalar), &mut tree);
            }
            Event::Alias(..) => add(&mut open, Node::Alias, &mut tree),
            _ => {}
        }
    }
    while !open.is_empty() {
        close(&mut open, &mut tree);
    }
    tree
}

/// Reads TOML. A file that does not parse yields no tree at all.
pub(crate) fn toml(text: &str) -> Tree {
    match toml_span::parse(text) {
        Ok(value) => Tree {
            documents: vec![toml_node(&value, text)],
            broken_at: None,
        },
        Err(_) => Tree {
            documents: Vec::new(),
            broken_at: Some(0),
        },
    }
}

enum Frame {
    /// Finished entries, and the key whose value comes next.
    Map(Vec<(String, Node)>, Option<String>),
    List(Vec<Node>),
}

fn close(open: &mut Vec<Frame>, tree: &mut Tree) {
    let node = match open.pop() {
        Some(Frame::Map(entries, _)) => Node::Map(entries),
        Some(Frame::List(items)) => Node::List(items),
        None => return,
    };
    add(open, node, tree);
}

fn add(open: &mut [Frame], node: Node, tree: &mut Tree) {
    match open.last_mut() {
        Some(Frame::List(items)) => items.push(node),
        Some(Frame::Map(entries, key)) => match key.take() {
            Some(key) => entries.push((key, node)),
            None => *key = Some(node.text().unwrap_or_default().to_owned()),
        },
        None => tree.documents.push(node),
    }
}

fn inside_quotes(range: Range<usize>, style: ScalarStyle) -> Range<usize> {
    match style {
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted if range.len() >= 2 => {
            range.start + 1..range.end - 1
        }
        _ => range,
    }
}

fn toml_node(value: &toml_span::Value<'_>, text: &str) -> Node {
    if let Some(table) = value.as_table() {
        let entries = table
            .iter()
            .map(|(key, value)| (key.name.to_string(), toml_node(value, text)))
            .collect();
        return Node::Map(entries);
    }
    if let Some(items) = value.as_array() {
        return Node::List(items.iter().map(|item| toml_node(item, text)).collect());
    }
    let range = value.span.start..value.span.end;
    let source = text.get(range.clone()).unwrap_or_default();
    Node::Scalar(Scalar {
        value: value.as_str().unwrap_or(source).to_owned(),
        range,
        bare: value.as_str().is_none(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(node: &Node, text: &str, found: &mut Vec<(String, String)>) {
        match node {
            Node::Map(entries) => {
                for (_, node) in entries {
                    leaves(node, text, found);
                }
            }
            Node::List(items) => {
                for node in items {
                    leaves(node, text, found);
                }
            }
            Node::Scalar(scalar) => found.push((
                scalar.value.clone(),
                text.get(scalar.range.clone()).unwrap().to_owned(),
            )),
            Node::Alias => {}
        }
    }

    fn all(tree: &Tree, text: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for document in &tree.documents {
            leaves(document, text, &mut found);
        }
        found
    }

    #[test]
    fn leaves_stand_where_the_tree_says_whatever_their_style() {
        let text =
            "a: plain\nb: \"q\\\"x\"\nc: |\n  one\n  two\nd: {e: 'f'}\n---\ng: &x h\ni: *x\n";
        let found = all(&yaml(text, false), text);
        let pairs: Vec<(&str, &str)> = found
            .iter()
            .map(|(value, source)| (value.as_str(), source.as_str()))
            .collect();
        assert_eq!(
            pairs,
            [
                ("plain", "plain"),
                ("q\"x", "q\\\"x"),
                ("one\ntwo\n", "one\n  two\n"),
                ("f", "f"),
                ("h", "h")
            ]
        );
    }

    #[test]
    fn what_stands_before_an_error_is_still_read() {
        let text = "a: b\nc:\n  - d\n  e: [\n";
        let tree = yaml(text, false);
        assert!(tree.broken_at.is_some_and(|at| at >= 11));
        assert_eq!(all(&tree, text)[0].0, "b");
    }

    #[test]
    fn toml_strings_of_every_kind_are_ranges_without_quotes() {
        let text = "a = \"x\"\nb = 'y'\nc = \"\"\"\none\ntwo\"\"\"\n[t.\"u.v\"]\nn = 5\n";
        let mut found = all(&toml(text), text);
        found.sort();
        let sources: Vec<&str> = found.iter().map(|(_, source)| source.as_str()).collect();
        assert!(sources.contains(&"x") && sources.contains(&"y") && sources.contains(&"5"));
        assert!(
            sources.iter().all(|source| !source.contains(['"', '\''])),
            "{sources:?}"
        );
    }

    #[test]
    fn deep_nesting_is_refused_and_not_followed() {
        let text = "[".repeat(100_000);
        assert!(yaml(&text, true).broken_at.is_some());
    }
}
