use super::*;

fn text(line: &str) -> String {
    String::from_utf8_lossy(&read(line.as_bytes()).text).into_owned()
}

#[test]
fn output_that_a_message_quotes_does_not_take_its_beginning() {
    let line = "[ERROR ImagePull]: failed to pull image a/b:1: output: E0504 10:11:12.100000    1201 remote_image.go:180] x";
    assert_eq!(text(line), line);
    assert_eq!(
        text("kubelet_1  | E0504 10:11:12.100000    1201 remote_image.go:180] x"),
        "x"
    );
}

const HEADERS: &[(&str, &str, Level)] = &[
    (
        "E1122 07:22:29.934915      76 run.go:72] \"command failed\" err=\"a \\\"b\\\"\"",
        "\"command failed\" err=\"a \"b\"\"",
        Level::Error,
    ),
    (
        "time=\"2022-10-23T21:21:49.697596229Z\" level=error msg=\"a \\\"b\\\"\" error=\"c\"",
        "\"a \"b\"\" error=\"c\"",
        Level::Error,
    ),
    (
        "Ztime=\"2021-11-15 04:31:53\" level=info msg=word",
        "word",
        Level::Info,
    ),
    (
        "level=warning msg=\"a\" error=\"c\"",
        "\"a\" error=\"c\"",
        Level::Warning,
    ),
    (
        "FATA[0000] getting status failed",
        "getting status failed",
        Level::Fatal,
    ),
    (
        "FATA [0000] permission denied",
        "permission denied",
        Level::Fatal,
    ),
    (
        "2018-07-10 12:43:29.050068 W | rafthttp: health",
        "rafthttp: health",
        Level::Warning,
    ),
    (
        "{\"ts\":1718772785058.5,\"caller\":\"kubelet/kubelet.go:1\",\"msg\":\"Failed\",\"err\":\"x \\\"y\\\"\"}",
        "\"Failed\" err=\"x \"y\"\"",
        Level::Error,
    ),
    (
        "{\"ts\":1718772785058.5,\"msg\":\"fine\",\"v\":0,\"n\":2}",
        "\"fine\" n=2",
        Level::Info,
    ),
    (
        "{\"level\":\"warn\",\"ts\":\"2023-01-20T08:27:48.123Z\",\"msg\":\"m\",\"error\":\"e\"}",
        "\"m\" error=\"e\"",
        Level::Warning,
    ),
    ("bootstrap.go:204] Part of", "Part of", Level::Info),
    (
        "Error: failed to run Kubelet: x",
        "Error: failed to run Kubelet: x",
        Level::Fatal,
    ),
    ("\tindented", "\tindented", Level::Info),
];

#[test]
fn headers_of_all_loggers_are_taken_off() {
    for &(line, want, level) in HEADERS {
        assert_eq!(text(line), want);
        assert_eq!(read(line.as_bytes()).level, level, "{line}");
    }
}

#[test]
fn a_child_of_k0s_is_seen_through_its_wrapper() {
    let line = br#"time="2024-07-08 08:46:25" level=info msg="E0708 08:46:25.876821    1814 kubelet.go:721] \"Error getting node\" err=\"node \\\"w\\\" not found\"" component=kubelet stream=stderr"#;
    let message = read(line);
    assert_eq!(message.level, Level::Error);
    assert_eq!(message.pid, Some(1814));
    assert_eq!(message.component.as_deref(), Some(&b"kubelet"[..]));
    assert_eq!(
        message.text.as_ref(),
        &br#""Error getting node" err="node "w" not found""#[..]
    );
}

#[test]
fn only_backslashes_before_quotes_go() {
    for (given, want) in [
        (r#"a\\\"b"#, r#"a"b"#),
        (r"C:\dir\n", r"C:\dir\n"),
        (r#"\\x \" \"#, r#"\\x " \"#),
    ] {
        assert_eq!(plain_quotes(given.as_bytes()).as_ref(), want.as_bytes());
    }
}
