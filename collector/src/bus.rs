//! A small D-Bus client: asks systemd for what it knows of its units, and nobody for anything else.
//!
//! It never starts anything: every call carries `NO_AUTO_START`, and the bus is connected only while it runs.

mod connection;
mod message;
mod systemd;
mod value;

pub(crate) use systemd::{About, SystemdAnswer, SystemdAsk, UNIT_PROPERTIES, ask};
