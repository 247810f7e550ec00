//! What is wrong with a condition, and where.

/// What is wrong with a condition. Whoever wrote the rule can fix it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// Byte of the condition's text, from 0.
    pub at: usize,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl Error {
    pub(super) fn new(at: usize, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
        }
    }
}

/// The name nearest to `wanted` by edits, when it is near enough to be a slip.
pub fn did_you_mean<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = wanted.len() / 3 + 1;
    known
        .map(|name| (edits(wanted, name), name))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, name)| name)
}

/// Letters to change, add or take away to get from one word to the other; of long words the beginnings count.
pub fn edits(from: &str, to: &str) -> usize {
    const LONGEST: usize = 64;
    let to: Vec<char> = to.chars().take(LONGEST).collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (number, letter) in from.chars().take(LONGEST).enumerate() {
        let mut diagonal = number;
        let mut left = number + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(&to) {
            let here = (diagonal + usize::from(letter != *other))
                .min(left + 1)
                .min(*cell + 1);
            diagonal = std::mem::replace(cell, here);
            left = here;
        }
        if let Some(first) = row.first_mut() {
            *first = number + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_name_that_was_meant_and_nonsense_finds_none() {
        let known = ["host.swap.active", "host.swap.devices", "kubelet.version"];
        assert_eq!(
            did_you_mean("host.swap.activ", known.into_iter()),
            Some("host.swap.active")
        );
        assert_eq!(did_you_mean("zzz", known.into_iter()), None);
    }
}
