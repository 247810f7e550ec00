//! What a finding rests on, in text.

use crate::finding::Evidence;
use crate::terminal::{DIM, Paper, escape};
use std::io;

/// Each piece with the place to open; a value that stands in several places is said once, with all of them.
pub(crate) fn evidence(pieces: &[Evidence], paper: &mut Paper<'_>) -> io::Result<()> {
    pieces
        .chunk_by(is_same_value)
        .try_for_each(|pieces| piece(pieces, paper))
}

fn is_same_value(one: &Evidence, other: &Evidence) -> bool {
    match (one, other) {
        (
            Evidence::Fact { fact, value, .. },
            Evidence::Fact {
                fact: path,
                value: other,
                ..
            },
        ) => (fact, value) == (path, other),
        _ => false,
    }
}

fn piece(pieces: &[Evidence], paper: &mut Paper<'_>) -> io::Result<()> {
    match pieces {
        [
            Evidence::Line {
                entry,
                line,
                text,
                matched,
            },
            ..,
        ] => {
            let place = paper.paint(DIM, &escape(&format!("{entry}:{line}")));
            paper.line(&format!("    {place}"))?;
            paper.quote("      ", &message(text), matched.as_deref())
        }
        [Evidence::Fact { fact, value, .. }, ..] => {
            let value: String = value.chars().take(LONGEST_VALUE).collect();
            let places = places(pieces, paper);
            paper.line(&format!("    {fact} = {}  {places}", escape(&value)))
        }
        [absent @ Evidence::Absent { absent: path, .. }, ..] => {
            let places = places(std::slice::from_ref(absent), paper);
            paper.line(&format!("    {} does not exist  {places}", escape(path)))
        }
        [] => Ok(()),
    }
}

/// Where pieces stand, in brackets.
fn places(pieces: &[Evidence], paper: &Paper<'_>) -> String {
    let place = |piece: &Evidence| match piece {
        Evidence::Line { entry, line, .. } => at(entry, Some(*line)),
        Evidence::Absent { by, .. } => at(&by.entry, by.line),
        Evidence::Fact {
            entry: Some(entry),
            line,
            ..
        } => at(entry, *line),
        Evidence::Fact { entry: None, .. } => "default of this version".to_owned(),
    };
    let all: Vec<String> = pieces.iter().map(place).collect();
    paper.paint(DIM, &escape(&format!("({})", all.join("; "))))
}

fn at(entry: &str, line: Option<u64>) -> String {
    line.map_or_else(|| entry.to_owned(), |line| format!("{entry}:{line}"))
}

/// What a quoted line says: of a journal record in JSON the message, of any other line all of it.
fn message(line: &str) -> String {
    const KEYS: [&str; 3] = ["\"MESSAGE\":", "\"log\":", "\"msg\":"];
    let line = line.trim();
    let start = KEYS.iter().find_map(|key| line.split_once(key));
    match start.filter(|_| line.starts_with('{')) {
        Some((_, rest)) => serde_json::Deserializer::from_str(rest)
            .into_iter::<String>()
            .next()
            .and_then(Result::ok)
            .unwrap_or_else(|| line.to_owned()),
        None => line.to_owned(),
    }
}

const LONGEST_VALUE: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_several_places_is_said_once_with_all_of_them() {
        let count = |value: &str, entry: &str, line| Evidence::Fact {
            fact: "kubelet.unit.exec_start_count".into(),
            value: value.into(),
            entry: Some(entry.into()),
            line,
        };
        let pieces = [
            count("2", "kubelet.service", Some(11)),
            count("2", "50-verbose.conf", None),
            count("3", "other.conf", Some(1)),
        ];
        let mut out = Vec::new();
        evidence(&pieces, &mut Paper::new(&mut out, false, 80)).unwrap();
        let said = "    kubelet.unit.exec_start_count = 2  (kubelet.service:11; 50-verbose.conf)
    kubelet.unit.exec_start_count = 3  (other.conf:1)
";
        assert_eq!(String::from_utf8(out).unwrap(), said);
    }
}
