//! Output of `ls -l`, also recursive and of several folders.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::observed::{Absence, FileKind, Listed, Listing};
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "ls",
    kind: "output of ls",
    facts: &[],
    accepts: |entry| entry.may_be_output_of(&["ls"]) && looks_like_ls(&entry.head()),
    parse,
};

fn looks_like_ls(head: &str) -> bool {
    head.lines().any(|line| {
        line.starts_with("total ") || listed(line, 0).is_some() || missing(line).is_some()
    })
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let mut folder = asked_folder(entry).map(|path| Open::new(path, 1));
    for (number, line) in numbered(&text) {
        if let Some(path) = missing(line) {
            let path = path.to_owned();
            evidence.push(Absence { path, below: None }, entry.at(number));
        } else if let Some(path) = header(line).map(str::to_owned).or_else(|| prompt(line)) {
            close(folder.take(), entry, evidence);
            folder = Some(Open::new(path, number));
        } else if line.starts_with("total ") {
            if let Some(open) = &mut folder {
                open.totalled = true;
            }
        } else if let Some(item) = listed(line, number) {
            keep(item, folder.as_mut(), entry, evidence);
        } else if line.starts_with("ls: ") {
            // `cannot open directory`, `reading directory`: what follows is not all there is.
            if let Some(open) = &mut folder {
                open.denied = true;
            }
        }
    }
    close(folder, entry, evidence);
}

/// A folder whose lines are being read.
struct Open {
    path: String,
    line: u64,
    /// `total` was printed: this is the content of a folder, not a list of files that were asked for.
    totalled: bool,
    /// `.` was printed, so nothing was cut off the front and hidden names are shown.
    whole: bool,
    /// A folder below could not be read.
    denied: bool,
    entries: Vec<Listed>,
}

impl Open {
    fn new(path: String, line: u64) -> Self {
        Self {
            path,
            line,
            totalled: false,
            whole: false,
            denied: false,
            entries: Vec::new(),
        }
    }
}

fn keep(item: Listed, folder: Option<&mut Open>, entry: &Entry, evidence: &mut Evidence) {
    if item.name.starts_with('/') {
        let Some((parent, name)) = item.name.rsplit_once('/') else {
            return;
        };
        let origin = entry.at(item.line.unwrap_or(1));
        let listing = Listing {
            path: if parent.is_empty() { "/" } else { parent }.to_owned(),
            complete: false,
            entries: vec![Listed {
                name: name.to_owned(),
                ..item
            }],
        };
        return evidence.push(listing, origin);
    }
    let Some(open) = folder else { return };
    match item.name.as_str() {
        "." => open.whole = true,
        ".." => {}
        _ => open.entries.push(item),
    }
}

fn close(folder: Option<Open>, entry: &Entry, evidence: &mut Evidence) {
    let Some(open) = folder else { return };
    if !open.totalled && open.entries.is_empty() {
        return;
    }
    let listing = Listing {
        path: open.path,
        complete: open.totalled && open.whole && !open.denied,
        entries: open.entries,
    };
    evidence.push(listing, entry.at(open.line));
}

/// The folder that the command line names, for output without a header.
fn asked_folder(entry: &Entry) -> Option<String> {
    let folders: Vec<&str> = entry
        .command()?
        .split_whitespace()
        .filter(|word| word.starts_with('/'))
        .collect();
    match folders.as_slice() {
        [one] if one.len() > 1 => Some((*one).trim_end_matches('/').to_owned()),
        _ => None,
    }
}

/// `/etc/kubernetes:` before the content of a folder.
fn header(line: &str) -> Option<&str> {
    let path = line.strip_suffix(':')?;
    (path.starts_with('/') && !path.contains(": ")).then(|| match path.trim_end_matches('/') {
        "" => "/",
        path => path,
    })
}

/// `root@node:/var/lib/kubelet# ls -la pki`, as people paste it.
fn prompt(line: &str) -> Option<String> {
    let (before, command) = line.split_once(['#', '$'])?;
    let mut words = command.split_whitespace();
    if words.next() != Some("ls") {
        return None;
    }
    let asked = words
        .find(|word| !word.starts_with('-'))
        .unwrap_or_default();
    let here = before.split([':', ' ']).find(|word| word.starts_with('/'));
    let path = match (asked.starts_with('/'), here) {
        (true, _) => asked.to_owned(),
        (false, Some(here)) => format!("{here}/{asked}"),
        (false, None) => return None,
    };
    Some(crate::presence::normal(&path))
}

/// `ls: cannot access '/etc/x': No such file or directory`.
fn missing(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("ls: ")?;
    let rest = rest.strip_prefix("cannot access ").unwrap_or(rest);
    let path = rest.strip_suffix(": No such file or directory")?;
    let path = path.trim_matches(['\'', '"', '\u{2018}', '\u{2019}']);
    path.starts_with('/').then_some(path)
}

/// One line of the long form: mode, links, owner, group, size, date, name.
fn listed(line: &str, number: u64) -> Option<Listed> {
    let line = without_blocks(line);
    let mode = line.split_whitespace().next()?;
    let kind = kind(mode)?;
    let (mut rest, mut fields) = skip_fields(line, 5)?;
    // With `-Z` the context stands before the size.
    if fields
        .last()
        .is_some_and(|field| *field == "?" || field.matches(':').count() >= 2)
    {
        let (size, after) = next_field(rest)?;
        fields.push(size);
        rest = after;
    }
    let size = fields.last().and_then(|size| size.parse().ok());
    let name = after_date(rest)?;
    let (name, link) = match name.split_once(" -> ") {
        Some((name, target)) if kind == FileKind::Link => (name, Some(target.to_owned())),
        _ => (name, None),
    };
    Some(Listed {
        name: name.to_owned(),
        kind,
        mode: octal(mode),
        size,
        link,
        line: Some(number),
    })
}

/// With `-s` the number of blocks stands before the mode.
fn without_blocks(line: &str) -> &str {
    match next_field(line) {
        Some((blocks, rest)) if blocks.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => line,
    }
}

fn kind(mode: &str) -> Option<FileKind> {
    let plain = mode.trim_end_matches(['.', '+', '@']);
    let rights = plain.get(1..)?;
    if rights.len() != 9 || !rights.chars().all(|c| "rwxsStT-".contains(c)) {
        return None;
    }
    match plain.get(..1)? {
        "-" => Some(FileKind::File),
        "d" => Some(FileKind::Folder),
        "l" => Some(FileKind::Link),
        "s" => Some(FileKind::Socket),
        "b" | "c" | "p" => Some(FileKind::Other),
        _ => None,
    }
}

/// `rw-r--r--` as `0644`.
fn octal(mode: &str) -> Option<String> {
    let rights = mode.get(1..10)?;
    let mut bits = 0_u32;
    for (at, right) in rights.chars().enumerate() {
        if !matches!(right, '-' | 'S' | 'T') {
            bits |= 1 << (8 - at);
        }
        match (right, at) {
            ('s' | 'S', 2) => bits |= 0o4000,
            ('s' | 'S', 5) => bits |= 0o2000,
            ('t' | 'T', 8) => bits |= 0o1000,
            _ => {}
        }
    }
    Some(format!("{bits:04o}"))
}

/// Takes whitespace-separated fields off the front.
fn skip_fields(line: &str, count: usize) -> Option<(&str, Vec<&str>)> {
    let mut rest = line;
    let mut fields = Vec::new();
    for _ in 0..count {
        let (field, after) = next_field(rest)?;
        fields.push(field);
        rest = after;
    }
    Some((rest, fields))
}

fn next_field(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let end = text.find(char::is_whitespace)?;
    Some((text.get(..end)?, text.get(end..)?))
}

/// The name behind `Nov 22 07:48`, `Nov 22 2026`, `2026-11-22 07:48` or `2026-11-22 07:47:16.98 +0000`. Devices have two numbers before it.
fn after_date(rest: &str) -> Option<&str> {
    let (first, after) = next_field(rest)?;
    if first.contains('-') && first.starts_with(|c: char| c.is_ascii_digit()) {
        let (_, name) = next_field(after)?;
        return match next_field(name) {
            Some((zone, name)) if is_zone(zone) => Some(name.trim_start()),
            _ => Some(name.trim_start()),
        };
    }
    if first.bytes().all(|byte| byte.is_ascii_digit()) {
        return after_date(after);
    }
    let (_, after) = next_field(after)?;
    let (_, name) = next_field(after)?;
    Some(name.trim_start())
}

fn is_zone(field: &str) -> bool {
    field.len() == 5
        && field.starts_with(['+', '-'])
        && field.bytes().skip(1).all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presence::presence;
    use crate::source::Source;
    use std::sync::Arc;

    fn read(command: &str, text: &str) -> Evidence {
        let entry = Entry {
            name: Arc::from("ls.txt"),
            source: Source::Command(command.into()),
            bytes: text.as_bytes().to_vec(),
        };
        let mut evidence = Evidence::default();
        assert!((PARSER.accepts)(&entry));
        (PARSER.parse)(&entry, &mut evidence);
        evidence
    }

    const RECURSIVE: &str = "\
/etc/kubernetes:
total 24
drwxr-xr-x  4 root root 4096 2026-01-22 07:47:16.759880269 +0000 .
drwxr-xr-x 48 root root 4096 2026-01-22 07:47:15.678864623 +0000 ..
-rw-------  1 root root 1950 2026-01-22 07:47:16.759880269 +0000 kubelet.conf
drwxr-xr-x  2 root root 4096 2026-01-22 07:47:15.679048303 +0000 pki

/etc/kubernetes/pki:
total 12
drwxr-xr-x  2 root root 4096 Jan 22 07:47 .
lrwxrwxrwx 1 root root 6 Jan 22 07:47 ca.crt -> old.crt
-rw-r--r-- 1 root root 1111 Jan 22  2025 name with blanks
";

    #[test]
    fn every_folder_of_a_recursive_listing_is_read() {
        let evidence = read("ls -laR /etc/kubernetes", RECURSIVE);
        let conf = presence(&evidence, "/etc/kubernetes/kubelet.conf");
        assert_eq!(conf.origin().unwrap().line, Some(5));
        assert_eq!(
            presence(&evidence, "/etc/kubernetes/x").known(),
            Some(false)
        );
        assert_eq!(
            presence(&evidence, "/etc/kubernetes/pki/name with blanks").known(),
            Some(true)
        );
        // A link to a name that is not there.
        assert_eq!(
            presence(&evidence, "/etc/kubernetes/pki/ca.crt").known(),
            Some(false)
        );
        let listing = &evidence.all::<Listing>()[0].value;
        assert_eq!(listing.entries[0].mode.as_deref(), Some("0600"));
        assert_eq!(listing.entries[0].size, Some(1950));
    }

    #[test]
    fn a_folder_without_header_is_the_one_that_was_asked_for() {
        let evidence = read(
            "ls -la /opt/cni/bin",
            "total 4\ndrwxr-xr-x 2 root root 10 Jan  1 10:00 .\n-rwxr-xr-x 1 root root 10 Jan  1 10:00 bridge\n",
        );
        assert_eq!(
            presence(&evidence, "/opt/cni/bin/bridge").known(),
            Some(true)
        );
        assert_eq!(
            presence(&evidence, "/opt/cni/bin/flannel").known(),
            Some(false)
        );
    }

    #[test]
    fn a_pasted_listing_is_read_after_its_prompt_and_proves_nothing_missing_when_it_was_cut() {
        let evidence = read(
            "ls",
            "root@node:/var/lib/kubelet# ls -al\ntotal 56\n-rw-r--r-- 1 root root 10 May 1 10:00 ca.crt\nroot@node:/var/lib/kubelet# ls -al pki\ntotal 4\n-rw-r--r-- 1 root root 10 May 1 10:00 kubelet.crt\n",
        );
        assert_eq!(
            presence(&evidence, "/var/lib/kubelet/pki/kubelet.crt").known(),
            Some(true)
        );
        assert_eq!(
            presence(&evidence, "/var/lib/kubelet/config.yaml").known(),
            None
        );
    }

    #[test]
    fn ls_itself_says_what_is_missing() {
        let evidence = read(
            "ls -la /opt/cni",
            "ls: cannot access '/opt/cni': No such file or directory\n",
        );
        assert_eq!(presence(&evidence, "/opt/cni").known(), Some(false));
    }

    #[test]
    fn files_that_were_asked_for_say_nothing_of_their_neighbours() {
        let evidence = read(
            "ls -l",
            "-rw-r--r-- 1 root root 10 Jan  1 10:00 /etc/hosts\n",
        );
        assert_eq!(presence(&evidence, "/etc/hosts").known(), Some(true));
        assert_eq!(presence(&evidence, "/etc/passwd").known(), None);
    }
}
