//! Takes damage off a line: colours, NULs, octal escapes of syslog, typographic quotes of copies.

use std::borrow::Cow;

/// The line as its program wrote it.
pub(crate) fn clean(line: &[u8]) -> Cow<'_, [u8]> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let damaged = memchr::memchr2(0x1b, 0, line).is_some()
        || memchr::memchr_iter(b'#', line).any(|at| line.get(at + 1) == Some(&b'0'))
        || !line.is_ascii();
    if damaged {
        Cow::Owned(repair(line))
    } else {
        Cow::Borrowed(line)
    }
}

fn repair(line: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some((&byte, after)) = rest.split_first() {
        rest = match byte {
            0 => after,
            0x1b => past_colour(after),
            b'#' => match after {
                [b'0', b'3', b'3', tail @ ..] => past_colour(tail),
                [b'0', b'1', b'1' | b'2', tail @ ..] => {
                    out.push(b' ');
                    tail
                }
                _ => {
                    out.push(byte);
                    after
                }
            },
            0xC2 if after.first() == Some(&0xA0) => {
                out.push(b' ');
                after.get(1..).unwrap_or_default()
            }
            0xE2 if matches!(after, [0x80, 0x9C..=0x9E, ..]) => {
                out.push(b'"');
                after.get(2..).unwrap_or_default()
            }
            _ => {
                out.push(byte);
                after
            }
        };
    }
    out
}

/// Skips `[31m` and its like behind an escape character.
fn past_colour(text: &[u8]) -> &[u8] {
    let Some(rest) = text.strip_prefix(b"[") else {
        return text;
    };
    let end = rest
        .iter()
        .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b';' | b'?'))
        .count();
    rest.get(end + 1..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_repaired_and_clean_lines_are_not_copied() {
        for (line, want) in [
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("a\0b", "ab"),
            ("one#012two", "one two"),
            ("#033[1;31mred#033[0m", "red"),
            ("err=“node”", "err=\"node\""),
            ("issue #0815", "issue #0815"),
            ("4月 02", "4月 02"),
        ] {
            assert_eq!(clean(line.as_bytes()).as_ref(), want.as_bytes());
        }
        assert!(matches!(clean(b"plain #1"), Cow::Borrowed(_)));
    }
}
