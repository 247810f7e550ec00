//! What a host collector of replicatedhq/troubleshoot ran: `NAME-info.json` tells the command whose output is `NAME.txt`.

use crate::entry::Entry;
use crate::pasted::as_run;
use crate::source::Source;
use crate::tree::Node;
use crate::yaml;

/// The entry that holds the output, and what it is; `None` for any other entry, and for a command of which nothing is known.
pub(crate) fn output_of(entry: &Entry) -> Option<(String, Source)> {
    let stem = entry.name.strip_suffix("-info.json")?;
    if !matches!(entry.source, Source::Meta(_)) || !stem.contains("run-host/") {
        return None;
    }
    let info = yaml::parse_json(&entry.text()).ok()?.root;
    let command = info.get("command").and_then(Node::text)?;
    let source = as_run(without_shell(command))?;
    Some((format!("{stem}.txt"), source))
}

/// `/bin/sh -c cat /etc/fstab` → `cat /etc/fstab`
fn without_shell(command: &str) -> &str {
    let rest = command.split_once("sh -c ");
    let is_shell = |before: &str| {
        let name = before.rsplit('/').next().unwrap_or(before);
        !before.contains(' ') && ["", "ba", "da"].contains(&name)
    };
    rest.filter(|(before, _)| is_shell(before))
        .map_or(command, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(command: &str) -> Option<Source> {
        let name = "host-collectors/run-host/first-info.json";
        let entry = Entry {
            name: name.into(),
            source: Source::meta(name),
            bytes: format!("{{\"command\":\"{command}\",\"exitCode\":\"0\"}}").into_bytes(),
        };
        let (output, source) = output_of(&entry)?;
        assert_eq!(output, "host-collectors/run-host/first.txt");
        Some(source)
    }

    #[test]
    fn the_command_tells_what_its_output_is() {
        for (command, want) in [
            ("/usr/bin/df -h", Some(Source::command("df -h"))),
            (
                "/bin/sh -c cat /etc/fstab",
                Some(Source::file("/etc/fstab")),
            ),
            (
                "/usr/bin/journalctl -u k0scontroller --no-pager",
                Some(Source::journal_of("k0scontroller")),
            ),
            ("bash -c df -h | grep sda", None),
            ("/opt/vendor/check --all", None),
        ] {
            assert_eq!(told(command), want, "{command}");
        }
    }
}
