//! Tells logs from configuration, tables and binary files.

use super::clean::{clean, unquote};
use super::heading::heading;
use super::journal::is_journal;
use super::{message, transport};

/// Whether an entry of unknown kind is to be read as a log, from its name and its first bytes (some KiB are enough).
///
/// Text that is nothing else counts: people post single lines, cut at both ends.
pub fn is_log(name: &str, head: &[u8]) -> bool {
    if is_journal(head) {
        return true;
    }
    if head.is_empty() || is_binary(head) || is_named_otherwise(name) {
        return false;
    }
    let lines: Vec<&[u8]> = head
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.trim_ascii().is_empty())
        .take(200)
        .collect();
    let records = lines.iter().filter(|line| is_record(line)).count();
    if records > 0 {
        return 10 * records >= lines.len() || is_named_log(name);
    }
    is_named_log(name) || !is_configuration(&lines)
}

/// Whether content is neither text nor a journal file, from its first bytes.
pub fn is_binary(head: &[u8]) -> bool {
    let zeros = memchr::memchr_iter(0, head).count();
    zeros > head.len() / 20 && !is_journal(head)
}

/// Whether a line has a header of its own, so that it begins a record.
pub(crate) fn is_headed(line: &[u8]) -> bool {
    message::read(line).headed
}

/// A line that something known carried, or that has a header of its own.
fn is_record(line: &[u8]) -> bool {
    let line = clean(line);
    let line = unquote(&line);
    if heading(line).is_some() {
        return false;
    }
    let envelope = transport::open(line);
    envelope.known || message::read(&envelope.text).headed
}

fn is_named_log(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    let name = name.trim_end_matches(".txt");
    name.contains(".log")
        || name.starts_with("journal")
        || matches!(name, "dmesg" | "messages" | "syslog")
}

fn is_named_otherwise(name: &str) -> bool {
    const ENDINGS: [&str; 18] = [
        "yaml", "yml", "conf", "toml", "pem", "crt", "key", "service", "cfg", "ini", "tf", "lock",
        "sh", "html", "md", "svg", "socket", "timer",
    ];
    let name = name.rsplit('/').next().unwrap_or(name);
    name.rsplit_once('.').is_some_and(|(_, ending)| {
        ENDINGS
            .iter()
            .any(|other| ending.eq_ignore_ascii_case(other))
    })
}

/// PEM, JSON documents, INI sections and key-value files.
fn is_configuration(lines: &[&[u8]]) -> bool {
    let Some(first) = lines.first().map(|line| line.trim_ascii()) else {
        return true;
    };
    let opens = [
        &b"-----BEGIN "[..],
        b"apiVersion:",
        b"#!",
        b"<?xml",
        b"<!DOCTYPE",
    ]
    .iter()
    .any(|start| first.starts_with(start));
    let section = first.starts_with(b"[") && first.ends_with(b"]") && !first.contains(&b' ');
    let json = matches!(first, b"{" | b"[") || first.starts_with(b"{\"") && lines.len() == 1;
    let pairs = lines.iter().filter(|line| is_pair(line)).count();
    opens || section || json || 10 * pairs >= 9 * lines.len()
}

/// `KEY=value` or `key: value` with a key of one word.
fn is_pair(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    let key = line
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
        .count();
    let rest = line.get(key..).unwrap_or_default();
    key > 0 && (rest.starts_with(b"=") || rest == b":") || line.starts_with(b"#")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_and_posted_lines_are_logs() {
        for (name, head) in [
            ("kubelet.log", "unknown flag: --network-plugin-dir"),
            ("a.txt", "Nov 22 07:22:29 n kubelet[76]: hello\n"),
            (
                "b",
                "{\"__REALTIME_TIMESTAMP\":\"1762949961490717\",\"MESSAGE\":\"x\"}\n",
            ),
            ("c.json", "{\"ts\":1718772785058.5,\"msg\":\"x\"}\n"),
            (
                "join.txt",
                "failed to check server version: Get https://192.0.2.1:6443/version: x509: certificate has expired",
            ),
            (
                "d",
                "[ 7063.247407] Memory cgroup out of memory: Killed process 1 (x)\n",
            ),
            ("journal.txt", "-- No entries --\n"),
            ("system.journal", "LPKSHHRH\0\0\0\0"),
        ] {
            assert!(is_log(name, head.as_bytes()), "{name}");
        }
    }

    #[test]
    fn configuration_and_binaries_are_not() {
        for (name, head) in [
            ("config.yaml", "apiVersion: v1\nkind: Config\n"),
            ("x", "apiVersion: v1\nkind: Config\n"),
            ("kubelet.conf", "a"),
            ("show.txt", "Type=simple\nRestart=always\n"),
            ("ca", "-----BEGIN CERTIFICATE-----\nMIIB\n"),
            ("node.json", "{\n  \"kind\": \"Node\"\n}\n"),
            ("unit", "[Unit]\nDescription=x\n"),
            ("empty.log", ""),
        ] {
            assert!(!is_log(name, head.as_bytes()), "{name}");
        }
    }
}
