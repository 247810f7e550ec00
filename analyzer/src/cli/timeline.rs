//! `timeline`.

use super::arguments::{Form, Timeline as Arguments};
use super::inputs::{inputs_with, options, rules};
use super::pager::paged;
use super::{Exit, Failure};
use crate::analyze::{read, report_on};
use crate::terminal::{escape, place};
use crate::timeline::{Against, Event, Skew, Timeline, timeline};
use chrono::SecondsFormat;
use std::io::{self, Write};

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let rules = rules(arguments.reading.rules.as_ref())?;
    let options = options(&arguments.reading);
    paged(&arguments.display, |out| {
        for input in inputs_with(&arguments.input, &arguments.reading.opening)? {
            let read = read(&input, &rules, &options)?;
            let report = report_on(&read, &rules);
            let timeline = timeline(&read, &rules, &report);
            match arguments.display.format {
                Form::Text => text(&timeline, out)?,
                Form::Json => super::json(&timeline, out)?,
            }
        }
        Ok(Exit::Done)
    })
}

fn text(timeline: &Timeline, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "Times are UTC by the node's clock; ~ marks an inferred year."
    )?;
    writeln!(out, "{}\n", skew(timeline.skew.as_ref()))?;
    if timeline.events.is_empty() {
        return writeln!(out, "Nothing in the input has a time whose year is known.");
    }
    timeline
        .events
        .iter()
        .try_for_each(|event| line(event, out))
}

fn skew(skew: Option<&Skew>) -> String {
    let Some(skew) = skew else {
        return "Nothing tells how far it is from the API server's.".to_owned();
    };
    let side = if skew.seconds < 0.0 {
        "behind"
    } else {
        "ahead of"
    };
    let within = skew
        .uncertainty
        .map_or_else(String::new, |seconds| format!(" (± {seconds:.1} s)"));
    let place = skew
        .place
        .as_ref()
        .map_or_else(String::new, |spot| place(Some(&spot.entry), spot.line));
    let apart = skew.seconds.abs();
    let other = match skew.against {
        Against::ApiServer => "the API server's",
        Against::TimeService => "the right time, says its own time service",
        Against::Signer => "that of who signed its certificates",
    };
    let text = match skew.against {
        Against::Signer => format!("It is at least {apart:.1} s {side} {other}{place}."),
        _ if apart < 1.0 => format!("It agrees with {other} within a second{within}{place}."),
        _ => format!(
            "It is {apart:.1} s{within} {side} {other}{place}; behind each time stands that of the other clock."
        ),
    };
    escape(&text).into_owned()
}

fn line(event: &Event, out: &mut dyn Write) -> io::Result<()> {
    let mark = if event.year_inferred { '~' } else { ' ' };
    let time = event.time.to_rfc3339_opts(SecondsFormat::Millis, true);
    let rule = event
        .rule
        .as_ref()
        .map_or_else(String::new, |id| format!(" [{id}]"));
    let spot = event
        .place
        .as_ref()
        .map_or_else(String::new, |spot| place(Some(&spot.entry), spot.line));
    let other = event.server_time.map_or_else(String::new, |time| {
        format!("({}) ", time.to_rfc3339_opts(SecondsFormat::Millis, true))
    });
    let text = format!(
        "{time}{mark} {other}{:<14} {}{rule}{spot}",
        event.kind.as_str(),
        event.what
    );
    writeln!(out, "{}", escape(&text))?;
    let then = event.certificates.iter();
    then.map(|text| format!("{:26}{}", "", escape(text)))
        .try_for_each(|line| writeln!(out, "{line}"))
}
