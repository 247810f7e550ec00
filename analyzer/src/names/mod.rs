//! What a file is a copy of, from the names that people and collectors give: `journalctl-u-kubelet.txt`, `ls_-la_etc`, `etc/hosts`.

mod known;

use crate::source::Source;
use known::{
    ALIASES, DAEMON_COMMANDS, DAEMONS, DASHED, KEEP, KNOWN_FILES, KNOWN_FOLDERS, OPTION_FIRST,
    PROGRAMS, ROOTS, UNMISTAKABLE,
};

/// What a file of a plain folder is a copy of.
///
/// A tail that looks like a path of a node makes it a copy of that file; else the file's own name is read as a command
/// or a journal; else nothing is known and content decides.
pub fn source(name: &str) -> Source {
    if let Some(path) = node_path(name) {
        return Source::File(path);
    }
    let base = name.rsplit('/').next().unwrap_or(name);
    let stem = without_sudo(stem(base));
    if let Some(path) = known_path(stem, KNOWN_FILES).or_else(|| exact(base, KNOWN_FILES)) {
        return Source::File(path.to_owned());
    }
    if let Some(unit) = journal(stem) {
        return Source::Journal(unit);
    }
    command(stem).map_or_else(|| Source::Named(name.to_owned()), Source::Command)
}

/// The command line behind the name of its output, without ending: `ss-tlnp` → `ss -tlnp`. `None` when it names no command.
pub fn command(stem: &str) -> Option<String> {
    let stem = without_sudo(stem);
    let words = words(stem);
    let program = words.first()?.as_str();
    let rest = words.get(1..).unwrap_or_default();
    if let Some((_, command)) = ALIASES.iter().find(|(alias, _)| *alias == words.join("-")) {
        return Some((*command).to_owned());
    }
    if program == "ls" {
        return Some(format!("ls -la {}", folder(rest)));
    }
    let second = rest.first().map(String::as_str);
    let tells =
        !DAEMONS.contains(&program) || second.is_some_and(|word| DAEMON_COMMANDS.contains(&word));
    if !PROGRAMS.contains(&program) || !tells {
        return None;
    }
    let mut line = vec![program.to_owned()];
    line.extend(rest.iter().enumerate().map(|(at, word)| {
        let lone_options = at == 0 && OPTION_FIRST.contains(&program) && word.len() <= 6;
        match word.as_str() {
            "version" if program != "kubectl" => "--version".to_owned(),
            _ if lone_options && !word.starts_with('-') => format!("-{word}"),
            _ => word.clone(),
        }
    }));
    Some(line.join(" "))
}

fn without_sudo(stem: &str) -> &str {
    let rest = stem
        .strip_prefix("sudo_")
        .or_else(|| stem.strip_prefix("sudo-"));
    rest.unwrap_or(stem)
}

/// Whether a word is a program whose output is known.
pub fn is_program(word: &str) -> bool {
    PROGRAMS.contains(&word) || matches!(word, "cat" | "ls" | "getent" | "dmesg")
}

/// The words of a name: `_` and blanks part words; where there are none, `-` does. Folders have `_` in their names.
fn words(stem: &str) -> Vec<String> {
    let is_dashed = stem.starts_with("ls-") || KEEP.iter().any(|k| stem.contains(k));
    let parted: Vec<&str> = if stem.contains(['_', ' ']) && !is_dashed {
        stem.split(['_', ' '])
            .filter(|word| !word.is_empty())
            .collect()
    } else {
        stem.split('-').filter(|word| !word.is_empty()).collect()
    };
    rejoin(&parted)
}

/// Puts words together again that have a dash of their own: `iptables-save`, `list-unit-files`.
fn rejoin(words: &[&str]) -> Vec<String> {
    let mut joined = Vec::new();
    let mut rest = words;
    while let [first, tail @ ..] = rest {
        let longest = (2..=rest.len().min(3)).rev().find_map(|count| {
            let candidate = rest.get(..count)?.join("-");
            DASHED
                .contains(&candidate.as_str())
                .then_some((candidate, count))
        });
        if let Some((word, count)) = longest {
            joined.push(word);
            rest = rest.get(count..).unwrap_or_default();
        } else {
            joined.push((*first).to_owned());
            rest = tail;
        }
    }
    joined
}

/// The folder behind `var-lib-kubelet` or `.var.lib.kubelet`, as far as the name tells.
fn folder(words: &[String]) -> String {
    let joined: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|word| !word.starts_with('-') && !["l", "la", "laR", "lR", "al"].contains(word))
        .collect();
    let path = joined.join("-");
    known_path(&path, KNOWN_FOLDERS).map_or_else(
        || {
            let plain = path.trim_start_matches(['.', '-']);
            format!("/{}", plain.replace(['-', '.'], "/"))
        },
        str::to_owned,
    )
}

/// The unit whose journal a name stands for; the empty name is a whole boot, `kernel` the kernel.
fn journal(stem: &str) -> Option<String> {
    let plain = stem.replace(['_', ' ', '.'], "-");
    let tail = ["journalctl-", "journal-", "logs-", "log-"]
        .iter()
        .find_map(|prefix| plain.strip_prefix(prefix));
    if let Some(tail) = tail {
        return journal_of(tail.trim_start_matches('-'));
    }
    let bare = [
        "-journalctl",
        "-journal",
        "-logs",
        "-log",
        "-service",
        "-current",
        "-previous",
    ]
    .iter()
    .fold(plain.as_str(), |name, ending| {
        name.strip_suffix(ending).unwrap_or(name)
    });
    match bare {
        "journal" | "journalctl" | "messages" | "syslog" | "daemon" | "console" => {
            Some(String::new())
        }
        "dmesg" | "kern" | "kernel" => Some("kernel".to_owned()),
        _ => unit(bare),
    }
}

fn journal_of(tail: &str) -> Option<String> {
    let words: Vec<&str> = tail.split('-').filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        ["list", "boots", ..] | ["disk", "usage", ..] | ["header", ..] => return None,
        ["k" | "kernel" | "dmesg", ..] => return Some("kernel".to_owned()),
        _ => {}
    }
    let option = words
        .iter()
        .position(|word| matches!(*word, "u" | "xeu" | "xu" | "eu" | "fu" | "unit"));
    let Some(option) = option else {
        return Some(unit(&words.join("-")).unwrap_or_default());
    };
    let name = words.get(option + 1..).unwrap_or_default().join("-");
    let name = name.strip_suffix("-service").unwrap_or(&name);
    Some(unit(name).unwrap_or_else(|| format!("{name}.service")))
}

fn unit(name: &str) -> Option<String> {
    let full = match name {
        "k0s" => "k0sworker.service",
        "k3s-server" => "k3s.service",
        "microk8s" | "kubelite" => "snap.microk8s.daemon-kubelite.service",
        "kubelet" | "containerd" | "crio" | "docker" | "cri-docker" | "k3s" | "k3s-agent"
        | "rke2-server" | "rke2-agent" | "k0sworker" | "k0scontroller" | "microshift"
        | "chronyd" | "chrony" => {
            return Some(format!("{name}.service"));
        }
        _ => return None,
    };
    Some(full.to_owned())
}

/// The absolute path on the node that the tail of a name looks like.
fn node_path(name: &str) -> Option<String> {
    let parts: Vec<&str> = name.split('/').collect();
    (0..parts.len().saturating_sub(1)).find_map(|at| {
        let first = *parts.get(at)?;
        let second = *parts.get(at + 1)?;
        let root = ROOTS
            .iter()
            .any(|(root, below)| *root == first && (below.is_empty() || below.contains(&second)));
        let process = first == "proc" && second.bytes().all(|byte| byte.is_ascii_digit());
        (root || process).then(|| format!("/{}", parts.get(at..).unwrap_or_default().join("/")))
    })
}

/// The path whose letters are those of `stem`, whatever stands for its slashes.
fn known_path(stem: &str, paths: &[&'static str]) -> Option<&'static str> {
    let flat = flatten(stem.trim_start_matches("cat_").trim_start_matches("cat-"));
    paths.iter().copied().find(|path| flatten(path) == flat)
}

fn exact(base: &str, paths: &[&'static str]) -> Option<&'static str> {
    UNMISTAKABLE
        .iter()
        .find(|(name, _)| *name == base)
        .and_then(|(_, path)| paths.iter().copied().find(|known| known == path))
}

fn flatten(path: &str) -> String {
    path.replace(['/', '.', '_', ' '], "-")
        .trim_matches('-')
        .to_owned()
}

fn stem(base: &str) -> &str {
    let mut stem = base;
    for ending in [
        ".gz", ".txt", ".log", ".out", ".json", ".yaml", ".yml", ".stdout",
    ] {
        stem = stem.strip_suffix(ending).unwrap_or(stem);
    }
    stem
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command_of(name: &str) -> String {
        match source(name) {
            Source::Command(command) => command,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn outputs_named_after_their_command_are_recognised() {
        for (name, command) in [
            ("systemctl-show-kubelet.txt", "systemctl show kubelet"),
            (
                "commands/systemctl-is-enabled-kubelet.txt",
                "systemctl is-enabled kubelet",
            ),
            ("systemctl_list-unit-files.txt", "systemctl list-unit-files"),
            ("ss-tlnp.txt", "ss -tlnp"),
            ("df-i.txt", "df -i"),
            ("ps-aux.txt", "ps aux"),
            ("ls-var-lib-kubelet.txt", "ls -la /var/lib/kubelet"),
            ("ls_-la_.etc.kubernetes", "ls -la /etc/kubernetes"),
            (
                "ls-la-var-lib-kubelet-plugins_registry.txt",
                "ls -la /var/lib/kubelet/plugins_registry",
            ),
            ("kubelet-version.txt", "kubelet --version"),
            ("curl-healthz.txt", "curl http://127.0.0.1:10248/healthz"),
            ("nft-list-ruleset.txt", "nft list ruleset"),
            ("openssl-s_client.txt", "openssl s_client"),
            ("journalctl-list-boots.txt", "journalctl list-boots"),
            ("kubectl-describe-node.txt", "kubectl describe node"),
        ] {
            assert_eq!(command_of(name), command, "{name}");
        }
    }

    #[test]
    fn journals_are_recognised_by_unit() {
        for (name, unit) in [
            ("journalctl-u-kubelet.txt", "kubelet.service"),
            ("kubelet.log", "kubelet.service"),
            ("logs/k3s-agent.log", "k3s-agent.service"),
            ("journalctl-k.txt", "kernel"),
            ("dmesg.txt", "kernel"),
            ("messages.log", ""),
            ("journalctl-boot-warning.txt", ""),
            (
                "journalctl_--no-pager_--unit_kubelet.log",
                "kubelet.service",
            ),
            ("journalctl-u-nodeadm-run.txt", "nodeadm-run.service"),
            ("sudo_journalctl_-xeu_kubelet.txt", "kubelet.service"),
        ] {
            assert_eq!(source(name), Source::Journal(unit.to_owned()), "{name}");
        }
    }

    #[test]
    fn copies_of_files_keep_their_node_path() {
        for (name, path) in [
            (
                "etc/kubernetes/kubelet.conf",
                "/etc/kubernetes/kubelet.conf",
            ),
            ("worker/etc/hosts", "/etc/hosts"),
            ("rootfs/proc/101/cmdline", "/proc/101/cmdline"),
            ("cat-etc-os-release.txt", "/etc/os-release"),
            ("kubeadm-flags.env", "/var/lib/kubelet/kubeadm-flags.env"),
        ] {
            assert_eq!(source(name), Source::File(path.to_owned()), "{name}");
        }
        for name in [
            "run/1/output.txt",
            "kubelet-config.yaml",
            "config.toml",
            "readme.md",
        ] {
            assert_eq!(source(name), Source::Named(name.to_owned()));
        }
    }
}
