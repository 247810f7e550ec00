//! Which nodes an input holds, and which of its entries belongs to which node.
//!
//! A bundle may stand below folders or archives that somebody added, several may be packed together, and a bundle of a
//! cluster holds several nodes: each node is a part and has a report of its own.

mod local;
mod mixed;

use crate::layout::Layout;
use crate::names;
use crate::source::Source;
use std::collections::{BTreeMap, BTreeSet};

/// How the entries of one input are shared out among nodes.
pub struct Parts {
    scopes: Vec<Scope>,
    nodes: Vec<Part>,
    /// Name of a node in a scope → its part.
    index: BTreeMap<(usize, String), usize>,
    /// Namespace and name of a pod in a scope, joined as folders of its logs are → the part that it runs on.
    pods: BTreeMap<(usize, String), usize>,
}

/// One bundle inside the input.
struct Scope {
    /// What the names of its entries begin with: empty, or `folder/` and `archive.zip!/`, one after the other.
    prefix: String,
    layout: Option<&'static Layout>,
    /// Its logs are of several nodes.
    mixed: bool,
}

/// One node of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The folders and archives above its bundle, as names of entries begin with them; empty for the input itself.
    pub prefix: String,
    /// Name of the node, where the bundle holds several.
    pub node: Option<String>,
    /// Name of the layout of its bundle.
    pub layout: &'static str,
    scope: usize,
    /// It is the host that the tool ran on, and none of the nodes of its cluster.
    apart: bool,
}

/// Whose an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Of one node: its position among the parts.
    Node(usize),
    /// Of the cluster in which these parts are nodes.
    Cluster(usize),
    /// It stands beside several bundles and belongs to none of them.
    Nobody,
}

impl Parts {
    /// From the names of all entries, as [`nodebundle_bundle::Reader::names`] gives them.
    pub fn of(names: &[String]) -> Self {
        let names = names.iter().map(String::as_str);
        let names: Vec<&str> = names.filter(|name| !is_litter(name)).collect();
        let mut scopes = Vec::new();
        find(String::new(), &names, DEPTH, &mut scopes);
        if scopes.is_empty() {
            scopes.push(Scope {
                prefix: String::new(),
                layout: Layout::of(&names).map(|(layout, _)| layout),
                mixed: false,
            });
        }
        let mut parts = Self {
            scopes,
            nodes: Vec::new(),
            index: BTreeMap::new(),
            pods: BTreeMap::new(),
        };
        for scope in 0..parts.scopes.len() {
            let nodes = parts.named_nodes(scope, &names);
            parts.add(scope, nodes);
        }
        parts
    }

    /// The nodes, in the order of their bundles and names; at least one.
    pub fn nodes(&self) -> &[Part] {
        &self.nodes
    }

    /// The bundles that are of a cluster: what belongs to all of its nodes has to be read first.
    pub(crate) fn clusters(&self) -> impl Iterator<Item = usize> {
        let scopes = self.scopes.iter().enumerate();
        scopes
            .filter(|(_, scope)| scope.layout.is_some_and(|layout| layout.node.is_some()))
            .map(|(number, _)| number)
    }

    /// Whose an entry is.
    pub fn owner(&self, name: &str) -> Owner {
        if is_litter(name) {
            return Owner::Nobody;
        }
        let Some((number, rest)) = self.scope(name) else {
            return match self.nodes.as_slice() {
                [_] => Owner::Node(0),
                _ => Owner::Nobody,
            };
        };
        let layout = self.scopes.get(number).and_then(|scope| scope.layout);
        let Some(node_of) = layout.and_then(|layout| layout.node) else {
            if self.is_mixed(number) {
                return Owner::Cluster(number);
            }
            return self.first(number).map_or(Owner::Nobody, Owner::Node);
        };
        let of = |node: &str| self.index.get(&(number, node.to_owned()));
        let named = node_of(rest).and_then(|node| match node {
            // A folder of any collector may be named after its node.
            Layout::LOCAL => rest
                .split('/')
                .filter(|folder| !folder.is_empty())
                .find_map(of)
                .or_else(|| of(node)),
            node => of(node),
        });
        let placed = || {
            let pod = (!self.pods.is_empty()).then(|| pod_of(&(layout?.source)(rest)))??;
            self.pods.get(&(number, pod))
        };
        let part = named.or_else(placed);
        part.map_or(Owner::Cluster(number), |part| Owner::Node(*part))
    }

    /// The pods of a cluster, each with its namespace, name and node: their logs are their nodes'.
    pub(crate) fn place_pods(&mut self, cluster: usize, pods: &[[String; 3]]) {
        for [namespace, name, node] in pods {
            if let Some(part) = self.called(cluster, std::slice::from_ref(node)) {
                let pod = format!("{namespace}_{name}");
                self.pods.insert((cluster, pod), part);
            }
        }
    }

    /// Who reads an entry: like [`Parts::owner`], but the only node of a cluster has all that is the cluster's, logs included.
    pub fn reader_of(&self, name: &str) -> Owner {
        match self.owner(name) {
            Owner::Cluster(cluster) => {
                let mut nodes = self.nodes.iter().enumerate();
                let mut own = nodes.by_ref().filter(|(_, part)| part.is_of(cluster));
                match (own.next(), own.next()) {
                    (Some((only, _)), None) => Owner::Node(only),
                    _ => Owner::Cluster(cluster),
                }
            }
            owner => owner,
        }
    }

    /// The parts that read of an entry: its node, or all nodes of a cluster where it is a journal of several.
    pub(crate) fn readers_of(&self, name: &str) -> Vec<usize> {
        match self.reader_of(name) {
            Owner::Node(part) => vec![part],
            Owner::Cluster(cluster)
                if self.is_mixed(cluster) || matches!(self.source(name), Source::Journal(_)) =>
            {
                let nodes = self.nodes.iter().enumerate();
                let own = nodes.filter(|(_, part)| part.is_of(cluster));
                own.map(|(number, _)| number).collect()
            }
            Owner::Cluster(_) | Owner::Nobody => Vec::new(),
        }
    }

    /// What an entry is a copy of.
    pub fn source(&self, name: &str) -> Source {
        let Some((number, rest)) = self.scope(name) else {
            return names::source(name);
        };
        match self.scopes.get(number).and_then(|scope| scope.layout) {
            Some(layout) => (layout.source)(rest),
            None => Source::Named(name.to_owned()),
        }
    }

    /// Adds the nodes that the entries of a cluster list, each with its addresses. A part that was called by one of these is
    /// that node and has its name from now on.
    pub(crate) fn add_listed(&mut self, cluster: usize, nodes: &[(String, Vec<String>)]) {
        let mut new = BTreeSet::new();
        for (node, addresses) in nodes {
            let known = self.called(cluster, std::slice::from_ref(node));
            match known.or_else(|| self.called(cluster, addresses)) {
                Some(part) => {
                    if let Some(part) = self.nodes.get_mut(part) {
                        part.node = Some(node.clone());
                    }
                }
                None => {
                    new.insert(node.clone());
                }
            }
        }
        if !new.is_empty() {
            self.remove_unnamed(cluster);
            self.add(cluster, new);
        }
        self.sort();
    }

    /// Removes the part that stood for a cluster of which no node was known.
    fn remove_unnamed(&mut self, cluster: usize) {
        let unnamed = |part: &Part| part.scope == cluster && part.node.is_none();
        let is_local = self
            .index
            .contains_key(&(cluster, Layout::LOCAL.to_owned()));
        if let (false, Some(position)) = (is_local, self.nodes.iter().position(unnamed)) {
            self.remove(position);
        }
    }

    /// Removes a part that no name stands for any more.
    fn remove(&mut self, position: usize) {
        self.nodes.remove(position);
        for part in self.index.values_mut().filter(|part| **part > position) {
            *part -= 1;
        }
    }

    /// The part of a cluster that stands under one of these names.
    fn called(&self, cluster: usize, names: &[String]) -> Option<usize> {
        let of = |name: &String| {
            self.index
                .iter()
                .find(|((scope, known), _)| *scope == cluster && known.eq_ignore_ascii_case(name))
        };
        names.iter().find_map(of).map(|(_, part)| *part)
    }

    fn sort(&mut self) {
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        order.sort_by_key(|part| {
            self.nodes
                .get(*part)
                .map(|part| (part.scope, part.node.clone()))
        });
        let moved = |old: usize| order.iter().position(|part| *part == old);
        for part in self.index.values_mut() {
            *part = moved(*part).unwrap_or(*part);
        }
        self.nodes = order
            .iter()
            .filter_map(|part| self.nodes.get(*part).cloned())
            .collect();
    }

    fn add(&mut self, scope: usize, nodes: BTreeSet<String>) {
        let Some(found) = self.scopes.get(scope) else {
            return;
        };
        let layout = found.layout.map_or("unknown", |layout| layout.name);
        let part = |node| Part {
            prefix: found.prefix.clone(),
            node,
            layout,
            scope,
            apart: false,
        };
        if nodes.is_empty() {
            self.nodes.push(part(None));
        }
        for node in nodes {
            self.index.insert((scope, node.clone()), self.nodes.len());
            self.nodes
                .push(part(Some(node).filter(|node| node != Layout::LOCAL)));
        }
    }

    /// The nodes that names of entries tell.
    fn named_nodes(&self, number: usize, names: &[&str]) -> BTreeSet<String> {
        let Some(scope) = self.scopes.get(number) else {
            return BTreeSet::new();
        };
        let Some(node_of) = scope.layout.and_then(|layout| layout.node) else {
            return BTreeSet::new();
        };
        let own = || {
            let own = names.iter();
            own.filter_map(|name| name.strip_prefix(scope.prefix.as_str()))
        };
        let named = own().filter_map(node_of);
        let mut nodes: BTreeSet<String> = named
            .filter(|node| *node != Layout::LOCAL)
            .map(str::to_owned)
            .collect();
        let is_local = |name: &str| {
            node_of(name) == Some(Layout::LOCAL)
                && !name.split('/').any(|folder| nodes.contains(folder))
        };
        if own().any(is_local) {
            nodes.insert(Layout::LOCAL.to_owned());
        }
        nodes
    }

    /// The bundle that an entry stands in, and its name there.
    fn scope<'n>(&self, name: &'n str) -> Option<(usize, &'n str)> {
        self.scopes
            .iter()
            .enumerate()
            .find_map(|(number, scope)| Some((number, name.strip_prefix(scope.prefix.as_str())?)))
    }

    fn first(&self, scope: usize) -> Option<usize> {
        self.nodes.iter().position(|part| part.scope == scope)
    }
}

impl Part {
    /// Whether it is a node of the cluster that [`Owner::Cluster`] names.
    pub fn is_of(&self, cluster: usize) -> bool {
        self.scope == cluster && !self.apart
    }

    /// What tells it from the other parts of its input: `worker-1.zip`, `worker-1`; empty where there is nothing to tell.
    pub fn label(&self) -> String {
        let above = self.prefix.trim_end_matches(['!', '/']);
        match &self.node {
            Some(node) if above.is_empty() => node.clone(),
            Some(node) => format!("{above}: {node}"),
            None if self.apart && above.is_empty() => LOCAL_HOST.to_owned(),
            None if self.apart => format!("{above}: {LOCAL_HOST}"),
            None => above.to_owned(),
        }
    }
}

/// The pod whose log this is: `/var/log/pods/NAMESPACE_NAME_x/…`.
fn pod_of(source: &Source) -> Option<String> {
    let Source::File(path) = source else {
        return None;
    };
    let folder = path.strip_prefix("/var/log/pods/")?.split('/').next()?;
    folder.strip_suffix("_x").map(str::to_owned)
}

/// What the host that a tool ran on is called where it is none of the nodes.
const LOCAL_HOST: &str = "local host";

/// What macOS adds to folders and archives.
pub(crate) fn is_litter(name: &str) -> bool {
    let base = name.rsplit('/').next().unwrap_or(name);
    name.split('/').any(|folder| folder == "__MACOSX")
        || base.starts_with("._")
        || base == ".DS_Store"
}

/// Folders and archives, one in the other, that may stand above a bundle.
const DEPTH: u8 = 4;

/// Finds the bundles below a prefix: the one that all names make, or else those in its folders and archives.
fn find(prefix: String, names: &[&str], depth: u8, scopes: &mut Vec<Scope>) {
    let inside: Vec<&str> = names
        .iter()
        .filter_map(|name| name.strip_prefix(prefix.as_str()))
        .collect();
    if let Some((layout, sure)) = Layout::of(&inside)
        && sure >= Layout::SURE
    {
        return scopes.push(Scope {
            prefix,
            layout: Some(layout),
            mixed: false,
        });
    }
    if depth == 0 {
        return;
    }
    let mut below: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, rest) in names.iter().zip(&inside) {
        if let Some((folder, _)) = rest.split_once('/') {
            below.entry(folder).or_default().push(name);
        }
    }
    for (folder, names) in below {
        find(format!("{prefix}{folder}/"), &names, depth - 1, scopes);
    }
}

#[cfg(test)]
mod tests;
