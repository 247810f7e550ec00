//! Which node each pod of a text runs on, told by lines alone: a list of all pods of a cluster is long.

use super::{Object, names_kind, objects};

/// Namespace, name and node of the pods in a text that were given a node.
pub(crate) fn placed_pods(text: &str) -> Vec<[String; 3]> {
    let may_hold = (names_kind(text, "Pod") || text.contains("podIP")) && text.contains("nodeName");
    if !may_hold {
        return Vec::new();
    }
    let found = objects(text);
    let pods = found
        .all
        .iter()
        .filter(|one| one.kind.as_deref().is_none_or(|kind| kind == "Pod"));
    pods.filter_map(placed).collect()
}

fn placed(pod: &Object<'_>) -> Option<[String; 3]> {
    let mut section = "";
    let mut outer = None;
    let mut inner = None;
    let (mut namespace, mut name, mut node) = (None, None, None);
    for line in pod.text.lines() {
        let Some((indent, key, value)) = pair(line) else {
            continue;
        };
        let is_section = matches!(key, "metadata" | "spec" | "status") && value.is_empty();
        if is_section && outer.is_none_or(|outer| indent <= outer) {
            (outer, inner, section) = (Some(indent), None, key);
            continue;
        }
        if outer.is_none_or(|outer| indent <= outer) {
            section = "";
        }
        let is_direct = *inner.get_or_insert(indent) == indent;
        match (section, key) {
            ("metadata", "namespace") if is_direct => namespace = namespace.or(Some(value)),
            ("metadata", "name") if is_direct => name = name.or(Some(value)),
            ("spec", "nodeName") if is_direct => node = node.or(Some(value)),
            _ => {}
        }
    }
    Some([namespace?, name?, node?].map(str::to_owned))
}

/// Columns before a key, the key and what stands behind it, in YAML or in JSON that was written over lines.
fn pair(line: &str) -> Option<(usize, &str, &str)> {
    let bare = line.trim_start_matches([' ', '-', '\t']);
    let indent = line.len() - bare.len();
    let (key, value) = bare.split_once(':')?;
    let value = value
        .trim()
        .trim_end_matches([',', '{', ' '])
        .trim_matches('"');
    Some((indent, key.trim().trim_matches('"'), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_are_placed_in_yaml_and_json_alone_and_in_lists() {
        let alone = "apiVersion: v1\nkind: Pod\nmetadata:\n  labels:\n    name: other\n  name: cni-1\n  namespace: net\nspec:\n  containers:\n  - name: cni\n    env:\n    - name: NODE\n      valueFrom:\n        fieldRef:\n          fieldPath: spec.nodeName\n  nodeName: w1\n";
        let list = "apiVersion: v1\nkind: PodList\nitems:\n- metadata:\n    name: a\n    namespace: net\n  spec:\n    nodeName: w2\n- metadata:\n    name: b\n    namespace: net\n  spec:\n    containers: []\n";
        let json = "{\n  \"kind\": \"PodList\",\n  \"items\": [\n    {\n      \"metadata\": {\n        \"name\": \"a\",\n        \"namespace\": \"net\"\n      },\n      \"spec\": {\n        \"nodeName\": \"w3\",\n        \"x\": 1\n      }\n    }\n  ]\n}\n";
        let pod = |name: &str, node: &str| [["net", name, node].map(str::to_owned)];
        assert_eq!(placed_pods(alone), pod("cni-1", "w1"));
        assert_eq!(placed_pods(list), pod("a", "w2"));
        assert_eq!(placed_pods(json), pod("a", "w3"));
        assert!(placed_pods("kind: Node\nmetadata:\n  name: w1\n").is_empty());
    }
}
