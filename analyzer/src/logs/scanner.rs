//! Reads logs one after another, line by line, and keeps what rules need to know.

use super::attribute::{Author, author};
use super::carry::{MOST_REPEATS, repeated};
use super::clean::{clean, unquote};
use super::digest::LogDigest;
use super::fold::{Fold, Taken};
use super::heading::{Heading, heading};
use super::judge::{Judge, Record};
use super::life_of::{Bearing, bearing, life_of};
use super::message::{self, Message};
use super::patterns::PatternSet;
use super::place::Place;
use super::program;
use super::settle;
use super::shape::{Known, Whole};
use super::shapes::{Found, Outline, Outlined, Shapes};
use super::stream::{At, Block, Stream};
use super::transport::{self, Envelope};
use super::window;
use crate::source::Source;
use chrono::{DateTime, Utc};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// What is known besides the logs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// The node's time when the logs were taken, to find years with; the newest dated record serves without it.
    pub now: Option<DateTime<Utc>>,
    /// The node's zone, seconds east of UTC, for times that print none. Without it the lines that print both a local time and
    /// a zone tell, and UTC is assumed where none does.
    pub utc_offset: Option<i32>,
    /// Records before this are left out.
    pub since: Option<DateTime<Utc>>,
    /// Records after this are left out.
    pub until: Option<DateTime<Utc>>,
}

/// Scans the logs of one node.
pub struct Scanner<'p> {
    pub(super) options: Options,
    pub(super) judge: Judge<'p>,
    pub(super) streams: Vec<Stream>,
    stream_index: HashMap<String, usize>,
    pub(super) shapes: Shapes,
    pub(super) ordinal: u64,
}

/// A line, taken apart.
#[derive(Clone, Copy)]
pub(super) struct Parts<'p> {
    pub(super) envelope: &'p Envelope<'p>,
    pub(super) message: &'p Message<'p>,
}

impl<'p> Scanner<'p> {
    /// A scanner that has read nothing.
    pub fn new(patterns: &'p PatternSet, options: Options) -> Self {
        Self {
            options,
            judge: Judge::new(patterns),
            streams: Vec::new(),
            stream_index: HashMap::new(),
            shapes: Shapes::default(),
            ordinal: 0,
        }
    }

    /// Replaces the options: what other entries tell of the node's time may come after its logs.
    pub fn set_options(&mut self, options: Options) {
        self.options = options;
    }

    /// Says that one log is all there is, so that no other holds the same records.
    pub(crate) fn expect_no_duplicates(&mut self) {
        self.judge.expect_no_duplicates();
    }

    /// What the logs hold.
    pub fn finish(self) -> LogDigest {
        let Self {
            options,
            mut judge,
            streams,
            shapes,
            ..
        } = self;
        // The results need the room.
        drop(shapes);
        judge.forget();
        settle::settle(judge, streams, options)
    }

    /// The number of the stream that an entry is part of.
    pub(super) fn stream(&mut self, entry: &str, source: &Source) -> usize {
        let key = log_name(entry);
        if let Some(&number) = self.stream_index.get(key) {
            return number;
        }
        let number = self.streams.len();
        self.stream_index.insert(key.to_owned(), number);
        let hint = program::of_source(source).and_then(|name| self.judge.number(name.as_bytes()));
        let sure = match source {
            Source::Journal(_) => true,
            Source::File(path) => path.contains("/log/pods/") || path.contains("/log/containers/"),
            _ => false,
        };
        self.streams.push(Stream::new(number, hint, sure));
        number
    }

    /// Takes in one line.
    pub(super) fn line(&mut self, number: usize, at: At<'_>) -> Taken {
        let outlined = Outlined {
            line: at.raw,
            outline: Outline::of(at.raw),
        };
        let [shape] = self.shapes.find(&[outlined], self.home(number));
        self.found(number, at, shape)
    }

    /// Takes in one line whose shape was looked for.
    pub(super) fn found(&mut self, number: usize, at: At<'_>, shape: Found) -> Taken {
        self.ordinal += 1;
        let Some(stream) = self.streams.get_mut(number) else {
            return Taken::No;
        };
        if stream.fold.is_open() || Fold::may_begin(at.raw) {
            let taken = self.fold(number, at);
            if taken != Taken::No {
                return taken;
            }
        }
        if !self.repeat(number, at, shape) {
            self.lone_line(number, at);
        }
        Taken::No
    }

    fn lone_line(&mut self, number: usize, at: At<'_>) {
        let Some(stream) = self.streams.get_mut(number) else {
            return;
        };
        let line = clean(at.raw);
        let is_clean = line.len() == at.raw.len() && matches!(line, Cow::Borrowed(_));
        if line.trim_ascii().is_empty() {
            stream.in_status = false;
            return;
        }
        if stream.in_status && !ends_status(&line) {
            return;
        }
        stream.in_status = false;
        // Blocks of klog end with the sign that people quote with.
        let line = match line.first() {
            Some(b'>' | b'|' | b'`') if stream.block.is_none() => unquote(&line),
            _ => &line,
        };
        if let Some(heading) = heading(line) {
            return self.heading(number, heading);
        }
        let envelope = transport::open(line);
        let Some(text) = stream.whole(envelope.partial, envelope.is_error, &envelope.text) else {
            return;
        };
        if memchr::memchr2(b'\n', 0x1b, &text).is_some() {
            return self.lines_of(number, at, &envelope, &text);
        }
        let message = message::read(&text);
        let parts = Parts {
            envelope: &envelope,
            message: &message,
        };
        let known = self.record(number, at, parts);
        let stream = self.home(number);
        if let (true, Some(known)) = (is_clean, known) {
            self.shapes.learn(Whole {
                line: at.raw,
                stream,
                envelope: &envelope,
                message: &message,
                known,
            });
        }
    }

    fn heading(&mut self, number: usize, heading: Heading<'_>) {
        let Some(stream) = self.streams.get_mut(number) else {
            return;
        };
        match heading {
            Heading::Noise => {}
            Heading::Boot(boot) => {
                stream.lives.boot(boot);
                stream.supervisor.boot(boot);
            }
            Heading::Begins(day) => stream.calendar.covers(Some(day), None),
            Heading::Ends(day) => stream.calendar.covers(None, Some(day)),
            Heading::Section(name) => {
                let program = program::of_section(name);
                stream.section = program.and_then(|name| self.judge.number(name.as_bytes()));
            }
            Heading::Hole => stream.lives.hole(),
            Heading::Repeats(count) => stream.left_out = count,
            Heading::Status => stream.in_status = true,
        }
    }

    /// Counts a line that was not read as one.
    pub(super) fn count_line(&mut self) {
        self.ordinal += 1;
    }

    /// Takes in one record; what the judge knows of it whatever numbers are in it, unless it was none or became part of another.
    pub(super) fn record(&mut self, number: usize, at: At<'_>, parts: Parts<'_>) -> Option<Known> {
        let Parts { envelope, message } = parts;
        let stream = self.streams.get_mut(number)?;
        let left_out = std::mem::take(&mut stream.left_out);
        if let Some(clock) = envelope.clock.or(message.clock) {
            stream.outside = !window::holds(&self.options, clock);
        }
        if stream.outside {
            return None;
        }
        let author = author(&mut self.judge, stream, envelope, message);
        if stream.continues(author, at, message) {
            return None;
        }
        stream.stand_at(at);
        let interrupts = |block: &Block| block.is_full() || block.author.program == author.program;
        if stream.block.as_ref().is_some_and(interrupts) {
            self.close_block(number, at.entry);
        }
        let bearing = bearing(&self.judge, author, &message.text);
        let (place, life) = self.place(number, (author, bearing), parts);
        let stream = self.streams.get_mut(number)?;
        if stream.is_dump(author, message) {
            return None;
        }
        if message.text.ends_with(b"=<") {
            stream.block = Some(Block::new(author, message, life, place, at));
            return None;
        }
        let (weight, text) = repeated(&message.text);
        let record = Record {
            author,
            level: message.level,
            text,
            original: &envelope.text,
            own_time: message.clock.is_some(),
            life,
            weight: weight.saturating_add(left_out).min(MOST_REPEATS),
            at,
            parts: &[],
            place,
        };
        let verdict = self.judge.verdict(&record);
        self.judge.judge_by(&verdict, &stream.lives, &record);
        Some(Known {
            author,
            bearing,
            verdict,
        })
    }

    /// The stream as far as it tells who wrote its lines: below a heading it does not.
    pub(super) fn home(&self, number: usize) -> Option<usize> {
        let stream = self.streams.get(number);
        stream.filter(|stream| stream.section.is_none())?;
        Some(number)
    }

    /// The place of a line in time and in the lives of the kubelet, which it may cut.
    fn place(
        &mut self,
        number: usize,
        (author, bearing): (Author, Bearing),
        Parts { envelope, message }: Parts<'_>,
    ) -> (Place, Option<usize>) {
        let Some(stream) = self.streams.get_mut(number) else {
            return (Place::nowhere(self.ordinal), None);
        };
        if let Some(boot) = envelope.boot.as_deref() {
            let boot = std::str::from_utf8(boot).ok();
            stream.lives.boot(boot);
            stream.supervisor.boot(boot);
        }
        stream.learn_zone(envelope.clock, message.clock);
        stream.learn_year(envelope.clock, message.clock, &message.text);
        let place = stream.place(self.ordinal, envelope.clock.or(message.clock));
        stream.steps.measure(envelope, place);
        stream.count(author.program, place);
        let life = life_of(bearing, &self.judge, stream, (author, &message.text, place));
        if stream.lives.take_folded() {
            stream.fold();
            self.judge.fold(number);
        }
        (place, life)
    }

    pub(super) fn close_block(&mut self, number: usize, entry: &Arc<str>) {
        let Some(stream) = self.streams.get_mut(number) else {
            return;
        };
        let Some(block) = stream.block.take() else {
            return;
        };
        let Some(first) = block.parts.first() else {
            return;
        };
        let record = Record {
            author: block.author,
            level: block.level,
            text: &block.text,
            original: &block.text,
            own_time: block.own_time,
            life: block.life,
            weight: 1,
            at: At {
                entry,
                line: first.line,
                raw: &first.raw,
            },
            parts: &block.parts,
            place: block.place,
        };
        self.judge.judge(&stream.lives, &record);
    }
}

/// The name that all parts of one log share: `journal/kubelet.service/0001.log` → `journal/kubelet.service/`.
pub(super) fn log_name(entry: &str) -> &str {
    let Some((folder, name)) = entry.rsplit_once('/') else {
        return entry;
    };
    let part = name
        .strip_suffix(".log")
        .is_some_and(|stem| stem.len() == 4 && stem.bytes().all(|byte| byte.is_ascii_digit()));
    if part { folder } else { entry }
}

/// Whether the description of a unit ended before this line, though no empty line parts them, as where a fence or a prompt came
/// between.
fn ends_status(line: &[u8]) -> bool {
    let line = unquote(line);
    line.first()
        .is_some_and(|first| !first.is_ascii_whitespace())
        && (heading(line).is_some() || transport::open(line).known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::digest::Hit;
    use crate::logs::patterns::tests::{pattern, rule};
    use crate::rule::Rule;
    use std::fmt::Write as _;

    fn scan(rules: &[Rule], entries: &[(&str, Source, &str)]) -> LogDigest {
        let patterns = PatternSet::new(rules).unwrap();
        let mut scanner = Scanner::new(&patterns, Options::default());
        for (name, source, text) in entries {
            scanner.scan(name, source, &mut text.as_bytes()).unwrap();
        }
        scanner.finish()
    }

    fn kubelet_rule(text: &str) -> [Rule; 1] {
        [rule("r", vec![pattern(&["kubelet"], text)])]
    }

    fn unit() -> Source {
        Source::Journal("kubelet.service".into())
    }

    fn named(name: &str) -> Source {
        Source::Named(name.into())
    }

    fn places(hit: &Hit) -> (u64, u64, u64) {
        let line = |occurrence: &crate::logs::Occurrence| occurrence.origin.line.unwrap();
        (hit.count, line(&hit.first), line(&hit.last))
    }

    const CRASH_LOOP: &str = "\
-- Boot 50bd0000000000000000000000000000 --
Nov 22 07:33:01 n systemd[1]: Started kubelet.service - kubelet: The Kubernetes Node Agent.
Nov 22 07:33:01 n kubelet[61]: I1122 07:33:01.506117      61 server.go:545] \"Kubelet version\" kubeletVersion=\"v1.36.2\"
Nov 22 07:33:02 n kubelet[61]: E1122 07:33:02.100000      61 run.go:72] \"command failed\" err=\"one\"
Nov 22 07:33:02 n systemd[1]: kubelet.service: Main process exited, code=exited, status=1/FAILURE
Nov 22 07:33:02 n systemd[1]: kubelet.service: Failed with result 'exit-code'.
Nov 22 07:33:12 n systemd[1]: Started kubelet.service - kubelet: The Kubernetes Node Agent.
Nov 22 07:33:12 n kubelet[70]: I1122 07:33:12.506117      70 server.go:545] \"Kubelet version\" kubeletVersion=\"v1.36.2\"
Nov 22 07:33:13 n kubelet[70]: E1122 07:33:13.100000      70 run.go:72] \"command failed\" err=\"one\"
";

    fn as_json(text: &str) -> String {
        let mut out = String::new();
        for line in text.lines().filter(|line| !line.starts_with("--")) {
            let seconds: u64 = line.get(13..15).unwrap().parse().unwrap();
            let (sender, message) = line.get(18..).unwrap().split_once(": ").unwrap();
            let (ident, pid) = sender.trim_end_matches(']').split_once('[').unwrap();
            let micros = 1_795_332_780_000_000 + seconds * 1_000_000 + 304_123;
            out += &serde_json::json!({
                "__REALTIME_TIMESTAMP": micros.to_string(),
                "_BOOT_ID": "50bd0000000000000000000000000000",
                "SYSLOG_IDENTIFIER": ident,
                "_PID": pid,
                "MESSAGE": message,
            })
            .to_string();
            out.push('\n');
        }
        out
    }

    #[test]
    fn the_same_journal_in_several_entries_is_counted_once() {
        let rules = [rule(
            "r",
            vec![
                pattern(&["kubelet"], "command failed"),
                pattern(&["systemd"], "Main process exited"),
            ],
        )];
        let json = as_json(CRASH_LOOP);
        let tail = CRASH_LOOP.lines().rev().take(3).collect::<Vec<_>>();
        let status = format!(
            "● kubelet.service - kubelet\n   Main PID: 70\n\n{}\n{}\n{}\n",
            tail[2], tail[1], tail[0]
        );
        let digest = scan(
            &rules,
            &[
                ("kubelet.txt", unit(), CRASH_LOOP),
                ("kubelet.json", unit(), &json),
                (
                    "status.txt",
                    Source::Command("systemctl status kubelet".into()),
                    &status,
                ),
            ],
        );
        let lives: Vec<_> = digest
            .lives
            .iter()
            .map(|life| (life.pid, life.start_seen, life.end_seen, life.records))
            .collect();
        assert_eq!(
            lives,
            [(Some(61), true, true, 2), (Some(70), true, false, 2)]
        );
        let hits: Vec<_> = digest
            .hits
            .iter()
            .map(|hit| (hit.pattern, hit.life, hit.count))
            .collect();
        assert_eq!(hits, [(0, Some(0), 1), (1, Some(0), 1), (0, Some(1), 1)]);
        assert_eq!(&*digest.hits[0].first.origin.entry, "kubelet.txt");
    }

    #[test]
    fn repeats_that_were_left_out_are_counted_with_the_line_that_stands_for_them() {
        let mark = "-- 40 repeats of the next line left out, the first at 2026-11-22T07:33:02Z --";
        let at = CRASH_LOOP.rfind("Nov 22").unwrap();
        let (before, last) = CRASH_LOOP.split_at(at);
        let text = format!("{before}{mark}\n{last}");
        let digest = scan(&kubelet_rule("command failed"), &[("k", unit(), &text)]);
        let counts: Vec<u64> = digest.hits.iter().map(|hit| hit.count).collect();
        assert_eq!(counts, [1, 41]);
        assert_eq!(digest.lives.len(), 2);
    }

    #[test]
    fn the_order_of_entries_does_not_change_lives_and_counts() {
        let rules = kubelet_rule("command failed");
        let json = as_json(CRASH_LOOP);
        let text = ("kubelet.txt", unit(), CRASH_LOOP);
        let other = ("kubelet.json", unit(), json.as_str());
        let one = scan(&rules, &[text.clone(), other.clone()]);
        let two = scan(&rules, &[other, text]);
        let counts = |digest: &LogDigest| {
            digest
                .hits
                .iter()
                .map(|hit| (hit.life, hit.count))
                .collect::<Vec<_>>()
        };
        assert_eq!(counts(&one), counts(&two));
        let lives = |digest: &LogDigest| {
            let times = digest
                .lives
                .iter()
                .map(|life| (life.pid, life.first, life.last));
            times.collect::<Vec<_>>()
        };
        assert_eq!(lives(&one), lives(&two));
        assert_eq!(one.newest, two.newest);
    }

    #[test]
    fn years_come_from_dated_records_anywhere() {
        let dated = "2026-11-23T00:00:00Z n containerd[5]: time=\"2026-11-23T00:00:00Z\" level=info msg=\"x\"\n";
        let digest = scan(
            &kubelet_rule("command failed"),
            &[
                ("kubelet.txt", unit(), CRASH_LOOP),
                (
                    "containerd.txt",
                    Source::Journal("containerd".into()),
                    dated,
                ),
            ],
        );
        let stamp = digest.hits[0].first.time.unwrap();
        assert_eq!(stamp.time.to_rfc3339(), "2026-11-22T07:33:02+00:00");
        assert!(stamp.year_inferred);
        let alone = scan(
            &kubelet_rule("command failed"),
            &[("kubelet.txt", unit(), CRASH_LOOP)],
        );
        assert_eq!(alone.newest, None);
        assert!(alone.hits[0].first.time < alone.hits[1].first.time);
    }

    #[test]
    fn the_zone_is_learnt_from_lines_that_print_one() {
        let text = "\
Nov 12 17:49:24 n containerd[5]: time=\"2025-11-12T12:19:24.1Z\" level=info msg=\"x\"
Nov 12 17:49:25 n kubelet[6]: E1112 17:49:25.000000       6 run.go:72] \"command failed\"
";
        let digest = scan(
            &kubelet_rule("command failed"),
            &[("journal", Source::Journal(String::new()), text)],
        );
        let time = digest.hits[0].first.time.unwrap().time;
        assert_eq!(time.to_rfc3339(), "2025-11-12T12:19:25+00:00");
    }

    #[test]
    fn a_value_of_several_lines_is_one_record_and_the_telling_line_is_quoted() {
        let text = "\
Nov 22 07:31:24 n kubelet[58]: E1122 07:31:24.376990      58 run.go:72] \"command failed\" err=<
Nov 22 07:31:24 n kubelet[58]:         failed to validate kubelet flags: unknown labels specified
Nov 22 07:31:24 n systemd[1]: kubelet.service: Main process exited, code=exited, status=1/FAILURE
Nov 22 07:31:24 n kubelet[58]:         --node-labels must begin with an allowed prefix
Nov 22 07:31:24 n kubelet[58]:  >
";
        let rules = kubelet_rule("\"command failed\" err=.*unknown labels");
        let digest = scan(&rules, &[("k", unit(), text)]);
        assert_eq!(places(&digest.hits[0]), (1, 2, 2));
        assert_eq!(digest.hits[0].first.text, text.lines().nth(1).unwrap());
        assert!(digest.unexplained.is_empty());
        let bare: String = text.lines().filter(|line| line.contains("kubelet[")).fold(
            String::new(),
            |mut all, line| {
                all += line.get(31..).unwrap();
                all.push('\n');
                all
            },
        );
        let digest = scan(&rules, &[("kubelet.log", named("kubelet.log"), &bare)]);
        assert_eq!(places(&digest.hits[0]), (1, 2, 2));
    }

    #[test]
    fn errors_that_no_rule_knows_are_shown_by_frequency() {
        let mut text = CRASH_LOOP.to_owned();
        for n in 0..5 {
            let _ = writeln!(
                text,
                "Nov 22 07:33:2{n} n kubelet[70]: E1122 07:33:2{n}.000000      70 x.go:1] \"Strange thing\" id={n}"
            );
        }
        text +=
            "Nov 22 07:33:29 n kubelet[70]: I1122 07:33:29.000000      70 x.go:1] \"Only news\"\n";
        let digest = scan(&kubelet_rule("nothing like this"), &[("k", unit(), &text)]);
        let shown: Vec<_> = digest
            .unexplained
            .iter()
            .map(|template| (template.text.as_str(), template.count, template.current))
            .collect();
        assert_eq!(
            shown,
            [
                ("\"Strange thing\" id=<*>", 5, 5),
                ("\"command failed\" err=\"one\"", 2, 1)
            ]
        );
    }

    #[test]
    fn frames_of_a_panic_match_nothing_but_its_message_does() {
        let text = "\
Nov 22 07:31:24 n kubelet[58]: panic: failed to merge x, error: unrecognized feature gate: X
Nov 22 07:31:24 n kubelet[58]: goroutine 1 [running]:
Nov 22 07:31:24 n kubelet[58]: k8s.io/kubernetes/feature gate.(*T).F(0xc000)
Nov 22 07:31:24 n kubelet[58]:         /src/feature gate/x.go:679 +0x1b2
Nov 22 07:31:25 n kubelet[58]: I1122 07:31:25.000000      58 x.go:1] feature gate again
";
        let digest = scan(&kubelet_rule("feature gate"), &[("k", unit(), text)]);
        assert_eq!(places(&digest.hits[0]), (2, 1, 5));
    }

    fn lives(digest: &LogDigest) -> Vec<(Option<u32>, bool, bool, u64)> {
        let lives = digest.lives.iter();
        lives
            .map(|life| (life.pid, life.start_seen, life.end_seen, life.records))
            .collect()
    }

    #[test]
    fn the_kubelet_of_k3s_lives_as_long_as_k3s() {
        let text = "\
Feb 02 08:45:20 n systemd[1]: Starting Lightweight Kubernetes...
Feb 02 08:45:21 n k3s[90]: time=\"2024-02-02T08:45:21Z\" level=info msg=\"Starting k3s agent v1.28.6+k3s1 (39a00015)\"
Feb 02 08:45:25 n k3s[90]: I0202 08:45:25.000000      90 server.go:1] \"Kubelet version\" kubeletVersion=\"v1.28.6+k3s1\"
Feb 02 08:45:26 n systemd[1]: Started Lightweight Kubernetes.
Feb 02 08:45:29 n k3s[90]: E0202 08:45:29.000000      90 kubelet_node_status.go:1] \"Unable to register node\"
Feb 02 08:45:30 n systemd[1]: k3s.service: Main process exited, code=exited, status=1/FAILURE
";
        let digest = scan(
            &kubelet_rule("Unable to register node"),
            &[("k3s.log", Source::Journal("k3s-agent.service".into()), text)],
        );
        assert_eq!(lives(&digest), [(Some(90), true, true, 3)]);
        assert_eq!(digest.hits[0].program.as_deref(), Some("k3s"));
        assert_eq!(digest.stated["version"].0, "v1.28.6+k3s1");
        assert!(digest.programs.iter().any(|program| program == "kubelet"));
    }

    #[test]
    fn the_lives_of_a_supervisor_count_only_where_the_kubelet_itself_is_silent() {
        let supervisor = "\
Feb 02 08:45:20 n systemd[1]: Starting Rancher Kubernetes Engine v2 (agent)...
Feb 02 08:45:21 n rke2[90]: time=\"2024-02-02T08:45:21Z\" level=info msg=\"Running kubelet\"
";
        let kubelet = "I0202 08:45:25.000000      95 server.go:1] \"Kubelet version\" kubeletVersion=\"v1.28.6\"\n";
        let journal = (
            "rke2",
            Source::Journal("rke2-agent.service".into()),
            supervisor,
        );
        let file = Source::File("/var/lib/rancher/rke2/agent/logs/kubelet.log".into());
        let digest = scan(&kubelet_rule("x"), std::slice::from_ref(&journal));
        assert_eq!(lives(&digest), [(Some(90), true, false, 1)]);
        let digest = scan(
            &kubelet_rule("x"),
            &[journal, ("kubelet.log", file, kubelet)],
        );
        assert_eq!(lives(&digest), [(Some(95), true, false, 1)]);
    }

    #[test]
    fn parts_of_one_journal_are_one_stream() {
        let (one, two) = CRASH_LOOP.split_at(CRASH_LOOP.find("Nov 22 07:33:12").unwrap());
        let digest = scan(
            &kubelet_rule("command failed"),
            &[
                ("journal/kubelet.service/0001.log", unit(), one),
                ("journal/kubelet.service/0002.log", unit(), two),
            ],
        );
        assert_eq!(digest.lives.len(), 2);
        assert_eq!(
            &*digest.hits[1].first.origin.entry,
            "journal/kubelet.service/0002.log"
        );
        assert_eq!(places(&digest.hits[1]), (1, 3, 3));
    }

    #[test]
    fn early_and_rare_matches_are_left_out_where_a_pattern_says_so() {
        let mut early = pattern(&["kubelet"], "command failed");
        early.after = Some("5s".into());
        let mut rare = pattern(&["kubelet"], "command failed");
        rare.min = Some(2);
        let digest = scan(
            &[rule("r", vec![early, rare])],
            &[("k", unit(), CRASH_LOOP)],
        );
        assert!(digest.hits.is_empty());
    }

    #[test]
    fn what_the_kubelet_states_is_kept_and_the_latest_wins() {
        let text = format!(
            "{CRASH_LOOP}Nov 22 07:34:12 n kubelet[71]: I1122 07:34:12.506117      71 server.go:545] \"Kubelet version\" kubeletVersion=\"v1.36.3\"\n"
        );
        let digest = scan(&kubelet_rule("x"), &[("k", unit(), &text)]);
        assert_eq!(digest.stated["version"].0, "v1.36.3");
    }

    #[test]
    fn a_line_of_no_program_meets_every_pattern_and_a_file_name_is_only_a_hint() {
        let rules = [rule("r", vec![pattern(&["containerd"], "unknown service")])];
        for (name, text, want) in [
            ("notes.txt", "unknown service x", 1),
            ("kubelet.log", "unknown service x", 1),
            (
                "kubelet.log",
                "E1122 07:33:02.100000      61 kubelet.go:72] unknown service x",
                0,
            ),
            ("a.log", "Nov 22 07:33:02 n sh[6]: unknown service x", 1),
            (
                "kubelet.log",
                "Nov 22 07:33:02 n kubelet[6]: unknown service x",
                0,
            ),
        ] {
            let digest = scan(&rules, &[(name, named(name), text)]);
            assert_eq!(digest.hits.len(), want, "{name}: {text}");
        }
    }

    #[test]
    fn repeats_that_syslog_counted_are_counted() {
        let digest = scan(
            &kubelet_rule("^lost it$"),
            &[(
                "messages",
                named("messages"),
                "Nov 22 07:33:02 n kubelet[6]: message repeated 5 times: [ lost it]\nNov 22 07:33:02 n kubelet[6]: lost it\n",
            )],
        );
        assert_eq!(digest.hits[0].count, 6);
    }

    #[test]
    fn nothing_breaks_the_scanner() {
        let rules = kubelet_rule("x");
        for bytes in [
            &b"\0\0\0\n\xff\xfe\n{\n{\"MESSAGE\":\n[\n[]\n<\n<3>\n-- Boot\nE1122\nE1122 07:33:02\n"[..],
            b"Nov 99 99:99:99 n k[99999999999]: \n2026-99-99T00:00:00Z n k[1]: x\n9999999999.999999 a b[1]: c\n",
            b"{\"__REALTIME_TIMESTAMP\":\"9223372036854775807\",\"MESSAGE\":\"x\"}\n0001-01-01T00:00:00Z n k[1]: x\n{\"ts\":1e300,\"msg\":\"x\"}\n",
            b"n kubelet[1]: message repeated 18446744073709551615 times: [ x]\nn kubelet[1]: message repeated 18446744073709551615 times: [ x]\n",
            b"time=\"\" level= msg=\nlevel=\nFATA[\n* ==>  <==\n[pod/] \n::1: \nmessage repeated 99999999999999999999 times: [ ]\n",
        ] {
            let patterns = PatternSet::new(&rules).unwrap();
            let mut scanner = Scanner::new(&patterns, Options::default());
            for cut in 0..bytes.len() {
                scanner.scan("e", &named("e"), &mut &bytes[cut..]).unwrap();
            }
            scanner.finish();
        }
    }
}
