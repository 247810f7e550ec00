//! What is wrong with a rule, and where.

use std::fmt;

/// What is wrong with a rule file. Whoever wrote it can fix it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, or `rule <id>` for a compiled-in rule.
    pub file: String,
    /// Line and column, from 1, where known.
    pub place: Option<(usize, usize)>,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Line and column in `source` of byte `at` of `text`, which stands in it with other blanks or doubled quotes.
pub(super) fn place(source: &str, text: &str, at: usize) -> Option<(usize, usize)> {
    let start = text.split_whitespace().next()?.chars().next()?;
    source
        .char_indices()
        .filter(|(_, c)| *c == start)
        .find_map(|(begin, _)| align(source.get(begin..)?, text, at).map(|offset| begin + offset))
        .map(|offset| line_and_column(source, offset))
}

/// Offset in `source` of byte `at` of `text`, when `source` begins with `text`.
fn align(source: &str, text: &str, at: usize) -> Option<usize> {
    let mut left = source.char_indices().peekable();
    let mut found = None;
    let mut blank = false;
    for (offset, wanted) in text.trim().char_indices() {
        if wanted.is_whitespace() {
            blank = true;
            continue;
        }
        if std::mem::take(&mut blank) {
            while left.next_if(|(_, c)| c.is_whitespace()).is_some() {}
        }
        let (here, c) = left.next()?;
        if c != wanted {
            return None;
        }
        if wanted == '\'' {
            left.next_if(|(_, c)| *c == '\'');
        }
        if offset <= at {
            found = Some(here);
        }
    }
    found
}

fn line_and_column(source: &str, offset: usize) -> (usize, usize) {
    let before = source.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_found_in_its_file_despite_folding_and_quotes() {
        let source = "id: x\nwhen: >-\n  a.b ==\n  'yes' && c\n";
        assert_eq!(place(source, "a.b == 'yes' && c", 16), Some((4, 12)));
        let quoted = "when: 'x == ''y'' && z'\n";
        assert_eq!(place(quoted, "x == 'y' && z", 12), Some((1, 22)));
        assert_eq!(place(source, "other", 0), None);
    }
}
