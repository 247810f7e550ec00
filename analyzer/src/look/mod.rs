//! Looking inside an input without unpacking it: each file here is the substance of one subcommand.

pub mod content;
pub mod difference;
mod eye;
pub mod facts;
pub mod forms;
pub mod listing;
mod manifests;
pub mod named;
pub mod nature;
pub mod opened;
pub mod search;
pub mod selection;
pub mod shown;
