//! Addresses: prefixes that are equal stay equal, and what kind of address it is can still be seen.

use super::find::{each, expression};
use super::{Pseudonyms, Swap};
use crate::redact::CaseKey;
use regex::bytes::Regex;
use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::sync::LazyLock;

/// A permutation of all addresses of each kind, made bit by bit from those before (Crypto-PAn, with HMAC).
pub(super) struct Addresses {
    key: CaseKey,
    four: HashMap<Ipv4Addr, Ipv4Addr>,
    six: HashMap<Ipv6Addr, Ipv6Addr>,
}

impl Addresses {
    pub(super) fn new(key: CaseKey) -> Self {
        Self {
            key,
            four: HashMap::new(),
            six: HashMap::new(),
        }
    }

    /// The pseudonym of an IPv4 address; special ones are their own.
    pub(super) fn four(&mut self, address: Ipv4Addr) -> Ipv4Addr {
        if let Some(known) = self.four.get(&address) {
            return *known;
        }
        let mapped = match kind_of_four(address) {
            Four::Special => address,
            Four::Private(bits) => self.permuted_four(address, bits),
            Four::Public => {
                let mut next = self.permuted_four(address, 0);
                while kind_of_four(next) != Four::Public {
                    next = self.permuted_four(next, 0);
                }
                next
            }
        };
        self.four.insert(address, mapped);
        mapped
    }

    /// The pseudonym of an IPv6 address.
    pub(super) fn six(&mut self, address: Ipv6Addr) -> Ipv6Addr {
        if let Some(known) = self.six.get(&address) {
            return *known;
        }
        let bits = address.to_bits();
        let mapped = if let Some(four) = address.to_ipv4_mapped() {
            self.four(four).to_ipv6_mapped()
        } else {
            match fixed_bits_of_six(address) {
                None => address,
                Some(fixed) => Ipv6Addr::from_bits(self.permuted(bits, 128, fixed)),
            }
        };
        self.six.insert(address, mapped);
        mapped
    }

    fn permuted_four(&self, address: Ipv4Addr, fixed: u32) -> Ipv4Addr {
        let bits = u128::from(address.to_bits()) << 96;
        let mapped = self.permuted(bits, 32, fixed) >> 96;
        Ipv4Addr::from_bits(u32::try_from(mapped).unwrap_or(0))
    }

    /// Each bit behind the fixed ones is flipped or not as the bits before it say.
    fn permuted(&self, bits: u128, width: u32, fixed: u32) -> u128 {
        let mut mapped = bits;
        for place in fixed..width {
            let before = bits.checked_shr(128 - place).unwrap_or(0);
            let said = format!("address/{width}/{place}/{before:x}");
            let flip = self
                .key
                .digest(said.as_bytes())
                .first()
                .copied()
                .unwrap_or(0)
                & 1;
            mapped ^= u128::from(flip) << (127 - place);
        }
        mapped
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Four {
    /// Says nothing about anybody.
    Special,
    /// So many first bits say what range it is of, and stay.
    Private(u32),
    Public,
}

fn kind_of_four(address: Ipv4Addr) -> Four {
    match address.octets() {
        [0 | 127 | 224..=255, ..] | [169, 254, ..] => Four::Special,
        _ if KNOWN_TO_ALL.contains(&address) => Four::Special,
        [10, ..] => Four::Private(8),
        [100, 64..=127, ..] => Four::Private(10),
        [172, 16..=31, ..] => Four::Private(12),
        [192, 168, ..] => Four::Private(16),
        _ => Four::Public,
    }
}

/// `None` for an address that stays.
fn fixed_bits_of_six(address: Ipv6Addr) -> Option<u32> {
    let first = address.segments()[0];
    match first {
        0xff00..=0xffff => None,
        _ if address.is_loopback() || address.is_unspecified() => None,
        // The interface of a link-local address is often its MAC.
        0xfe80..=0xfebf => Some(64),
        0xfc00..=0xfdff => Some(8),
        0x2000..=0x3fff => Some(3),
        _ => Some(16),
    }
}

impl Pseudonyms {
    /// Addresses in the text; one that a prefix length follows keeps its zero host bits.
    pub(super) fn swap_addresses(&mut self, text: &[u8], swaps: &mut Vec<Swap>) {
        let four = FOUR
            .iter()
            .flat_map(|expression| each(expression, text, |range| four_at(text, range)));
        for (range, address) in four.collect::<Vec<_>>() {
            let mapped = self.addresses.four(address);
            let mapped = match prefix_length(text, range.end) {
                Some(length @ 0..=32) => {
                    let host = u32::MAX.checked_shr(length).unwrap_or(0);
                    let is_network = length < 32 && address.to_bits() & host == 0;
                    if is_network {
                        Ipv4Addr::from_bits(mapped.to_bits() & !host)
                    } else {
                        mapped
                    }
                }
                _ => mapped,
            };
            self.swap_address(range, &address.to_string(), &mapped.to_string(), swaps);
        }
        let six = SIX
            .iter()
            .flat_map(|expression| each(expression, text, |range| six_at(text, range)));
        for (range, address) in six.collect::<Vec<_>>() {
            let mapped = self.addresses.six(address);
            let mapped = match prefix_length(text, range.end) {
                Some(length @ 0..=127) => {
                    let host = u128::MAX.checked_shr(length).unwrap_or(0);
                    if address.to_bits() & host == 0 {
                        Ipv6Addr::from_bits(mapped.to_bits() & !host)
                    } else {
                        mapped
                    }
                }
                _ => mapped,
            };
            self.swap_address(range, &address.to_string(), &mapped.to_string(), swaps);
        }
        self.swap_dashed(text, swaps);
    }

    fn swap_address(
        &mut self,
        range: Range<usize>,
        original: &str,
        mapped: &str,
        swaps: &mut Vec<Swap>,
    ) {
        // An address that stays is claimed too: nothing in it is a name.
        self.remember(mapped, original);
        swaps.push(Swap {
            range,
            with: mapped.as_bytes().to_vec(),
        });
    }

    fn swap_dashed(&mut self, text: &[u8], swaps: &mut Vec<Swap>) {
        let found = DASHED.iter().flat_map(|expression| {
            each(expression, text, |range| {
                let label = std::str::from_utf8(text.get(range.clone())?).ok()?;
                let alone = super::find::stands_alone(text, &range);
                alone.then(|| (range.clone(), label.to_owned()))
            })
        });
        for (range, label) in found.collect::<Vec<_>>() {
            if let Some(mapped) = self.dashed_address(&label) {
                let with = mapped.into_bytes();
                swaps.push(Swap { range, with });
            }
        }
    }

    /// `ip-10-0-0-5`, the form of cloud host names.
    pub(super) fn dashed_address(&mut self, label: &str) -> Option<String> {
        let address: Ipv4Addr = label.strip_prefix("ip-")?.replace('-', ".").parse().ok()?;
        let mapped = self.addresses.four(address).to_string().replace('.', "-");
        let mapped = format!("ip-{mapped}");
        self.remember(&mapped, label);
        Some(mapped)
    }
}

/// An address that is no part of a longer row of numbers, of a version or of a name.
fn four_at(text: &[u8], range: Range<usize>) -> Option<(Range<usize>, Ipv4Addr)> {
    let before = range.start.checked_sub(1).and_then(|at| text.get(at));
    let dotted = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'.';
    if before.is_some_and(dotted) && !before_is_escape(text, range.start) {
        return None;
    }
    let rest = text.get(range.end..).unwrap_or_default();
    match rest {
        [byte, ..] if byte.is_ascii_alphanumeric() => return None,
        [b'.', byte, ..] if byte.is_ascii_digit() => return None,
        _ => {}
    }
    let word = std::str::from_utf8(text.get(range.clone())?).ok()?;
    Some((range, word.parse().ok()?))
}

fn before_is_escape(text: &[u8], start: usize) -> bool {
    let two = start.checked_sub(2).and_then(|from| text.get(from..start));
    matches!(two, Some(b"\\n" | b"\\t" | b"\\r"))
}

fn six_at(text: &[u8], range: Range<usize>) -> Option<(Range<usize>, Ipv6Addr)> {
    let before = range.start.checked_sub(1).and_then(|at| text.get(at));
    let touches = |byte: &u8| byte.is_ascii_alphanumeric() || b":.".contains(byte);
    if before.is_some_and(touches) && !before_is_escape(text, range.start) {
        return None;
    }
    let mut range = range;
    loop {
        let word = std::str::from_utf8(text.get(range.clone())?).ok()?;
        let next = text.get(range.end);
        if let Ok(address) = word.parse()
            && !next.is_some_and(u8::is_ascii_alphanumeric)
        {
            return Some((range, address));
        }
        // A sentence may end behind it.
        if !word.ends_with([':', '.']) {
            return None;
        }
        range.end -= 1;
    }
}

/// The number behind a slash.
fn prefix_length(text: &[u8], end: usize) -> Option<u32> {
    let rest = text.get(end..)?.strip_prefix(b"/")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || digits > 3 {
        return None;
    }
    std::str::from_utf8(rest.get(..digits)?).ok()?.parse().ok()
}

static FOUR: LazyLock<Option<Regex>> =
    LazyLock::new(|| expression(r"(?-u)[0-9]{1,3}(?:\.[0-9]{1,3}){3}"));
static SIX: LazyLock<Option<Regex>> =
    LazyLock::new(|| expression(r"(?-u)[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]*"));
static DASHED: LazyLock<Option<Regex>> =
    LazyLock::new(|| expression(r"(?-u)\bip-[0-9]{1,3}(?:-[0-9]{1,3}){3}\b"));

/// Resolvers of the internet and the fixed address of Azure's host.
const KNOWN_TO_ALL: [Ipv4Addr; 6] = [
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(8, 8, 8, 8),
    Ipv4Addr::new(8, 8, 4, 4),
    Ipv4Addr::new(1, 1, 1, 1),
    Ipv4Addr::new(1, 0, 0, 1),
    Ipv4Addr::new(9, 9, 9, 9),
];
