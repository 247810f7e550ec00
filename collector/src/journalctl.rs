//! The journal through `journalctl`, where its files cannot be read by ourselves.

use crate::host::Host;
use crate::journal::Stream;
use crate::spec::MIB;

/// Lines of a stream, newest last, each as `journalctl` prints it in UTC; `None` where there is no such program to ask.
pub(crate) fn lines(host: &mut Host, stream: &Stream) -> Option<Vec<Line>> {
    let selection: &[&str] = match stream {
        Stream::Unit { unit, .. } => &["-u", unit.as_str()],
        Stream::Kernel => &["-k", "--boot=all"],
        Stream::Boots => return None,
    };
    let mut argv = COMMAND.to_vec();
    argv.extend(selection);
    let (ran, output) = host.run(&argv, 8 * MIB).ok()?;
    if ran.exit != Some(0) && output.is_empty() {
        return None;
    }
    let text = String::from_utf8_lossy(&output);
    Some(text.lines().filter_map(parse).collect())
}

/// One line of output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    /// From here on another boot, by its id.
    Boot(String),
    /// Time, host and program with the colon after it; the process; the message.
    Record {
        head: String,
        pid: Option<u32>,
        message: String,
    },
}

fn parse(line: &str) -> Option<Line> {
    if let Some(rest) = line.strip_prefix("-- Boot ") {
        return Some(Line::Boot(rest.split(' ').next()?.to_owned()));
    }
    if line.starts_with("-- ") {
        return None;
    }
    let (time, rest) = line.split_once(' ')?;
    let time = time
        .strip_suffix("+0000")
        .or_else(|| time.strip_suffix("+00:00"))
        .map(|time| format!("{time}Z"))?;
    let (program, message) = rest.split_once(": ").unwrap_or((rest, ""));
    let pid = program
        .rsplit_once('[')
        .and_then(|(_, pid)| pid.strip_suffix(']')?.parse().ok());
    Some(Line::Record {
        head: format!("{time} {program}: "),
        pid,
        message: message.to_owned(),
    })
}

const COMMAND: &[&str] = &[
    "/usr/bin/journalctl",
    "--no-pager",
    "--quiet",
    "--utc",
    "--output=short-iso-precise",
    "--lines=20000",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart_and_its_time_is_written_as_ours() {
        let line = "2026-11-22T07:47:16.761257+0000 worker-1 kubelet[101]: I1122 x: y";
        assert_eq!(
            parse(line),
            Some(Line::Record {
                head: "2026-11-22T07:47:16.761257Z worker-1 kubelet[101]: ".to_owned(),
                pid: Some(101),
                message: "I1122 x: y".to_owned(),
            })
        );
    }

    #[test]
    fn boots_are_kept_and_notes_dropped() {
        let boot = "-- Boot 135916c93c094783bf22be1f8eb56018 --";
        assert!(matches!(parse(boot), Some(Line::Boot(id)) if id.len() == 32));
        assert_eq!(parse("-- No entries --"), None);
    }
}
