//! The syntax of systemd: unit files, command lines with their quoting and variables, environment files.

/// One `Key=value` of a unit file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Section without brackets: `Service`.
    pub section: String,
    /// Key: `ExecStart`.
    pub key: String,
    /// Value with continued lines joined by a space; empty resets a list.
    pub value: String,
    /// Line of the key, from 1.
    pub line: u64,
}

/// One variable of an environment file or an `Environment=` setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Name of the variable.
    pub name: String,
    /// Value without quotes.
    pub value: String,
    /// Line of the name, from 1.
    pub line: u64,
}

/// A command line with its variables replaced.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expanded {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Variables that nothing defines, in the order of use, each once.
    pub unset: Vec<String>,
}

/// The settings of a unit file. Lines that are no setting are passed over, as systemd does.
pub fn settings(lines: &[(u64, &str)]) -> Vec<Setting> {
    let mut section = String::new();
    let mut settings = Vec::new();
    for (line, text) in joined(lines) {
        let text = text.trim();
        if let Some(name) = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            name.clone_into(&mut section);
        } else if let Some((key, value)) = text.split_once('=') {
            settings.push(Setting {
                section: section.clone(),
                key: key.trim().to_owned(),
                value: value.trim().to_owned(),
                line,
            });
        }
    }
    settings
}

/// Lines without comments, continued ones joined; comments inside a continuation are skipped.
fn joined(lines: &[(u64, &str)]) -> Vec<(u64, String)> {
    let mut whole: Vec<(u64, String)> = Vec::new();
    let mut continues = false;
    for &(number, line) in lines {
        let trimmed = line.trim();
        if trimmed.starts_with(['#', ';']) || (trimmed.is_empty() && !continues) {
            continue;
        }
        let (part, more) = match trimmed.strip_suffix('\\') {
            Some(part) => (part.trim_end(), true),
            None => (trimmed, false),
        };
        match whole.last_mut() {
            Some((_, text)) if continues => {
                text.push(' ');
                text.push_str(part);
            }
            _ => whole.push((number, part.to_owned())),
        }
        continues = more;
    }
    whole
}

/// The words of a value, quotes and escapes resolved.
pub fn words(value: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('\\', _) => escape(&mut characters, word.get_or_insert_default()),
            (mark, Some(open)) if mark == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (blank, None) if blank.is_whitespace() => words.extend(word.take()),
            (other, _) => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

fn escape(characters: &mut std::str::Chars<'_>, word: &mut String) {
    match characters.next() {
        Some('n') => word.push('\n'),
        Some('t') => word.push('\t'),
        Some('s') => word.push(' '),
        Some(mark @ ('\\' | '"' | '\'')) => word.push(mark),
        Some(other) => word.extend(['\\', other]),
        None => word.push('\\'),
    }
}

/// The program and arguments of an `Exec…=` value, prefixes of the program (`-@:+!`) taken off, variables not replaced.
pub fn command(value: &str) -> Vec<String> {
    let mut words = words(value);
    if let Some(program) = words.first_mut() {
        *program = program
            .trim_start_matches(['-', '@', ':', '+', '!', '|'])
            .to_owned();
    }
    words
}

/// Replaces variables: `$NAME` alone becomes as many words as its value has, `${NAME}` stays inside its word, `$$` is a dollar.
pub fn expand<'a>(words: &[String], lookup: &dyn Fn(&str) -> Option<&'a str>) -> Expanded {
    let mut expanded = Expanded::default();
    for word in words {
        match word.strip_prefix('$') {
            Some(name) if is_name(name) => match lookup(name) {
                Some(value) => expanded.argv.extend(self::words(value)),
                None => note(&mut expanded.unset, name),
            },
            _ => {
                let text = replace_braced(word, lookup, &mut expanded.unset);
                expanded.argv.push(text);
            }
        }
    }
    expanded
}

fn replace_braced<'a>(
    word: &str,
    lookup: &dyn Fn(&str) -> Option<&'a str>,
    unset: &mut Vec<String>,
) -> String {
    let mut text = String::new();
    let mut rest = word;
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        let braced = after
            .strip_prefix('{')
            .and_then(|inner| inner.split_once('}'))
            .filter(|(name, _)| is_name(name));
        if let Some((name, behind)) = braced {
            match lookup(name) {
                Some(value) => text.push_str(value),
                None => note(unset, name),
            }
            rest = behind;
        } else {
            text.push('$');
            rest = after.strip_prefix('$').unwrap_or(after);
        }
    }
    text.push_str(rest);
    text
}

fn note(unset: &mut Vec<String>, name: &str) {
    if !unset.iter().any(|known| known == name) {
        unset.push(name.to_owned());
    }
}

/// Whether a text can be the name of a variable.
pub fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && text
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || character == '_')
}

/// The assignments of an `Environment=` value.
pub fn environment(setting: &Setting) -> Vec<Assignment> {
    words(&setting.value)
        .into_iter()
        .filter_map(|word| {
            let (name, value) = word.split_once('=')?;
            is_name(name).then(|| Assignment {
                name: name.to_owned(),
                value: value.to_owned(),
                line: setting.line,
            })
        })
        .collect()
}

/// The assignments of an environment file. Lines that are none are passed over, as systemd does.
pub fn environment_file(text: &str) -> Vec<Assignment> {
    let mut assignments = Vec::new();
    let mut lines = (1_u64..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        let trimmed = line.trim_start();
        if trimmed.starts_with(['#', ';']) {
            continue;
        }
        let Some((name, first)) = trimmed.split_once('=') else {
            continue;
        };
        let mut value = FileValue::default();
        value.line(first.trim_start());
        while value.continues {
            match lines.next() {
                Some((_, next)) => value.line(next),
                None => break,
            }
        }
        let name = name.trim();
        if is_name(name) {
            assignments.push(Assignment {
                name: name.to_owned(),
                value: value.finish(),
                line: number,
            });
        }
    }
    assignments
}

/// The value of one assignment of an environment file, read line by line.
#[derive(Default)]
struct FileValue {
    text: String,
    /// Length of `text` that trailing blanks must not fall below.
    kept: usize,
    quote: Option<char>,
    continues: bool,
}

impl FileValue {
    fn line(&mut self, line: &str) {
        if self.continues && self.quote.is_some() {
            self.text.push('\n');
        }
        self.continues = false;
        let mut characters = line.chars();
        while let Some(character) = characters.next() {
            match (character, self.quote) {
                ('\\', None | Some('"')) => {
                    let Some(escaped) = characters.next() else {
                        self.continues = true;
                        return;
                    };
                    self.text.push(escaped);
                }
                (mark, Some(open)) if mark == open => self.quote = None,
                ('"' | '\'', None) => self.quote = Some(character),
                (other, _) => self.text.push(other),
            }
            if self.quote.is_some() || !character.is_whitespace() {
                self.kept = self.text.len();
            }
        }
        self.continues = self.quote.is_some();
    }

    fn finish(mut self) -> String {
        self.text.truncate(self.kept);
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(text: &str) -> Vec<(u64, &str)> {
        (1..).zip(text.lines()).collect()
    }

    #[test]
    fn continued_lines_are_one_setting_at_the_line_of_the_key() {
        let text = "[Service]\n# c\nExecStart=/usr/bin/kubelet \\\n  --a=1 \\\n# inside\n  --b\nRestart = always\n";
        let settings = settings(&numbered(text));
        assert_eq!(settings[0].value, "/usr/bin/kubelet --a=1 --b");
        assert_eq!((settings[0].line, settings[1].line), (3, 7));
        assert_eq!(
            (settings[1].key.as_str(), settings[1].section.as_str()),
            ("Restart", "Service")
        );
    }

    #[test]
    fn quotes_group_words_and_escapes_are_resolved() {
        assert_eq!(
            words(r#""A=b c" 'd "e' f\"g \x "" h"#),
            ["A=b c", "d \"e", "f\"g", "\\x", "", "h"]
        );
    }

    #[test]
    fn a_variable_alone_is_split_and_a_braced_one_is_not() {
        let lookup = |name: &str| match name {
            "ARGS" => Some("--a=1 --b='x y'"),
            "DIR" => Some("/var lib"),
            _ => None,
        };
        let expanded = expand(
            &command("-/usr/bin/kubelet $ARGS --root-dir=${DIR} --c=$DIR $GONE $$x ${GONE}y"),
            &lookup,
        );
        assert_eq!(
            expanded.argv,
            [
                "/usr/bin/kubelet",
                "--a=1",
                "--b=x y",
                "--root-dir=/var lib",
                "--c=$DIR",
                "$x",
                "y"
            ]
        );
        assert_eq!(expanded.unset, ["GONE"]);
    }

    #[test]
    fn environment_files_follow_quotes_and_continuations() {
        let text =
            "# c\nA=--x=1 --y  \nB=\"q r\" \nC='s t\nu'\nD=a\\\nb\nexport E=1\nnothing\nF=\n";
        let values: Vec<_> = environment_file(text)
            .into_iter()
            .map(|a| (a.name, a.value, a.line))
            .collect();
        let expected = [
            ("A", "--x=1 --y", 2),
            ("B", "q r", 3),
            ("C", "s t\nu", 4),
            ("D", "ab", 6),
            ("F", "", 10),
        ];
        assert_eq!(
            values,
            expected.map(|(name, value, line)| (name.to_owned(), value.to_owned(), line))
        );
    }

    #[test]
    fn environment_settings_hold_several_assignments() {
        let setting = Setting {
            section: "Service".into(),
            key: "Environment".into(),
            value: r#""A=b c" D=e bad"#.into(),
            line: 4,
        };
        let names: Vec<_> = environment(&setting).into_iter().map(|a| a.name).collect();
        assert_eq!(names, ["A", "D"]);
    }

    #[test]
    fn an_open_quote_at_the_end_is_no_trouble() {
        assert_eq!(words("a 'b c"), ["a", "b c"]);
        assert_eq!(environment_file("A='b\nc").len(), 1);
        assert_eq!(words("\\"), ["\\"]);
    }
}
