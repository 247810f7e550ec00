//! Copies from a terminal that broke lines at its width.

use super::clean::{clean, unquote};
use super::heading::heading;
use super::{message, transport};

/// The lines as they were before a terminal broke them, each with the number of its first part; `None` where nothing shows that
/// lines were broken: at least two of the longest lines, all equally long, must go on in lines that are no records of their own.
pub(crate) fn unwrapped(text: &[u8]) -> Option<Vec<(u64, Vec<u8>)>> {
    let lines: Vec<&[u8]> = text
        .split(|&byte| byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .collect();
    let widths: Vec<usize> = lines.iter().map(|line| columns(line)).collect();
    let full = *widths.iter().max()?;
    if !(NARROWEST..=WIDEST).contains(&full)
        || widths.iter().filter(|&&one| one == full).count() < 2
    {
        return None;
    }
    let mut joined: Vec<(u64, Vec<u8>)> = Vec::with_capacity(lines.len());
    let mut breaks = 0;
    let mut goes_on = false;
    for ((number, line), width) in (1..).zip(&lines).zip(widths) {
        let record = is_record(line);
        let before = joined
            .last_mut()
            .filter(|_| goes_on && !record && width > 0);
        if let Some((_, before)) = before {
            breaks += 1;
            before.extend_from_slice(line);
            goes_on = width == full;
        } else {
            joined.push((number, line.to_vec()));
            goes_on = record && width == full;
        }
    }
    (breaks >= 2).then_some(joined)
}

/// How a line was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Break {
    /// Anywhere, nothing being lost.
    Within,
    /// Between two words, whose blank is lost, or behind a slash.
    AtBlank,
}

/// The lines that go on in others which are no records of their own, each joined with these. Where they were broken is not known,
/// so that this also joins sentences that stand below each other.
pub(crate) fn rejoined(text: &[u8], break_: Break) -> Vec<(u64, Vec<u8>)> {
    let mut all: Vec<Broken> = Vec::new();
    let mut open = false;
    for (number, line) in (1..).zip(text.split(|&byte| byte == b'\n')) {
        let line = unquote(line.strip_suffix(b"\r").unwrap_or(line));
        let fence = line.starts_with(b"```");
        let begins = fence || line.trim_ascii().is_empty() || is_record(line);
        let before = all.last_mut().filter(|_| open && !begins);
        match before.filter(|before| before.parts < MOST_PARTS) {
            Some(before) => before.push(line, break_),
            None => all.push(Broken {
                number,
                text: line.to_vec(),
                parts: 1,
            }),
        }
        open = !fence && columns(line) >= SHORTEST_BROKEN;
    }
    let broken = all.into_iter().filter(|line| line.parts > 1);
    broken.map(|line| (line.number, line.text)).collect()
}

/// A line that may be one of several parts.
struct Broken {
    number: u64,
    text: Vec<u8>,
    parts: usize,
}

impl Broken {
    fn push(&mut self, line: &[u8], break_: Break) {
        let apart = self.text.last() != Some(&b'/') && line.first() != Some(&b'/');
        if break_ == Break::AtBlank && apart {
            self.text.push(b' ');
        }
        self.text.extend_from_slice(line);
        self.parts += 1;
    }
}

/// Characters of a line; wide ones count as one, which only makes broken lines look whole.
fn columns(line: &[u8]) -> usize {
    line.iter().filter(|&&byte| byte & 0xC0 != 0x80).count()
}

/// A line that begins something.
fn is_record(line: &[u8]) -> bool {
    let line = clean(line);
    if heading(&line).is_some() {
        return true;
    }
    let envelope = transport::open(&line);
    envelope.known || message::read(&envelope.text).headed
}

/// Terminals are not narrower.
const NARROWEST: usize = 60;
/// Nor wider, nearly never.
const WIDEST: usize = 400;
/// Nobody breaks shorter lines.
const SHORTEST_BROKEN: usize = 40;
/// Lines that one was broken into.
const MOST_PARTS: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_of_the_full_width_are_taken_for_broken() {
        let record = |rest: &str| format!("Nov 12 12:19:20 w1 kubelet[4756]: {rest}");
        let long = record(&"x".repeat(46));
        let wrapped = format!("{long}\ntail one\n{long}\ntail two\n");
        let lines = unwrapped(wrapped.as_bytes()).unwrap();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[1].0, 3);
        assert!(lines[1].1.ends_with(b"xtail two"));
        let once = format!("{long}\ntail\n{}\n", record("short"));
        assert_eq!(unwrapped(once.as_bytes()), None);
        let whole = format!("{long}\n{long}\n{}\n", record("short"));
        assert_eq!(unwrapped(whole.as_bytes()), None);
    }

    #[test]
    fn lines_broken_by_hand_are_joined_with_what_they_go_on_in() {
        let text = "> short\n> Nov 12 12:19:20 w1 kubelet[4756]: dial unix /run/\n> x.sock: connect: no\n> such file\n\nThe end of a text that nothing follows below\n";
        let join = |break_| {
            let joined = rejoined(text.as_bytes(), break_);
            let [(2, line)] = joined.as_slice() else {
                panic!("{joined:?}");
            };
            String::from_utf8(line.clone()).unwrap()
        };
        assert!(join(Break::Within).ends_with("/run/x.sock: connect: no"));
        let long = text.replace("connect: no", "connect: there is really and truly no");
        let joined = rejoined(long.as_bytes(), Break::AtBlank);
        assert!(
            joined[0]
                .1
                .ends_with(b"/run/x.sock: connect: there is really and truly no such file")
        );
    }
}
