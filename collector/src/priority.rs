//! Who gets how much of a small bundle or a short time: facts of the first tier, then logs, then the rest.

use crate::host::Host;
use crate::node::{Node, scan};
use crate::spec::{Item, Tier};
use crate::take::Taking;
use crate::vault::Vault;
use std::io::Write;

impl<W: Write> Taking<'_, W> {
    /// Why a fact or file of the second tier is passed over although not everything is used up.
    pub(crate) fn spared(&self, item: &Item) -> Option<&'static str> {
        if item.tier == Tier::T0 || item.source.turn() > 0 {
            return None;
        }
        if self.vault.left() < for_logs(self.vault.budget()) {
            return Some("the room that is left is kept for the logs");
        }
        let late = self.host.stop().is_late();
        late.then_some("the time that is left is kept for the logs")
    }
}

impl<W: Write> Vault<W> {
    /// Bytes of text that a log may have: each gets at most half of what is left, so that the first, which tell most, get
    /// most, and none keeps its oldest lines only because the bundle is full before its newest.
    pub(crate) fn log_cap(&self, item: &Item) -> u64 {
        let fits = (self.left() / 2).saturating_mul(LOG_RATIO);
        item.cap.min(fits.max(LEAST_LOG))
    }
}

/// Compressed bytes that files of the second tier leave for the logs.
fn for_logs(budget: u64) -> u64 {
    (budget / 4).min(MOST_FOR_LOGS)
}

/// What must stay free of a file system so that the kubelet evicts nothing because of the bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Floor {
    /// Of all bytes.
    Percent(u64),
    /// Bytes.
    Bytes(u64),
}

/// The thresholds that the kubelets' flags and configuration files set for file systems.
pub(crate) fn eviction_floors(host: &mut Host, node: &Node) -> Vec<Floor> {
    let mut values: Vec<String> = Vec::new();
    for flag in ["eviction-hard", "eviction-soft"] {
        for list in node.flag(flag) {
            let signals = list.split(',').filter_map(|signal| signal.split_once('<'));
            let wanted = signals.filter(|(name, _)| SIGNALS.contains(&name.trim()));
            values.extend(wanted.map(|(_, value)| value.to_owned()));
        }
    }
    for path in node
        .kubelets
        .iter()
        .flat_map(|kubelet| &kubelet.config_files)
    {
        if let Ok(taken) = host.read(path, 256 << 10) {
            let found = scan::values(&taken.text(), SIGNALS);
            values.extend(found.into_iter().map(|(_, value)| value));
        }
    }
    values.iter().filter_map(|value| floor(value)).collect()
}

/// `10%`, `1Gi`, `500Mi`, or bytes.
fn floor(text: &str) -> Option<Floor> {
    let text = text.trim();
    if let Some(percent) = text.strip_suffix('%') {
        let whole = percent.split('.').next()?;
        return Some(Floor::Percent(whole.parse::<u64>().ok()?.min(100)));
    }
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor: u64 = match text.strip_prefix(digits)? {
        "" => 1,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        "Ti" => 1 << 40,
        "k" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        _ => return None,
    };
    digits
        .parse::<u64>()
        .ok()?
        .checked_mul(factor)
        .map(Floor::Bytes)
}

const SIGNALS: &[&str] = &["nodefs.available", "imagefs.available"];
/// Bytes of log text for one compressed byte.
const LOG_RATIO: u64 = 6;
/// A shorter log would tell nothing.
const LEAST_LOG: u64 = 64 << 10;
const MOST_FOR_LOGS: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::node::kubelet::Kubelet;
    use crate::scratch::Scratch;

    #[test]
    fn thresholds_are_read_in_all_their_forms() {
        assert_eq!(floor("10%"), Some(Floor::Percent(10)));
        assert_eq!(floor("12.5%"), Some(Floor::Percent(12)));
        assert_eq!(floor("1Gi"), Some(Floor::Bytes(1 << 30)));
        assert_eq!(floor("500M"), Some(Floor::Bytes(500_000_000)));
        assert_eq!(floor("much"), None);
    }

    #[test]
    fn flags_and_configuration_files_set_thresholds() {
        let scratch = Scratch::new();
        let text = "evictionHard:\n  memory.available: 100Mi\n  nodefs.available: 15%\n";
        std::fs::write(scratch.path().join("c"), text).unwrap();
        let flag = (
            "eviction-soft".to_owned(),
            "memory.available<1Gi,nodefs.available<2Gi".to_owned(),
        );
        let node = Node {
            kubelets: vec![Kubelet {
                flags: [flag].into(),
                config_files: vec!["/c".to_owned()],
                ..Kubelet::default()
            }],
            ..Node::default()
        };
        let floors = eviction_floors(&mut Host::direct(scratch.path()), &node);
        assert_eq!(floors, [Floor::Bytes(2 << 30), Floor::Percent(15)]);
    }
}
