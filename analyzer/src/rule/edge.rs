//! Edges of the causal graph, as written.

use serde::{Deserialize, Serialize};

/// An edge of the causal graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Edge {
    /// Only the id: the effect follows the cause in time.
    Id(String),
    /// With what must join the two.
    Joined(Join),
}

impl Edge {
    /// Id of the finding that is explained.
    pub fn id(&self) -> &str {
        match self {
            Self::Id(id) => id,
            Self::Joined(join) => &join.id,
        }
    }

    /// What must join the two; nothing but the time for a bare id.
    pub fn join(&self) -> Join {
        match self {
            Self::Id(id) => Join {
                id: id.clone(),
                ..Join::default()
            },
            Self::Joined(join) => join.clone(),
        }
    }
}

/// What must join cause and effect. What the input does not tell is taken as satisfied.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// The finding that is explained.
    pub id: String,
    /// How the times of the two lie. `follows` where neither this nor `if` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<InTime>,
    /// How the two lie in the runs of the kubelet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub life: Option<InLife>,
    /// Reasons of which the effect's lines give one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub error: Vec<ErrorClass>,
    /// Variables of this finding whose values stand in the effect's lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Variables that both captured and that must be equal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub same: Vec<String>,
    /// Condition over this finding and `other`.
    #[serde(default, rename = "if", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// How the times of cause and effect lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InTime {
    /// The effect begins at most a minute before the cause.
    Follows,
    /// As `follows`, and the effect goes on while the cause lasts or begins after it.
    Overlaps,
}

/// How cause and effect lie in the runs of the kubelet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InLife {
    /// Some run has both.
    Same,
    /// The cause is among the last things that a run said before it ended.
    Ends,
}

/// The reason that a line gives for a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorClass {
    /// 401.
    Unauthorized,
    /// 403.
    Forbidden,
    /// An issuer that is not trusted.
    X509Authority,
    /// A certificate past its end.
    X509Expired,
    /// A certificate before its begin.
    X509Early,
    /// A name or address that the certificate lacks.
    X509Name,
    /// Another fault of a certificate.
    X509Other,
    /// No answer in time.
    Timeout,
    /// The port is closed.
    Refused,
    /// No way to the address.
    NoRoute,
    /// The name cannot be looked up.
    Dns,
    /// The connection broke.
    Reset,
    /// The other side speaks something else.
    Protocol,
    /// The server answers that it cannot serve now.
    Unavailable,
    /// An admission webhook.
    Webhook,
    /// The object does not exist.
    NotFound,
    /// The server refuses the content.
    Invalid,
    /// The pod network.
    Cni,
    /// The container runtime.
    Runtime,
    /// The pod lifecycle event generator.
    Pleg,
    /// The `CSINode` object.
    Csinode,
    /// The node shuts down.
    Shutdown,
    /// Control groups.
    Cgroup,
    /// An image that cannot be had.
    Image,
    /// Space, inodes or a file system.
    Disk,
    /// Missing permission on this machine.
    Permission,
    /// The low-level runtime.
    Oci,
}

impl ErrorClass {
    /// In words of the reader.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::X509Authority => "unknown authority",
            Self::X509Expired => "certificate expired",
            Self::X509Early => "certificate not yet valid",
            Self::X509Name => "certificate for other names",
            Self::X509Other => "certificate refused",
            Self::Timeout => "timeout",
            Self::Refused => "connection refused",
            Self::NoRoute => "no route",
            Self::Dns => "name not found",
            Self::Reset => "connection broken",
            Self::Protocol => "other protocol",
            Self::Unavailable => "server unavailable",
            Self::Webhook => "webhook",
            Self::NotFound => "not found",
            Self::Invalid => "invalid",
            Self::Cni => "pod network",
            Self::Runtime => "container runtime",
            Self::Pleg => "PLEG",
            Self::Csinode => "CSINode",
            Self::Shutdown => "shutdown",
            Self::Cgroup => "cgroup",
            Self::Image => "image",
            Self::Disk => "disk",
            Self::Permission => "permission",
            Self::Oci => "OCI runtime",
        }
    }
}
