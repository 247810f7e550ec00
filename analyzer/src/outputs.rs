//! Outputs in the middle of a text, told by how they begin: tables, listings, certificates, configuration, diffs.

use crate::entry::{Entry, numbered};
use crate::source::Source;
use std::sync::Arc;

/// The outputs of a text, and the text without them as the last. Empty when it holds none, or is one and nothing else.
pub(crate) fn outputs(entry: &Entry) -> Vec<Entry> {
    let text = entry.text();
    let mut reading = Reading::default();
    for (number, line) in numbered(&text) {
        reading.line(number, line);
    }
    let rest = reading.rest.iter().any(|(_, line)| !line.trim().is_empty());
    if reading.pieces.is_empty() || reading.pieces.len() == 1 && !rest {
        return Vec::new();
    }
    let firsts = reading
        .pieces
        .iter()
        .filter_map(|piece| piece.lines.first());
    if firsts.map(|(number, _)| number).sum::<u64>() > Entry::MAX_PADDING {
        return Vec::new();
    }
    let mut all: Vec<Entry> = reading
        .pieces
        .iter()
        .map(|piece| made(entry, piece.source(entry), &piece.lines))
        .collect();
    if rest {
        all.push(made(entry, entry.source.clone(), &reading.rest));
    }
    all
}

/// An entry with these lines at their places.
fn made(whole: &Entry, source: Source, lines: &[(u64, String)]) -> Entry {
    let mut bytes = Vec::new();
    let mut at = 1;
    for (number, line) in lines {
        while at < *number {
            bytes.push(b'\n');
            at += 1;
        }
        bytes.extend_from_slice(line.as_bytes());
    }
    bytes.push(b'\n');
    Entry {
        name: Arc::clone(&whole.name),
        source,
        bytes,
    }
}

#[derive(Default)]
struct Reading {
    pieces: Vec<Piece>,
    /// Whether the last piece goes on.
    open: bool,
    rest: Vec<(u64, String)>,
}

impl Reading {
    fn line(&mut self, number: u64, line: &str) {
        let bare = line.trim_start_matches([' ', '\t']);
        let indent = line.len() - bare.len();
        if let Some(piece) = self.pieces.last_mut().filter(|_| self.open) {
            let line = without_indent(line, piece.indent);
            let begins_anew = indent <= piece.indent && piece.shape != Shape::Diff;
            if !(begins_anew && begins(line).is_some()) && piece.goes_on(line) {
                piece.push(number, line);
                return;
            }
        }
        if let Some(shape) = begins(bare) {
            let mut piece = Piece::new(shape, indent);
            piece.push(number, bare);
            self.pieces.push(piece);
            self.open = true;
        } else {
            self.open = false;
            self.rest.push((number, line.to_owned()));
        }
    }
}

/// Where an output ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// At an empty line.
    Table,
    /// At a line that is not set in.
    SetIn,
    /// At a line that is neither set in nor `Key: value`.
    Keyed,
    /// At a line that is no YAML.
    Yaml,
    /// At a line that is no TOML.
    Toml,
    /// At a line that is not marked as one of a diff.
    Diff,
}

struct Piece {
    shape: Shape,
    /// Blanks before its first line, which all its lines have.
    indent: usize,
    /// Path that a diff names.
    path: Option<String>,
    lines: Vec<(u64, String)>,
}

impl Piece {
    fn new(shape: Shape, indent: usize) -> Self {
        Self {
            shape,
            indent,
            path: None,
            lines: Vec::new(),
        }
    }

    /// Of a diff only what was there before is kept: that is the node as it failed.
    fn push(&mut self, number: u64, line: &str) {
        if self.shape != Shape::Diff {
            self.lines.push((number, line.to_owned()));
        } else if let Some(path) = line.strip_prefix("--- ") {
            self.path = node_path(path);
        } else if let Some(line) = line.strip_prefix(['-', ' ']) {
            self.lines.push((number, line.to_owned()));
        }
    }

    fn goes_on(&self, line: &str) -> bool {
        let set_in = line.starts_with([' ', '\t']);
        let empty = line.trim().is_empty();
        match self.shape {
            Shape::Table => !empty,
            Shape::SetIn => empty || set_in,
            Shape::Keyed => empty || set_in || is_key(line),
            Shape::Yaml => {
                empty || set_in || line.starts_with(['#', '-', '}', ']']) || is_key(line)
            }
            Shape::Toml => empty || set_in || line.starts_with(['#', '[', ']']) || is_setting(line),
            Shape::Diff => line.starts_with(['+', '-', ' ', '@', '\\']),
        }
    }

    fn source(&self, whole: &Entry) -> Source {
        match &self.path {
            Some(path) => Source::File(path.clone()),
            None => whole.source.clone(),
        }
    }
}

/// `a/etc/containerd/config.toml`, `/etc/containerd/config.toml.orig 2026-03-04`
fn node_path(named: &str) -> Option<String> {
    let path = named.split_whitespace().next()?;
    let path = path
        .strip_prefix("a/")
        .unwrap_or(path)
        .trim_start_matches('/');
    let path = path.strip_suffix(".orig").unwrap_or(path);
    let known = ["etc/", "var/lib/", "usr/lib/systemd/", "lib/systemd/"];
    known
        .iter()
        .any(|folder| path.starts_with(folder))
        .then(|| format!("/{path}"))
}

/// What a line begins, by itself.
fn begins(line: &str) -> Option<Shape> {
    let words: Vec<&str> = line.split_whitespace().take(8).collect();
    let first = *words.first()?;
    let is_table = match first {
        "NAME" => {
            words.contains(&"STATUS") || words.contains(&"AGE") || words.get(1) == Some(&"TYPE")
        }
        "Filesystem" => line.contains("Mounted on"),
        "total" => words.get(1) == Some(&"used") && words.contains(&"free"),
        "CONTAINER" => words.len() > 3,
        "POD" | "SANDBOX" => words.get(1) == Some(&"ID") && words.contains(&"STATE"),
        "IMAGE" => words.contains(&"TAG") || words.get(1) == Some(&"ID"),
        "USER" | "UID" => words.contains(&"PID"),
        "UNIT" => words.get(1) == Some(&"LOAD"),
        "Netid" | "State" | "Proto" => words.contains(&"Recv-Q"),
        "Filename" => words.get(1) == Some(&"Type"),
        "CERTIFICATE" => words.get(1) == Some(&"EXPIRES") || line.contains("AUTHORITY"),
        "Module" => words.get(1) == Some(&"Size"),
        "#subsys_name" => words.get(1) == Some(&"hierarchy"),
        "●" | "○" | "×" => words
            .get(1)
            .is_some_and(|unit| unit.contains(".service") || unit.contains(".socket")),
        _ => first.ends_with(".service") && words.get(1) == Some(&"-"),
    };
    if is_table {
        return Some(Shape::Table);
    }
    match first {
        "Certificate:" if words.len() == 1 => Some(Shape::SetIn),
        "Name:" if line.starts_with("Name:    ") => Some(Shape::Keyed),
        "apiVersion:" => Some(Shape::Yaml),
        "version" if matches!(words.get(1..), Some(["=", "2" | "3"])) => Some(Shape::Toml),
        "---" if words.len() > 1 && words.get(1).is_some_and(|path| path.contains('/')) => {
            Some(Shape::Diff)
        }
        "@@" if words.get(1).is_some_and(|range| range.starts_with('-')) => Some(Shape::Diff),
        _ if line.starts_with("[plugins.") || line.starts_with("[crio.") => Some(Shape::Toml),
        _ if is_mode(first) && words.len() > 6 => Some(Shape::Table),
        _ => None,
    }
}

/// `-rw-r--r--.`
fn is_mode(word: &str) -> bool {
    let word = word.trim_end_matches(['.', '+', '@']);
    word.len() == 10
        && word.starts_with(['-', 'd', 'l', 's', 'c', 'b', 'p'])
        && word.bytes().skip(1).all(|byte| b"rwxsStT-".contains(&byte))
}

/// `key:` or `Key with words: value`, as no sentence begins.
fn is_key(line: &str) -> bool {
    line.split_once(':').is_some_and(|(key, rest)| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-/\" ".contains(c);
        !key.is_empty()
            && key.split(' ').count() <= 2
            && key.chars().all(plain)
            && (rest.is_empty() || rest.starts_with(' '))
    })
}

/// `key = value`
fn is_setting(line: &str) -> bool {
    line.split_once('=').is_some_and(|(key, _)| {
        let key = key.trim();
        !key.is_empty() && !key.contains(' ')
    })
}

fn without_indent(line: &str, indent: usize) -> &str {
    let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
    line.get(indent.min(blanks)..).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(Source, u64, String)> {
        let entry = Entry {
            name: Arc::from("posted.txt"),
            source: Source::Named("posted.txt".into()),
            bytes: text.as_bytes().to_vec(),
        };
        let shown = |piece: Entry| {
            let text = piece.text().into_owned();
            let (line, _) = numbered(&text).find(|(_, line)| !line.is_empty()).unwrap();
            (piece.source, line, text.trim_matches('\n').to_owned())
        };
        outputs(&entry).into_iter().map(shown).collect()
    }

    fn texts(text: &str) -> Vec<(u64, String)> {
        let pieces = read(text).into_iter();
        pieces.map(|(_, line, text)| (line, text)).collect()
    }

    #[test]
    fn tables_between_sentences_are_read_apart_with_their_lines() {
        let text = "It stays so:\n\nNAME STATUS AGE VERSION\nn1 NotReady 3d v1.28.4\n\nand the disk\n    Filesystem Size Used Avail Use% Mounted on\n    /dev/sda1 4G 4G 0 100% /\nthanks\n";
        assert_eq!(
            texts(text),
            [
                (3, "NAME STATUS AGE VERSION\nn1 NotReady 3d v1.28.4".into()),
                (
                    7,
                    "Filesystem Size Used Avail Use% Mounted on\n/dev/sda1 4G 4G 0 100% /\nthanks"
                        .into()
                ),
                (1, "It stays so:\n\n\n\n\nand the disk".into()),
            ]
        );
    }

    #[test]
    fn configuration_ends_where_sentences_go_on() {
        let text = "my file is\napiVersion: v1\nkind: KubeletConfiguration\nlist:\n- a\n\nI also tried this: nothing\n[plugins.\"x\"]\n  a = 1\nwhat else can I do?\n";
        let pieces = texts(text);
        assert_eq!(
            pieces[0],
            (
                2,
                "apiVersion: v1\nkind: KubeletConfiguration\nlist:\n- a".into()
            )
        );
        assert_eq!(pieces[1], (8, "[plugins.\"x\"]\n  a = 1".into()));
    }

    #[test]
    fn of_a_diff_the_old_side_is_read_as_the_file_it_names() {
        let text = "This helped:\n--- a/etc/containerd/config.toml\n+++ b/etc/containerd/config.toml\n@@ -1 +1 @@\n version = 2\n-SystemdCgroup = false\n+SystemdCgroup = true\nbye\n";
        let (source, line, text) = read(text).swap_remove(0);
        assert_eq!(source, Source::File("/etc/containerd/config.toml".into()));
        assert_eq!(
            (line, text.as_str()),
            (5, "version = 2\nSystemdCgroup = false")
        );
    }

    #[test]
    fn one_output_alone_and_plain_logs_are_left_as_they_are() {
        for text in [
            "NAME STATUS AGE VERSION\nn1 NotReady 3d v1.28.4\n",
            "E1112 12:19:21.474821    4756 run.go:72] \"command failed\"\n\nmore\n",
        ] {
            assert!(read(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_text_of_very_many_pieces_is_read_as_one() {
        let text = "apiVersion: v1\nkind: Node\n\nwords between them\n".repeat(20_000);
        assert!(read(&text).is_empty());
    }
}
