//! Values of keys in YAML and JSON text, found line by line, so that a broken file still tells where its other files are.

/// Every `key: value` of the wanted keys, in order. Quotes are removed; blocks, lists and empty values are passed over.
pub(crate) fn values(text: &str, wanted: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    // JSON may hold several pairs in a line.
    for piece in text.split(['\n', ',', '{', '}']) {
        let piece = piece.trim().trim_start_matches("- ").trim_start();
        let Some((key, value)) = piece.split_once(':') else {
            continue;
        };
        let key = key.trim().trim_matches(['"', '\'']);
        if !wanted.contains(&key) {
            continue;
        }
        let value = plain(value);
        if !value.is_empty() {
            found.push((key.to_owned(), value.to_owned()));
        }
    }
    found
}

/// A scalar without quotes and comment.
fn plain(value: &str) -> &str {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            return rest.split(quote).next().unwrap_or_default();
        }
    }
    let value = value.split(" #").next().unwrap_or_default().trim();
    match value.chars().next() {
        Some('|' | '>' | '[' | '{' | '&' | '*' | '#') | None => "",
        Some(_) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str, key: &str) -> Option<String> {
        values(text, &[key]).pop().map(|(_, value)| value)
    }

    #[test]
    fn yaml_and_json_give_the_same_value() {
        let yaml = "authentication:\n  x509:\n    clientCAFile: /a/ca.crt # the CA\n";
        let json = r#"{"authentication":{"x509":{"clientCAFile":"/a/ca.crt"}}}"#;
        assert_eq!(one(yaml, "clientCAFile").as_deref(), Some("/a/ca.crt"));
        assert_eq!(one(json, "clientCAFile").as_deref(), Some("/a/ca.crt"));
    }

    #[test]
    fn a_broken_file_still_tells_its_paths() {
        let text = "kind: [\n\tresolvConf: '/run/x'\n:::\nstaticPodPath: \"/etc/p\"\n";
        assert_eq!(one(text, "resolvConf").as_deref(), Some("/run/x"));
        assert_eq!(one(text, "staticPodPath").as_deref(), Some("/etc/p"));
    }

    #[test]
    fn blocks_and_empty_values_are_passed_over() {
        assert_eq!(one("resolvConf: |\n  x\n", "resolvConf"), None);
        assert_eq!(one("resolvConf:\n", "resolvConf"), None);
        assert_eq!(one("resolvConf: \"\"\n", "resolvConf"), None);
    }
}
