//! Our own bundle: `bundle.json`, `files/`, `listings/`, `facts/`, `journal/`, `probes/`, `commands/`, manifest.

use crate::layout::Layout;
use crate::names;
use crate::source::Source;

pub(super) const LAYOUT: Layout = Layout {
    name: "native",
    detect,
    source,
    node: None,
};

fn detect(names: &[&str]) -> u8 {
    let parts = names.iter().any(|name| {
        ["files/", "facts/", "manifest/", "journal/"]
            .iter()
            .any(|folder| name.starts_with(folder))
    });
    match (names.contains(&"bundle.json"), parts) {
        (true, true) => 100,
        // The beginning was lost, but no other tool has both of these.
        (false, true) if names.iter().any(|name| name.starts_with("manifest/")) => 90,
        (true, false) => 60,
        _ => 0,
    }
}

fn source(name: &str) -> Source {
    let (folder, rest) = name.split_once('/').unwrap_or(("", name));
    match folder {
        "files" => Source::File(format!("/{rest}")),
        "listings" => Source::Listing(listing(rest)),
        "journal" => {
            let unit = rest.split('/').next().unwrap_or(rest);
            Source::Journal(unit.to_owned())
        }
        "facts" => Source::Facts(without(rest, ".json")),
        "probes" => Source::Probe(without(rest, ".json")),
        "commands" => command(rest),
        _ => Source::Meta(name.to_owned()),
    }
}

fn listing(rest: &str) -> String {
    match without(rest, ".json").as_str() {
        "root" => "/".to_owned(),
        path => format!("/{path}"),
    }
}

fn command(rest: &str) -> Source {
    let stem = without(rest, ".txt");
    match names::command(&stem) {
        Some(command) => Source::Command(command),
        None => Source::Command(stem),
    }
}

fn without(name: &str, ending: &str) -> String {
    name.strip_suffix(ending).unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_bundle_is_recognised_whole_and_cut() {
        assert_eq!(
            detect(&["bundle.json", "plan.json", "files/etc/hosts"]),
            100
        );
        assert_eq!(detect(&["files/etc/hosts", "manifest/0001.jsonl"]), 90);
        assert_eq!(detect(&["files/etc/hosts", "readme"]), 0);
    }

    #[test]
    fn each_folder_has_its_source() {
        assert_eq!(source("files/etc/hosts"), Source::File("/etc/hosts".into()));
        assert_eq!(
            source("listings/etc/kubernetes.json"),
            Source::Listing("/etc/kubernetes".into())
        );
        assert_eq!(source("listings/root.json"), Source::Listing("/".into()));
        assert_eq!(
            source("journal/kubelet.service/0003.log"),
            Source::Journal("kubelet.service".into())
        );
        assert_eq!(source("facts/units.json"), Source::Facts("units".into()));
        assert_eq!(source("probes/cri.json"), Source::Probe("cri".into()));
        assert_eq!(
            source("commands/nft-list-ruleset.txt"),
            Source::Command("nft list ruleset".into())
        );
        assert_eq!(
            source("manifest/0001.jsonl"),
            Source::Meta("manifest/0001.jsonl".into())
        );
    }
}
