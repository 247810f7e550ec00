//! A bundle read as if nothing had been masked: every placeholder is replaced by what stands there on the node, so that the
//! analyzer's verdict over both can be compared. Nothing else of the bundle changes.

use anyhow::{Context as _, Result};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

/// How many lines with placeholders there were, and of how many the original was found.
#[derive(Debug, Default)]
pub(crate) struct Restored {
    pub(crate) masked: usize,
    pub(crate) restored: usize,
}

/// Writes `target`: the bundle with raw files of the tree at `root`, and raw messages of `journal` (as journalctl printed it).
pub(crate) fn unmask(
    bundle: &Path,
    root: &Path,
    journal: &[String],
    target: &Path,
) -> Result<Restored> {
    let mut restored = Restored::default();
    let mut archive = tar::Archive::new(MultiGzDecoder::new(File::open(bundle)?));
    let mut raw = tar::Builder::new(GzEncoder::new(File::create(target)?, Compression::fast()));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let mut header = entry.header().clone();
        let path = entry.path()?.into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        let content = original(&path, &bytes, root, journal, &mut restored);
        let bytes = content.unwrap_or(bytes);
        header.set_size(u64::try_from(bytes.len())?);
        raw.append_data(&mut header, &path, bytes.as_slice())
            .with_context(|| format!("writing {}", path.display()))?;
    }
    raw.into_inner()?.finish()?;
    Ok(restored)
}

/// The entry without placeholders; `None` when it has none.
fn original(
    path: &Path,
    stored: &[u8],
    root: &Path,
    journal: &[String],
    restored: &mut Restored,
) -> Option<Vec<u8>> {
    let stored = std::str::from_utf8(stored).ok()?;
    let masked = stored.lines().filter(|line| line.contains(MASK)).count();
    if masked == 0 {
        return None;
    }
    restored.masked += masked;
    let name: PathBuf = path.components().skip(1).collect();
    let file = name
        .strip_prefix("files")
        .ok()
        .and_then(|inside| fs::read(resolve(root, inside, 0)?).ok())
        .map(|raw| String::from_utf8_lossy(&raw).replace('\0', "\n"));
    if let Some(raw) = file.as_ref()
        && raw.lines().count() == stored.lines().count()
    {
        restored.restored += masked;
        return Some(raw.clone().into_bytes());
    }
    let lines: Vec<String> = file
        .iter()
        .flat_map(|raw| raw.lines().map(str::to_owned))
        .chain(journal.iter().cloned())
        .collect();
    Some(line_by_line(stored, &lines, restored).into_bytes())
}

/// Replaces masked lines by the first raw line that is the same around the placeholders.
fn line_by_line(stored: &str, raw: &[String], restored: &mut Restored) -> String {
    let mut text = String::with_capacity(stored.len());
    for line in stored.lines() {
        let start = line.find("]: ").map_or(0, |at| at + 3);
        let (head, message) = line.split_at_checked(start).unwrap_or(("", line));
        let found = line
            .contains(MASK)
            .then(|| raw.iter().find(|raw| fits(&pieces(message), raw)))
            .flatten();
        restored.restored += usize::from(found.is_some());
        text.push_str(head);
        text.push_str(found.map_or(message, String::as_str));
        text.push('\n');
    }
    text
}

/// Whether a line is the raw one with placeholders in it.
pub(crate) fn is_masked_form(line: &str, raw: &str) -> bool {
    line.contains(MASK) && fits(&pieces(line), raw)
}

const MASK: &str = "REDACTED";

/// What stands between the placeholders, blanks as one.
fn pieces(masked: &str) -> Vec<String> {
    let masked = masked.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut pieces = Vec::new();
    let mut rest = masked.as_str();
    while let Some((before, after)) = rest.split_once(MASK) {
        pieces.push(before.to_owned());
        rest = after
            .strip_prefix('(')
            .and_then(|mask| mask.split_once(')'))
            .map_or(after, |(_, after)| after);
    }
    pieces.push(rest.to_owned());
    pieces
}

fn fits(pieces: &[String], raw: &str) -> bool {
    let raw = raw.split_whitespace().collect::<Vec<_>>().join(" ");
    let [first, between @ .., last] = pieces else {
        return false;
    };
    let Some(mut rest) = raw.strip_prefix(first.as_str()) else {
        return false;
    };
    for piece in between {
        let Some((_, after)) = rest.split_once(piece.as_str()) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last.as_str())
}

/// A path of the node below `root`; links are followed as the node would follow them.
fn resolve(root: &Path, inside: &Path, links: usize) -> Option<PathBuf> {
    let mut path = root.to_path_buf();
    let mut parts = inside.components();
    while let Some(part) = parts.next() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::ParentDir if path != root => {
                path.pop();
            }
            _ => {}
        }
        let Ok(target) = fs::read_link(&path) else {
            continue;
        };
        path.pop();
        let before = if target.is_absolute() {
            PathBuf::new()
        } else {
            path.strip_prefix(root).ok()?.to_path_buf()
        };
        let next = before.join(target.strip_prefix("/").unwrap_or(&target));
        let next = next.join(parts.as_path());
        return (links < 40).then(|| resolve(root, &next, links + 1))?;
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_line_finds_the_line_it_was() {
        let masked = pieces("join --token abcdef.REDACTED(bootstrap-token;id=X)  --v=2");
        assert!(fits(&masked, "join --token abcdef.0123456789abcdef --v=2"));
        assert!(!fits(&masked, "join --token abcdef.0123456789abcdef --v=3"));
        assert!(!fits(
            &masked,
            "leave --token abcdef.0123456789abcdef --v=2"
        ));
    }
}
