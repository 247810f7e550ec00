//! One input, opened to look inside: its entries under the names that reports cite, each with what it is a copy of.

use crate::analyze::{AnalyzeError, called};
use crate::intake;
use crate::node_names::{Names, of_parts};
use crate::parts::{Owner, Part, Parts};
use crate::source::Source;
use nodebundle_bundle::reader::ReadError;
use nodebundle_bundle::{Control, EntryHead, Input, Limits, ReadSummary, Reader};
use std::collections::BTreeSet;
use std::io::BufRead;

/// One input.
pub struct Opened {
    /// The input as it was named.
    pub name: String,
    reader: Reader,
    parts: Parts,
    /// The node to look at; `None` for all that is in the input.
    node: Option<usize>,
}

/// One entry of an input.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Its name, without top folder; of what is inside an archive of the input `archive!/name`.
    pub name: &'a str,
    /// What it is a copy of.
    pub source: &'a Source,
    /// What the archive says of it.
    pub head: EntryHead<'a>,
}

/// What is called for each entry, with its content.
pub type Look<'v> = dyn FnMut(Place<'_>, &mut dyn BufRead) -> Control + 'v;

impl Opened {
    /// Opens an input: what its entries are is told by their names. Of several nodes it can show one; then what belongs to a
    /// cluster is read first, for it may list that node.
    pub fn new(input: &Input, node: Option<&str>) -> Result<Self, AnalyzeError> {
        let mut reader = Reader::new(input.clone(), Limits::default());
        let Some(asked) = node else {
            let parts = Parts::of(reader.names()?);
            return Ok(Self {
                name: input.name(),
                reader,
                parts,
                node: None,
            });
        };
        let (parts, _) = intake::parts(&mut reader)?;
        let node = position(asked, input, &mut reader, &parts)?;
        Ok(Self {
            name: input.name(),
            reader,
            parts,
            node: Some(node),
        })
    }

    /// Names of the layouts of its nodes, each once.
    pub fn layouts(&self) -> Vec<&'static str> {
        let layouts: BTreeSet<_> = self.parts.nodes().iter().map(|part| part.layout).collect();
        layouts.into_iter().collect()
    }

    /// What tells its nodes from each other; empty where it holds one.
    pub fn nodes(&mut self) -> Result<Vec<String>, ReadError> {
        let (parts, _) = intake::parts(&mut self.reader)?;
        Ok(match parts.nodes() {
            [_] => Vec::new(),
            nodes => nodes.iter().map(Part::label).collect(),
        })
    }

    /// The entries that are looked at, in order, each with what it is a copy of.
    pub fn entries(&mut self) -> Result<Vec<(String, Source)>, ReadError> {
        let names = self.reader.names()?.iter();
        let own = names.filter(|name| is_of(&self.parts, self.node, name));
        Ok(own
            .map(|name| (name.clone(), self.parts.source(name)))
            .collect())
    }

    /// Offers every entry, in the order of the archive.
    pub fn read(&mut self, look: &mut Look<'_>) -> Result<ReadSummary, ReadError> {
        let (parts, node) = (&self.parts, self.node);
        self.reader.read(&mut |head, body| {
            let name = head.full_name();
            if !is_of(parts, node, &name) {
                return Control::Continue;
            }
            let source = parts.source(&name);
            let place = Place {
                name: &name,
                source: &source,
                head,
            };
            look(place, body)
        })
    }
}

/// The one node of that name.
fn position(
    node: &str,
    input: &Input,
    reader: &mut Reader,
    parts: &Parts,
) -> Result<usize, AnalyzeError> {
    let names = of_parts(node, reader, parts)?;
    match called(node, &names, input)?.as_slice() {
        [only] => Ok(*only),
        several => {
            let own = several.iter().filter_map(|number| names.get(*number));
            Err(AnalyzeError::Several {
                name: input.name(),
                nodes: own.map(Names::shown).collect(),
            })
        }
    }
}

fn is_of(parts: &Parts, node: Option<usize>, name: &str) -> bool {
    node.is_none_or(|node| parts.reader_of(name) == Owner::Node(node))
}
