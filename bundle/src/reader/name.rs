//! Names as archives write them, made safe.

use super::Limits;
use crate::{EntryPath, entry_path::EntryPathError};
use std::borrow::Cow;

/// The name in the form of an [`EntryPath`]: `./`, `//` and a final `/` go, everything else is kept or refused.
///
/// `Ok(None)` is the root of the archive itself.
pub(super) fn normalised(raw: &[u8], limits: &Limits) -> Result<Option<String>, String> {
    if raw.len() > limits.name_bytes {
        return Err(format!(
            "the name is longer than {} bytes",
            limits.name_bytes
        ));
    }
    let name = String::from_utf8_lossy(raw);
    let name = of_windows(&name).map_or(name, Cow::Owned);
    if name.starts_with('/') {
        return Err(EntryPathError::Absolute.to_string());
    }
    let parts: Vec<&str> = name
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    if parts.is_empty() {
        return Ok(None);
    }
    EntryPath::new(parts.join("/"))
        .map(|path| Some(path.into()))
        .map_err(|why| why.to_string())
}

/// A name whose folders are parted as on Windows, which some programs write into archives; `None` for any other. Escapes in
/// names of units (`\x2d`) are no separators.
fn of_windows(name: &str) -> Option<String> {
    let escaped = |rest: &str| {
        let digits = rest.strip_prefix('x').and_then(|rest| rest.get(..2));
        digits.is_some_and(|two| two.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let parted = !name.contains('/') && name.contains('\\');
    let whole = parted && !name.split('\\').skip(1).any(escaped);
    whole.then(|| name.replace('\\', "/"))
}

/// Folders of which a part of a node's disk or of a bundle often consists: they tell what stands in them, and nobody calls a
/// bundle so.
const TELLING: [&str; 16] = [
    "etc",
    "opt",
    "proc",
    "run",
    "sys",
    "usr",
    "var",
    "cluster-info",
    "cluster-resources",
    "cluster-scoped-resources",
    "host-collectors",
    "host_service_logs",
    "kubernetesResources",
    "machine_config_ondisk",
    "namespaces",
    "sos_commands",
];

/// The single folder that holds all of the names, if there is one and it tells nothing of what it holds.
pub(super) fn common_top<'n>(mut names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let (top, _) = names.next()?.split_once('/')?;
    let holds_all = names.all(|name| name.split_once('/').is_some_and(|(first, _)| first == top));
    (holds_all && !TELLING.contains(&top)).then_some(top)
}

/// The name without its top folder.
pub(super) fn below<'n>(top: Option<&str>, name: &'n str) -> &'n str {
    top.and_then(|top| name.strip_prefix(top)?.strip_prefix('/'))
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_spellings_are_straightened() {
        let name = |raw: &str| normalised(raw.as_bytes(), &Limits::default());
        assert_eq!(name("./a//b/./c/"), Ok(Some("a/b/c".into())));
        assert_eq!(name("./"), Ok(None));
        assert_eq!(name("top\\files\\a"), Ok(Some("top/files/a".into())));
        assert_eq!(name("a\\x2db.mount"), Ok(Some("a\\x2db.mount".into())));
        assert!(name("..\\a").is_err());
    }

    #[test]
    fn names_that_could_leave_the_archive_are_refused() {
        let name = |raw: &str| normalised(raw.as_bytes(), &Limits::default());
        assert!(name("a/../b").is_err());
        assert!(name("/etc/passwd").is_err());
        assert!(name(&"a/".repeat(600)).is_err());
        assert!(name("a\0b").is_err());
    }

    #[test]
    fn only_a_folder_that_holds_everything_is_a_top_folder() {
        assert_eq!(common_top(["t/a", "t/b/c"].into_iter()), Some("t"));
        assert_eq!(common_top(["t/a", "u/b"].into_iter()), None);
        assert_eq!(common_top(["t/a", "b"].into_iter()), None);
        assert_eq!(common_top(["a"].into_iter()), None);
        assert_eq!(common_top(["etc/a", "etc/b/c"].into_iter()), None);
    }
}
