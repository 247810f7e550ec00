//! What was observed of the API server and what it says of the node, and of the container runtime.

use crate::certificate::Certificate;
use crate::fact::Fact;
use crate::version::Version;

/// Answer of a resolver to one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// The name that was asked for; `None` when the output does not say.
    pub name: Option<String>,
    /// `ok`, `nxdomain`, `servfail`, `timeout`, `refused`.
    pub result: &'static str,
    /// Addresses of the answer.
    pub addresses: Vec<String>,
}

/// How far one attempt to talk to an API server came.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Attempt {
    /// Host that was asked; `None` when the output does not say.
    pub host: Option<String>,
    /// Port.
    pub port: Option<u16>,
    /// Name resolution: `literal`, `ok`, `nxdomain`, `servfail`, `timeout`, `refused`.
    pub dns: Option<Fact>,
    /// Addresses that the name has, as far as seen.
    pub addresses: Vec<String>,
    /// TCP: `connected`, `refused`, `timeout`, `unreachable`, `reset`.
    pub tcp: Option<Fact>,
    /// TLS: `ok`, `not-tls`, `alert`, `eof`, `timeout`.
    pub tls: Option<Fact>,
    /// Certificates that the server presented, the leaf first, with their lines.
    pub chain: Vec<(Option<u64>, Certificate)>,
    /// Distinguished names of the CAs whose client certificates the server accepts.
    pub client_cas: Option<Fact>,
    /// Status of `/livez` or `/healthz`.
    pub livez: Option<Fact>,
    /// Version that the server stated.
    pub version: Option<Fact>,
    /// Node's clock minus the server's.
    pub clock_skew: Option<Fact>,
    /// The server's clock in its answer.
    pub server_time: Option<Fact>,
}

/// A Node object as an API server or `kubectl` showed it. What was not shown is `None`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NodeObject {
    /// Its name.
    pub name: Option<String>,
    /// Status of its Ready condition is True.
    pub ready: Option<Fact>,
    /// Its taints: `key=value:Effect`.
    pub taints: Option<Fact>,
    /// Records of `type`, `status`, `reason`, `message`.
    pub conditions: Option<Fact>,
    /// Cordoned.
    pub unschedulable: Option<Fact>,
}

/// A node that the API server says it does not have; `None` when it has none at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoNode(pub Option<String>);

/// An entry that lists all nodes of the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllNodes;

/// Version of a kubelet as its Node object has it: of its last registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeVersion {
    /// Name of the node.
    pub node: String,
    /// Version of its kubelet.
    pub version: Version,
}

/// A `CertificateSigningRequest`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningRequest {
    /// Its name.
    pub name: String,
    /// Who made it: `system:bootstrap:abcdef`.
    pub requestor: Option<String>,
    /// Signer: `kubernetes.io/kube-apiserver-client-kubelet`.
    pub signer: Option<String>,
    /// `Pending`, `Approved`, `Approved,Issued`, `Denied`, `Failed`.
    pub state: String,
}

/// An entry that says that there are no signing requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoSigningRequests;

/// An image of the container runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image(pub String);

/// An entry that lists all images of the namespace that the kubelet uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllImages;

/// A socket of a container runtime that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeSocket {
    /// Absolute path.
    pub path: String,
    /// Whether it exists.
    pub exists: bool,
    /// `ok`, `refused`, `denied`, `timeout`, `skipped`.
    pub connect: Option<String>,
}
