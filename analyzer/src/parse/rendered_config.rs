//! Configurations that OpenShift renders for nodes: each file and unit as it stands on a node that has them.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::objects::{names_kind, objects};
use crate::observed::RenderedConfig;
use crate::parser::Parser;
use crate::pem;
use crate::source::Source;
use crate::tree::Node;
use std::sync::Arc;

pub(super) const PARSER: Parser = Parser {
    name: "rendered_config",
    kind: "machine configuration of OpenShift",
    facts: &[],
    accepts: |entry| {
        let told = !matches!(entry.source, Source::Journal(_) | Source::Meta(_));
        told && {
            let text = entry.text();
            names_kind(&text, KIND) && text.contains(RENDERED)
        }
    },
    parse,
};

const KIND: &str = "MachineConfig";

/// What names of the configurations of whole nodes begin with; others are parts of them.
const RENDERED: &str = "rendered-";

/// Files that are kept of one configuration.
const MOST_FILES: usize = 2000;

/// Bytes that are kept of one file.
const MOST_BYTES: usize = 256 << 10;

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let all = objects(&text).all;
    for object in all.iter().filter(|one| one.kind.as_deref() == Some(KIND)) {
        let Ok(root) = object.read() else {
            let problem = format!("the object behind line {} is not YAML", object.before);
            evidence.gap(entry.name.as_ref(), problem, &["machine_config"]);
            continue;
        };
        let name = root.at("metadata.name").and_then(Node::text);
        if let Some(name) = name.filter(|name| name.starts_with(RENDERED)) {
            let config = rendered(name, &root, entry);
            evidence.push(config, entry.at(object.line(&root)));
        }
    }
}

fn rendered(name: &str, root: &Node, entry: &Entry) -> RenderedConfig {
    let list = |path: &str| root.at(path).map(Node::items).unwrap_or_default();
    let written = list("spec.config.storage.files").iter().filter_map(|one| {
        let path = one.get("path").and_then(Node::text)?;
        Some((path.to_owned(), content(one.get("contents")?)?))
    });
    let units = list("spec.config.systemd.units").iter().flat_map(unit);
    let files = written.chain(units).take(MOST_FILES);
    let files = files.map(|(path, bytes)| of_node(path, bytes, entry));
    let arguments = list("spec.kernelArguments").iter();
    let image = root.at("spec.osImageURL").and_then(Node::text);
    RenderedConfig {
        name: name.to_owned(),
        files: files.collect(),
        kernel_arguments: arguments.filter_map(Node::scalar).collect(),
        os_image: image.filter(|image| !image.is_empty()).map(str::to_owned),
    }
}

/// A unit and its drop-ins.
fn unit(unit: &Node) -> Vec<(String, Vec<u8>)> {
    let Some(name) = unit.get("name").and_then(Node::text) else {
        return Vec::new();
    };
    let file = |path: String, of: &Node| {
        let text = of.get("contents").and_then(Node::text)?;
        (!text.is_empty() && text.len() <= MOST_BYTES).then(|| (path, text.as_bytes().to_vec()))
    };
    let drop_ins = unit.get("dropins").map(Node::items).unwrap_or_default();
    let drop_ins = drop_ins.iter().filter_map(|one| {
        let own = one.get("name").and_then(Node::text)?;
        file(format!("{UNITS}{name}.d/{own}"), one)
    });
    file(format!("{UNITS}{name}"), unit)
        .into_iter()
        .chain(drop_ins)
        .collect()
}

const UNITS: &str = "/etc/systemd/system/";

/// What a file holds; `None` where it is packed or lies elsewhere.
fn content(contents: &Node) -> Option<Vec<u8>> {
    let packed = contents.get("compression").and_then(Node::text);
    if packed.is_some_and(|packed| !packed.is_empty()) {
        return None;
    }
    let source = contents.get("source").and_then(Node::text)?;
    let (kind, data) = source.strip_prefix("data:")?.split_once(',')?;
    let bytes = if kind.ends_with(";base64") {
        pem::base64(data)?
    } else {
        unescaped(data)
    };
    (bytes.len() <= MOST_BYTES).then_some(bytes)
}

/// `a%0Ab` as the bytes that it stands for.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend(before.as_bytes());
        let code = after
            .get(..2)
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        bytes.push(code.unwrap_or(b'%'));
        rest = code.map_or(after, |_| after.get(2..).unwrap_or_default());
    }
    bytes.extend(rest.as_bytes());
    bytes
}

/// The file as an entry of its own: `NAME!/PATH`, as what stands in an archive of the input.
fn of_node(path: String, bytes: Vec<u8>, entry: &Entry) -> Entry {
    Entry {
        name: Arc::from(format!("{}!{path}", entry.name)),
        source: Source::File(path),
        bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::named;

    const CONFIG: &str = "apiVersion: machineconfiguration.openshift.io/v1\nkind: MachineConfig\nmetadata:\n  name: rendered-worker-0a1b\nspec:\n  kernelArguments:\n  - nosmt\n  osImageURL: quay.example.com/os@sha256:0a\n  config:\n    storage:\n      files:\n      - path: /etc/kubernetes/kubelet.conf\n        contents:\n          source: data:text/plain,kind%3A%20KubeletConfiguration%0AmaxPods%3A%20250%0A\n      - path: /etc/chrony.conf\n        contents:\n          source: data:text/plain;charset=utf-8;base64,cG9vbCBhCg==\n      - path: /etc/packed\n        contents:\n          compression: gzip\n          source: data:;base64,H4sI\n    systemd:\n      units:\n      - name: kubelet.service\n        enabled: true\n        contents: |\n          [Service]\n          ExecStart=/usr/bin/kubelet --config=/etc/kubernetes/kubelet.conf\n        dropins:\n        - name: 10-a.conf\n          contents: |\n            [Service]\n";

    #[test]
    fn files_and_units_are_those_of_a_node_that_has_the_configuration() {
        let evidence = named(&PARSER, CONFIG);
        let config = &evidence.all::<RenderedConfig>()[0].value;
        let files: Vec<_> = config
            .files
            .iter()
            .map(|file| (file.path().unwrap(), file.text().into_owned()))
            .collect();
        assert_eq!(
            files[..2],
            [
                (
                    "/etc/kubernetes/kubelet.conf",
                    "kind: KubeletConfiguration\nmaxPods: 250\n".to_owned()
                ),
                ("/etc/chrony.conf", "pool a\n".to_owned())
            ]
        );
        assert_eq!(files[2].0, "/etc/systemd/system/kubelet.service");
        assert_eq!(
            files[3].0,
            "/etc/systemd/system/kubelet.service.d/10-a.conf"
        );
        assert_eq!(files.len(), 4);
        assert_eq!(config.kernel_arguments[..], ["nosmt"]);
        assert_eq!(
            config.files[0].name.as_ref(),
            "entry.txt!/etc/kubernetes/kubelet.conf"
        );
    }

    #[test]
    fn parts_of_a_configuration_are_none_of_a_node() {
        let part = CONFIG.replace("rendered-worker-0a1b", "99-worker-rendered-x");
        assert!(named(&PARSER, &part).all::<RenderedConfig>().is_empty());
    }

    #[test]
    fn escapes_that_are_none_stay() {
        assert_eq!(unescaped("a%2Fb%zz%"), b"a/b%zz%");
        assert_eq!(unescaped("%\u{e9}"), "%\u{e9}".as_bytes());
    }
}
