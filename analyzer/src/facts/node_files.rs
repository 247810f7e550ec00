//! What the listings of the node say of its credentials and of its static pods.

use crate::derived::{Context, Derived};
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::observed::{FileKind, Listed, Listing};
use crate::origin::Origin;
use crate::parse::static_pod::StaticPod;
use crate::presence::{Presence, presence};

pub(super) const DERIVED: Derived = Derived {
    name: "node_files",
    after: &["kubelet_settings"],
    facts: FACTS,
    derive,
};

const FACTS: &[FactDecl] = &[
    FactDecl::new(
        "node_files.open_credentials",
        Type::Texts,
        "private keys, client certificates with key and kubeconfigs that others than their owner may read",
    )
    .needs(
        "listings of the folders of certificates",
        "ls -la /etc/kubernetes /etc/kubernetes/pki /var/lib/kubelet/pki",
    ),
    FactDecl::new(
        "node_files.static_pods",
        Type::Texts,
        "names of the files in the folder of static pods",
    )
    .needs(
        "listing of the folder of static pods",
        "ls -la /etc/kubernetes/manifests",
    ),
    FactDecl::new(
        "node_files.control_plane_kubeconfig",
        Type::Bool,
        "there is a kubeconfig of the scheduler or the controller manager, which only control-plane nodes have",
    )
    .needs("listing of /etc/kubernetes", "ls -la /etc/kubernetes"),
];

/// What only a node of the control plane has.
const CONTROL_PLANE: [&str; 2] = [
    "/etc/kubernetes/controller-manager.conf",
    "/etc/kubernetes/scheduler.conf",
];

/// Folders that hold credentials of the node.
const FOLDERS: &[&str] = &[
    "/etc/kubernetes",
    "/etc/kubernetes/pki",
    "/etc/kubernetes/pki/etcd",
    "/etc/kubernetes/ssl",
    "/var/lib/kubelet/pki",
    "/var/lib/rancher/k3s/agent",
    "/var/lib/rancher/rke2/agent",
];

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    let facts = [
        ("node_files.open_credentials", open_credentials(evidence)),
        ("node_files.static_pods", static_pods(evidence)),
        (
            "node_files.control_plane_kubeconfig",
            control_plane_kubeconfig(evidence),
        ),
    ];
    for (path, fact) in facts {
        if let Some(fact) = fact {
            evidence.facts.set(path, fact);
        }
    }
}

fn open_credentials(evidence: &Evidence) -> Option<Fact> {
    let listings = evidence.all::<Listing>().iter();
    let mine: Vec<_> = listings
        .filter(|listing| FOLDERS.contains(&listing.value.path.trim_end_matches('/')))
        .collect();
    let read = mine.first()?.origin.clone();
    let open = mine.iter().flat_map(|listing| {
        let files = listing.value.entries.iter().filter(|file| is_open(file));
        files.map(|file| {
            let path = format!("{}/{}", listing.value.path.trim_end_matches('/'), file.name);
            Fact::text(path, placed(&listing.origin, file.line))
        })
    });
    Some(Fact::list_at(open.collect(), &read))
}

/// Whether a file holds a credential and others than its owner may read it.
fn is_open(file: &Listed) -> bool {
    let name = file.name.as_str();
    let secret = match name.rsplit_once('.') {
        Some((_, "key")) => true,
        Some((front, "pem")) => front.starts_with("kubelet-client"),
        Some((front, "conf")) => front != "cluster-info",
        _ => false,
    };
    let others = file.mode.as_deref().and_then(|mode| mode.chars().last());
    secret
        && file.kind == FileKind::File
        && others.is_some_and(|digit| ('4'..='7').contains(&digit))
}

fn control_plane_kubeconfig(evidence: &Evidence) -> Option<Fact> {
    let found = CONTROL_PLANE.map(|path| presence(evidence, path));
    let proof = |present: bool| {
        let mut known = found.iter().filter(|one| one.known() == Some(present));
        known.next().and_then(Presence::origin).cloned()
    };
    let any = proof(true).map(|origin| Fact::new(Value::Bool(true), origin));
    let is_known = found.iter().all(|one| one.known().is_some());
    let none = || proof(false).filter(|_| is_known);
    any.or_else(|| none().map(|origin| Fact::new(Value::Bool(false), origin)))
}

/// Known from a complete listing of the folder, else from the files themselves.
fn static_pods(evidence: &Evidence) -> Option<Fact> {
    let set = evidence.facts.text("kubelet.effective.static_pod_path");
    let folder = set
        .unwrap_or("/etc/kubernetes/manifests")
        .trim_end_matches('/');
    let mut listings = evidence.all::<Listing>().iter();
    let listing = listings.find(|listing| {
        listing.value.complete && listing.value.path.trim_end_matches('/') == folder
    });
    if let Some(listing) = listing {
        let files = listing.value.entries.iter();
        let names = files
            .filter(|file| file.kind != FileKind::Folder && !file.name.starts_with('.'))
            .map(|file| Fact::text(file.name.as_str(), placed(&listing.origin, file.line)));
        return Some(Fact::list_at(names.collect(), &listing.origin));
    }
    let stored: Vec<Fact> = evidence
        .all::<StaticPod>()
        .iter()
        .filter_map(|pod| {
            let name = pod.value.path.strip_prefix(folder)?.strip_prefix('/')?;
            Some(Fact::text(name, pod.origin.clone()))
        })
        .collect();
    (!stored.is_empty()).then(|| Fact::list(stored))
}

fn placed(listing: &Origin, line: Option<u64>) -> Origin {
    Origin {
        line: line.or(listing.line),
        ..listing.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn file(name: &str, mode: &str) -> Listed {
        Listed {
            name: name.into(),
            kind: FileKind::File,
            mode: Some(mode.into()),
            size: None,
            link: None,
            line: Some(4),
        }
    }

    fn with(path: &str, entries: Vec<Listed>) -> Evidence {
        let mut evidence = Evidence::default();
        let listing = Listing {
            path: path.into(),
            complete: true,
            entries,
        };
        evidence.push(listing, Origin::entry("listings/x.json"));
        testing::derive(&mut evidence, &[&DERIVED]);
        evidence
    }

    #[test]
    fn only_credentials_that_others_may_read_are_open() {
        let files = vec![
            file("ca.key", "0600"),
            file("ca.crt", "0644"),
            file("sa.key", "0644"),
        ];
        let evidence = with("/etc/kubernetes/pki", files);
        let open = evidence.facts.get("node_files.open_credentials").unwrap();
        assert_eq!(open.items().len(), 1);
        assert_eq!(
            open.items()[0].as_text(),
            Some("/etc/kubernetes/pki/sa.key")
        );
        assert!(evidence.facts.get("node_files.static_pods").is_none());
    }

    #[test]
    fn an_empty_folder_of_static_pods_is_known_to_be_empty() {
        let evidence = with("/etc/kubernetes/manifests", Vec::new());
        let pods = evidence.facts.get("node_files.static_pods").unwrap();
        assert!(pods.items().is_empty());
    }
}
