//! Connections of the probes: names, ways and questions; every step has a deadline, nothing here waits for ever.
//!
//! Two kinds of connection, two types. An [`observe::Observer`] accepts any certificate and has no place for a credential.
//! An [`ask::Asking`] holds one, and exists only after the server's certificate was verified.

mod answer;
pub(crate) mod ask;
pub(crate) mod attempt;
mod dns;
pub(crate) mod http;
pub(crate) mod identity;
pub(crate) mod kubeconfig;
pub(crate) mod ladder;
mod large_greeting;
pub(crate) mod mirrors;
pub(crate) mod names;
pub(crate) mod observe;
pub(crate) mod proxy;
pub(crate) mod questions;
pub(crate) mod servers;
mod socks;
pub(crate) mod tcp;
mod through;
pub(crate) mod url;
