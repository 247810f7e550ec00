//! What an entry is a copy of, whatever the layout called it.

use schemars::JsonSchema;
use serde::Serialize;
use std::fmt;

/// What an entry is a copy of. Layouts turn entry names into sources; parsers choose by source and content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A file of the node: its absolute path there, `/etc/kubernetes/kubelet.conf`.
    File(String),
    /// Output of a command, written as a person types it: `systemctl show kubelet`, `ip -4 route`.
    Command(String),
    /// Journal of one unit in text form; the kernel's is `kernel`, a whole boot's is the empty name.
    Journal(String),
    /// A directory listing: the folder's absolute path on the node.
    Listing(String),
    /// Facts derived on the node by our collector: the topic, `units`.
    Facts(String),
    /// Result of an active probe by our collector: its name, `endpoint`.
    Probe(String),
    /// Index, plan or log of the bundle itself.
    Meta(String),
    /// Nothing is known but the name as it was given; content decides.
    Named(String),
}

impl Source {
    /// A file of the node at this absolute path.
    pub(crate) fn file(path: impl Into<String>) -> Self {
        Self::File(path.into())
    }

    /// The output of this command.
    pub(crate) fn command(line: impl Into<String>) -> Self {
        Self::Command(line.into())
    }

    /// A log of a container, where nobody tells the uid of its pod.
    pub(crate) fn container_log(namespace: &str, pod: &str, container: &str, file: &str) -> Self {
        Self::File(format!(
            "/var/log/pods/{namespace}_{pod}_x/{container}/{file}"
        ))
    }

    /// The journal of this service, named without `.service`.
    pub(crate) fn journal_of(service: &str) -> Self {
        Self::Journal(format!("{service}.service"))
    }

    /// The journal of a whole boot, or of several.
    pub(crate) fn whole_journal() -> Self {
        Self::Journal(String::new())
    }

    /// The kernel's log.
    pub(crate) fn kernel_log() -> Self {
        Self::Journal("kernel".to_owned())
    }

    /// What the tool says of itself or of what no rule asks for.
    pub(crate) fn meta(name: &str) -> Self {
        Self::Meta(name.to_owned())
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) | Self::Listing(path) => f.write_str(path),
            Self::Command(command) => write!(f, "`{command}`"),
            Self::Journal(unit) if unit.is_empty() => f.write_str("the journal"),
            Self::Journal(unit) => write!(f, "journal of {unit}"),
            Self::Facts(topic) => write!(f, "facts on {topic}"),
            Self::Probe(name) => write!(f, "probe {name}"),
            Self::Meta(name) | Self::Named(name) => f.write_str(name),
        }
    }
}
