//! What `--format json` prints, by subcommand.

use super::content::Contents;
use super::difference::Difference;
use super::facts::FactList;
use super::listing::Listing;
use super::search::{FoundEntries, FoundLines};
use super::shown::Shown;
use crate::timeline::Timeline;
use schemars::JsonSchema;
use serde::Serialize;

/// The object that each subcommand prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Forms<'a> {
    /// `ls`
    Ls(Listing),
    /// `cat`
    Cat(Contents<'a>),
    /// `grep`
    Grep(FoundLines<'a>),
    /// `grep --count`, `grep --files-with-matches`
    GrepCount(FoundEntries<'a>),
    /// `facts`
    Facts(FactList),
    /// `timeline`
    Timeline(Timeline),
    /// `show`
    Show(Box<Shown>),
    /// `diff`
    Diff(Box<Difference>),
}
