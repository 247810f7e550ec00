//! What was observed of the API server and what it says of the node, and of the container runtime.

use crate::certificate::Certificate;
use crate::entry::Entry;
use crate::fact::Fact;
use crate::version::Version;
use chrono::{DateTime, Utc};
use std::sync::Arc;

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
    /// Status of `/readyz`.
    pub readyz: Option<Fact>,
    /// Checks that a health page of the server calls failed.
    pub failed_checks: Option<Fact>,
    /// What the port speaks where it is not what the URL says: `http`, `tls`, `other`.
    pub speaks: Option<Fact>,
    /// What became of a TLS greeting that needs several packets: `ok`, `alert`, `eof`, `not-tls`, `timeout`.
    pub large_greeting: Option<Fact>,
    /// Largest packet in bytes that the kernel sends to the server.
    pub path_mtu: Option<Fact>,
    /// Version that the server stated.
    pub version: Option<Fact>,
    /// Node's clock minus the server's.
    pub clock_skew: Option<Fact>,
    /// By how much that can be wrong.
    pub clock_uncertainty: Option<Fact>,
    /// The server's clock in its answer.
    pub server_time: Option<Fact>,
}

/// How far a request to an API server came through the proxy that the kubelet would use.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ThroughProxy {
    /// Host of the API server.
    pub host: String,
    /// Its port.
    pub port: Option<u16>,
    /// `ok`, else how far it came: `tcp refused`, `status 407`, `tls alert`.
    pub result: String,
}

/// What a cluster tells anybody who wants to join.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterInfo {
    /// HTTP status.
    pub status: i64,
    /// Ids of the bootstrap tokens that it knows; `None` when it did not tell.
    pub token_ids: Option<Vec<String>>,
    /// Its CA.
    pub certificates: Vec<Certificate>,
}

/// What a supervisor of k3s or RKE2 answered to anybody.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Supervisor {
    /// URL.
    pub url: String,
    /// TCP: `connected`, `refused`, `timeout`, `unreachable`, `reset`.
    pub tcp: Option<String>,
    /// SHA-256 of the CA bundle that it hands out, hex.
    pub ca_hash: Option<String>,
    /// Only the state of a local balancer names it, no configuration.
    pub only_balancer: bool,
}

/// The hash of the CA that a join token of k3s or RKE2 was made for, hex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenHash(pub String);

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
    /// Its addresses and host names.
    pub addresses: Vec<String>,
    /// What OpenShift's operator of machine configurations noted on it.
    pub machine_config: MachineConfigState,
}

/// How a node stands with its machine configuration.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MachineConfigState {
    /// Configuration that the node has: `rendered-worker-0a1b`.
    pub current: Option<Fact>,
    /// Configuration that it shall have.
    pub desired: Option<Fact>,
    /// `Done`, `Working`, `Degraded`, `Unreconcilable`.
    pub state: Option<Fact>,
    /// Why it is degraded; none where it was degraded before.
    pub reason: Option<Fact>,
}

impl MachineConfigState {
    /// From the annotations of a Node object: `noted` gives the one of a name, without what stands before its `/`.
    pub(crate) fn of(noted: impl Fn(&str) -> Option<Fact>) -> Self {
        let state = noted("state");
        // What was wrong before stays noted.
        let is_well = state.as_ref().and_then(Fact::as_text) == Some("Done");
        Self {
            current: noted("currentConfig"),
            desired: noted("desiredConfig"),
            reason: noted("reason").filter(|_| !is_well),
            state,
        }
    }
}

/// A configuration that OpenShift's operator renders for the nodes of a pool.
#[derive(Debug, Clone)]
pub struct RenderedConfig {
    /// Its name: `rendered-worker-0a1b`.
    pub name: String,
    /// Files and units, each as it stands on a node that has this configuration.
    pub files: Arc<[Entry]>,
    /// Arguments of the kernel.
    pub kernel_arguments: Arc<[String]>,
    /// Image of the operating system.
    pub os_image: Option<String>,
}

/// A pool of machines of OpenShift that is degraded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DegradedPool {
    /// Its name: `worker`.
    pub name: String,
    /// What its condition says.
    pub message: String,
}

/// An event of the API that is of a node: of its Node object, or told by its kubelet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeEvent {
    /// Name of the node.
    pub node: String,
    /// Kind of the object that it is of: `Node`, `Pod`.
    pub kind: String,
    /// Name of that object.
    pub object: String,
    /// Its type is Warning.
    pub warning: bool,
    /// Reason: `Rebooted`.
    pub reason: String,
    /// What it says.
    pub message: String,
    /// Program that told it; empty when not shown.
    pub component: String,
    /// When it was told last.
    pub time: Option<DateTime<Utc>>,
    /// How often it was told.
    pub count: u64,
    /// The line of the entry that holds the message, or the message where all of the object stands on one line.
    pub line: String,
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

impl SigningRequest {
    /// Its state as `kubectl` writes it, of the kinds of its conditions and whether a certificate was issued.
    pub fn state_of(kinds: &[&str], issued: bool) -> String {
        if kinds.is_empty() {
            return "Pending".to_owned();
        }
        let mut state = kinds.join(",");
        if kinds == ["Approved"] && issued {
            state.push_str(",Issued");
        }
        state
    }
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

/// One thing that Docker's running engine says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DockerEngine {
    /// `cgroupfs` or `systemd`.
    CgroupDriver(String),
    /// `26.1.4`.
    Version(String),
}

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
