//! Which events of the API are of the node of a report.

use crate::claim::best;
use crate::evidence::{Evidence, Sourced};
use crate::fact::Fact;
use crate::observed::NodeEvent;

/// The events of the node by any of its names; without a name, those of the only node that events tell of. What names no node was
/// told beside this one.
pub(crate) fn own_events(evidence: &Evidence) -> Vec<&Sourced<NodeEvent>> {
    let all = evidence.all::<NodeEvent>();
    let names: Vec<Fact> = ["bundle.node", "host.name"]
        .iter()
        .filter_map(|path| best(evidence, path))
        .collect();
    let mut named = all.iter().filter(|event| !event.value.node.is_empty());
    let only = named.next().map(|event| event.value.node.as_str());
    let alone = named.all(|event| Some(event.value.node.as_str()) == only);
    let is_own = |event: &&Sourced<NodeEvent>| {
        let mut known = names.iter().filter_map(Fact::as_text);
        event.value.node.is_empty()
            || known.any(|name| is_same(name, &event.value.node))
            || names.is_empty() && alone
    };
    all.iter().filter(is_own).collect()
}

/// `w1` and `w1.example.com` are the same machine.
fn is_same(one: &str, other: &str) -> bool {
    let short = |name: &str| name.split('.').next().unwrap_or_default().to_lowercase();
    let whole = !one.contains('.') || !other.contains('.');
    one.eq_ignore_ascii_case(other) || whole && short(one) == short(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::{Witness, claim};
    use crate::origin::Origin;

    fn own(nodes: &[&str], name: Option<&str>) -> usize {
        let mut evidence = Evidence::default();
        for node in nodes {
            let event = NodeEvent {
                node: (*node).to_owned(),
                kind: "Node".into(),
                object: (*node).to_owned(),
                warning: false,
                reason: String::new(),
                message: String::new(),
                component: String::new(),
                time: None,
                count: 1,
                line: String::new(),
            };
            evidence.push(event, Origin::line("events.json", 1));
        }
        if let Some(name) = name {
            let origin = Origin::entry("hostname");
            claim(&mut evidence, "host.name", Witness::Kernel, name, origin);
        }
        own_events(&evidence).len()
    }

    #[test]
    fn events_are_chosen_by_any_name_and_taken_all_where_there_is_but_one_node() {
        assert_eq!(own(&["w1", "w2"], Some("W1")), 1);
        assert_eq!(own(&["w1.example.com", "w2"], Some("w1")), 1);
        assert_eq!(own(&["w1.a", "w1.b"], Some("w1.a")), 1);
        assert_eq!(own(&["w1", "w1"], None), 2);
        assert_eq!(own(&["w1", "w2"], None), 0);
        assert_eq!(own(&["w1"], Some("w9")), 0);
        assert_eq!(own(&["", "w1"], Some("w9")), 1);
        assert_eq!(own(&["", "w1"], None), 2);
    }
}
