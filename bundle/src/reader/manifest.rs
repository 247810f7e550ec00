//! The manifest of a bundle: `manifest.json`, or what its parts still say.

use super::{Control, ReadError, Reader};
use crate::manifest::SCHEMA_VERSION;
use crate::{Manifest, Record};
use std::io::Read as _;

/// Most bytes of one part of the manifest that are read.
const PART_BYTES: u64 = 64 << 20;

impl Reader {
    /// The manifest, without inflating what does not hold it; `None` where the input is not a bundle of ours.
    ///
    /// Where `manifest.json` is missing or broken, the parts are joined and the manifest is not complete.
    pub fn manifest(&mut self) -> Result<Option<Manifest>, ReadError> {
        let tops = self.tops()?;
        let names = self.listing.as_ref().map(|listing| &listing.names);
        if names.is_some_and(|names| !names.iter().any(|name| is_manifest(name))) {
            return Ok(None);
        }
        let mut whole = None;
        let mut records = Vec::new();
        let mut found = false;
        self.pass(&tops, super::Opening::Manifest, &mut |head, body| {
            if !head.archive.is_empty() || !is_manifest(head.name) {
                return Control::Continue;
            }
            let is_part = head.name != WHOLE;
            let mut bytes = Vec::new();
            let intact = body.take(PART_BYTES).read_to_end(&mut bytes).is_ok();
            if is_part {
                found = true;
                records.extend(lines(&bytes));
            } else if intact {
                whole = serde_json::from_slice::<Manifest>(&bytes).ok();
            }
            Control::Continue
        })?;
        let joined = || Manifest {
            schema_version: SCHEMA_VERSION,
            complete: false,
            reason: Some("the bundle is cut short or damaged: manifest.json is missing".into()),
            records,
        };
        Ok(whole.or_else(|| found.then(joined)))
    }
}

/// The last entry of a bundle.
const WHOLE: &str = "manifest.json";

/// Whether an entry of the input itself is the manifest or a part of it.
fn is_manifest(name: &str) -> bool {
    name == WHOLE || name.starts_with("manifest/")
}

/// The records of a part; a line that is not a record is left out.
fn lines(part: &[u8]) -> impl Iterator<Item = Record> {
    part.split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
}
