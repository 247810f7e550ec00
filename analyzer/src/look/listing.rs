//! Everything that an input holds, and what it does not.

use super::manifests::{MOST_MANIFEST, Manifests, manifest};
use super::nature::Nature;
use super::opened::{Opened, Place};
use super::selection::Selection;
use crate::entry::Entry;
use crate::source::Source;
use chrono::{DateTime, Utc};
use nodebundle_bundle::reader::ReadError;
use nodebundle_bundle::{Control, Outcome, Record};
use schemars::JsonSchema;
use serde::Serialize;
use std::io::{BufRead, Read as _};
use std::sync::Arc;

/// Version of the form of a listing.
pub const SCHEMA_VERSION: u32 = 1;

/// The entries of one input.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Listing {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The input as it was named.
    pub input: String,
    /// How it is packed: `tar.gz`, `zip`, `folder`, …
    pub packing: String,
    /// Names of the layouts of the bundles in it.
    pub layouts: Vec<String>,
    /// What tells its nodes from each other; empty where it holds one.
    pub nodes: Vec<String>,
    /// Read to its end without damage; of a bundle of ours also collected to its end.
    pub complete: bool,
    /// Entries in the order of the archive.
    pub entries: Vec<Listed>,
    /// Of a bundle of ours: what was asked of the node and gave nothing to store.
    pub not_stored: Vec<NotStored>,
    /// What is in the input and was not read, the first of it.
    pub refused: Vec<Refused>,
    /// How many were refused.
    pub refused_count: u64,
    /// Links; none is followed.
    pub links: Vec<Link>,
    /// Places where the input is not what it should be.
    pub damage: Vec<Damage>,
    /// Why the reading ended early; `null` when it did not.
    pub stopped: Option<String>,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Listed {
    /// Its name, as reports cite it; of what is inside an archive of the input `archive!/name`.
    pub name: String,
    /// Bytes of its content, unpacked.
    pub bytes: u64,
    /// Last modification: of the file on the node where the manifest has it, else as the archive says.
    pub modified: Option<DateTime<Utc>>,
    /// What became of it when it was collected; `null` outside bundles of ours.
    pub outcome: Option<Outcome>,
    /// The archive was cut inside it.
    pub cut: bool,
    /// What it is a copy of.
    pub source: Source,
    /// What it is.
    #[serde(flatten)]
    pub nature: Nature,
    /// Id of the collected item; `null` outside bundles of ours.
    pub item: Option<String>,
    /// Values that were masked in the item.
    pub masked: u64,
}

/// An item that was asked for and is not stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NotStored {
    /// Path, command, probe or journal.
    pub source: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, in words; empty where the outcome says it all.
    pub why: String,
}

/// Something that was not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Refused {
    /// Name as the archive has it.
    pub name: String,
    /// Why.
    pub why: String,
}

/// A symbolic or hard link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Link {
    /// Its name.
    pub name: String,
    /// Where it points.
    pub target: String,
}

/// A place of damage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Damage {
    /// The archive inside the input; empty for the input itself.
    pub archive: String,
    /// Byte of the packed file, where known.
    pub offset: Option<u64>,
    /// What.
    pub what: String,
}

/// Lists the entries that were asked for.
pub fn list(opened: &mut Opened, asked: &Selection) -> Result<Listing, ReadError> {
    let mut manifests = Manifests::default();
    let mut entries = Vec::new();
    let summary = opened.read(&mut |place, body| {
        let manifest = manifest(place.source);
        let most = if manifest.is_some() {
            MOST_MANIFEST
        } else {
            Entry::MAX_BYTES + 1
        };
        let mut held = Vec::new();
        // Damage is noted by the reader; what came before it counts.
        let _ = body.take(most).read_to_end(&mut held);
        if let Some(own) = manifest {
            manifests.read(place.name, own, &held);
        }
        if asked.holds(place.name, place.source) {
            entries.push(listed(place, held, body));
        }
        Control::Continue
    })?;
    manifests.describe(&mut entries);
    Ok(Listing {
        schema_version: SCHEMA_VERSION,
        input: opened.name.clone(),
        packing: summary.packing.to_string(),
        layouts: opened.layouts().into_iter().map(str::to_owned).collect(),
        nodes: opened.nodes()?,
        complete: summary.complete && manifests.complete(),
        entries,
        not_stored: manifests.not_stored(asked),
        refused: summary.refused.into_iter().map(Into::into).collect(),
        refused_count: summary.refused_count,
        links: summary.links.into_iter().map(Into::into).collect(),
        damage: summary.damage.into_iter().map(Into::into).collect(),
        stopped: summary.stopped,
    })
}

/// Reads an entry to its end: what it is, and how many bytes it has.
fn listed(place: Place<'_>, held: Vec<u8>, rest: &mut dyn BufRead) -> Listed {
    let left = std::io::copy(rest, &mut std::io::sink()).unwrap_or_default();
    let seconds = place.head.mtime.and_then(|time| i64::try_from(time).ok());
    let bytes = held.len() as u64 + left;
    let entry = Entry {
        name: Arc::from(place.name),
        source: place.source.clone(),
        bytes: held,
    };
    Listed {
        name: place.name.to_owned(),
        bytes,
        modified: seconds.and_then(|time| DateTime::from_timestamp(time, 0)),
        outcome: None,
        cut: place.head.cut,
        nature: Nature::of(&entry),
        source: entry.source,
        item: None,
        masked: 0,
    }
}

impl Listed {
    pub(super) fn describe(&mut self, record: &Record) {
        self.outcome = Some(record.outcome);
        self.item = Some(record.id.clone());
        self.masked = record.redactions.values().sum();
        if let Some(attributes) = &record.attributes {
            self.modified = Some(attributes.mtime);
        }
    }
}

pub(super) fn why(record: &Record) -> String {
    let exit = record.exit.map(|status| format!("exit status {status}"));
    let below = record
        .below
        .as_ref()
        .map(|folder| format!("nothing below {folder}"));
    // That is what `absent` means.
    let errno = record.errno.clone().filter(|errno| errno != "ENOENT");
    [record.reason.clone(), errno, exit, below]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
}

impl From<nodebundle_bundle::reader::Refusal> for Refused {
    fn from(refusal: nodebundle_bundle::reader::Refusal) -> Self {
        Self {
            name: refusal.name,
            why: refusal.why,
        }
    }
}

impl From<nodebundle_bundle::reader::Link> for Link {
    fn from(link: nodebundle_bundle::reader::Link) -> Self {
        Self {
            name: link.name,
            target: link.target,
        }
    }
}

impl From<nodebundle_bundle::reader::Damage> for Damage {
    fn from(damage: nodebundle_bundle::reader::Damage) -> Self {
        Self {
            archive: damage.archive,
            offset: damage.offset,
            what: damage.what,
        }
    }
}
