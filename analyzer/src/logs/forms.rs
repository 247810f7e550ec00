//! Every form in which a log can come: the same line of the same kubelet, carried by each of them.

use super::digest::{Hit, LogDigest};
use super::patterns::PatternSet;
use super::patterns::tests::{pattern, rule};
use super::scanner::{Options, Scanner};
use crate::source::Source;

/// Reads a text that nothing but its content tells of, a day after its records.
fn scan(bytes: &[u8]) -> LogDigest {
    let rules = [rule(
        "r",
        vec![
            pattern(
                &["kubelet"],
                "command failed\" err=\"no (?P<what>[a-z]+) here",
            ),
            pattern(&["kernel"], "Killed process 4756"),
            pattern(&["systemd"], "Main process exited"),
        ],
    )];
    let patterns = PatternSet::new(&rules).unwrap();
    let options = Options {
        now: Some("2025-11-13T00:00:00Z".parse().unwrap()),
        ..Options::default()
    };
    let mut scanner = Scanner::new(&patterns, options);
    let source = Source::Named("posted.txt".into());
    scanner.scan("posted.txt", &source, &mut &*bytes).unwrap();
    scanner.finish()
}

/// `pattern program pid? time line`, the time with `~` where its year is inferred.
fn shown(hit: &Hit, digest: &LogDigest) -> String {
    let pid = hit
        .life
        .and_then(|life| digest.lives.get(life)?.pid)
        .map_or("-".to_owned(), |pid| pid.to_string());
    let time = hit.first.time.map_or("-".to_owned(), |stamp| {
        let mark = if stamp.year_inferred { "~" } else { "" };
        format!("{}{mark}", stamp.time.format("%Y-%m-%dT%H:%M:%S"))
    });
    let program = hit.program.as_deref().unwrap_or("-");
    let line = hit.first.origin.line.unwrap();
    format!("{program} {pid} {time} {line}")
}

/// The one hit of a text.
fn read(bytes: &[u8]) -> Vec<String> {
    let digest = scan(bytes);
    digest.hits.iter().map(|hit| shown(hit, &digest)).collect()
}

const DATED: &str = "kubelet 4756 2025-11-12T12:19:21 1";
const YEARLESS: &str = "kubelet 4756 2025-11-12T12:19:21~ 1";

const KLOG: &str =
    r#"E1112 12:19:21.474821    4756 kubelet.go:72] "command failed" err="no file here""#;

#[expect(clippy::too_many_lines, reason = "a table")]
fn one_line_forms() -> Vec<(&'static str, String, &'static str)> {
    let quoted = KLOG.replace('"', "\\\"");
    let with = |head: &str| format!("{head}{KLOG}");
    vec![
        ("klog", KLOG.to_owned(), YEARLESS),
        ("klog without bracket", KLOG.replace(']', ""), YEARLESS),
        ("klog with a wide pid", KLOG.replace("    4756", " 4756"), YEARLESS),
        ("klog with its folder", KLOG.replace("kubelet.go", "kubelet/kubelet.go"), YEARLESS),
        (
            "klog JSON",
            r#"{"ts":1762949961474.821,"caller":"kubelet/kubelet.go:72","msg":"command failed","err":"no file here"}"#.into(),
            "kubelet - 2025-11-12T12:19:21 1",
        ),
        ("short", with("Nov 12 12:19:21 w1 kubelet[4756]: "), YEARLESS),
        ("short, Dutch", with("nov 12 12:19:21 w1 kubelet[4756]: "), YEARLESS),
        ("short, French", with("nov. 12 12:19:21 w1 kubelet[4756]: "), YEARLESS),
        ("short, Chinese", with("11月 12 12:19:21 w1 kubelet[4756]: "), YEARLESS),
        ("short, Korean", with("11월 12 12:19:21 w1 kubelet[4756]: "), YEARLESS),
        ("short, Russian", with("ноя 12 12:19:21 w1 kubelet[4756]: "), YEARLESS),
        ("short, Russian genitive", with("ноября 12 12:19:21 w1 kubelet[4756]: "), YEARLESS),
        ("short, Turkish", with("Kas 12 12:19:21 w1 kubelet[4756]: "), YEARLESS),
        ("short, Hungarian", with("nov 12 12:19:21 w1 kubelet[4756]: "), YEARLESS),
        ("short, Finnish", with("marras 12 12:19:21 w1 kubelet[4756]: "), YEARLESS),
        ("short, number", with("11 12 12:19:21 w1 kubelet[4756]: "), YEARLESS),
        ("short, unknown language", with("xyz 12 12:19:21 w1 kubelet[4756]: "), YEARLESS),
        ("short-precise", with("Nov 12 12:19:21.490717 w1 kubelet[4756]: "), YEARLESS),
        ("short-iso", with("2025-11-12T12:19:21+0000 w1 kubelet[4756]: "), DATED),
        ("short-iso, colon", with("2025-11-12T17:49:21+05:30 w1 kubelet[4756]: "), DATED),
        ("short-iso-precise", with("2025-11-12T12:19:21.490717+0000 w1 kubelet[4756]: "), DATED),
        ("short-full", with("Wed 2025-11-12 12:19:21 UTC w1 kubelet[4756]: "), DATED),
        ("short-full, German", with("Mi 2025-11-12 12:19:21 UTC w1 kubelet[4756]: "), DATED),
        ("short-unix", with("1762949961.490717 w1 kubelet[4756]: "), DATED),
        ("short-monotonic", with("[    5.000000] w1 kubelet[4756]: "), YEARLESS),
        ("short-delta", with("[    5.012000 <    0.012000 >] w1 kubelet[4756]: "), YEARLESS),
        ("with-unit", with("Wed 2025-11-12 12:19:21 UTC w1 kubelet.service[4756]: "), DATED),
        ("cat", KLOG.to_owned(), YEARLESS),
        ("syslog", with("Nov 12 12:19:21 w1 kubelet: "), YEARLESS),
        ("syslog with priority", with("<30>Nov 12 12:19:21 w1 kubelet[4756]: "), YEARLESS),
        ("syslog, ISO", with("2025-11-12T12:19:21.49+00:00 w1 kubelet[4756]: "), DATED),
        ("RFC 5424", with("<30>1 2025-11-12T12:19:21.49Z w1 kubelet 4756 - - "), DATED),
        (
            "RFC 5424 with data",
            with("<30>1 2025-11-12T12:19:21.49Z w1 kubelet 4756 ID7 [a@1 b=\"c ] d\"][e f=\"g\"] "),
            DATED,
        ),
        ("RFC 5424 without priority", with("1 2025-11-12T12:19:21.49Z w1 kubelet 4756 - - "), DATED),
        (
            "journal JSON",
            format!(r#"{{"__CURSOR":"s=1;i=1","__REALTIME_TIMESTAMP":"1762949961490717","_BOOT_ID":"0dc8","PRIORITY":"6","SYSLOG_IDENTIFIER":"kubelet","_PID":"4756","MESSAGE":"{quoted}"}}"#),
            DATED,
        ),
        (
            "json-sse",
            format!(r#"data: {{"__REALTIME_TIMESTAMP":"1762949961490717","SYSLOG_IDENTIFIER":"kubelet","_PID":"4756","MESSAGE":"{quoted}"}}"#),
            DATED,
        ),
        (
            "json-seq",
            format!("\u{1e}{{\"__REALTIME_TIMESTAMP\":\"1762949961490717\",\"SYSLOG_IDENTIFIER\":\"kubelet\",\"_PID\":\"4756\",\"MESSAGE\":\"{quoted}\"}}"),
            DATED,
        ),
        ("CRI", with("2025-11-12T12:19:21.57606443Z stderr F "), DATED),
        ("CRI, zone", with("2025-11-12T07:19:21.57606443-05:00 stderr F "), DATED),
        (
            "docker",
            format!(r#"{{"log":"{quoted}\n","stream":"stderr","time":"2025-11-12T12:19:21.98Z"}}"#),
            DATED,
        ),
        (
            "docker with attributes",
            format!(r#"{{"log":"{quoted}\n","stream":"stderr","attrs":{{"tag":"x"}},"time":"2025-11-12T12:19:21.98Z"}}"#),
            DATED,
        ),
        (
            "k0s",
            format!(r#"Nov 12 12:19:21 w1 k0s[17]: time="2025-11-12 12:19:21" level=info msg="{quoted}" component=kubelet stream=stderr"#),
            YEARLESS,
        ),
        ("k3s", with("Nov 12 12:19:21 w1 k3s[4756]: "), "k3s 4756 2025-11-12T12:19:21~ 1"),
        ("microk8s", with("Nov 12 12:19:21 w1 microk8s.daemon-kubelite[4756]: "), "kubelite 4756 2025-11-12T12:19:21~ 1"),
        ("kubelet in docker", with("Nov 12 12:19:21 w1 docker[17]: "), "kubelet 17 2025-11-12T12:19:21~ 1"),
        ("talosctl logs", with("192.0.2.7: "), YEARLESS),
        ("kubectl logs --prefix", with("[pod/kubelet-w1/kubelet] "), YEARLESS),
        ("docker compose", with("kubelet_1  | "), YEARLESS),
        ("stern", with("kubelet-w1 kubelet "), YEARLESS),
        ("minikube logs", with("* Nov 12 12:19:21 minikube kubelet[4756]: "), YEARLESS),
        ("cut at the left", KLOG.replace("E1112 12:19:21.474821    4756 ", ""), "kubelet - - 1"),
        ("cut within the header", KLOG.replace("E1112 12:19:21.474821    ", ""), "kubelet - - 1"),
        ("Markdown quotation", with("> "), YEARLESS),
        ("nested quotation", with("> > Nov 12 12:19:21 w1 kubelet[4756]: "), YEARLESS),
        ("Markdown table", with("| ").replace("here\"", "here\" |"), YEARLESS),
        ("Markdown code", format!("`{KLOG}`"), YEARLESS),
        ("HTML entities", KLOG.replace('"', "&quot;"), YEARLESS),
        ("HTML numbers", KLOG.replace('"', "&#34;"), YEARLESS),
        ("typographic quotes", KLOG.replacen('"', "“", 1).replace('"', "”"), YEARLESS),
        ("no-break blanks", KLOG.replace(' ', "\u{a0}"), YEARLESS),
        ("indented", with("        "), YEARLESS),
        ("tab", with("\tNov 12 12:19:21 w1 kubelet[4756]: "), YEARLESS),
        ("CRLF", with("Nov 12 12:19:21 w1 kubelet[4756]: ") + "\r", YEARLESS),
        ("colours", format!("\u{1b}[31m{KLOG}\u{1b}[0m"), YEARLESS),
        ("colours of syslog", format!("Nov 12 12:19:21 w1 kubelet[4756]: #033[31m{KLOG}#033[0m"), YEARLESS),
        ("erase to the end of line", format!("{KLOG}\u{1b}[K\u{1b}[m"), YEARLESS),
        ("window title", format!("\u{1b}]0;root@w1\u{7}{KLOG}"), YEARLESS),
        ("NULs of a torn write", format!("\0\0\0{KLOG}"), YEARLESS),
        ("byte order mark", format!("\u{feff}{KLOG}"), YEARLESS),
        ("pager's cut", with("Nov 12 12:19:21 w1 kubelet[4756]: ") + " and so o>", YEARLESS),
        ("ellipsis", with("Nov 12 12:19:21 w1 kubelet[4756]: ") + " and so…", YEARLESS),
        ("grep with numbers", with("17:Nov 12 12:19:21 w1 kubelet[4756]: "), YEARLESS),
        ("grep with names", with("/var/log/messages:Nov 12 12:19:21 w1 kubelet[4756]: "), YEARLESS),
        ("list item", with("- Nov 12 12:19:21 w1 kubelet[4756]: "), YEARLESS),
    ]
}

#[test]
fn a_line_is_read_whatever_carries_it() {
    let wrong: Vec<String> = one_line_forms()
        .into_iter()
        .filter_map(|(form, line, want)| {
            let got = read(line.as_bytes());
            (got != [want]).then(|| format!("{form}: {got:?} instead of {want}\n  {line}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn spread_forms() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let quoted = KLOG.replace('"', "\\\"");
    let counted = |text: &str| {
        let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(text.as_bytes());
        bytes
    };
    let export = "__CURSOR=s=1;i=1\n__REALTIME_TIMESTAMP=1762949961490717\n_BOOT_ID=0dc8\nSYSLOG_IDENTIFIER=kubelet\n_PID=4756\n";
    let verbose = "Wed 2025-11-12 17:49:21.490717 IST [s=e9;i=1;b=0d;m=3;t=64364c636211d;x=9c]\n    _PID=4756\n    SYSLOG_IDENTIFIER=kubelet\n";
    vec![
        (
            "export",
            format!("{export}MESSAGE={KLOG}\n_UID=0\n\n{export}MESSAGE=fine\n\n").into(),
            "kubelet 4756 2025-11-12T12:19:21 6",
        ),
        (
            "export, no empty line at the end",
            format!("{export}MESSAGE={KLOG}").into(),
            "kubelet 4756 2025-11-12T12:19:21 6",
        ),
        (
            "export of several lines",
            [
                export.as_bytes(),
                b"MESSAGE\n",
                &counted(&format!("I1112 12:19:21.000000    4756 kubelet.go:1] one\n\n{KLOG}\nSYSLOG_IDENTIFIER=no")),
                b"\n_UID=0\n\n",
            ]
            .concat(),
            "kubelet 4756 2025-11-12T12:19:21 6",
        ),
        (
            "verbose",
            format!("{verbose}    MESSAGE={KLOG}\n    _BOOT_ID=0dc8\n").into(),
            "kubelet 4756 2025-11-12T12:19:21 4",
        ),
        (
            "verbose of several lines",
            format!("{verbose}    MESSAGE=one\n            {KLOG}\n    _BOOT_ID=0dc8\n").into(),
            "kubelet 4756 2025-11-12T12:19:21 4",
        ),
        (
            "json-pretty",
            format!("{{\n\t\"__CURSOR\" : \"s=1\",\n\t\"__REALTIME_TIMESTAMP\" : \"1762949961490717\",\n\t\"SYSLOG_IDENTIFIER\" : \"kubelet\",\n\t\"_PID\" : \"4756\",\n\t\"MESSAGE\" : \"{quoted}\",\n\t\"X\" : [\n\t\t\"a\",\n\t\t\"b\"\n\t]\n}}\n").into(),
            "kubelet 4756 2025-11-12T12:19:21 6",
        ),
        (
            "prompt before export",
            format!("root@w1:~# journalctl -u kubelet -o export\n{export}MESSAGE={KLOG}\n\n").into(),
            "kubelet 4756 2025-11-12T12:19:21 7",
        ),
        (
            "message of several lines in JSON",
            format!(r#"{{"__REALTIME_TIMESTAMP":"1762949961490717","SYSLOG_IDENTIFIER":"kubelet","_PID":"4756","MESSAGE":"one\ntwo\n{quoted}"}}"#).into(),
            "kubelet 4756 2025-11-12T12:19:21 1",
        ),
        (
            "coloured message in JSON",
            format!(r#"{{"__REALTIME_TIMESTAMP":"1762949961490717","SYSLOG_IDENTIFIER":"kubelet","_PID":"4756","MESSAGE":[{}]}}"#,
                format!("\u{1b}[31m{KLOG}\u{1b}[0m").bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(",")).into(),
            "kubelet 4756 2025-11-12T12:19:21 1",
        ),
        (
            "pieces of a container's line, the other stream between",
            format!("2025-11-12T12:19:21.5Z stderr P {}\n2025-11-12T12:19:21.5Z stdout F other\n2025-11-12T12:19:21.6Z stderr F {}\n", KLOG.split_at(60).0, KLOG.split_at(60).1).into(),
            "kubelet 4756 2025-11-12T12:19:21 3",
        ),
        (
            "block of klog with tabs",
            b"E1112 12:19:21.474821    4756 kubelet.go:72] \"command failed\" err=\"no file here\" dump=<\n\tone\n\ttwo\n >\n".to_vec(),
            YEARLESS,
        ),
        (
            "head of a klog file tells the year",
            format!("Log file created at: 2023/11/12 12:00:00\nRunning on machine: w1\nBinary: Built with gc go1.20 for linux/amd64\nLog line format: [IWEF]mmdd hh:mm:ss.uuuuuu threadid file:line] msg\n{KLOG}\n").into(),
            "kubelet 4756 2023-11-12T12:19:21~ 5",
        ),
        (
            "head of a journal tells the year",
            format!("-- Logs begin at Mon 2022-10-03 04:25:41 UTC, end at Sun 2022-11-13 05:00:34 UTC. --\nNov 12 12:19:21 w1 kubelet[4756]: {KLOG}\n").into(),
            "kubelet 4756 2022-11-12T12:19:21~ 2",
        ),
        (
            "code fence and prompt",
            format!("```console\n[root@w1 ~]# tail -1 /var/log/messages\nNov 12 12:19:21 w1 kubelet: {KLOG}\n```\n").into(),
            "kubelet 4756 2025-11-12T12:19:21~ 3",
        ),
        (
            "invalid UTF-8 before it",
            [&b"Nov 12 12:19:20 w1 kubelet[4756]: \xff\xfe x\nNov 12 12:19:21 w1 kubelet[4756]: "[..], KLOG.as_bytes(), b"\n"].concat(),
            "kubelet 4756 2025-11-12T12:19:21~ 2",
        ),
        (
            "a line of 16 MB before it",
            [&vec![b'x'; 16 << 20][..], b"\nNov 12 12:19:21 w1 kubelet[4756]: ", KLOG.as_bytes(), b"\n"].concat(),
            "kubelet 4756 2025-11-12T12:19:21~ 2",
        ),
        (
            "two lines wrapped by a terminal",
            format!("Nov 12 12:19:20 w1 kubelet[4756]: I1112 12:19:20.000000    4756 kubelet.go:7\n1] \"all is fine so far and will ever be so\"\nNov 12 12:19:21 w1 kubelet[4756]: {}\n{}\n", KLOG.split_at(42).0, KLOG.split_at(42).1).into(),
            "kubelet 4756 2025-11-12T12:19:21~ 3",
        ),
        (
            "kernel",
            b"[ 7063.247407] Memory cgroup out of memory: Killed process 4756 (kubelet) total-vm:327128kB\n".to_vec(),
            "kernel - - 1",
        ),
        (
            "kernel with wall time",
            b"[Wed Nov 12 12:19:21 2025] Memory cgroup out of memory: Killed process 4756 (kubelet) total-vm:327128kB\n".to_vec(),
            "kernel - 2025-11-12T12:19:21 1",
        ),
        (
            "kernel, raw",
            b"6,1234,7063247407,-;Memory cgroup out of memory: Killed process 4756 (kubelet)\n SUBSYSTEM=cgroup\n".to_vec(),
            "kernel - - 1",
        ),
        (
            "kernel, ISO",
            b"2025-11-12T12:19:21,567890+00:00 Memory cgroup out of memory: Killed process 4756 (kubelet)\n".to_vec(),
            "- - 2025-11-12T12:19:21 1",
        ),
        (
            "kernel, human",
            b"[Nov12 12:19] Memory cgroup out of memory: Killed process 4756 (kubelet)\n[  +0.032110] oom_reaper\n".to_vec(),
            "kernel - 2025-11-12T12:19:00~ 1",
        ),
        (
            "kernel, JSON",
            b"{\n   \"dmesg\": [\n      {\n         \"pri\": 3,\n         \"time\": 7063.247407,\n         \"msg\": \"Memory cgroup out of memory: Killed process 4756 (kubelet)\"\n      }\n   ]\n}\n".to_vec(),
            "- - - 6",
        ),
        (
            "kernel, decoded",
            b"kern  :err   : [Wed Nov 12 12:19:21 2025] Memory cgroup out of memory: Killed process 4756 (kubelet)\n".to_vec(),
            "kernel - 2025-11-12T12:19:21 1",
        ),
    ]
}

#[test]
fn a_record_is_read_whatever_lines_it_is_spread_over() {
    let wrong: Vec<String> = spread_forms()
        .into_iter()
        .filter_map(|(form, bytes, want)| {
            let got = read(&bytes);
            (got != [want]).then(|| format!("{form}: {got:?} instead of {want}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
