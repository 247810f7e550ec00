//! The key under which equal secrets get equal placeholder ids.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// 32 bytes that turn a value into an id nobody can compute without them.
///
/// With random bytes per run, ids compare within one bundle only; with a key file they compare across the bundles of a case.
#[derive(Clone)]
pub struct CaseKey([u8; 32]);

/// The file given as case key cannot serve as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the case key holds fewer than {} bytes; make one with `head -c 32 /dev/urandom`",
    CaseKey::MIN_FILE_BYTES
)]
pub struct CaseKeyTooShort;

impl CaseKey {
    /// The least content of a key file, in bytes, without surrounding white space.
    pub const MIN_FILE_BYTES: usize = 16;

    /// A key for one run, from the system's random source.
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key that a file holds: any content of at least [`CaseKey::MIN_FILE_BYTES`]; white space around it does not count.
    pub fn from_file_content(content: &[u8]) -> Result<Self, CaseKeyTooShort> {
        let content = content.trim_ascii();
        if content.len() < Self::MIN_FILE_BYTES {
            return Err(CaseKeyTooShort);
        }
        Ok(Self(Sha256::digest(content).into()))
    }

    /// 32 bytes that only this key makes of a value.
    pub(crate) fn digest(&self, value: &[u8]) -> [u8; 32] {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return [0; 32];
        };
        mac.update(value);
        mac.finalize().into_bytes().into()
    }

    /// The id of a value: 8 letters and digits (40 bits of an HMAC-SHA-256, base32).
    pub fn id(&self, value: &[u8]) -> String {
        let bits = self
            .digest(value)
            .iter()
            .take(5)
            .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        (0..8)
            .rev()
            .filter_map(|place| {
                let digit = usize::try_from(bits >> (place * 5) & 31).ok()?;
                BASE32.get(digit).map(|letter| char::from(*letter))
            })
            .collect()
    }
}

impl fmt::Debug for CaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CaseKey(…)")
    }
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_equal_ids_under_one_key_only() {
        let (one, other) = (CaseKey::from_random([1; 32]), CaseKey::from_random([2; 32]));
        assert_eq!(one.id(b"hunter2"), one.id(b"hunter2"));
        assert_ne!(one.id(b"hunter2"), one.id(b"hunter3"));
        assert_ne!(one.id(b"hunter2"), other.id(b"hunter2"));
        assert_eq!(one.id(b"hunter2").len(), 8);
    }

    #[test]
    fn a_key_file_may_end_in_a_newline_but_not_be_short() {
        let with = CaseKey::from_file_content(b"0123456789abcdef\n").unwrap();
        let without = CaseKey::from_file_content(b"0123456789abcdef").unwrap();
        assert_eq!(with.id(b"x"), without.id(b"x"));
        assert!(CaseKey::from_file_content(b"short\n").is_err());
    }

    #[test]
    fn a_key_does_not_print_itself() {
        assert_eq!(format!("{:?}", CaseKey::from_random([7; 32])), "CaseKey(…)");
    }
}
