//! The format of systemd journal files, as far as both programs read it: header, packed fields, entries in one pass.
//!
//! Nothing here opens a file. Every offset and size is distrusted.

mod header;
mod number;
pub mod object;
mod packing;
mod pass;

pub use header::{HEADER, Header, MAGIC, Unusable};
pub use number::{half_word, id, word};
pub use packing::Packing;
pub use pass::{Entry, Pass};
