//! The kernel's network tables over a netlink socket: routes of all tables, rules, neighbours. Nothing is changed by asking.

use super::wire::Failure;
use nodebundle_bundle::Outcome;
use rustix::io::Errno;
use rustix::net::{
    self, AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, sockopt,
};
use std::time::Duration;

/// Every message of a dump, back to back.
pub(super) fn dump(kind: u16) -> Result<Vec<u8>, Failure> {
    ask(kind).map_err(|errno| {
        let outcome = match errno {
            Errno::ACCESS | Errno::PERM => Outcome::Denied,
            Errno::AGAIN => Outcome::Timeout,
            Errno::AFNOSUPPORT | Errno::PROTONOSUPPORT => Outcome::NotApplicable,
            _ => Outcome::Error,
        };
        Failure {
            errno: Some(super::errno::errno_name(errno)),
            ..Failure::new(outcome, "netlink")
        }
    })
}

fn ask(kind: u16) -> rustix::io::Result<Vec<u8>> {
    // Routing is netlink's protocol 0, the default.
    let socket = net::socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        None,
    )?;
    let limit = Some(Duration::from_secs(2));
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, limit)?;
    let kernel = netlink::SocketAddrNetlink::new(0, 0);
    net::sendto(&socket, &request(kind), SendFlags::empty(), &kernel)?;
    let mut all = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let (count, _) = net::recv(&socket, &mut buffer, RecvFlags::empty())?;
        let part = buffer.get(..count).unwrap_or_default();
        all.extend_from_slice(part);
        if count == 0 || is_last(part) || all.len() >= MAX_BYTES {
            return Ok(all);
        }
    }
}

/// A dump request for every address family.
fn request(kind: u16) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(32);
    bytes.extend_from_slice(&32u32.to_ne_bytes());
    bytes.extend_from_slice(&kind.to_ne_bytes());
    bytes.extend_from_slice(&(REQUEST | DUMP).to_ne_bytes());
    bytes.resize(32, 0);
    bytes
}

/// Whether a datagram holds the end of the dump, or an error in its place.
fn is_last(part: &[u8]) -> bool {
    crate::netlink::messages(part).any(|message| matches!(message.kind, DONE | ERROR))
}

const REQUEST: u16 = 1;
const DUMP: u16 = 0x300;
const ERROR: u16 = 2;
const DONE: u16 = 3;
/// A route reflector's table is cut.
const MAX_BYTES: usize = 2 << 20;
