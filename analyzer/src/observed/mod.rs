//! What was observed on the node, typed: parsers of different tools push the same types, derived facts read them.

mod cluster;

pub use cluster::{
    AllImages, AllNodes, Attempt, ClusterInfo, DegradedPool, DockerEngine, Image,
    MachineConfigState, NoNode, NoSigningRequests, NodeEvent, NodeObject, NodeVersion,
    RenderedConfig, Resolution, RuntimeSocket, SigningRequest, Supervisor, ThroughProxy, TokenHash,
};

use crate::evidence::{Evidence, Sourced};
use crate::fact::{Fact, Value};
use crate::origin::Origin;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// State of one systemd unit as one tool printed it.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitState {
    /// Full name: `kubelet.service`.
    pub name: String,
    /// `load_state`, `active_state`, `sub_state`, `result`, `unit_file_state`, `fragment_path` (texts), `n_restarts`,
    /// `exec_main_status`, `main_pid` (numbers), `need_daemon_reload`, `condition_result` (truth values), `drop_ins` (texts),
    /// `active_since` (a time).
    pub fields: BTreeMap<&'static str, Fact>,
    /// Which tool said it: the smaller the more it knows.
    pub rank: u8,
}

impl UnitState {
    /// A state of which nothing is known yet.
    pub fn new(name: impl Into<String>, rank: u8) -> Self {
        Self {
            name: name.into(),
            fields: BTreeMap::new(),
            rank,
        }
    }

    /// Adds a text, unless it is empty.
    pub fn text(&mut self, field: &'static str, text: &str, origin: Origin) {
        if !text.is_empty() {
            self.fields.insert(field, Fact::text(text, origin));
        }
    }

    /// Adds a number, a truth value or a list.
    pub fn value(&mut self, field: &'static str, value: Value, origin: Origin) {
        self.fields.insert(field, Fact::new(value, origin));
    }
}

/// A table of units that is certain to be whole, so that a unit that it does not name is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllUnits {
    /// The units that have a file, else those that systemd holds in memory: what is up, failed or waits is among these.
    pub files: bool,
    /// Only services are listed.
    pub services: bool,
}

/// Names in one folder of the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Absolute path of the folder.
    pub path: String,
    /// Whether every name is there, so that a missing name proves absence.
    pub complete: bool,
    /// What it holds, without `.` and `..`.
    pub entries: Vec<Listed>,
}

impl Listing {
    /// The entry with a name.
    pub fn entry(&self, name: &str) -> Option<&Listed> {
        self.entries.iter().find(|entry| entry.name == name)
    }
}

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The name, without folder.
    pub name: String,
    /// What it is.
    pub kind: FileKind,
    /// Permission bits in octal, four digits: `0600`; `None` when not printed.
    pub mode: Option<String>,
    /// Size in bytes; `None` when not printed.
    pub size: Option<u64>,
    /// Target of a symbolic link, as written in it.
    pub link: Option<String>,
    /// Line of the entry that shows it.
    pub line: Option<u64>,
}

/// What a name in a folder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A socket.
    Socket,
    /// A pipe or a device.
    Other,
    /// Only the name was printed.
    Unknown,
}

/// A folder of CNI configurations that the collector looked into, or that does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CniFolder {
    /// Absolute path on the node.
    pub path: String,
    /// Whether a configuration is in it.
    pub has_config: bool,
}

/// A path that the collector found to exist: it stored a copy or looked at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exists {
    /// Absolute path on the node.
    pub path: String,
    /// Target, when it is a symbolic link.
    pub link: Option<String>,
}

/// A path that a program was told does not exist (`ENOENT`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// Absolute path on the node.
    pub path: String,
    /// Where its folder is missing too: the nearest folder that exists.
    pub below: Option<String>,
}

/// How the bundle was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Our collector on the running node.
    Live,
    /// Our collector on a mounted file system.
    Root,
}

/// The node's clock as something printed it, and what that is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockReading {
    /// The time, UTC.
    pub time: DateTime<Utc>,
    /// Whether it is the time of collection by our collector on the running node.
    pub collection: bool,
}

/// One process; several entries can tell parts of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Process {
    /// Process id.
    pub pid: i64,
    /// Short name, as in `/proc/N/comm`.
    pub name: Option<String>,
    /// Arguments, the program first; `None` when not known.
    pub argv: Option<Vec<String>>,
    /// Unit that it belongs to.
    pub unit: Option<String>,
    /// Environment, the part that was taken.
    pub environment: Option<BTreeMap<String, String>>,
}

/// An entry that shows all processes, so that a missing one proves that it does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllProcesses;

/// A mounted file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Device or name of the source.
    pub device: String,
    /// Where it is mounted.
    pub mount: String,
    /// Type: `ext4`, `cgroup2`.
    pub kind: String,
    /// Mounted read-only.
    pub read_only: bool,
}

/// Fill level of a mounted file system.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Space {
    /// Where it is mounted.
    pub mount: String,
    /// Device or name of the source.
    pub device: String,
    /// Size in bytes.
    pub size: Option<i64>,
    /// Percent of the space that is used.
    pub used_percent: Option<i64>,
    /// Percent of the inodes that are used.
    pub inodes_percent: Option<i64>,
}

/// `KEY=value` lines of `os-release`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OsRelease(pub BTreeMap<String, String>);

/// A kernel setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sysctl {
    /// Dotted name: `net.ipv4.ip_forward`.
    pub name: String,
    /// Value as printed.
    pub value: String,
}

/// A line of `/etc/hosts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostsLine {
    /// Address.
    pub address: String,
    /// Names.
    pub names: Vec<String>,
}

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Name: `eth0`.
    pub name: String,
    /// `up`, `down`, `unknown`, …
    pub state: String,
    /// Largest packet in bytes.
    pub mtu: Option<i64>,
}

/// An address of a network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Interface.
    pub link: String,
    /// Address without prefix length.
    pub address: String,
}

/// An entry of the main routing table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// `default` or a network: `10.0.0.0/24`.
    pub destination: String,
    /// Gateway; `None` for a network that is directly attached.
    pub via: Option<String>,
    /// Interface.
    pub dev: Option<String>,
}

/// An entry that shows the whole routing table, so that a missing default route is proven. Also pushed for an empty table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllRoutes;

/// A socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Socket {
    /// As `ss` writes it: `LISTEN`, `ESTAB`, `SYN-SENT`.
    pub state: String,
    /// Local address without port.
    pub address: String,
    /// Local port.
    pub port: i64,
    /// Peer, `address:port`.
    pub peer: String,
    /// Program that owns it.
    pub process: Option<String>,
    /// Its process id.
    pub pid: Option<i64>,
}

/// An entry that shows all listening sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllListeners;

/// A firewall rule that drops or rejects packets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropRule {
    /// Chain with its table's hook direction: `OUTPUT`.
    pub chain: String,
    /// The rule as printed.
    pub rule: String,
    /// Remote ports (`--dport` on the way out, `--sport` on the way in), as printed; empty = any.
    pub ports: Vec<(u16, u16)>,
    /// Remote address or network as printed; `None` = any.
    pub address: Option<String>,
    /// Whether it sees packets that leave for the API server or come from it.
    pub direction: Direction,
}

/// An entry that shows the rules of the packet filter, so that there are no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirewallRead;

/// Which packets of a connection to the API server a firewall rule sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Those that leave the node.
    Out,
    /// Those that arrive.
    In,
}

/// All states of one unit, the most telling tool first.
pub fn unit_states<'a>(evidence: &'a Evidence, name: &str) -> Vec<&'a Sourced<UnitState>> {
    let mut states: Vec<_> = evidence
        .all::<UnitState>()
        .iter()
        .filter(|state| state.value.name == name)
        .collect();
    states.sort_by_key(|state| state.value.rank);
    states
}
