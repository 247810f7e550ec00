//! systemd unit files and environment files, as far as the way to the kubelet's flags needs them.

/// Assignments of a unit file in order: section, key, value. Continued lines are joined, comments dropped.
pub(crate) fn assignments(text: &str) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    let mut section = String::new();
    let mut logical = String::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with('#') || trimmed.starts_with(';') {
            continue;
        }
        if let Some(head) = trimmed.strip_suffix('\\') {
            logical.push_str(head);
            logical.push(' ');
            continue;
        }
        logical.push_str(trimmed);
        let whole = std::mem::take(&mut logical);
        if let Some(name) = whole
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            name.clone_into(&mut section);
        } else if let Some((key, value)) = whole.split_once('=') {
            let value = value.trim().to_owned();
            found.push((section.clone(), key.trim().to_owned(), value));
        }
    }
    found
}

/// Assignments of an environment file: name and value, quotes removed.
pub(crate) fn environment(text: &str) -> Vec<(String, String)> {
    let joined = text.replace("\\\n", " ");
    joined
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#') && !line.starts_with(';'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.trim().to_owned(), unquoted(value.trim()).to_owned()))
        .collect()
}

fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = value
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote))
        {
            return inner;
        }
    }
    value
}

/// Words of a line: spaces separate, quotes group and disappear, a backslash keeps the next character.
pub(crate) fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut begun = false;
    let mut quote = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('\\', _) => {
                word.extend(characters.next());
                begun = true;
            }
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(character);
                begun = true;
            }
            (c, None) if c.is_whitespace() => {
                if std::mem::take(&mut begun) {
                    words.push(std::mem::take(&mut word));
                }
            }
            (c, _) => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

/// Replaces `$NAME` (split into words) and `${NAME}` (one word); unknown names become nothing, as systemd does.
pub(crate) fn expand(words: &[String], value_of: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let mut expanded = Vec::new();
    for word in words {
        match word.strip_prefix('$').filter(|name| is_name(name)) {
            Some(name) => expanded.extend(self::words(&value_of(name).unwrap_or_default())),
            None => expanded.push(expand_braces(word, value_of)),
        }
    }
    expanded
}

fn expand_braces(word: &str, value_of: &dyn Fn(&str) -> Option<String>) -> String {
    let mut text = String::new();
    let mut rest = word;
    while let Some((before, after)) = rest.split_once("${") {
        text.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            text.push_str("${");
            rest = after;
            continue;
        };
        text.push_str(&value_of(name).unwrap_or_default());
        rest = tail;
    }
    text.push_str(rest);
    text
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn continued_lines_are_one_assignment() {
        let text = "[Service]\nExecStart=/usr/bin/kubelet \\\n  --config=/a \\\n# no\n  --v=2\n";
        let found = assignments(text);
        assert_eq!(found.len(), 1);
        assert_eq!(
            words(&found[0].2),
            ["/usr/bin/kubelet", "--config=/a", "--v=2"]
        );
    }

    #[test]
    fn variables_are_expanded_as_systemd_does() {
        let value_of = |name: &str| match name {
            "ARGS" => Some("--a=1 --b='x y'".to_owned()),
            "IP" => Some("10.0.0.1".to_owned()),
            _ => None,
        };
        let line = words("kubelet $ARGS --node-ip=${IP} $NONE");
        assert_eq!(
            expand(&line, &value_of),
            ["kubelet", "--a=1", "--b=x y", "--node-ip=10.0.0.1"]
        );
    }

    #[test]
    fn an_environment_file_may_quote_its_values() {
        let text = "# c\nKUBELET_EXTRA_ARGS=\"--node-ip=1.2.3.4\"\nX=\n";
        assert_eq!(
            environment(text),
            [
                (
                    "KUBELET_EXTRA_ARGS".to_owned(),
                    "--node-ip=1.2.3.4".to_owned()
                ),
                ("X".to_owned(), String::new())
            ]
        );
    }
}
