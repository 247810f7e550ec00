//! Copies from a terminal that broke lines at its width.

use super::clean::clean;
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
}
