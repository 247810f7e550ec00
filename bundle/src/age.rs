//! What writing and reading the age format (age-encryption.org/v1) share. The collector writes it, the analyzer reads it.

pub mod bech32;

use ring::aead::{CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::error::Unspecified;
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};

/// How a file begins.
pub const INTRO: &str = "age-encryption.org/v1\n";
/// What a wrapping key for X25519 is derived for.
pub const X25519_INFO: &[u8] = b"age-encryption.org/v1/X25519";
/// Plain bytes of a chunk.
pub const CHUNK_BYTES: usize = 64 << 10;
/// What encryption adds to a chunk.
pub const TAG_BYTES: usize = 16;

/// The cipher with a key.
pub fn aead(key: &[u8; 32]) -> Result<LessSafeKey, Unspecified> {
    Ok(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key)?))
}

/// HKDF-SHA-256 to 32 bytes.
pub fn derive(salt: &[u8], secret: &[u8], info: &[u8]) -> Result<[u8; 32], Unspecified> {
    let mut key = [0; 32];
    let pseudo_random = Salt::new(HKDF_SHA256, salt).extract(secret);
    pseudo_random.expand(&[info], KeyBytes)?.fill(&mut key)?;
    Ok(key)
}

/// The nonce of a chunk, counted from 0; it says whether the chunk is the last.
pub fn chunk_nonce(chunk: u64, last: bool) -> Nonce {
    let mut nonce = [0; 12];
    let counter = chunk.to_be_bytes();
    let places = nonce.iter_mut().skip(11 - counter.len());
    places.zip(counter).for_each(|(place, byte)| *place = byte);
    if let Some(flag) = nonce.last_mut() {
        *flag = u8::from(last);
    }
    Nonce::assume_unique_for_key(nonce)
}

/// The length of every key derived here.
struct KeyBytes;

impl KeyType for KeyBytes {
    fn len(&self) -> usize {
        32
    }
}
