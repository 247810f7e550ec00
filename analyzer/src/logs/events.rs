//! Events of the API as records: what the kubelet and the controllers told of the node, in the words in which they log it.

use super::attribute::Author;
use super::clock::Clock;
use super::judge::Record;
use super::klog::Level;
use super::scanner::Scanner;
use super::stream::At;
use super::window;
use crate::evidence::Sourced;
use crate::observed::NodeEvent;
use crate::source::Source;

impl Scanner<'_> {
    /// Takes in the events of the node. They cut no lives of the kubelet and count as no log of it: the API server has them
    /// from wherever they came, with one line for many repeats.
    pub(crate) fn events(&mut self, events: &[&Sourced<NodeEvent>]) {
        let mut events = events.to_vec();
        events.sort_by_key(|event| (event.value.time, &event.origin));
        let stream = self.stream(STREAM, &Source::Meta(STREAM.to_owned()));
        for event in events {
            self.event(stream, event);
        }
    }

    fn event(&mut self, number: usize, event: &Sourced<NodeEvent>) {
        let told = &event.value;
        let clock = told.time.map(|time| Clock::Utc(time.timestamp_micros()));
        if clock.is_some_and(|clock| !window::holds(&self.options, clock)) {
            return;
        }
        let program = program(told);
        let author = Author::named(program.and_then(|name| self.judge.number(name.as_bytes())));
        self.ordinal += 1;
        let text = text(told);
        let at = At {
            entry: &event.origin.entry,
            line: event.origin.line.unwrap_or_default(),
            raw: if told.line.is_empty() {
                text.as_bytes()
            } else {
                told.line.as_bytes()
            },
        };
        let Some(stream) = self.streams.get_mut(number) else {
            return;
        };
        stream.stand_at(at);
        let place = stream.place(self.ordinal, clock);
        let record = Record {
            author,
            level: if told.warning {
                Level::Warning
            } else {
                Level::Info
            },
            text: text.as_bytes(),
            original: text.as_bytes(),
            own_time: false,
            life: None,
            weight: told.count.max(1),
            at,
            parts: &[],
            place,
        };
        self.judge.judge(&stream.lives, &record);
    }
}

/// The name under which all events are one stream.
const STREAM: &str = "events of the API";

/// The program that logs such an event.
fn program(event: &NodeEvent) -> Option<&str> {
    match event.component.as_str() {
        "" => None,
        "node-controller" | "controllermanager" | "taint-eviction-controller" | "cidrAllocator" => {
            Some("kube-controller-manager")
        }
        other => Some(other),
    }
}

/// The event as `event.go` logs it.
fn text(event: &NodeEvent) -> String {
    let kind = if event.warning { "Warning" } else { "Normal" };
    format!(
        "\"Event occurred\" object=\"{}\" kind=\"{}\" apiVersion=\"v1\" type=\"{kind}\" reason=\"{}\" message=\"{}\"",
        event.object, event.kind, event.reason, event.message
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::patterns::tests::{pattern, rule};
    use crate::logs::{Options, PatternSet};
    use crate::origin::Origin;

    fn event(component: &str, time: &str) -> Sourced<NodeEvent> {
        Sourced {
            value: NodeEvent {
                node: "w1".into(),
                kind: "Node".into(),
                object: "w1".into(),
                warning: true,
                reason: "SystemOOM".into(),
                message: "System OOM encountered".into(),
                component: component.into(),
                time: time.parse().ok(),
                count: 12,
                line: "  \"message\": \"System OOM encountered\",".into(),
            },
            origin: Origin::line("events.json", 9),
        }
    }

    #[test]
    fn an_event_matches_what_its_log_line_would_and_is_no_life() {
        let rules = [rule(
            "r",
            vec![pattern(&["kubelet"], "reason=\"SystemOOM\"")],
        )];
        let patterns = PatternSet::new(&rules).unwrap();
        let mut scanner = Scanner::new(&patterns, Options::default());
        let kubelet = event("kubelet", "2026-11-22T07:48:02Z");
        let other = event("kernel-monitor", "2026-11-22T07:40:02Z");
        scanner.events(&[&kubelet, &other]);
        let digest = scanner.finish();
        let [hit] = digest.hits.as_slice() else {
            panic!("{:?}", digest.hits)
        };
        assert_eq!((hit.count, hit.first.origin.line), (12, Some(9)));
        assert_eq!(hit.first.text, kubelet.value.line);
        assert!(digest.lives.is_empty());
        assert!(digest.programs.is_empty());
        assert!(digest.clock_steps.is_empty());
        assert_eq!(digest.newest.unwrap().time, kubelet.value.time.unwrap());
    }
}
