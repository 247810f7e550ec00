//! From a pattern to the files it stands for on this node.

use crate::host::Host;
use crate::host::wire::Failure;
use crate::spec::matches;

/// Files that match, in order, at most 200; the failure of the folder above the first `*` when that cannot be listed.
pub(super) fn files(host: &mut Host, pattern: &str) -> Result<Vec<String>, Failure> {
    let mut found = vec![String::new()];
    let mut parts = pattern.split('/').skip(1).peekable();
    let mut first = true;
    while let Some(part) = parts.next() {
        let last = parts.peek().is_none();
        if !part.contains('*') {
            for path in &mut found {
                path.push('/');
                path.push_str(part);
            }
            continue;
        }
        let mut next = Vec::new();
        for folder in found {
            let folder_path = if folder.is_empty() { "/" } else { &folder };
            match host.list(folder_path) {
                Err(failure) if first => return Err(failure),
                Err(_) => {}
                Ok(listing) => {
                    let names = listing.entries.into_iter().filter(|entry| {
                        let wanted: &[&str] = if last {
                            &["file", "link"]
                        } else {
                            &["dir", "link"]
                        };
                        wanted.contains(&entry.kind.as_str()) && matches(part, &entry.name)
                    });
                    next.extend(names.map(|entry| format!("{folder}/{}", entry.name)));
                }
            }
        }
        next.truncate(MAX_FILES);
        found = next;
        first = false;
    }
    Ok(found)
}

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
    fn a_star_stays_within_one_name_and_may_stand_for_folders() {
        let scratch = Scratch::new();
        for folder in ["opt/a/log", "opt/b/log", "opt/c"] {
            std::fs::create_dir_all(scratch.path().join(folder)).unwrap();
        }
        for file in ["opt/a/log/x.log", "opt/b/log/y.log", "opt/b/log/y.txt"] {
            std::fs::write(scratch.path().join(file), "x").unwrap();
        }
        let mut host = Host::direct(scratch.path());
        let found = files(&mut host, "/opt/*/log/*.log").unwrap();
        assert_eq!(found, ["/opt/a/log/x.log", "/opt/b/log/y.log"]);
        assert!(files(&mut host, "/opt/*.log").unwrap().is_empty());
        assert!(files(&mut host, "/none/*.log").is_err());
    }
}
