//! The order in which a node climbs the rungs: `rules/ladder.yaml`.

use crate::rule::Stage;
use serde::Deserialize;

/// Orders by path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ladder {
    /// For every node that no path names.
    #[serde(default)]
    pub default: Vec<Stage>,
    /// Other orders.
    #[serde(default)]
    pub paths: Vec<LadderPath>,
}

/// One order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LadderPath {
    /// Names of the nodes it is for: `k3s-agent`, `kubeadm-join`.
    #[serde(rename = "for")]
    pub nodes: Vec<String>,
    /// All rungs.
    pub order: Vec<Stage>,
}

impl Ladder {
    /// The order for a node that goes by any of these names.
    pub fn order(&self, names: &[String]) -> &[Stage] {
        self.paths
            .iter()
            .find(|path| path.nodes.iter().any(|node| names.contains(node)))
            .map_or(&self.default, |path| &path.order)
    }

    /// What is wrong: an order that lacks a rung or has one twice.
    pub(super) fn problems(&self) -> Vec<String> {
        let orders = self
            .paths
            .iter()
            .map(|path| (path.nodes.join(", "), &path.order));
        std::iter::once(("default".to_owned(), &self.default))
            .chain(orders)
            .filter(|(_, order)| {
                let mut sorted = (*order).clone();
                sorted.sort();
                sorted != Stage::ALL
            })
            .map(|(name, _)| format!("the order for {name} must hold each of the 13 rungs once"))
            .collect()
    }
}
