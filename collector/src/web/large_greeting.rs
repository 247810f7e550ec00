//! A TLS greeting that needs more than one packet: where small ones pass and this one does not, packets of full size get lost.

use super::observe::Observer;
use super::tcp::{self, CONNECT_TIME};
use crate::clock::milliseconds;
use serde::Serialize;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// What became of it.
#[derive(Debug, Serialize)]
pub(crate) struct LargeGreeting {
    /// At least so many bytes were sent at once.
    bytes: usize,
    /// `ok`, `alert`, `eof`, `not-tls`, `timeout`.
    result: &'static str,
    ms: u64,
    /// Largest packet that the kernel sends on this path, in bytes, after what it learned from this greeting.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_mtu: Option<u32>,
    /// Repeats of bytes that the server had not acknowledged when it was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    retransmits: Option<u32>,
    /// Protocol that the server chose of those that a kubelet offers.
    #[serde(skip_serializing_if = "Option::is_none")]
    alpn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl LargeGreeting {
    /// Greets a server that an ordinary greeting reached; `None` when there is no time left for it, or no connection.
    pub(crate) fn send(name: &str, address: SocketAddr, deadline: Instant) -> Option<Self> {
        let began = Instant::now();
        if deadline.saturating_duration_since(began) < CONNECT_TIME {
            return None;
        }
        let mut stream = tcp::connect(address, deadline.min(began + GREETING_TIME)).ok()?;
        let bytes = match stream.path_mtu() {
            Some(mtu) if mtu > ETHERNET => JUMBO_GREETING,
            _ => GREETING,
        };
        let observer = Observer::new(name, address.ip()).ok()?;
        let (shown, result) = observer.with_greeting_of(bytes).shake(&mut stream);
        Some(Self {
            bytes,
            result: result
                .as_ref()
                .map_or_else(|failure| failure.word, |_| "ok"),
            ms: milliseconds(began.elapsed()),
            path_mtu: stream.path_mtu(),
            retransmits: stream.retransmits(),
            alpn: shown.alpn,
            reason: result.err().map(|failure| failure.reason),
        })
    }
}

const ETHERNET: u32 = 1500;
/// More than two packets of Ethernet.
const GREETING: usize = 3200;
/// More than one packet of 9000 bytes.
const JUMBO_GREETING: usize = 10_000;
const GREETING_TIME: Duration = Duration::from_secs(3);
