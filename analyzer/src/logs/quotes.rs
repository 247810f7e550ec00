//! Lines that may be quoted, one behind the other in one buffer: a crash loop of days has many of them, and they change all the time.

use crate::finding::Evidence;

/// Quoted lines.
#[derive(Debug, Default)]
pub(crate) struct Quotes {
    text: Vec<u8>,
}

/// Where a quoted line is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quote {
    from: usize,
    length: u16,
    /// Bytes that a line may have that takes its place.
    room: u16,
}

impl Quotes {
    /// Keeps a line, cut where it is too long to be quoted.
    pub(crate) fn keep(&mut self, line: &[u8]) -> Quote {
        let line = cut(line);
        let from = self.text.len();
        self.text.extend_from_slice(line);
        let length = u16::try_from(line.len()).unwrap_or(u16::MAX);
        Quote {
            from,
            length,
            room: length,
        }
    }

    /// Keeps a line in the place of another one.
    pub(crate) fn replace(&mut self, old: &mut Quote, line: &[u8]) {
        let line = cut(line);
        let place = self.text.get_mut(old.from..old.from + line.len());
        match (place, u16::try_from(line.len())) {
            (Some(place), Ok(length)) if length <= old.room => {
                place.copy_from_slice(line);
                old.length = length;
            }
            _ => *old = self.keep(line),
        }
    }

    /// Drops all lines but these.
    pub(crate) fn pack<'a>(&mut self, kept: impl Iterator<Item = &'a mut Quote>) {
        let mut kept: Vec<&mut Quote> = kept.collect();
        kept.sort_unstable_by_key(|quote| quote.from);
        let mut end = 0;
        for quote in kept {
            let length = usize::from(quote.length);
            self.text.copy_within(quote.from..quote.from + length, end);
            quote.from = end;
            quote.room = quote.length;
            end += length;
        }
        self.text.truncate(end);
    }

    /// A line that is kept.
    pub(crate) fn line(&self, quote: Quote) -> &[u8] {
        let end = quote.from + usize::from(quote.length);
        self.text.get(quote.from..end).unwrap_or_default()
    }
}

/// What is quoted of a line.
pub(crate) fn cut(line: &[u8]) -> &[u8] {
    line.get(..Evidence::MAX_TEXT).unwrap_or(line)
}

const _: () = assert!(
    Evidence::MAX_TEXT <= u16::MAX as usize,
    "the length of a quote fits"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_takes_the_place_of_another_and_harms_no_third() {
        let mut quotes = Quotes::default();
        let mut one = quotes.keep(b"first");
        let two = quotes.keep(b"second");
        for line in [
            "1",
            "longer than the first",
            "",
            "mid",
            "longer than the second, too",
        ] {
            quotes.replace(&mut one, line.as_bytes());
            assert_eq!(quotes.line(one), line.as_bytes());
            assert_eq!(quotes.line(two), b"second");
        }
        quotes.pack([&mut one].into_iter());
        assert_eq!(quotes.line(one), b"longer than the second, too");
        assert_eq!(quotes.text.len(), quotes.line(one).len());
        let long = vec![b'x'; 2 * Evidence::MAX_TEXT];
        let long = quotes.keep(&long);
        assert_eq!(quotes.line(long).len(), Evidence::MAX_TEXT);
    }
}
