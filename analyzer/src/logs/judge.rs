//! Judges records: which patterns match, what they state, and whether nobody knows them. Each text is judged once.

use super::attribute::Author;
use super::klog::Level;
use super::lives::Cutter;
use super::memo::Memo;
use super::patterns::PatternSet;
use super::place::{Place, Spot};
use super::programs::{Program, Programs};
use super::recall::Recall;
use super::seen::{Identity, Seen};
use super::stated::statements;
use super::stream::{At, Part};
use super::tally::{Rate, Sight, Tally};
use super::templates::{self, Templates};
use super::verdict::{Answer, Judged, Verdict};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Judges the records of one input and keeps the results.
pub(crate) struct Judge<'p> {
    pub(crate) patterns: &'p PatternSet,
    pub(crate) programs: Programs,
    memo: Memo<Verdict>,
    /// `None` where no other log can hold the same record.
    seen: Option<Seen>,
    pub(crate) tally: Tally,
    pub(crate) templates: Templates,
    /// Statements by name and stream, the latest of each.
    pub(crate) stated: BTreeMap<(String, usize), (String, Spot)>,
    recall: Recall<Judged>,
    /// Matches of the record that is judged.
    matches: Vec<Judged>,
    /// Matches of which one alone tells what is wrong with the node.
    pub(crate) accusations: u64,
    /// Matches of which one alone tells that something is wrong, and not what.
    pub(crate) complaints: u64,
    /// The lines were judged before, in another form: only what matches counts.
    pub(crate) looks_again: bool,
    /// What else they tell was counted then.
    pub(crate) causes_only: bool,
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

impl<'p> Judge<'p> {
    pub(crate) fn new(patterns: &'p PatternSet) -> Self {
        Self {
            patterns,
            programs: Programs::new(patterns),
            memo: Memo::new(),
            seen: Some(Seen::default()),
            tally: Tally::default(),
            templates: Templates::default(),
            stated: BTreeMap::new(),
            recall: Recall::new(),
            matches: Vec::new(),
            accusations: 0,
            complaints: 0,
            looks_again: false,
            causes_only: false,
        }
    }

    /// The number of the program that logs under this identifier.
    pub(crate) fn number(&mut self, ident: &[u8]) -> Option<usize> {
        self.programs.number(ident, self.patterns)
    }

    /// The same for an identifier that the next lines are likely to have as well.
    pub(crate) fn sender(&mut self, ident: &[u8]) -> Option<usize> {
        let number = self.number(ident)?;
        self.programs.remember(ident, number);
        Some(number)
    }

    pub(crate) fn program(&self, number: Option<usize>) -> Option<&Program> {
        self.programs.get(number)
    }

    /// Judges one record. `lives` are those of its stream.
    pub(crate) fn judge(&mut self, lives: &Cutter, record: &Record<'_>) {
        let verdict = self.verdict(record);
        self.judge_by(&verdict, lives, record);
    }

    /// Judges one record whose verdict is known.
    pub(crate) fn judge_by(&mut self, verdict: &Verdict, lives: &Cutter, record: &Record<'_>) {
        if verdict.states {
            for (name, value) in statements(record.text) {
                self.state(&name, &value, record);
            }
        }
        if verdict.is_silent(record.level) {
            return;
        }
        let mut matches = std::mem::take(&mut self.matches);
        self.matches_of(verdict, record, &mut matches);
        let tells = !matches.is_empty() || record.level >= Level::Error;
        if tells && self.is_new(record) {
            for (at, judged) in matches.iter().enumerate() {
                if matches.len() == 1 || self.speaks_for_its_rule(at, &matches) {
                    self.count(lives, record, judged);
                }
            }
            if matches.is_empty() && !self.looks_again {
                self.unknown(verdict, record);
            }
        }
        matches.clear();
        self.matches = matches;
    }

    /// Whether of all matches of its rule this is the one that counts: a line that several patterns of a rule match is seen once.
    fn speaks_for_its_rule(&self, at: usize, matches: &[Judged]) -> bool {
        let rank = |(place, judged): (usize, &Judged)| {
            let pattern = self.patterns.pattern(judged.pattern)?;
            let alone = pattern.min <= 1 && pattern.after.is_none();
            let variables = self.tally.key_of(judged.key)?.variables.len();
            Some((pattern.rule, (alone, variables, std::cmp::Reverse(place))))
        };
        let mut all = matches.iter().enumerate().map(rank);
        let Some(Some((rule, own))) = all.clone().nth(at) else {
            return true;
        };
        !all.any(|other| other.is_some_and(|(of, other)| of == rule && other > own))
    }

    /// Takes in a record of which a match is all that can be told.
    pub(crate) fn count_only(&mut self, judged: &Judged, lives: &Cutter, record: &Record<'_>) {
        if self.is_new(record) {
            self.count(lives, record, judged);
        }
    }

    fn matches_of(&mut self, verdict: &Verdict, record: &Record<'_>, matches: &mut Vec<Judged>) {
        let program = self.programs.get(record.author.program);
        let program = program.map(|program| &program.name);
        let (patterns, tally) = (self.patterns, &mut self.tally);
        let answers = verdict.answers.iter();
        let find = |matches: &mut Vec<Judged>| {
            let found = answers.filter_map(|one| one.judged(patterns, tally, program, record.text));
            matches.extend(found);
        };
        if verdict.varies {
            self.recall
                .matches(record.class(), record.text, matches, find);
        } else {
            find(matches);
        }
    }

    fn unknown(&mut self, verdict: &Verdict, record: &Record<'_>) {
        let program = self.programs.get(record.author.program);
        let by = templates::Author {
            program: program.map(|program| &program.name),
            life: record.life,
        };
        self.templates
            .count(&verdict.template, by, record.text, record.sight(0));
    }

    /// Follows the folding of a stream's oldest lives.
    pub(crate) fn fold(&mut self, stream: usize) {
        self.tally.fold(stream);
        self.templates.fold(stream);
    }

    /// Takes every record for a new one from now on.
    pub(crate) fn expect_no_duplicates(&mut self) {
        self.seen = None;
    }

    /// Drops what is needed only while records come.
    pub(crate) fn forget(&mut self) {
        self.memo = Memo::new();
        self.seen = None;
        self.recall = Recall::new();
    }

    /// What the text of a record means.
    pub(crate) fn verdict(&mut self, record: &Record<'_>) -> Arc<Verdict> {
        let Self {
            patterns,
            programs,
            tally,
            memo,
            ..
        } = self;
        memo.verdict(record.class(), record.text, || {
            let program = programs.get(record.author.program);
            let name = program.map(|program| &program.name);
            let allowed = programs.allowed(record.author.program, record.author.sure);
            let candidates = patterns.candidates(record.text, allowed).into_iter();
            let answers: Vec<Answer> = candidates
                .filter_map(|number| Answer::new(number, patterns, tally, name, record.text))
                .collect();
            let speaks = program.is_none_or(|program| {
                program.runs_kubelet || program.supervises_kubelet || &*program.name == "containerd"
            });
            Verdict {
                varies: answers.iter().any(|one| !matches!(one, Answer::Match(_))),
                answers,
                states: speaks && !statements(record.text).is_empty(),
                template: templates::Slot::new(),
            }
        })
    }

    fn state(&mut self, name: &str, value: &str, record: &Record<'_>) {
        let sight = record.sight(0);
        let key = (name.to_owned(), record.place.stream);
        if let Some((old, spot)) = self.stated.get_mut(&key) {
            value.clone_into(old);
            spot.set(sight);
        } else {
            self.stated
                .insert(key, (value.to_owned(), Spot::new(sight)));
        }
    }

    fn is_new(&mut self, record: &Record<'_>) -> bool {
        let Some(seen) = &mut self.seen else {
            return true;
        };
        let identity = Identity {
            program: self
                .programs
                .get(record.author.program)
                .map(|program| &*program.name),
            pid: record.author.pid.filter(|_| !record.own_time),
            message: record.original,
            time: record
                .place
                .time()
                .filter(|_| !record.own_time)
                .map(|tick| tick.micros),
        };
        seen.is_new(record.place.stream, &identity)
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
        if self.looks_again && (pattern.min > 1 || self.causes_only && !pattern.accuses) {
            return;
        }
        self.accusations += u64::from(pattern.accuses && pattern.min <= 1);
        self.complaints += u64::from(pattern.complains && pattern.min <= 1);
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
        let start = life.first.time().filter(|_| life.start_seen)?;
        let now = record.place.time().filter(|now| now.basis == start.basis)?;
        Some(now.micros - start.micros)
    };
    since().is_some_and(|since| since < after)
}

impl<'a> Record<'a> {
    /// Lines of one program, read from the same patterns.
    fn class(&self) -> u32 {
        let class = self
            .author
            .program
            .map_or(0, |number| 2 * number + 1 + usize::from(self.author.sure));
        u32::try_from(class).unwrap_or(u32::MAX)
    }

    /// The line of the record that holds the end of a match.
    fn sight(&self, end: usize) -> Sight<'a> {
        let part = self.parts.iter().find(|part| part.end >= end);
        Sight {
            raw: part.map_or(self.at.raw, |part| &part.raw),
            place: Place {
                line: part.map_or(self.place.line, |part| part.line),
                ..self.place
            },
            weight: self.weight,
        }
    }
}
