//! Kubelets that another program embeds: their arguments stand in files, not on a command line.

use super::data::with_drop_ins;
use super::kubelet::{Kubelet, flags};
use super::unit_file::words;
use crate::host::Host;
use crate::profile::{Arguments, Profile};

/// One kubelet per file or configuration that holds arguments.
pub(crate) fn find<'a>(
    host: &mut Host,
    profiles: impl Iterator<Item = &'a Profile>,
) -> Vec<Kubelet> {
    let mut kubelets = Vec::new();
    for profile in profiles {
        let (path, arguments) = match &profile.arguments {
            Arguments::CommandLine => continue,
            Arguments::File(path, variables) => (*path, from_file(host, path, variables)),
            Arguments::KubeletArg(path) => (*path, from_settings(host, path)),
        };
        if !arguments.is_empty() {
            kubelets.push(Kubelet {
                declared_by: path.to_owned(),
                flags: flags(&arguments),
                ..Kubelet::default()
            });
        }
    }
    kubelets
}

fn from_file(host: &mut Host, path: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let Ok(taken) = host.read(path, 64 << 10) else {
        return Vec::new();
    };
    let text = taken.text();
    let lines = text.lines().filter(|line| !line.trim().starts_with('#'));
    lines
        .flat_map(|line| {
            let mut line = line.to_owned();
            for (name, value) in variables {
                line = line.replace(&format!("${{{name}}}"), value);
                line = line.replace(&format!("${name}"), value);
            }
            words(&line)
        })
        .collect()
}

/// `kubelet-arg:` with one value, or with a list below it or behind it.
fn from_settings(host: &mut Host, path: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    for file in with_drop_ins(host, path) {
        if let Ok(taken) = host.read(&file, 256 << 10) {
            arguments.extend(kubelet_args(&taken.text()));
        }
    }
    arguments
        .into_iter()
        .map(|argument| format!("--{}", argument.trim_start_matches('-')))
        .collect()
}

fn kubelet_args(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let item = trimmed.strip_prefix("- ").filter(|_| inside);
        if let Some(item) = item {
            found.push(unquoted(item));
            continue;
        }
        let key = trimmed.split_once(':');
        inside = key.is_some_and(|(name, _)| matches!(name, "kubelet-arg" | "kubelet-arg+"));
        if let Some((_, value)) = key.filter(|_| inside) {
            let values = value.trim().trim_start_matches('[').trim_end_matches(']');
            let values = values.split(", ").map(unquoted);
            found.extend(values.filter(|value| !value.is_empty()));
        }
    }
    found
}

fn unquoted(text: &str) -> String {
    text.trim().trim_matches(['"', '\'']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubelet_arguments_are_read_in_every_form_of_a_list() {
        let block = "node-ip: 10.0.0.1\nkubelet-arg:\n  - \"config=/etc/k.yaml\"\n- v=4\nserver: https://x\n- not-one\n";
        assert_eq!(kubelet_args(block), ["config=/etc/k.yaml", "v=4"]);
        let flow = "kubelet-arg: [\"max-pods=50\", 'v=2']\n";
        assert_eq!(kubelet_args(flow), ["max-pods=50", "v=2"]);
        assert_eq!(kubelet_args("kubelet-arg: root-dir=/k\n"), ["root-dir=/k"]);
        assert!(kubelet_args("kube-proxy-arg:\n- v=4\n").is_empty());
    }
}
