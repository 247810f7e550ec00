//! Judges records: which patterns match, what they state, and whether nobody knows them. Each text is judged once.

use super::attribute::Author;
use super::klog::Level;
use super::lives::Cutter;
use super::memo::Memo;
use super::patterns::PatternSet;
use super::place::{Place, Spot};
use super::programs::{Program, Programs};
use super::seen::{Identity, Seen};
use super::stated::{Statement, statements};
use super::stream::{At, Part};
use super::tally::{Key, Rate, Sight, Tally};
use super::templates::{Templates, template};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// Judges the records of one input and keeps the results.
pub(crate) struct Judge<'p> {
    pub(crate) patterns: &'p PatternSet,
    pub(crate) programs: Programs,
    memo: Memo<Verdict>,
    seen: Seen,
    pub(crate) tally: Tally,
    pub(crate) templates: Templates,
    /// Statements by name and stream, the latest of each.
    pub(crate) stated: BTreeMap<(String, usize), (String, Spot)>,
}

/// One record with all that is known of it.
pub(crate) struct Record<'a> {
    pub(crate) author: Author,
    pub(crate) level: Level,
    /// Normalised text.
    pub(crate) text: &'a [u8],
    /// The message as the program wrote it.
    pub(crate) original: &'a [u8],
    /// The message has a time of its own.
    pub(crate) own_time: bool,
    /// Life in its stream.
    pub(crate) life: Option<usize>,
    pub(crate) weight: u64,
    pub(crate) at: At<'a>,
    /// Its lines, when it has several.
    pub(crate) parts: &'a [Part],
    pub(crate) place: Place,
}

/// What a text means, whoever wrote it when.
struct Verdict {
    matches: Vec<Judged>,
    statements: Vec<Statement>,
    template: OnceLock<Arc<str>>,
}

struct Judged {
    key: usize,
    pattern: usize,
    end: usize,
}

impl<'p> Judge<'p> {
    pub(crate) fn new(patterns: &'p PatternSet) -> Self {
        Self {
            patterns,
            programs: Programs::new(patterns),
            memo: Memo::new(),
            seen: Seen::default(),
            tally: Tally::default(),
            templates: Templates::default(),
            stated: BTreeMap::new(),
        }
    }

    /// The number of the program that logs under this identifier.
    pub(crate) fn number(&mut self, ident: &[u8]) -> Option<usize> {
        self.programs.number(ident, self.patterns)
    }

    pub(crate) fn program(&self, number: Option<usize>) -> Option<&Program> {
        self.programs.get(number)
    }

    /// Judges one record. `lives` are those of its stream.
    pub(crate) fn judge(&mut self, lives: &Cutter, record: &Record<'_>) {
        let verdict = self.verdict(record);
        for (name, value) in &verdict.statements {
            self.state(name, value, record);
        }
        let unknown = verdict.matches.is_empty();
        if unknown && record.level < Level::Error || !self.is_new(record) {
            return;
        }
        if unknown {
            let text = verdict.template.get_or_init(|| template(record.text));
            let name = self
                .programs
                .get(record.author.program)
                .map(|program| &program.name);
            self.templates
                .count(text, name, record.life, record.sight(0));
            return;
        }
        for judged in &verdict.matches {
            self.count(lives, record, judged);
        }
    }

    /// Follows the folding of a stream's oldest lives.
    pub(crate) fn fold(&mut self, stream: usize) {
        self.tally.fold(stream);
        self.templates.fold(stream);
    }

    fn verdict(&mut self, record: &Record<'_>) -> Arc<Verdict> {
        let class = record
            .author
            .program
            .map_or(0, |number| 2 * number + 1 + usize::from(record.author.sure));
        let class = u32::try_from(class).unwrap_or(u32::MAX);
        let Self {
            patterns,
            programs,
            tally,
            memo,
            ..
        } = self;
        memo.verdict(class, record.text, || {
            let program = programs.get(record.author.program);
            let allowed = programs.allowed(record.author.program, record.author.sure);
            let matches = patterns
                .matches(record.text, allowed)
                .into_iter()
                .map(|found| Judged {
                    pattern: found.pattern,
                    end: found.end,
                    key: tally.key(Key {
                        pattern: found.pattern,
                        program: program.map(|program| Arc::clone(&program.name)),
                        variables: found.variables,
                    }),
                })
                .collect();
            let kubelet =
                program.is_none_or(|program| program.runs_kubelet || program.supervises_kubelet);
            Verdict {
                matches,
                statements: if kubelet {
                    statements(record.text)
                } else {
                    Vec::new()
                },
                template: OnceLock::new(),
            }
        })
    }

    fn state(&mut self, name: &str, value: &str, record: &Record<'_>) {
        let sight = record.sight(0);
        let key = (name.to_owned(), record.place.stream);
        if let Some((old, spot)) = self.stated.get_mut(&key) {
            value.clone_into(old);
            spot.set(sight.entry, sight.line, sight.raw, sight.place);
        } else {
            let spot = Spot::new(sight.entry, sight.line, sight.raw, sight.place);
            self.stated.insert(key, (value.to_owned(), spot));
        }
    }

    fn is_new(&mut self, record: &Record<'_>) -> bool {
        let identity = Identity {
            program: self
                .programs
                .get(record.author.program)
                .map(|program| &*program.name),
            pid: record.author.pid.filter(|_| !record.own_time),
            message: record.original,
            time: record
                .place
                .time
                .filter(|_| !record.own_time)
                .map(|tick| tick.micros),
        };
        self.seen.is_new(record.place.stream, &identity)
    }

    fn count(&mut self, lives: &Cutter, record: &Record<'_>, judged: &Judged) {
        let Some(pattern) = self.patterns.pattern(judged.pattern) else {
            return;
        };
        if pattern
            .after
            .is_some_and(|after| is_early(lives, record, after))
        {
            return;
        }
        let sight = record.sight(judged.end);
        let stream = record.place.stream;
        match record.life {
            Some(life) => self.tally.count_in_life(judged.key, stream, life, sight),
            None => self.tally.count_in_span(judged.key, stream, sight),
        }
        if pattern.min > 1 {
            let rate = Rate {
                min: pattern.min,
                within: pattern.within,
            };
            self.tally
                .approach(judged.pattern, (stream, record.life), rate, sight);
        }
    }
}

/// Whether a record comes sooner after the start of its life than a pattern looks.
fn is_early(lives: &Cutter, record: &Record<'_>, after: i64) -> bool {
    let since = || {
        let life = lives.lives().get(record.life?)?;
        let start = life.first.time.filter(|_| life.start_seen)?;
        let now = record.place.time.filter(|now| now.basis == start.basis)?;
        Some(now.micros - start.micros)
    };
    since().is_some_and(|since| since < after)
}

impl<'a> Record<'a> {
    /// The line of the record that holds the end of a match.
    fn sight(&self, end: usize) -> Sight<'a> {
        let part = self.parts.iter().find(|part| part.end >= end);
        Sight {
            entry: self.at.entry,
            line: part.map_or(self.at.line, |part| part.line),
            raw: part.map_or(self.at.raw, |part| &part.raw),
            place: self.place,
            weight: self.weight,
        }
    }
}
