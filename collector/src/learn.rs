//! The learn pass: secrets of the node are known before the first of its files is stored.

use crate::expand;
use crate::host::Host;
use crate::host::wire::{Failure, Keep};
use crate::node::{Node, scan};
use crate::spec::{self, Sensitivity, has_ending};
use nodebundle_bundle::Outcome;
use nodebundle_bundle::redact::{ContentKind, Learner, Secrets};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// What the pass yielded.
#[derive(Debug)]
pub(crate) struct Learned {
    /// The matcher.
    pub(crate) secrets: Secrets,
    /// Sources that could not be read in time: their secrets may stand elsewhere unmasked.
    pub(crate) not_learned: Vec<(String, Failure)>,
}

/// Reads every source that bears secrets, also those that are never stored.
pub(crate) fn learn(host: &mut Host, node: &Node) -> Learned {
    let mut pass = Pass {
        learner: Learner::new(),
        not_learned: Vec::new(),
        seen: BTreeSet::new(),
        bytes: 0,
        deadline: Instant::now() + MAX_TIME,
    };
    pass.learner.never(harmless(host, node));
    if host.is_live() {
        pass.learner.now(host.clock().now().timestamp());
    }
    for process in &node.processes {
        if process.is_of_interest() {
            pass.source(host, &format!("/proc/{}/environ", process.pid), None);
            pass.source(host, &format!("/proc/{}/cmdline", process.pid), None);
        }
    }
    for (path, kind) in SECRET_FILES {
        pass.source(host, path, *kind);
    }
    for path in &node.credentials {
        let named_so = TOKEN_NAMES.iter().any(|word| path.contains(word));
        let holds_one = named_so && !has_ending(path, "csv");
        pass.source(host, path, holds_one.then_some(ContentKind::Token));
    }
    for path in &node.pem_files {
        pass.source(host, path, None);
    }
    for spec in spec::all() {
        for item in spec.items {
            let mixed = matches!(item.sensitivity, Sensitivity::Mixed | Sensitivity::Secret);
            if mixed && !item.source.is_log() {
                for path in expand::files(host, node, item).unwrap_or_default() {
                    pass.source(host, &path, None);
                }
            }
        }
    }
    Learned {
        secrets: pass.learner.finish(),
        not_learned: pass.not_learned,
    }
}

struct Pass {
    learner: Learner,
    not_learned: Vec<(String, Failure)>,
    seen: BTreeSet<String>,
    bytes: usize,
    deadline: Instant,
}

impl Pass {
    fn source(&mut self, host: &mut Host, path: &str, kind: Option<ContentKind>) {
        if !self.seen.insert(path.to_owned()) {
            return;
        }
        if self.bytes >= MAX_BYTES || Instant::now() >= self.deadline {
            let why = "not-learned: the learn pass was over";
            self.not_learned
                .push((path.to_owned(), Failure::new(Outcome::Skipped, why)));
            return;
        }
        // What is never stored is not remembered either.
        let taken = if crate::deny::by_path(path).is_some() {
            host.read_once(path, MAX_SOURCE, Keep::HeadAndTail)
        } else {
            host.read(path, MAX_SOURCE)
        };
        match taken {
            Ok(taken) => {
                let kind = kind.unwrap_or_else(|| ContentKind::detect(path, &taken.bytes));
                self.learner.learn(kind, &taken.bytes);
                self.learner.certificates(path, &taken.bytes);
                self.bytes += taken.bytes.len();
            }
            Err(failure) if failure.outcome == Outcome::Timeout => {
                let failure = Failure::timeout("not-learned: the source did not answer");
                self.not_learned.push((path.to_owned(), failure));
            }
            Err(_) => {}
        }
    }
}

/// Names that stand in secret-bearing places and are no secrets.
fn harmless(host: &mut Host, node: &Node) -> Vec<String> {
    let mut words: Vec<String> = node.hostname.iter().cloned().collect();
    words.extend(node.flag("hostname-override"));
    if let Some(hosts) = host.line("/etc/hosts") {
        let names = hosts.lines().filter(|line| !line.starts_with('#'));
        words.extend(names.flat_map(|line| line.split_whitespace().map(str::to_owned)));
    }
    for path in &node.kubeconfigs {
        if let Ok(taken) = host.read(path, MAX_SOURCE) {
            let found = scan::values(&taken.text(), HARMLESS_KEYS);
            words.extend(found.into_iter().map(|(_, value)| value));
        }
    }
    words
}

const HARMLESS_KEYS: &[&str] = &[
    "name",
    "user",
    "cluster",
    "namespace",
    "current-context",
    "server",
    "username",
];

/// Sources whose whole content is a credential; they are never stored.
const SECRET_FILES: &[(&str, Option<ContentKind>)] = &[
    ("/root/.docker/config.json", None),
    ("/run/containers/0/auth.json", None),
    ("/etc/kubernetes/cloud.conf", None),
    ("/etc/kubernetes/cloud-config", None),
    ("/etc/keepalived/keepalived.conf", None),
    ("/root/.netrc", None),
    ("/etc/kubernetes/encryption-config.yaml", None),
    ("/etc/etcd/etcd.env", Some(ContentKind::Env)),
    ("/etc/etcd.env", Some(ContentKind::Env)),
    ("/var/lib/cloud/instance/user-data.txt", None),
];

/// Words in the path of a file that holds one token and nothing else.
const TOKEN_NAMES: &[&str] = &["token", "password"];

/// The pass is over after this.
const MAX_TIME: Duration = Duration::from_secs(3);
/// All sources together.
const MAX_BYTES: usize = 8 << 20;
/// One source.
const MAX_SOURCE: u64 = 256 << 10;
