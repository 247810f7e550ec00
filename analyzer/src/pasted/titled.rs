//! Sections below the titles that `supportconfig` writes: `#==[ Command ]===…#`, then `# /usr/bin/df -h` and the output.

use crate::names;
use crate::source::Source;

/// What a title announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Title {
    Command,
    File,
    Other,
}

impl Title {
    /// The title on a line.
    pub(super) fn of(line: &str) -> Option<Self> {
        let rest = line.strip_prefix("#==[ ")?;
        let (title, border) = rest.split_once(" ]")?;
        border.starts_with("==").then_some(match title {
            "Command" => Self::Command,
            "Configuration File" | "Log File" => Self::File,
            _ => Self::Other,
        })
    }

    /// What stands below the line behind a title; `None` where that is of no use.
    pub(super) fn source(self, line: &str) -> Option<Source> {
        let what = line.strip_prefix("# ")?;
        match self {
            Self::Command => as_run(what),
            Self::File if what.starts_with('/') => Some(absent(line).map_or_else(
                || Source::file(what.split(" - Last ").next().unwrap_or(what)),
                |path| Source::Command(format!("ls -la {path}")),
            )),
            _ => None,
        }
    }
}

/// The path in `# /etc/hosts - File not found`.
pub(super) fn absent(line: &str) -> Option<&str> {
    line.strip_prefix("# ")?.strip_suffix(" - File not found")
}

/// Whether lines of a source are records of a log.
pub(super) fn is_log(source: &Source) -> bool {
    match source {
        Source::Journal(_) => true,
        Source::File(path) => {
            path.starts_with("/var/log/") || path.rsplit('.').next() == Some("log")
        }
        _ => false,
    }
}

/// What the output of a command is, as a program ran it: `/usr/bin/systemctl status 'kubelet.service'`. `None` where it was filtered or
/// nothing is known of it.
pub(crate) fn as_run(line: &str) -> Option<Source> {
    let (program, rest) = line.split_once(' ').unwrap_or((line, ""));
    let program = program.rsplit('/').next().unwrap_or(program);
    let rest: String = rest.chars().filter(|c| !matches!(c, '\'' | '"')).collect();
    // Other network namespaces are not the node's.
    if rest.starts_with("netns exec ") || program == "nsenter" {
        return None;
    }
    let only_shortened = || {
        let mut stages = rest.split('|').skip(1);
        stages.all(|stage| matches!(stage.split_whitespace().next(), Some("tail" | "head")))
    };
    match program {
        "journalctl" if only_shortened() => journal(&rest),
        "dmesg" if only_shortened() => Some(Source::kernel_log()),
        _ if names::is_program(program) => super::source(format!("{program} {rest}").trim()),
        _ => None,
    }
}

/// The journal that these options of journalctl ask for.
fn journal(options: &str) -> Option<Source> {
    let about = ["--disk-usage", "--list-boot", "--verify", "--header"];
    if about.iter().any(|option| options.contains(option)) {
        return None;
    }
    let options = options.split('|').next().unwrap_or_default();
    let mut words = options.split_whitespace();
    let unit = words.find_map(|word| match word {
        "-u" | "--unit" => Some(None),
        "-k" | "--dmesg" => Some(Some("kernel")),
        _ => word.strip_prefix("--unit=").map(Some),
    });
    let unit = unit.map(|unit| unit.or_else(|| words.next()).unwrap_or_default());
    Some(Source::Journal(match unit {
        Some("kernel") => "kernel".to_owned(),
        Some(unit) if unit.contains('.') => unit.to_owned(),
        Some(unit) if !unit.is_empty() => format!("{unit}.service"),
        _ => String::new(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_known_by_their_program() {
        for (line, want) in [
            ("/usr/bin/df -hT", Some(Source::command("df -hT"))),
            (
                "/usr/bin/systemctl status 'kubelet.service'",
                Some(Source::command("systemctl status kubelet.service")),
            ),
            ("/usr/bin/dmesg -T", Some(Source::kernel_log())),
            ("/usr/bin/dmesg -T | grep taint", None),
            ("/sbin/ip netns exec blue ip addr", None),
            (
                "/usr/bin/journalctl --boot=0 --no-pager --output=short-iso -u docker",
                Some(Source::journal_of("docker")),
            ),
            (
                "/usr/bin/journalctl --boot=0 --no-pager --output=short-iso | tail -n 500",
                Some(Source::whole_journal()),
            ),
            ("/usr/bin/journalctl --no-pager --list-boot", None),
            ("/usr/bin/lsusb -vv", None),
        ] {
            assert_eq!(Title::Command.source(&format!("# {line}")), want, "{line}");
        }
    }

    #[test]
    fn files_have_their_path_and_missing_ones_are_told() {
        let file = |line| Title::File.source(line);
        assert_eq!(file("# /etc/hosts"), Some(Source::file("/etc/hosts")));
        assert_eq!(
            file("# /var/log/messages - Last 500 Lines"),
            Some(Source::file("/var/log/messages"))
        );
        assert_eq!(
            file("# /etc/fstab - File not found"),
            Some(Source::command("ls -la /etc/fstab"))
        );
        assert_eq!(Title::of("#==[ Log File ]=====#"), Some(Title::File));
        assert_eq!(Title::of("# ==[ Log File ]=="), None);
    }
}
