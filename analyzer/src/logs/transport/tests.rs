use super::*;

fn parts(line: &str) -> (Option<String>, Option<u32>, String, bool) {
    let envelope = open(line.as_bytes());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        envelope.ident.as_deref().map(text),
        envelope.pid,
        text(&envelope.text),
        envelope.clock.is_some(),
    )
}

const CARRIERS: &[(&str, Option<&str>, Option<u32>, bool)] = &[
    (
        "2026-11-22T07:30:22.304123Z n1 kubelet[61]: hello",
        Some("kubelet"),
        Some(61),
        true,
    ),
    (
        "2025-11-12T17:49:24+0530 n1 kubelet[61]: hello",
        Some("kubelet"),
        Some(61),
        true,
    ),
    (
        "Nov 22 07:22:29 n1 kubelet[61]: hello",
        Some("kubelet"),
        Some(61),
        true,
    ),
    (
        "Nov  2 07:22:29.123456 n1 kubelet[61]: hello",
        Some("kubelet"),
        Some(61),
        true,
    ),
    (
        "4月 02 15:37:33 n1 kubelet[61]: hello",
        Some("kubelet"),
        Some(61),
        true,
    ),
    (
        "7 31 11:15:41 n1 kubelet[61]: hello",
        Some("kubelet"),
        Some(61),
        true,
    ),
    (
        "Dec  4 08:09:02 n1 kubelet: hello",
        Some("kubelet"),
        None,
        true,
    ),
    (
        "Wed 2025-11-12 12:19:21 UTC n1 kubelet[61]: hello",
        Some("kubelet"),
        Some(61),
        true,
    ),
    (
        "1762949961.490717 n1 kubelet[61]: hello",
        Some("kubelet"),
        Some(61),
        true,
    ),
    (
        "[    5.000000] n1 kubelet[61]: hello",
        Some("kubelet"),
        Some(61),
        false,
    ),
    ("[ 7063.247407] hello", Some("kernel"), None, false),
    (
        "[Thu Dec  7 00:05:15 2017] hello",
        Some("kernel"),
        None,
        true,
    ),
    ("<3>[ 1234.567890] hello", Some("kernel"), None, false),
    (
        "kern  :err   : [ 1234.567890] hello",
        Some("kernel"),
        None,
        false,
    ),
    (
        " user: warning: [2024-05-04T14:42:20.144Z]: [talos] hello",
        Some("talos"),
        None,
        true,
    ),
    (" kubelet[61]: hello", Some("kubelet"), Some(61), false),
    ("n1 kubelet[61]: hello", Some("kubelet"), Some(61), false),
    (
        "- Nov 22 07:22:29 n1 kubelet[61]: hello",
        Some("kubelet"),
        Some(61),
        true,
    ),
    (
        "[    5.000000] kubelet[61]: hello",
        Some("kubelet"),
        Some(61),
        false,
    ),
    (
        "2016-10-20T18:39:20.57606443Z stdout F hello",
        None,
        None,
        true,
    ),
    ("192.0.2.9: hello", None, None, false),
    (
        "Nov 22 07:22:29 n1 kernel: [   12.000001] hello",
        Some("kernel"),
        None,
        true,
    ),
    (
        "Nov 22 07:22:29 n1 (kubelet)[61]: hello",
        Some("(kubelet)"),
        Some(61),
        true,
    ),
    (
        r#"{"log":"hello\n","stream":"stderr","time":"2017-06-17T06:32:41.98Z"}"#,
        None,
        None,
        true,
    ),
    (
        r#"{ "__REALTIME_TIMESTAMP" : "1762949961490717", "SYSLOG_IDENTIFIER":"kubelet","_PID":"61","MESSAGE":[104,101,108,108,111]}"#,
        Some("kubelet"),
        Some(61),
        true,
    ),
];

#[test]
fn every_carrier_is_taken_off() {
    for &(line, ident, pid, timed) in CARRIERS {
        let want = (ident.map(str::to_owned), pid, "hello".to_owned(), timed);
        assert_eq!(parts(line), want, "{line}");
    }
}

#[test]
fn a_line_of_no_known_form_keeps_its_text() {
    for line in [
        "Error: failed to run Kubelet: x",
        "\tindented",
        "unknown flag: --network-plugin",
        "{\"ts\":1,\"msg\":\"x\"}",
        "INFO: 2016/11/13 22:09:06.134487 ->[192.0.2.1:1|x]: text",
        "2018-07-10 12:43:29.050068 W | rafthttp: health check",
    ] {
        let envelope = open(line.as_bytes());
        assert_eq!(envelope.text.as_ref(), line.as_bytes());
        assert!(!envelope.known, "{line}");
    }
}
