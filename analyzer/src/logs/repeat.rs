//! Lines of a known shape: nothing in them is looked for again.

use super::judge::Record;
use super::life_of::life_of;
use super::message::plain_quotes;
use super::place::Place;
use super::scanner::Scanner;
use super::shape::{Meaning, Own, Shape};
use super::shapes::Found;
use super::stream::At;
use super::window;
use std::borrow::Cow;

impl Scanner<'_> {
    /// Takes in a line whose shape is known; false where it has to be taken apart.
    pub(super) fn repeat(&mut self, number: usize, at: At<'_>, shape: Found) -> bool {
        let home = self.home(number);
        let Self {
            options,
            judge,
            streams,
            shapes,
            ordinal,
            ..
        } = self;
        let stream = streams.get_mut(number);
        let Some(stream) = stream.filter(|stream| stream.is_between_records()) else {
            return false;
        };
        let Some((shape, dial)) = shapes.get(shape, home) else {
            return false;
        };
        let Some(own) = shape.read(at.raw, dial) else {
            return false;
        };
        if stream.is_near_dump(own.author) || shape.dated && stream.wants_year() {
            return false;
        }
        let clock = own.carried.or(own.clock);
        if let Some(clock) = clock {
            stream.outside = !window::holds(options, clock);
        }
        if stream.outside {
            return true;
        }
        stream.stand_at(at);
        stream.learn_zone(own.carried, own.clock);
        stream.learn_year(own.carried, own.clock, &[]);
        let place = stream.place(*ordinal, clock);
        stream.count(own.author.program, place);
        let text = text(shape, &own);
        let life = life_of(shape.bearing, judge, stream, (own.author, &text, place));
        if stream.lives.take_folded() {
            stream.fold();
            judge.fold(number);
        }
        let record = record(shape, &own, at, (place, life), &text);
        match &shape.meaning {
            Meaning::None => {}
            Meaning::Match(judged) => judge.count_only(judged, &stream.lives, &record),
            Meaning::Verdict(verdict) => judge.judge_by(verdict, &stream.lives, &record),
        }
        true
    }
}

/// The message as patterns see it, where anything looks at it.
fn text<'a>(shape: &Shape, own: &Own<'a>) -> Cow<'a, [u8]> {
    let is_read = || shape.bearing.reads_text() || shape.meaning.reads_text(shape.level);
    if shape.escaped && is_read() {
        plain_quotes(own.message)
    } else {
        Cow::Borrowed(own.message)
    }
}

fn record<'a>(
    shape: &Shape,
    own: &Own<'a>,
    at: At<'a>,
    (place, life): (Place, Option<usize>),
    text: &'a [u8],
) -> Record<'a> {
    Record {
        author: own.author,
        level: shape.level,
        text,
        original: own.text,
        own_time: own.clock.is_some(),
        life,
        weight: 1,
        at,
        parts: &[],
        place,
    }
}
