//! Objects as programs print them in logs: Go structs, maps and lists.

use regex::bytes::Regex;

/// Calls `read` with the last byte of every match, an opening bracket or quote; it returns where it stopped, and what it passed is
/// not searched again.
pub(crate) fn each(opening: &Regex, bytes: &[u8], mut read: impl FnMut(usize) -> usize) {
    let mut from = 0;
    while let Some(found) = opening.find_at(bytes, from) {
        from = read(found.end() - 1).max(found.end());
    }
}

/// The end of what opens at `open` with `{`, `[` or `(`: behind its closing bracket, or where the line ends when that is missing.
pub(crate) fn close(bytes: &[u8], open: usize) -> usize {
    let mut depth = 0_usize;
    let rest = bytes.get(open..).unwrap_or_default();
    for (at, byte) in rest.iter().enumerate() {
        match byte {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return open + at + 1;
                }
            }
            b'\n' => return open + at,
            _ => {}
        }
    }
    bytes.len()
}

/// The end of a quoted text whose opening quote stands at `quote`: its closing quote, escaped as deep as the opening one.
pub(crate) fn close_quote(bytes: &[u8], quote: usize) -> usize {
    let depth = escapes(bytes, quote);
    let rest = bytes.get(quote + 1..).unwrap_or_default();
    let line = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    for at in memchr::memchr_iter(b'"', rest.get(..line).unwrap_or_default()) {
        let at = quote + 1 + at;
        if escapes(bytes, at) <= depth {
            return at - escapes(bytes, at);
        }
    }
    quote + 1 + line
}

/// How many backslashes stand directly before.
fn escapes(bytes: &[u8], at: usize) -> usize {
    let before = bytes.get(..at).unwrap_or_default();
    before
        .iter()
        .rev()
        .take_while(|byte| **byte == b'\\')
        .count()
}

/// Whether a variable of this name tells how a container was placed and nothing secret.
pub(crate) fn is_plain_variable(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "PATH",
        "HOME",
        "HOSTNAME",
        "LANG",
        "LC_ALL",
        "TERM",
        "TZ",
        "USER",
        "SHELL",
        "PWD",
        "NODE_NAME",
        "NODENAME",
        "POD_NAME",
        "POD_NAMESPACE",
        "POD_IP",
        "HOST_IP",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_PROFILE",
        "AWS_STS_REGIONAL_ENDPOINTS",
    ];
    const ENDS: &[&str] = &["_PROXY", "_SERVICE_HOST", "_SERVICE_PORT", "_PORT", "_HOST"];
    let upper = name.to_ascii_uppercase();
    NAMES.contains(&upper.as_str())
        || upper.starts_with("KUBERNETES_")
        || ENDS.iter().any(|end| upper.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_ends_at_its_own_bracket_or_with_the_line() {
        let text = b"a {b [c] (d} e} f\nx";
        assert_eq!(close(text, 2), 15);
        assert_eq!(close(b"{a {b}\nc}", 0), 6);
        assert_eq!(close(b"{a", 0), 2);
    }

    #[test]
    fn a_quoted_text_ends_at_a_quote_escaped_as_deep_as_the_first() {
        let text = br#"x="a \"b\" c" d"#;
        assert_eq!(close_quote(text, 2), 12);
        let nested = br#"{\"a\":\"b \\\"c\\\" d\",\"e\""#;
        let end = close_quote(nested, 8);
        assert_eq!(nested.get(end..end + 3), Some(&br#"\","#[..]));
        assert_eq!(end, 22);
    }
}
