//! From a declared item to the files it stands for on this node.

use crate::host::Host;
use crate::host::wire::Failure;
use crate::node::Node;
use crate::spec::{Item, Source, matches};

/// Files of an item, in order; the failure of the folder itself when that cannot be listed.
pub(crate) fn files(host: &mut Host, node: &Node, item: &Item) -> Result<Vec<String>, Failure> {
    match &item.source {
        Source::File(path) | Source::Log(path) => Ok(node.places(path)),
        Source::Folder { path, names, depth } => folders(host, node, path, (names, *depth)),
        Source::Logs { path, names } => folders(host, node, path, (names, 0)),
        Source::Named { paths, .. } => Ok(paths(node)),
        _ => Ok(Vec::new()),
    }
}

/// Files of a folder, and of the same folder where its data folder was moved to.
fn folders(
    host: &mut Host,
    node: &Node,
    path: &str,
    (names, depth): (&[&str], u8),
) -> Result<Vec<String>, Failure> {
    let places = node.places(path);
    let found: Vec<Result<Vec<String>, Failure>> = places
        .iter()
        .map(|place| folder(host, place, names, depth))
        .collect();
    if found.iter().all(Result::is_err) {
        return found.into_iter().next().unwrap_or(Ok(Vec::new()));
    }
    Ok(found.into_iter().flatten().flatten().collect())
}

fn folder(host: &mut Host, path: &str, names: &[&str], depth: u8) -> Result<Vec<String>, Failure> {
    let listing = host.list(path)?;
    let mut files = Vec::new();
    for entry in listing.entries {
        let path = format!("{}/{}", path.trim_end_matches('/'), entry.name);
        match entry.kind.as_str() {
            "file" | "link" if names.iter().any(|pattern| matches(pattern, &entry.name)) => {
                files.push(path);
            }
            "dir" if depth > 0 => {
                files.extend(folder(host, &path, names, depth - 1).unwrap_or_default());
            }
            _ => {}
        }
        if files.len() >= MAX_FILES {
            break;
        }
    }
    files.truncate(MAX_FILES);
    Ok(files)
}

/// Most files of one folder.
const MAX_FILES: usize = 200;

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_folder_yields_matching_files_down_to_its_depth() {
        let scratch = Scratch::new();
        let certs = scratch.path().join("etc/certs.d");
        std::fs::create_dir_all(certs.join("a/b")).unwrap();
        for name in ["hosts.toml", "other", "a/hosts.toml", "a/b/hosts.toml"] {
            std::fs::write(certs.join(name), "x").unwrap();
        }
        let mut host = Host::direct(scratch.path());
        let found = folder(&mut host, "/etc/certs.d", &["hosts.toml"], 1).unwrap();
        assert_eq!(
            found,
            ["/etc/certs.d/a/hosts.toml", "/etc/certs.d/hosts.toml"]
        );
    }
}
