//! Reads entries to their end: line by line, in pieces that another thread cut, as journal files, or joined again where a terminal
//! broke them.

use super::ahead::{Piece, Pieces};
use super::fold::Taken;
use super::journal::is_journal;
use super::lines::{Lines, without_mark};
use super::scanner::Scanner;
use super::stream::At;
use super::unwrap::{self, Break};
use crate::source::Source;
use nodebundle_journal::MAGIC;
use std::io::{self, Read};
use std::sync::Arc;

/// Lines of which the shapes are looked for at once.
const BATCH: usize = 16;

/// Bytes of a text that may have been copied from a narrow terminal.
const MOST_POSTED: usize = 64 << 10;

impl Scanner<'_> {
    /// Reads one entry to its end. Parts of one log must come in order; other entries may come in any.
    ///
    /// An error is the reader's. What came before it counts.
    pub fn scan(&mut self, entry: &str, source: &Source, reader: &mut dyn Read) -> io::Result<()> {
        let (number, entry) = (self.stream(entry, source), Arc::from(entry));
        let result = self.stretch(number, &entry, source, reader);
        self.end(number, &entry);
        result
    }

    /// The same for an entry that is read ahead.
    pub fn scan_ahead(
        &mut self,
        entry: &str,
        source: &Source,
        pieces: &mut Pieces<'_>,
    ) -> io::Result<()> {
        let (number, entry) = (self.stream(entry, source), Arc::from(entry));
        let result = self.pieces(number, &entry, source, pieces);
        self.end(number, &entry);
        result
    }

    fn pieces(
        &mut self,
        number: usize,
        entry: &Arc<str>,
        source: &Source,
        pieces: &mut Pieces<'_>,
    ) -> io::Result<()> {
        let (mut piece, mut line) = (Piece::default(), 0);
        while let Some(next) = pieces.next(piece)? {
            piece = next;
            if line == 0 && (piece.from(0).len() <= MOST_POSTED || is_journal(piece.from(0))) {
                let mut all = piece.from(0).chain(pieces);
                return self.stretch(number, entry, source, &mut all);
            }
            if let Some(at) = self.cut_lines(number, entry, &piece, &mut line) {
                let mut rest = piece.from(at).chain(pieces);
                let mut lines = Lines::after(line, &mut rest);
                self.bytes(number, line, &mut lines)?;
                return self.rest(number, entry, lines);
            }
            if !piece.rest().is_empty() {
                let mut rest = piece.rest().chain(pieces);
                return self.rest(number, entry, Lines::after(line, &mut rest));
            }
        }
        Ok(())
    }

    /// Takes in the whole lines of a piece, counting them; where one names a field whose bytes follow, the place of these.
    fn cut_lines(
        &mut self,
        number: usize,
        entry: &Arc<str>,
        piece: &Piece,
        line: &mut u64,
    ) -> Option<usize> {
        for first in (0..piece.count()).step_by(BATCH) {
            let lines = std::array::from_fn(|at| piece.line(first + at));
            let shapes = self.shapes.find::<BATCH>(&lines, self.home(number));
            for ((place, outlined), shape) in (first..piece.count()).zip(lines).zip(shapes) {
                *line += 1;
                let raw = match *line {
                    1 => without_mark(outlined.line),
                    _ => outlined.line,
                };
                let at = At {
                    entry,
                    line: *line,
                    raw,
                };
                if self.found(number, at, shape) == Taken::Binary {
                    return Some(piece.after(place));
                }
            }
        }
        None
    }

    /// Reads an entry from its beginning.
    fn stretch(
        &mut self,
        number: usize,
        entry: &Arc<str>,
        source: &Source,
        reader: &mut dyn Read,
    ) -> io::Result<()> {
        let mut start = Vec::new();
        reader.take(MAGIC.len() as u64).read_to_end(&mut start)?;
        let is_journal = is_journal(&start);
        let mut reader = start.chain(reader);
        if is_journal {
            return self.journal(number, entry, &mut reader);
        }
        let mut lines = Lines::new(&mut reader);
        let posted = lines.whole(MOST_POSTED)?.map(<[u8]>::to_vec);
        let unwrapped = posted.as_deref().and_then(unwrap::unwrapped);
        let before = self.judge.accusations;
        let complaints = self.judge.complaints;
        match unwrapped {
            Some(text) => self.joined(number, entry, &text),
            None => self.rest(number, entry, lines)?,
        }
        let is_pasted = matches!(source, Source::Named(_)) && self.judge.accusations == before;
        if let Some(text) = posted.filter(|_| is_pasted) {
            self.again(number, entry, &text, complaints);
        }
        Ok(())
    }

    fn joined(&mut self, number: usize, entry: &Arc<str>, text: &[(u64, Vec<u8>)]) {
        for (line, bytes) in text {
            let at = At {
                entry,
                line: *line,
                raw: bytes,
            };
            self.line(number, at);
        }
    }

    /// Looks once more at a text that accuses nothing, with its lines joined: they may have been broken by hand, or by a mail
    /// program. Where it complains, with `complaints` before it, only what accuses counts now.
    fn again(&mut self, number: usize, entry: &Arc<str>, text: &[u8], complaints: u64) {
        let before = self.judge.accusations;
        self.end(number, entry);
        self.judge.looks_again = true;
        // The title of a text, as people mark it up, looks like a prompt or a comment.
        if let Some(title) = text
            .strip_prefix(b"# ")
            .and_then(|rest| rest.split(|&byte| byte == b'\n').next())
        {
            self.joined(number, entry, &[(1, title.to_vec())]);
            self.end(number, entry);
        }
        for break_ in [Break::Within, Break::AtBlank] {
            if self.judge.accusations == before {
                self.judge.causes_only = self.judge.complaints > complaints;
                self.joined(number, entry, &unwrap::rejoined(text, break_));
                self.end(number, entry);
            }
        }
        self.judge.looks_again = false;
        self.judge.causes_only = false;
    }

    /// Reads the lines of an entry that were not read yet.
    fn rest(&mut self, number: usize, entry: &Arc<str>, mut lines: Lines<'_>) -> io::Result<()> {
        while let Some(line) = lines.next()? {
            let at = At {
                entry,
                line: line.number,
                raw: line.bytes,
            };
            let number_of_line = line.number;
            if self.line(number, at) == Taken::Binary {
                self.bytes(number, number_of_line, &mut lines)?;
            }
        }
        Ok(())
    }

    /// Reads the value of a field that a line names.
    fn bytes(&mut self, number: usize, line: u64, lines: &mut Lines<'_>) -> io::Result<()> {
        let value = lines.counted_bytes()?;
        self.value(number, line, value);
        Ok(())
    }

    /// Reads lines that stand together in an entry, of which others are of other nodes; `first` is the number of the first.
    pub(crate) fn piece(&mut self, entry: &Arc<str>, source: &Source, first: u64, lines: &[u8]) {
        let number = self.stream(entry, source);
        for (line, raw) in (first..).zip(lines.split(|&byte| byte == b'\n')) {
            self.line(number, At { entry, line, raw });
        }
        self.end(number, entry);
    }

    fn end(&mut self, number: usize, entry: &Arc<str>) {
        self.end_folded(number, entry);
        self.close_block(number, entry);
        if let Some(stream) = self.streams.get_mut(number) {
            stream.end_entry();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ahead::read_ahead;
    use super::*;
    use crate::logs::patterns::tests::{pattern, rule};
    use crate::logs::{LogDigest, Options, PatternSet};

    const LINE: &str = "2026-11-22T07:22:29.934915Z n1 kubelet[76]: E1122 07:22:29.934915      76 run.go:72] \"command failed\" n=";

    /// What is read of a text in one go, and what is read of it ahead.
    fn both(text: &[u8]) -> (LogDigest, LogDigest) {
        let rules = [rule("r", vec![pattern(&["kubelet"], "command failed")])];
        let patterns = PatternSet::new(&rules).unwrap();
        let source = Source::Named("e".to_owned());
        let mut whole = Scanner::new(&patterns, Options::default());
        whole.scan("e", &source, &mut &*text).unwrap();
        let mut ahead = Scanner::new(&patterns, Options::default());
        read_ahead(&mut &*text, |pieces| ahead.scan_ahead("e", &source, pieces)).unwrap();
        (whole.finish(), ahead.finish())
    }

    fn lines(count: usize, end: &str) -> String {
        let lines: Vec<String> = (0..count).map(|n| format!("{LINE}{n}{end}")).collect();
        lines.concat()
    }

    #[test]
    fn a_text_that_only_complains_is_looked_at_again_with_its_lines_joined() {
        let mut complaint = rule("complaint", vec![pattern(&["kubelet"], "lease")]);
        complaint.role = crate::rule::Role::Symptom;
        let cause = rule("cause", vec![pattern(&["kubelet"], "lease/n1: timeout")]);
        let patterns = PatternSet::new(&[complaint, cause]).unwrap();
        let text = "Nov 22 07:31:24 n kubelet[58]: E1122 07:31:24.000000      58 x.go:1] no lease\nNov 22 07:31:25 n kubelet[58]: E1122 07:31:25.000000      58 x.go:1] lease/\nn1: timeout\n";
        let mut scanner = Scanner::new(&patterns, Options::default());
        let source = Source::Named("posted.txt".to_owned());
        scanner.scan("e", &source, &mut text.as_bytes()).unwrap();
        let counts: Vec<_> = scanner.finish().hits.iter().map(|hit| hit.count).collect();
        assert_eq!(counts, [2, 1]);
    }

    #[test]
    fn what_is_read_ahead_means_the_same() {
        let long = "x".repeat(700_000);
        let field = |value: &str| {
            let length = (value.len() as u64).to_le_bytes();
            [b"MESSAGE\n", &length[..], value.as_bytes(), b"\n"].concat()
        };
        let record = [
            b"__REALTIME_TIMESTAMP=1795332780000000\nSYSLOG_IDENTIFIER=kubelet\n",
            &field("E1122 07:22:29.934915      76 run.go:72] \"command failed\"\n\nand more")[..],
            b"\n",
        ];
        for (name, text) in [
            ("plain", lines(5000, "\n").into_bytes()),
            ("unended", lines(5000, "\n").trim_end().into()),
            (
                "CRLF and a mark",
                format!("\u{feff}{}", lines(5000, "\r\n")).into(),
            ),
            (
                "a long line",
                format!("{}{long}\n{}", lines(9, "\n"), lines(4000, "\n")).into(),
            ),
            ("export", record.concat().repeat(3000)),
            ("short", lines(3, "\n").into_bytes()),
        ] {
            let (whole, ahead) = both(&text);
            assert!(!whole.hits.is_empty(), "{name}");
            assert!(whole == ahead, "{name}");
        }
    }
}
