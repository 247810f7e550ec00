//! Objects of the API in a text: alone, in a list, or one after the other, as JSON or YAML. The text is only cut here; what
//! stands in an object is read by whoever wants it.

mod in_json;
mod in_yaml;
mod placed;

pub(crate) use placed::placed_pods;

use crate::tree::Node;
use crate::yaml;
use std::borrow::Cow;

/// The objects of a text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Objects<'t> {
    /// The objects, in their order.
    pub(crate) all: Vec<Object<'t>>,
    /// The line on which a list or an object begins that the text ends within.
    pub(crate) cut: Option<u64>,
}

/// One object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Object<'t> {
    /// Its kind, or what its list is of; `None` where neither says so.
    pub(crate) kind: Option<Cow<'t, str>>,
    /// It is one of a list.
    pub(crate) listed: bool,
    /// Lines of the text before its first.
    pub(crate) before: u64,
    pub(crate) text: &'t str,
}

impl Object<'_> {
    /// The object as a tree, whose lines are those of [`Object::text`]; the error is the line of the whole text that is wrong.
    pub(crate) fn read(&self) -> Result<Node, u64> {
        let document = yaml::parse(self.text);
        let root = document
            .map_err(|error| self.before + error.line().unwrap_or(1))?
            .root;
        // An item of a YAML list is read with its dash.
        Ok(match root.items().first() {
            Some(item) => item.clone(),
            None => root,
        })
    }

    /// The line of the whole text on which something in this object stands.
    pub(crate) fn line(&self, node: &Node) -> u64 {
        self.before + node.line
    }
}

/// Whether a text begins like a list of objects, from its first KiB: such a text may be longer than others.
pub(crate) fn begins_list(head: &str) -> bool {
    let head = head.trim_start_matches('\u{feff}').trim_start();
    let json = head.starts_with('{')
        && head.contains("\"apiVersion\"")
        && (head.contains("\"items\"") || head.contains("List\""));
    let yaml = head.starts_with("apiVersion:")
        && head.lines().any(|line| {
            line.starts_with("items:") || line.starts_with("kind:") && line.ends_with("List")
        });
    json || yaml
}

/// Whether a text names this kind, for a quick look.
pub(crate) fn names_kind(text: &str, kind: &str) -> bool {
    let quoted = |gap: &str| text.contains(&format!("\"kind\":{gap}\"{kind}"));
    text.contains(&format!("kind: {kind}")) || quoted(" ") || quoted("")
}

/// The objects of a text; none in one that is neither JSON nor YAML.
pub(crate) fn objects(text: &str) -> Objects<'_> {
    until(text, &|_| false)
}

/// Whether a text holds an object of this sort, and whether it ends within the first of all its objects.
pub(crate) fn holds(text: &str, is: &Enough<'_>) -> (bool, bool) {
    let found = until(text, is);
    let is_cut = found.cut.is_some() && found.all.is_empty();
    (found.all.iter().any(is), is_cut)
}

/// Whether an object is enough: nothing behind it has to be looked at.
type Enough<'e> = dyn Fn(&Object<'_>) -> bool + 'e;

/// The objects up to the first that is enough.
fn until<'t>(text: &'t str, enough: &Enough<'_>) -> Objects<'t> {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with('{') {
        in_json::objects(text, enough)
    } else {
        in_yaml::objects(text, enough)
    }
}

/// `NodeList` → `Node`; a plain `List` says nothing of its items.
fn of_list(kind: &str) -> Option<&str> {
    kind.strip_suffix("List").filter(|kind| !kind.is_empty())
}

/// Objects kept of one text.
const MOST: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(String, bool, u64)> {
        let objects = objects(text);
        let show = |object: &Object<'_>| {
            let kind = object.kind.as_deref().unwrap_or_default();
            (kind.to_owned(), object.listed, object.before)
        };
        objects.all.iter().map(show).collect()
    }

    fn kind(kind: &str) -> String {
        kind.to_owned()
    }

    #[test]
    fn items_of_a_json_list_are_told_with_their_lines() {
        let text = "{\n \"kind\": \"NodeList\",\n \"items\": [\n  {\"metadata\": {\"ownerReferences\": [{\"kind\": \"X\"}]}},\n  {\n   \"kind\": \"Node\",\n   \"a\": \"}{\\\"\"\n  }\n ]\n}\n";
        assert_eq!(
            shown(text),
            [(kind("Node"), true, 3), (kind("Node"), true, 4)]
        );
        assert!(objects(text).all[1].text.ends_with('}'));
        assert_eq!(objects(text).cut, None);
    }

    #[test]
    fn a_cut_list_keeps_its_whole_items() {
        let text = "{\"kind\": \"NodeList\", \"items\": [{\"a\": 1},\n{\"b\": ";
        let found = objects(text);
        assert_eq!((found.all.len(), found.cut), (1, Some(1)));
        assert_eq!(found.all[0].kind, None);
    }

    #[test]
    fn objects_stand_between_logs() {
        let text = "{\n\"kind\": \"NodeList\",\n\"items\": []\n}\n==== START logs for {x} ====\nI0101 {\"kind\": 1}\n{\n\"kind\": \"EventList\",\n\"items\": [{}]\n}\n";
        assert_eq!(shown(text), [(kind("Event"), true, 8)]);
    }

    #[test]
    fn yaml_lists_and_documents_are_told() {
        let list = "apiVersion: v1\nitems:\n- metadata:\n    kind: no\n  kind: Node\n- kind: Event\nkind: List\n";
        assert_eq!(
            shown(list),
            [(kind("Node"), true, 2), (kind("Event"), true, 5)]
        );
        let late = "items:\n  - spec: 1\n  - spec: 2\nkind: NodeList\n";
        assert_eq!(
            shown(late),
            [(kind("Node"), true, 1), (kind("Node"), true, 2)]
        );
        let documents = "---\nkind: Node\nspec:\n- a\n---\n# nothing\n---\nkind: Lease\n";
        assert_eq!(
            shown(documents),
            [(kind("Node"), false, 1), (kind("Lease"), false, 7)]
        );
    }

    #[test]
    fn nothing_breaks_it() {
        for text in [
            "",
            "{",
            "{\"",
            "}{[]",
            "items:\n-",
            "{\"items\":[{\"kind\":",
            "- \u{e9}\n-\n",
        ] {
            for part in (0..=text.len()).filter_map(|cut| text.get(..cut)) {
                assert!(objects(part).all.len() <= 2, "{part}");
            }
        }
    }
}
