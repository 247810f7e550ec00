//! How the bundle travels: split, encrypted, summed and signed, in the one pass in which it is written.
//!
//! Nothing is read again: what leaves the writer is encrypted first, then summed as it is stored, then cut into parts.

mod age;
mod delivery;
mod options;
mod parts;
mod recipe;
mod sign;

pub(crate) use delivery::{Delivered, Delivery};
pub(crate) use options::{Prepared, TransportOptions};
