//! Long lines cut so that what matters stays.

use std::ops::Range;

/// How far a cut may move to fall between words.
const WORD: usize = 24;

/// At most about `room` characters of a text: its beginning, which has time and level, and what is `wanted` of it with some of
/// what stands around. `…` stands for what is left out.
pub(crate) fn shorten(text: &str, wanted: Option<&str>, room: usize) -> String {
    let text: Vec<char> = text.chars().collect();
    if text.len() <= room {
        return text.iter().collect();
    }
    let seen = room - room / 16;
    let place = wanted.and_then(|wanted| find(&text, wanted));
    let Some(place) = place.filter(|place| place.end > seen) else {
        return format!("{}…", part(&text, 0..room));
    };
    let head = between_words(&text, room / 4);
    let rest = room - head;
    let end = (place.end + rest / 4).min(text.len());
    let start = end.saturating_sub(rest).max(head);
    let start = if start + WORD < place.start && start > head {
        between_words(&text, start + WORD)
    } else {
        start
    };
    let gap = if start > head { " … " } else { "" };
    let tail = if end < text.len() { "…" } else { "" };
    let behind = part(&text, start..end);
    format!("{}{gap}{}{tail}", part(&text, 0..head), behind.trim_start())
}

fn part(text: &[char], range: Range<usize>) -> String {
    text.get(range).unwrap_or_default().iter().collect()
}

/// The last blank within a word before a place; the place itself where there is none.
fn between_words(text: &[char], at: usize) -> usize {
    let from = at.saturating_sub(WORD);
    let near = text.get(from..at).unwrap_or_default();
    near.iter()
        .rposition(|&c| c == ' ')
        .map_or(at, |back| from + back)
}

/// Where one text stands in another, whatever the number of backslashes in either.
fn find(text: &[char], wanted: &str) -> Option<Range<usize>> {
    let wanted: Vec<char> = wanted.chars().filter(|&c| c != '\\').collect();
    let bare: Vec<(usize, char)> = text
        .iter()
        .copied()
        .enumerate()
        .filter(|&(_, c)| c != '\\')
        .collect();
    let found = bare
        .windows(wanted.len().max(1))
        .find(|window| window.iter().map(|&(_, c)| c).eq(wanted.iter().copied()))?;
    let (first, _) = *found.first()?;
    let (last, _) = *found.last()?;
    Some(first..last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(before: usize, after: usize) -> String {
        format!(
            "E1122 07:31:01.461707 101 pod_workers.go:1324] \"Error syncing pod, skipping\" {}exec: \\\"runc\\\": executable file not found in $PATH{}",
            "word ".repeat(before),
            " more".repeat(after)
        )
    }

    #[test]
    fn the_beginning_and_what_is_wanted_stay() {
        let cut = shorten(
            &line(200, 200),
            Some("exec: \"runc\": executable file not found"),
            200,
        );
        assert!(cut.starts_with("E1122 07:31:01.461707"), "{cut}");
        assert!(cut.contains(" … word "), "{cut}");
        assert!(
            cut.contains("executable file not found in $PATH more"),
            "{cut}"
        );
        assert!(cut.ends_with('…'), "{cut}");
        assert!((150..=204).contains(&cut.chars().count()), "{cut}");
    }

    #[test]
    fn a_short_text_and_one_whose_beginning_says_it_are_cut_at_the_end_only() {
        assert_eq!(shorten("short", Some("or"), 40), "short");
        let cut = shorten(&line(0, 200), Some("executable file not found"), 200);
        assert!(cut.ends_with('…') && !cut.contains(" … "), "{cut}");
        assert_eq!(shorten(&line(0, 200), Some("not there"), 200), cut);
        assert_eq!(shorten(&line(0, 200), None, 200), cut);
    }

    #[test]
    fn of_what_is_longer_than_the_room_the_end_stays() {
        let text = line(200, 0);
        let cut = shorten(&text, Some(&text), 200);
        assert!(cut.ends_with("executable file not found in $PATH"), "{cut}");
    }

    #[test]
    fn no_text_and_no_room_panics() {
        for room in [0, 1, 3, 40] {
            for text in ["", "x", "äöü äöü äöü", "\\\\\\\""] {
                shorten(text, Some("ü ä"), room);
                shorten(text, Some(""), room);
            }
        }
    }
}
