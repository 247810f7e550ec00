//! The configuration file that the kubelet reads, with its drop-ins.

use super::command_line::CommandLine;
use super::flags;
use crate::evidence::{Evidence, Sourced};
use crate::origin::Origin;
use crate::parse::kubelet_config::KubeletConfig;
use crate::presence::{self, Presence};
use crate::tree::Node;

const USUAL: &str = "/var/lib/kubelet/config.yaml";

/// What is known of the configuration file.
#[derive(Debug, Clone)]
pub struct Config<'a> {
    /// Where it is: known, known to be none, or not known.
    pub place: Place,
    /// The file, when it was sent.
    pub file: Option<&'a Sourced<KubeletConfig>>,
    /// Drop-ins in the order in which they are read; the last wins.
    pub drop_ins: Vec<&'a Sourced<KubeletConfig>>,
}

/// Where the configuration file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `--config` names it.
    Path(String, Vec<Origin>),
    /// The kubelet is started without `--config`.
    None(Origin),
    /// Not known.
    Unknown,
}

/// Finds the configuration. Where no command line is known, the only configuration file that was sent is taken; the usual one is no
/// embedded kubelet's.
pub fn config<'a>(evidence: &'a Evidence, line: Option<&CommandLine>) -> Config<'a> {
    let files = evidence.all::<KubeletConfig>();
    let place = place(line);
    let embedded = super::embedded_in(evidence).is_some();
    let dir = line.and_then(|line| flags::value(&line.flags, "config-dir"));
    let in_dir = |file: &&Sourced<KubeletConfig>| {
        let path = file.value.path.as_deref();
        dir.as_ref()
            .zip(path)
            .is_some_and(|((dir, _), path)| is_in(path, dir))
    };
    let file = match &place {
        Place::Path(path, _) => files
            .iter()
            .find(|file| file.value.path.as_deref() == Some(&presence::normal(path))),
        Place::None(_) | Place::Unknown => None,
    };
    let file = file.or_else(|| match (&place, files) {
        (Place::Unknown, [only]) => {
            (!embedded || only.value.path.as_deref() != Some(USUAL)).then_some(only)
        }
        (Place::Path(..), [only]) if only.value.path.is_none() => Some(only),
        _ => None,
    });
    let mut drop_ins: Vec<_> = files.iter().filter(in_dir).collect();
    drop_ins.sort_by(|a, b| a.value.path.cmp(&b.value.path));
    Config {
        place,
        file,
        drop_ins,
    }
}

fn place(line: Option<&CommandLine>) -> Place {
    let Some(line) = line else {
        return Place::Unknown;
    };
    match flags::value(&line.flags, "config") {
        Some((path, origins)) if !path.is_empty() => Place::Path(path, origins),
        _ if line.complete => Place::None(line.origin.clone()),
        _ => Place::Unknown,
    }
}

fn is_in(path: &str, dir: &str) -> bool {
    path.strip_prefix(dir.trim_end_matches('/'))
        .and_then(|rest| rest.strip_prefix('/'))
        .is_some_and(|name| !name.contains('/') && name.rsplit('.').next() == Some("conf"))
}

impl<'a> Config<'a> {
    /// The value of a field and the entry that it stands in; drop-ins win.
    pub fn get(&self, path: &str) -> Option<(&'a Node, &'a Origin)> {
        self.drop_ins
            .iter()
            .rev()
            .copied()
            .chain(self.file)
            .find_map(|file| {
                let node = file.value.content.as_ref().ok()?.root.at(path)?;
                (!node.is_null()).then_some((node, &file.origin))
            })
    }

    /// Whether the defaults hold for what it does not say: it was read whole, or there is none.
    pub fn is_known(&self) -> bool {
        let drop_ins_read = self.drop_ins.iter().all(|file| file.value.content.is_ok());
        let read = self.file.is_some_and(|file| file.value.content.is_ok());
        drop_ins_read && (read || matches!(self.place, Place::None(_)))
    }

    /// Whether the file exists; `None` when there is no path or nothing tells.
    pub fn exists(&self, evidence: &Evidence) -> Option<(bool, Origin)> {
        if let Some(file) = self.file {
            return Some((true, file.origin.clone()));
        }
        let Place::Path(path, _) = &self.place else {
            return None;
        };
        match presence::presence(evidence, path) {
            Presence::Present(origin) => Some((true, origin)),
            Presence::Absent(origin) => Some((false, origin)),
            Presence::Unknown => None,
        }
    }
}
