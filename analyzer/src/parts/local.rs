//! The host that a tool ran on, which names of entries do not tell.

use super::{Owner, Part, Parts};
use crate::layout::Layout;
use crate::source::Source;

impl Parts {
    /// Whether an entry is of the host that a tool ran on, and tells its name.
    pub(crate) fn names_local_host(&self, name: &str) -> Option<usize> {
        let (number, _) = self.scope(name)?;
        let local = self.index.get(&(number, Layout::LOCAL.to_owned()))?;
        let tells = match self.source(name) {
            Source::File(path) => path == "/etc/hostname",
            Source::Command(command) => command.split(' ').next() == Some("hostname"),
            Source::Named(name) => name.ends_with("/hostos_info.json"),
            _ => false,
        };
        (tells && self.owner(name) == Owner::Node(*local)).then_some(number)
    }

    /// Finds the node that the host is which the tool ran on: the only one of its cluster, or the one of its name. Else that host
    /// is a part of its own, and nothing of the cluster belongs to it.
    pub(crate) fn settle_local(&mut self, cluster: usize, host: Option<&str>) {
        let key = (cluster, Layout::LOCAL.to_owned());
        let Some(&local) = self.index.get(&key) else {
            return;
        };
        let short = |name: &str| name.split('.').next().map(str::to_ascii_lowercase);
        let others = || {
            let nodes = self.nodes.iter().enumerate();
            nodes.filter(move |(number, part)| part.scope == cluster && *number != local)
        };
        let is_host = |part: &Part| {
            let node = part.node.as_deref().and_then(short);
            node.is_some() && node == host.and_then(short)
        };
        let same = match others().count() {
            0 => return,
            1 => others().next(),
            _ => others().find(|(_, part)| is_host(part)),
        };
        if let Some((node, _)) = same {
            self.index.insert(key, node);
            self.remove(local);
        } else if let Some(part) = self.nodes.get_mut(local) {
            part.apart = true;
        }
    }
}
