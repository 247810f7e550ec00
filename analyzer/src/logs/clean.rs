//! Takes damage off a line: colours, NULs, octal escapes of syslog, typographic quotes and HTML entities of copies.

use std::borrow::Cow;

/// The line as its program wrote it.
pub(crate) fn clean(line: &[u8]) -> Cow<'_, [u8]> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let damaged = memchr::memchr2(0x1b, 0, line).is_some()
        || memchr::memchr2_iter(b'#', b'&', line).any(|at| is_escape(line.get(at..)))
        || !line.is_ascii();
    if damaged {
        Cow::Owned(repair(line))
    } else {
        Cow::Borrowed(line)
    }
}

/// `#033`, `&quot;`.
fn is_escape(text: Option<&[u8]>) -> bool {
    match text {
        Some([b'#', b'0', ..]) => true,
        Some([b'&', after @ ..]) => entity(after).is_some(),
        _ => false,
    }
}

/// The text inside what people put around lines when they quote them: `> line`, `| line |`, `` `line` ``.
pub(crate) fn unquote(line: &[u8]) -> &[u8] {
    match line {
        [b'>', b' ', rest @ ..] => unquote(rest),
        [b'|', b' ', rest @ ..] => rest
            .trim_ascii_end()
            .strip_suffix(b" |")
            .unwrap_or(rest)
            .trim_ascii_end(),
        // Text on the line of a code fence; a language is one word.
        [b'`', b'`', b'`', rest @ ..] if rest.contains(&b' ') => {
            rest.strip_suffix(b"```").unwrap_or(rest)
        }
        [b'`', next, ..] if *next != b'`' => {
            let rest = line.get(1..).unwrap_or_default();
            rest.strip_suffix(b"`").unwrap_or(rest)
        }
        _ => line,
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
            b'&' => {
                let (byte, length) = entity(after).unwrap_or((b'&', 0));
                out.push(byte);
                after.get(length..).unwrap_or_default()
            }
            0xEF if matches!(after, [0xBB, 0xBF, ..]) => after.get(2..).unwrap_or_default(),
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

/// The character of `quot;`, `#34;`, `amp;quot;` behind an ampersand, and how long that is.
fn entity(after: &[u8]) -> Option<(u8, usize)> {
    const ENTITIES: [(&[u8], u8); 10] = [
        (b"quot;", b'"'),
        (b"#34;", b'"'),
        (b"#x22;", b'"'),
        (b"lt;", b'<'),
        (b"gt;", b'>'),
        (b"apos;", b'\''),
        (b"#39;", b'\''),
        (b"#x27;", b'\''),
        (b"nbsp;", b' '),
        (b"amp;", b'&'),
    ];
    let (name, byte) = ENTITIES.iter().find(|(name, _)| after.starts_with(name))?;
    let inner = after.get(name.len()..).filter(|_| *byte == b'&');
    // Text that went through two copies.
    let twice = inner.and_then(|inner| {
        let (name, byte) = ENTITIES.iter().find(|(name, _)| inner.starts_with(name))?;
        Some((*byte, name.len()))
    });
    Some(twice.map_or((*byte, name.len()), |(byte, length)| {
        (byte, name.len() + length)
    }))
}

/// Skips `[31m`, `]0;title` and their like behind an escape character.
fn past_colour(text: &[u8]) -> &[u8] {
    if let Some(title) = text.strip_prefix(b"]") {
        let end = memchr::memchr2(0x07, 0x1b, title);
        return end.map_or(text, |end| title.get(end + 1..).unwrap_or_default());
    }
    if let [b'(' | b')', _, rest @ ..] = text {
        return rest;
    }
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
            ("\u{1b}]0;root@n\u{7}\u{1b}(B\u{1b}[mx\u{1b}[K", "x"),
            ("&quot;a&quot; &amp;lt; &amp;Pod{}", "\"a\" < &Pod{}"),
            ("&Pod{Name:x,} a&b", "&Pod{Name:x,} a&b"),
        ] {
            assert_eq!(clean(line.as_bytes()).as_ref(), want.as_bytes());
        }
        assert!(matches!(clean(b"plain #1 &Pod{}"), Cow::Borrowed(_)));
    }

    #[test]
    fn quotations_are_opened_and_other_lines_are_not() {
        for (line, want) in [
            ("> > one", "one"),
            ("| two |", "two"),
            ("`three`", "three"),
            ("```", "```"),
            ("```yaml", "```yaml"),
            ("```Nov 12 four```", "Nov 12 four"),
            (">", ">"),
            (" > next=1", " > next=1"),
        ] {
            assert_eq!(unquote(line.as_bytes()), want.as_bytes());
        }
    }
}
