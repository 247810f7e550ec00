//! Whether a path exists on the node, and what proves it.
//!
//! "Missing" needs a proof: the collector's `absent`, or a complete listing of the folder that lacks the name.
//! A file that was merely not sent is unknown.

use crate::evidence::Evidence;
use crate::observed::{Absence, Exists, FileKind, Listed, Listing, Mode};
use crate::origin::Origin;

/// Whether a path exists, with the entry that proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// It exists, links followed.
    Present(Origin),
    /// It does not exist, or is a link to nothing.
    Absent(Origin),
    /// The bundle does not tell.
    Unknown,
}

impl Presence {
    /// `Some(true)` for present, `Some(false)` for absent.
    pub fn known(&self) -> Option<bool> {
        match self {
            Self::Present(_) => Some(true),
            Self::Absent(_) => Some(false),
            Self::Unknown => None,
        }
    }

    /// The proof.
    pub fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Present(origin) | Self::Absent(origin) => Some(origin),
            Self::Unknown => None,
        }
    }
}

/// Whether `path`, absolute, exists on the node.
pub fn presence(evidence: &Evidence, path: &str) -> Presence {
    resolve(evidence, path, MAX_LINKS)
}

/// What a listing says about a path, links not followed, and where.
pub fn listed<'a>(evidence: &'a Evidence, path: &str) -> Option<(&'a Listed, Origin)> {
    let (folder, name) = path.rsplit_once('/')?;
    let folder = if folder.is_empty() { "/" } else { folder };
    listings(evidence, folder)
        .find_map(|(listing, origin)| Some((listing.entry(name)?, origin)))
        .map(|(entry, origin)| {
            let line = entry.line.or(origin.line);
            (entry, Origin { line, ..origin })
        })
}

/// The path without `.`, `..` and repeated slashes.
pub fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

fn resolve(evidence: &Evidence, path: &str, links_left: u8) -> Presence {
    let path = normal(path);
    if path == "/" {
        return Presence::Unknown;
    }
    if let Some(origin) = seen(evidence, &path) {
        return Presence::Present(origin);
    }
    let mut folder = String::new();
    for name in path.split('/').skip(1) {
        let parent = if folder.is_empty() { "/" } else { &folder };
        let here = format!("{folder}/{name}");
        let rest = path.strip_prefix(here.as_str()).unwrap_or_default();
        if let Some(target) = link_target(evidence, &here) {
            if links_left == 0 {
                return Presence::Unknown;
            }
            let next = join(parent, &target, rest);
            return follow(evidence, &path, &next, links_left);
        }
        if let Some(origin) = lacks(evidence, parent, name) {
            return if volatile_in_tree(evidence, &here) {
                Presence::Unknown
            } else {
                Presence::Absent(origin)
            };
        }
        folder = here;
    }
    if let Some((_, origin)) = listed(evidence, &path) {
        return Presence::Present(origin);
    }
    reported_absent(evidence, &path)
}

/// Follows a link; where nothing is known of the target, what was reported of the path itself counts.
fn follow(evidence: &Evidence, path: &str, target: &str, links_left: u8) -> Presence {
    match resolve(evidence, target, links_left - 1) {
        Presence::Unknown => reported_absent(evidence, path),
        known => known,
    }
}

fn seen(evidence: &Evidence, path: &str) -> Option<Origin> {
    let stored = evidence
        .all::<Exists>()
        .iter()
        .find(|piece| piece.value.path == path)
        .map(|piece| piece.origin.clone());
    stored.or_else(|| {
        listings(evidence, path).next().map(|(_, origin)| Origin {
            line: None,
            ..origin
        })
    })
}

fn link_target(evidence: &Evidence, path: &str) -> Option<String> {
    if let Some((entry, _)) = listed(evidence, path)
        && entry.kind == FileKind::Link
    {
        return entry.link.clone();
    }
    if path == "/var/run" {
        return Some("/run".to_owned());
    }
    evidence
        .all::<Exists>()
        .iter()
        .find(|piece| piece.value.path == path)
        .and_then(|piece| piece.value.link.clone())
}

/// The complete listing of a folder that lacks a name.
fn lacks(evidence: &Evidence, folder: &str, name: &str) -> Option<Origin> {
    let mut proof = None;
    for (listing, origin) in listings(evidence, folder) {
        if listing.entry(name).is_some() {
            return None;
        }
        if listing.complete && proof.is_none() {
            proof = Some(origin);
        }
    }
    proof
}

/// In a mounted file system the folders that exist only while it runs say nothing.
fn volatile_in_tree(evidence: &Evidence, path: &str) -> bool {
    let in_tree = evidence
        .all::<Mode>()
        .iter()
        .any(|mode| mode.value == Mode::Root);
    in_tree
        && VOLATILE
            .iter()
            .any(|folder| path == *folder || path.starts_with(&format!("{folder}/")))
}

fn reported_absent(evidence: &Evidence, path: &str) -> Presence {
    if volatile_in_tree(evidence, path) {
        return Presence::Unknown;
    }
    evidence
        .all::<Absence>()
        .iter()
        .filter(|piece| piece.value.path == path && proven(evidence, &piece.value))
        // The manifest's parts have lines, the whole of it has not.
        .min_by_key(|piece| piece.origin.line.is_none())
        .map_or(Presence::Unknown, |piece| {
            Presence::Absent(piece.origin.clone())
        })
}

/// Where the folder is missing too, only a listing of the nearest folder proves it.
fn proven(evidence: &Evidence, absence: &Absence) -> bool {
    let Some(below) = absence.below.as_deref() else {
        return true;
    };
    let prefix = if below == "/" { "" } else { below };
    let next = absence
        .path
        .strip_prefix(prefix)
        .and_then(|rest| rest.split('/').nth(1));
    next.is_some_and(|name| lacks(evidence, below, name).is_some())
}

fn listings<'a>(
    evidence: &'a Evidence,
    folder: &str,
) -> impl Iterator<Item = (&'a Listing, Origin)> {
    evidence
        .all::<Listing>()
        .iter()
        .filter(move |piece| piece.value.path == folder)
        .map(|piece| (&piece.value, piece.origin.clone()))
}

fn join(parent: &str, target: &str, rest: &str) -> String {
    if target.starts_with('/') {
        format!("{target}{rest}")
    } else {
        format!("{parent}/{target}{rest}")
    }
}

const MAX_LINKS: u8 = 16;
const VOLATILE: &[&str] = &["/run", "/var/run", "/proc", "/sys", "/dev", "/tmp"];

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(path: &str, complete: bool, names: &[(&str, Option<&str>)]) -> Listing {
        let entries = names
            .iter()
            .map(|(name, link)| Listed {
                name: (*name).to_owned(),
                kind: if link.is_some() {
                    FileKind::Link
                } else {
                    FileKind::File
                },
                mode: None,
                size: None,
                link: link.map(str::to_owned),
                line: Some(7),
            })
            .collect();
        Listing {
            path: path.to_owned(),
            complete,
            entries,
        }
    }

    fn with(listings: &[Listing]) -> Evidence {
        let mut evidence = Evidence::default();
        for one in listings {
            evidence.push(one.clone(), Origin::line("ls.txt", 1));
        }
        evidence
    }

    #[test]
    fn a_complete_listing_proves_absence_and_an_incomplete_one_does_not() {
        let evidence = with(&[listing("/etc/kubernetes", true, &[("kubelet.conf", None)])]);
        assert_eq!(
            presence(&evidence, "/etc/kubernetes/kubelet.conf"),
            Presence::Present(Origin::line("ls.txt", 7))
        );
        assert_eq!(
            presence(&evidence, "/etc/kubernetes/bootstrap-kubelet.conf").known(),
            Some(false)
        );
        assert_eq!(
            presence(&evidence, "/etc/kubernetes/pki/ca.crt").known(),
            Some(false)
        );
        let cut = with(&[listing("/etc/kubernetes", false, &[])]);
        assert_eq!(
            presence(&cut, "/etc/kubernetes/kubelet.conf"),
            Presence::Unknown
        );
    }

    #[test]
    fn a_link_to_nothing_is_absent() {
        let evidence = with(&[listing(
            "/pki",
            true,
            &[("current.pem", Some("dated.pem")), ("other.pem", None)],
        )]);
        assert_eq!(presence(&evidence, "/pki/current.pem").known(), Some(false));
        let circle = with(&[listing("/pki", true, &[("a", Some("b")), ("b", Some("a"))])]);
        assert_eq!(presence(&circle, "/pki/a"), Presence::Unknown);
    }

    #[test]
    fn what_was_looked_for_through_a_linked_folder_counts() {
        let mut evidence = with(&[listing(
            "/",
            true,
            &[("sbin", Some("usr/sbin")), ("usr", None)],
        )]);
        let path = "/sbin/modprobe".to_owned();
        evidence.push(
            Absence { path, below: None },
            Origin::entry("programs.json"),
        );
        assert_eq!(presence(&evidence, "/sbin/modprobe").known(), Some(false));
        assert_eq!(presence(&evidence, "/sbin/iptables").known(), None);
    }

    #[test]
    fn a_missing_folder_below_needs_a_listing() {
        let mut evidence = Evidence::default();
        evidence.push(
            Absence {
                path: "/etc/eks/kubelet/environment".to_owned(),
                below: Some("/etc".to_owned()),
            },
            Origin::line("manifest/0001.jsonl", 3),
        );
        assert_eq!(
            presence(&evidence, "/etc/eks/kubelet/environment"),
            Presence::Unknown
        );
        evidence.push(
            listing("/etc", true, &[("hosts", None)]),
            Origin::entry("listings/etc.json"),
        );
        assert_eq!(
            presence(&evidence, "/etc/eks/kubelet/environment").known(),
            Some(false)
        );
    }

    #[test]
    fn a_mounted_tree_says_nothing_of_run() {
        let mut evidence = with(&[listing("/", true, &[("etc", None)])]);
        assert_eq!(
            presence(&evidence, "/var/run/containerd.sock").known(),
            Some(false)
        );
        evidence.push(Mode::Root, Origin::entry("bundle.json"));
        assert_eq!(
            presence(&evidence, "/run/containerd.sock"),
            Presence::Unknown
        );
        assert_eq!(presence(&evidence, "/opt/cni").known(), Some(false));
    }
}
