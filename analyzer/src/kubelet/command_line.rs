//! The flags that the kubelet runs with, from the best witness: the process, else its unit, else what it logged.

use super::flags::{self, Given};
use super::unit::{self, Unit};
use crate::derived::Context;
use crate::evidence::Evidence;
use crate::origin::Origin;
use crate::parse::arguments_file::ArgumentsFile;
use crate::parse::rancher_config::RancherConfig;
use crate::processes;
use crate::tree::Node;

/// The command line of the kubelet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// Who tells it.
    pub from: From,
    /// Path of the program, where known.
    pub program: Option<(String, Origin)>,
    /// Its flags in order.
    pub flags: Vec<Given>,
    /// Variables in `ExecStart=` that nothing defines; `None` when some may be defined in a file that was not sent.
    pub unset: Option<Vec<String>>,
    /// Whether these are all flags, so that one that is not here is not set.
    pub complete: bool,
    /// Where the whole of it stands.
    pub origin: Origin,
}

/// Who tells the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// The running process.
    Process,
    /// The unit, its drop-ins and environment files.
    Unit,
    /// A file of arguments, or the configuration of the program that embeds it.
    Settings,
    /// Lines that the kubelet logged at its start.
    Log,
}

impl From {
    /// `process`, `unit`, `settings` or `log`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Unit => "unit",
            Self::Settings => "settings",
            Self::Log => "log",
        }
    }
}

/// The command line; `None` when nothing tells it.
pub fn command_line(
    evidence: &Evidence,
    unit: Option<&Unit>,
    context: &Context<'_>,
) -> Option<CommandLine> {
    from_process(evidence)
        .or_else(|| from_unit(evidence, unit?))
        .or_else(|| from_arguments_file(evidence))
        .or_else(|| from_log(context))
        .or_else(|| from_rancher(evidence))
}

fn from_process(evidence: &Evidence) -> Option<CommandLine> {
    let running = processes::kubelet(evidence)?;
    let argv = running.process.argv.filter(|argv| unit::is_kubelet(argv))?;
    Some(CommandLine {
        from: From::Process,
        flags: flags::parse(&arguments(&argv, |_| running.origin.clone())),
        program: program(&argv).map(|path| (path.clone(), running.origin.clone())),
        unset: None,
        complete: true,
        origin: running.origin,
    })
}

/// The program that is the kubelet: OpenShift's wrapper is a script that starts it.
fn program(argv: &[String]) -> Option<&String> {
    match argv {
        [wrapper, kubelet, ..] if wrapper.ends_with("/kubenswrapper") => Some(kubelet),
        _ => argv.first(),
    }
}

/// The arguments behind the program, each with its place.
fn arguments(argv: &[String], place: impl Fn(&str) -> Origin) -> Vec<(String, Origin)> {
    let skipped = match argv {
        [program, first, ..] if program.ends_with("hyperkube") && first == "kubelet" => 2,
        [program, ..] if program.ends_with("/kubenswrapper") => 2,
        _ => 1,
    };
    argv.iter()
        .skip(skipped)
        .map(|word| (word.clone(), place(word)))
        .collect()
}

fn from_unit(evidence: &Evidence, unit: &Unit) -> Option<CommandLine> {
    let command = unit.command(evidence)?;
    let argv = &command.expanded.argv;
    if !unit::is_kubelet(argv) {
        return None;
    }
    // A flag stands where the variable that brought it in is set, else in ExecStart itself.
    let place = |word: &str| {
        let brought = command.variables.iter().rev().find(|one| {
            crate::systemd::words(&one.value.value)
                .iter()
                .any(|part| part == word)
        });
        brought.map_or_else(|| command.origin.clone(), |one| one.origin.clone())
    };
    Some(CommandLine {
        from: From::Unit,
        flags: flags::parse(&arguments(argv, place)),
        program: program(argv).map(|path| (path.clone(), command.origin.clone())),
        unset: command.complete.then(|| command.expanded.unset.clone()),
        complete: command.complete,
        origin: command.origin,
    })
}

fn from_arguments_file(evidence: &Evidence) -> Option<CommandLine> {
    let file = evidence
        .all::<ArgumentsFile>()
        .iter()
        .find(|file| file.value.program == "kubelet")?;
    let arguments: Vec<(String, Origin)> = file
        .value
        .arguments
        .iter()
        .map(|(line, word)| (word.clone(), Origin::line(file.origin.entry.clone(), *line)))
        .collect();
    Some(CommandLine {
        from: From::Settings,
        program: None,
        flags: flags::parse(&arguments),
        unset: None,
        complete: file.value.complete,
        origin: file.origin.clone(),
    })
}

/// k3s and RKE2 add flags of their own to those of their configuration, so these are never all.
fn from_rancher(evidence: &Evidence) -> Option<CommandLine> {
    let mut arguments = Vec::new();
    let mut first = None;
    for file in evidence.all::<RancherConfig>() {
        first.get_or_insert_with(|| file.origin.clone());
        let Some(extra) = file.value.root.get("kubelet-arg") else {
            continue;
        };
        for item in std::iter::once(extra).chain(extra.items()) {
            if let Some(word) = item.text().filter(|word| !word.is_empty()) {
                let origin = Origin::line(file.origin.entry.clone(), item.line);
                arguments.push((format!("--{}", word.trim_start_matches('-')), origin));
            }
        }
    }
    Some(CommandLine {
        from: From::Settings,
        program: None,
        flags: flags::parse(&arguments),
        unset: None,
        complete: false,
        origin: first?,
    })
}

/// The last value of a key in the configuration of k3s or RKE2.
pub fn rancher_value(evidence: &Evidence, key: &str) -> Option<(String, Origin)> {
    evidence
        .all::<RancherConfig>()
        .iter()
        .rev()
        .find_map(|file| {
            let node: &Node = file.value.root.get(key)?;
            let origin = Origin::line(file.origin.entry.clone(), node.line);
            Some((node.scalar()?, origin))
        })
}

fn from_log(context: &Context<'_>) -> Option<CommandLine> {
    let flags: Vec<Given> = context
        .logs
        .stated
        .iter()
        .filter_map(|(key, (value, at))| {
            Some(Given {
                name: key.strip_prefix("flag.")?.to_owned(),
                value: value.clone(),
                origin: at.origin.clone(),
            })
        })
        .collect();
    Some(CommandLine {
        from: From::Log,
        program: None,
        origin: flags.first()?.origin.clone(),
        unset: None,
        // A verbose kubelet prints every flag with its value, more than a hundred.
        complete: flags.len() > 60,
        flags,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapper_is_not_the_kubelet_and_hyperkube_is() {
        for (line, kubelet) in [
            (
                "/usr/local/bin/kubenswrapper /usr/bin/kubelet --v=2",
                "/usr/bin/kubelet",
            ),
            ("/usr/bin/hyperkube kubelet --v=2", "/usr/bin/hyperkube"),
            ("/usr/bin/kubelet --v=2", "/usr/bin/kubelet"),
        ] {
            let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(program(&argv).map(String::as_str), Some(kubelet));
        }
    }
}
