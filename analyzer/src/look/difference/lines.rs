//! Line by line: what has to be taken away and added to get from one text to another.

use schemars::JsonSchema;
use serde::Serialize;

/// Lines around a change.
const AROUND: usize = 2;
/// Changes that are looked for; texts further apart are shown as replaced.
const MOST_CHANGES: usize = 1500;

/// A stretch of lines with changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Hunk {
    /// Its first line in the first text, from 1.
    pub a: u64,
    /// Its first line in the second text, from 1.
    pub b: u64,
    /// The lines.
    pub lines: Vec<Change>,
}

/// A line of a hunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// In both.
    Same(String),
    /// Only in the first.
    Gone(String),
    /// Only in the second.
    New(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Same(usize, usize),
    Gone(usize, usize),
    New(usize, usize),
}

/// The hunks of two texts. What is compared may be a general form of what is shown.
pub(super) fn hunks(a: &[(&str, String)], b: &[(&str, String)]) -> Vec<Hunk> {
    let same = |at: usize, in_b: usize| match (a.get(at), b.get(in_b)) {
        (Some(a), Some(b)) => a.1 == b.1,
        _ => false,
    };
    let steps = steps(a.len(), b.len(), &same);
    let text = |lines: &[(&str, String)], at: usize| {
        lines
            .get(at)
            .map_or_else(String::new, |(line, _)| (*line).to_owned())
    };
    let mut hunks: Vec<Hunk> = Vec::new();
    let mut last = None;
    for (at, step) in steps.iter().enumerate() {
        let from = at.saturating_sub(AROUND);
        let near = steps.get(from..steps.len().min(at + AROUND + 1));
        let shown = near.is_some_and(|near| near.iter().any(|one| !matches!(one, Step::Same(..))));
        if !shown {
            continue;
        }
        let (Step::Same(x, y) | Step::Gone(x, y) | Step::New(x, y)) = *step;
        if last.is_none_or(|last: usize| last + 1 != at) {
            hunks.push(Hunk {
                a: x as u64 + 1,
                b: y as u64 + 1,
                lines: Vec::new(),
            });
        }
        last = Some(at);
        if let Some(hunk) = hunks.last_mut() {
            hunk.lines.push(match step {
                Step::Same(x, _) => Change::Same(text(a, *x)),
                Step::Gone(x, _) => Change::Gone(text(a, *x)),
                Step::New(_, y) => Change::New(text(b, *y)),
            });
        }
    }
    hunks
}

/// The shortest way, as Myers finds it: for each number of changes the furthest point on each diagonal.
fn steps(a: usize, b: usize, same: &dyn Fn(usize, usize) -> bool) -> Vec<Step> {
    let most = (a + b).min(MOST_CHANGES);
    let offset = most + 1;
    let mut furthest = vec![0_usize; 2 * offset + 1];
    let mut trail: Vec<Vec<usize>> = Vec::new();
    for changes in 0..=most {
        trail.push(furthest.clone());
        for diagonal in (0..=2 * changes).step_by(2) {
            // Diagonal k of the paper is `diagonal - changes`; its place is shifted by `offset`.
            let at = offset + diagonal - changes;
            let mut x = start(&furthest, at, diagonal, changes);
            let mut y = (x + offset).saturating_sub(at);
            while x < a && y < b && same(x, y) {
                x += 1;
                y += 1;
            }
            if let Some(slot) = furthest.get_mut(at) {
                *slot = x;
            }
            if x >= a && y >= b {
                return walk_back((a, b), &trail, offset);
            }
        }
    }
    let gone = (0..a).map(|x| Step::Gone(x, 0));
    gone.chain((0..b).map(|y| Step::New(a, y))).collect()
}

fn of(furthest: &[usize], at: usize) -> usize {
    furthest.get(at).copied().unwrap_or_default()
}

/// Where a diagonal begins: below the one to its right, or beside the one to its left.
fn start(furthest: &[usize], at: usize, diagonal: usize, changes: usize) -> usize {
    if goes_down(furthest, at, diagonal, changes) {
        of(furthest, at + 1)
    } else {
        of(furthest, at.saturating_sub(1)) + 1
    }
}

fn goes_down(furthest: &[usize], at: usize, diagonal: usize, changes: usize) -> bool {
    diagonal == 0
        || (diagonal != 2 * changes && of(furthest, at.saturating_sub(1)) < of(furthest, at + 1))
}

fn walk_back((a, b): (usize, usize), trail: &[Vec<usize>], offset: usize) -> Vec<Step> {
    let (mut x, mut y) = (a, b);
    let mut steps = Vec::new();
    for (changes, furthest) in trail.iter().enumerate().rev() {
        let at = (x + offset).saturating_sub(y);
        let diagonal = (at + changes).saturating_sub(offset);
        let down = goes_down(furthest, at, diagonal, changes);
        let before = if down { at + 1 } else { at.saturating_sub(1) };
        let (from_x, from_y) = if changes == 0 {
            (0, 0)
        } else {
            let from_x = of(furthest, before);
            (from_x, (from_x + offset).saturating_sub(before))
        };
        while x > from_x && y > from_y {
            (x, y) = (x - 1, y - 1);
            steps.push(Step::Same(x, y));
        }
        if changes > 0 {
            steps.push(if down {
                Step::New(from_x, from_y)
            } else {
                Step::Gone(from_x, from_y)
            });
            (x, y) = (from_x, from_y);
        }
    }
    steps.reverse();
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(&str, String)> {
        text.lines().map(|line| (line, line.to_owned())).collect()
    }

    /// Applies the steps: both texts must come out, whatever they are.
    fn check(a: &str, b: &str) -> usize {
        let (a, b) = (lines(a), lines(b));
        let same = |x: usize, y: usize| a[x].1 == b[y].1;
        let steps = steps(a.len(), b.len(), &same);
        let (mut x, mut y, mut changes) = (0, 0, 0);
        for step in steps {
            match step {
                Step::Same(at, in_b) => {
                    assert_eq!((at, in_b), (x, y));
                    assert!(same(x, y));
                    (x, y) = (x + 1, y + 1);
                }
                Step::Gone(at, _) => {
                    assert_eq!(at, x);
                    x += 1;
                    changes += 1;
                }
                Step::New(_, in_b) => {
                    assert_eq!(in_b, y);
                    y += 1;
                    changes += 1;
                }
            }
        }
        assert_eq!((x, y), (a.len(), b.len()));
        changes
    }

    #[test]
    fn the_shortest_way_from_one_text_to_the_other_is_found() {
        for (a, b, changes) in [
            ("", "", 0),
            ("a", "a", 0),
            ("a\nb\nc", "a\nc", 1),
            ("a\nc", "a\nb\nc", 1),
            ("a\nb\nc\na\nb\nb\na", "c\nb\na\nb\na\nc", 5),
            ("a\nb", "c\nd", 4),
            ("", "a\nb", 2),
            ("a\nb", "", 2),
        ] {
            assert_eq!(check(a, b), changes, "{a:?} {b:?}");
        }
        for seed in 0_u32..200 {
            let text = |seed: u32| {
                let letters = (0..seed % 13).map(|at| (seed.wrapping_mul(2_654_435_761) >> at) & 3);
                letters.fold(String::new(), |text, n| text + &n.to_string() + "\n")
            };
            check(&text(seed), &text(seed * 7 + 3));
        }
    }

    #[test]
    fn far_apart_texts_are_replaced_and_hunks_have_their_places() {
        let long = |c: char| format!("{c}\n").repeat(2000);
        assert_eq!(check(&long('a'), &long('b')), 4000);
        let hunks = hunks(&lines("1\n2\n3\n4\n5\n6\n7"), &lines("1\n2\n3\n4\nx\n6\n7"));
        assert_eq!(hunks.len(), 1);
        assert_eq!((hunks[0].a, hunks[0].b), (3, 3));
        assert_eq!(
            hunks[0].lines[2..4],
            [Change::Gone("5".into()), Change::New("x".into())]
        );
    }
}
