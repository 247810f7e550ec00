//! The form of a log in words, from its first lines.

use super::clean::{clean, unquote};
use super::fold::Fold;
use super::heading::heading;
use super::journal::is_journal;
use super::{message, transport};

/// What most of the first lines are: `systemd journal file`, `journal JSON`, `journal text`, `container log`, `klog`, …
pub fn form(head: &[u8]) -> &'static str {
    if is_journal(head) {
        return "systemd journal file";
    }
    let mut seen = [0_usize; FORMS.len()];
    let lines = head.split(|&byte| byte == b'\n').take(MOST_LINES);
    for form in lines.filter_map(of_line) {
        if let Some(count) = FORMS
            .iter()
            .position(|known| *known == form)
            .and_then(|at| seen.get_mut(at))
        {
            *count += 1;
        }
    }
    let most = seen.iter().copied().max().unwrap_or_default();
    let first = seen.iter().position(|count| *count == most && most > 0);
    first.and_then(|at| FORMS.get(at)).unwrap_or(&"log text")
}

/// Forms, the more telling first.
const FORMS: [&str; 9] = [
    "journal export",
    "journal JSON",
    "container log (Docker)",
    "container log (CRI)",
    "kernel log",
    "journal text",
    "klog",
    "JSON records",
    "log with times",
];

/// Lines that are looked at.
const MOST_LINES: usize = 200;

fn of_line(line: &[u8]) -> Option<&'static str> {
    let line = clean(line);
    let line = unquote(&line);
    if line.trim_ascii().is_empty() || heading(line).is_some() {
        return None;
    }
    if line != b"{" && Fold::may_begin(line) {
        return Some("journal export");
    }
    let envelope = transport::open(line);
    let json = line.trim_ascii_start().starts_with(b"{");
    if envelope.known {
        return Some(match (json, envelope.ident.as_deref()) {
            (true, _) if line.starts_with(b"{\"log\"") => "container log (Docker)",
            (true, _) => "journal JSON",
            (_, Some(b"kernel")) => "kernel log",
            (_, Some(_)) => "journal text",
            (_, None) => "container log (CRI)",
        });
    }
    let message = message::read(&envelope.text);
    match message.headed {
        _ if json => Some("JSON records"),
        true if message.file.is_some() => Some("klog"),
        true => Some("log with times"),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_named_by_most_of_their_lines() {
        for (head, want) in [
            ("LPKSHHRH\0\0", "systemd journal file"),
            ("Nov 22 07:22:29 n kubelet[76]: hello\n", "journal text"),
            (
                "{\"__REALTIME_TIMESTAMP\":\"1762949961490717\",\"MESSAGE\":\"x\"}\n",
                "journal JSON",
            ),
            (
                "{\"log\":\"hello\\n\",\"stream\":\"stderr\",\"time\":\"2017-06-17T06:32:41.98Z\"}\n",
                "container log (Docker)",
            ),
            (
                "2016-10-20T18:39:20.57606443Z stdout F hello\n",
                "container log (CRI)",
            ),
            ("[ 7063.247407] hello\n", "kernel log"),
            (
                "E1122 07:22:29.934915      76 run.go:72] \"command failed\"\n",
                "klog",
            ),
            (
                "__CURSOR=s=1\n__REALTIME_TIMESTAMP=1\nMESSAGE=x\n",
                "journal export",
            ),
            ("Error: x\n", "log text"),
            ("", "log text"),
        ] {
            assert_eq!(form(head.as_bytes()), want, "{head}");
        }
    }
}
