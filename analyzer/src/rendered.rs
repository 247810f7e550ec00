//! What OpenShift renders for a node, as files of the node where the input holds none.

use crate::claim::best;
use crate::desk;
use crate::evidence::{Evidence, Sourced};
use crate::fact::Fact;
use crate::observed::{Exists, MachineConfigState, NodeObject, RenderedConfig};

/// Reads the files of the configuration that the node has, as if they had been copied from it. One that is on its way to another
/// configuration has files of either, so that none are read.
pub(crate) fn place(evidence: &mut Evidence) {
    let Some(state) = state(evidence) else { return };
    let noted = state.current.iter().filter_map(|fact| fact.origins.first());
    for origin in noted {
        let kept = Exists {
            path: KEPT.to_owned(),
            link: None,
        };
        evidence.push(kept, origin.clone());
    }
    let name = |fact: &Option<Fact>| fact.as_ref().and_then(Fact::as_text).map(str::to_owned);
    let (current, desired) = (name(&state.current), name(&state.desired));
    if desired.is_some() && desired != current {
        return;
    }
    let files = current.and_then(|name| {
        let config = of_name(evidence.all::<RenderedConfig>(), &name)?;
        Some(config.value.files.clone())
    });
    for file in files.iter().flat_map(|files| files.iter()) {
        desk::parse(file, evidence);
    }
}

/// Where the daemon of a node keeps the configuration that the node has.
const KEPT: &str = "/etc/machine-config-daemon/currentconfig";

/// How this node stands with its configuration; `None` where nobody tells which node this is.
pub(crate) fn state(evidence: &Evidence) -> Option<MachineConfigState> {
    let own = best(evidence, "bundle.node");
    let own = own.as_ref().and_then(Fact::as_text);
    let all = evidence.all::<NodeObject>();
    let is_own = |object: &NodeObject| match (own, &object.name) {
        (Some(own), Some(name)) => own.eq_ignore_ascii_case(name),
        _ => all.len() == 1,
    };
    let own = all.iter().filter(|piece| is_own(&piece.value));
    let mut states = own.map(|piece| &piece.value.machine_config);
    states.find(|state| state.current.is_some()).cloned()
}

/// The configuration of a name.
pub(crate) fn of_name<'c>(
    all: &'c [Sourced<RenderedConfig>],
    name: &str,
) -> Option<&'c Sourced<RenderedConfig>> {
    all.iter().find(|config| config.value.name == name)
}
