//! What the files of a node say about its kubelet: how it is started, with which settings, and what its version knows.

pub mod command_line;
pub mod config;
pub mod credentials;
pub mod fields;
pub mod flags;
pub mod gates;
pub mod kubeconfig_facts;
pub mod settings;
pub mod unit;
pub mod versions;

use crate::derived::Context;
use crate::evidence::Evidence;
use crate::fact::Value;
use crate::version::Version;
use command_line::CommandLine;
use config::Config;
use settings::Sources;
use unit::Unit;

/// Where the program keeps the kubelet's files that embeds the kubelet, by the node's unit; `None` for a kubelet of its own. Beside such a
/// program the usual files are leftovers of an earlier life of the machine.
pub fn embedded_in(evidence: &Evidence) -> Option<&'static str> {
    let unit = evidence.facts.text("kubelet.unit.name")?;
    let known = [
        ("k3s", "/var/lib/rancher/k3s/"),
        ("rke2-", "/var/lib/rancher/rke2/"),
        ("k0s", "/var/lib/k0s/"),
        ("snap.microk8s.", "/var/snap/microk8s/"),
        ("microshift", "/var/lib/microshift/"),
    ];
    let found = known.iter().find(|(start, _)| unit.starts_with(start));
    found.map(|(_, folder)| *folder)
}

/// The kubelet of a node, as its process, unit, files and log describe it.
#[derive(Debug, Clone)]
pub struct Kubelet {
    /// Its version, where known.
    pub version: Option<Version>,
    /// Its unit, where a file of it was sent.
    pub unit: Option<Unit>,
    /// Its command line, where anything tells it.
    pub line: Option<CommandLine>,
}

impl Kubelet {
    /// Puts together what the evidence holds. Unit states, processes and the version must have been derived before.
    pub fn of(evidence: &Evidence, context: &Context<'_>) -> Self {
        let known = evidence.facts.get("kubelet.version");
        let version = match known.map(|fact| &fact.value) {
            Some(Value::Version(version)) => Some(*version),
            _ => None,
        };
        let unit = unit::kubelet_unit(evidence, evidence.facts.text("kubelet.unit.name"));
        Self {
            version,
            line: command_line::command_line(evidence, unit.as_ref(), context),
            unit,
        }
    }

    /// Its configuration.
    pub fn config<'a>(&self, evidence: &'a Evidence) -> Config<'a> {
        config::config(evidence, self.line.as_ref())
    }

    /// What decides its settings.
    pub fn sources<'a>(&'a self, config: &'a Config<'a>) -> Sources<'a> {
        Sources {
            line: self.line.as_ref(),
            config,
            version: self.version,
        }
    }
}
