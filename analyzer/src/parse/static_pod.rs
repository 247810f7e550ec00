//! Static pod manifests: only whether they can be read as pods.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::parser::Parser;
use crate::source::Source;
use crate::tree::Node;
use crate::yaml;

/// Reads static pod manifests.
pub const PARSER: Parser = Parser {
    name: "static_pod",
    kind: "static pod manifest",
    facts: &[],
    accepts,
    parse,
};

/// A file in the folder of static pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticPod {
    /// Absolute path on the node.
    pub path: String,
    /// Name of the pod; `None` when it has none or the file is no pod.
    pub name: Option<String>,
    /// Why the kubelet cannot take it; `None` when it can.
    pub problem: Option<String>,
}

fn accepts(entry: &Entry) -> bool {
    let folder = |path: &str| {
        ["/manifests/", "/pod-manifests/", "/static-pods/"]
            .iter()
            .any(|folder| path.contains(folder))
    };
    matches!(&entry.source, Source::File(path) if folder(path))
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let path = entry.path().unwrap_or_default().to_owned();
    let (name, problem) = match yaml::parse(&entry.text()) {
        Ok(document) => {
            let kind = document.root.get("kind").and_then(Node::text);
            let problem = (kind != Some("Pod")).then(|| "it is no Pod".to_owned());
            let name = document.root.at("metadata.name").and_then(Node::text);
            (name.map(str::to_owned), problem)
        }
        Err(error) => (None, Some(error.to_string())),
    };
    let pod = StaticPod {
        path,
        name,
        problem,
    };
    evidence.push(pod, entry.whole());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_that_is_no_pod_says_why() {
        let mut evidence = Evidence::default();
        for text in [
            "kind: Pod\nmetadata:\n  name: a\n",
            "kind: Deployment\n",
            "a: b: c\n",
        ] {
            let entry = Entry {
                name: "x".into(),
                source: Source::File("/etc/kubernetes/manifests/x.yaml".into()),
                bytes: text.as_bytes().to_vec(),
            };
            assert!(accepts(&entry));
            parse(&entry, &mut evidence);
        }
        let pods = evidence.all::<StaticPod>();
        assert_eq!(pods[0].value.name.as_deref(), Some("a"));
        assert_eq!(pods[0].value.problem, None);
        assert_eq!(pods[1].value.problem.as_deref(), Some("it is no Pod"));
        assert_eq!(pods[2].value.problem.as_deref(), Some("line 1 is not YAML"));
    }
}
