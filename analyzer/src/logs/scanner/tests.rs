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
    text += "Nov 22 07:33:29 n kubelet[70]: I1122 07:33:29.000000      70 x.go:1] \"Only news\"\n";
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
