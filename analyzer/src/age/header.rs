//! The lines before the encrypted bytes: the file key, wrapped for each receiver.

use super::Identity;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use nodebundle_bundle::age::{INTRO, X25519_INFO, aead, derive};
use nodebundle_bundle::reader::UnsealError;
use ring::aead::{Aad, LessSafeKey, Nonce};
use ring::error::Unspecified;
use ring::hmac;
use std::io::{BufRead, Read as _};
use x25519_dalek::PublicKey;

/// Most bytes of a header; that of a thousand receivers is smaller.
const HEADER_BYTES: u64 = 256 << 10;
const NONCE_BYTES: usize = 16;
/// Letters of a full line of a body; a shorter one ends it.
const LINE: usize = 64;

/// A header whose form is right.
pub(super) struct Header {
    stanzas: Vec<Stanza>,
    /// Everything up to the checksum.
    signed: Vec<u8>,
    mac: Vec<u8>,
    bytes: u64,
}

/// The file key for one receiver.
struct Stanza {
    kind: String,
    arguments: Vec<String>,
    body: Vec<u8>,
}

impl Header {
    /// Reads it to its last line.
    pub(super) fn read(sealed: &mut impl BufRead) -> Result<Self, UnsealError> {
        let mut lines = Lines {
            sealed: sealed.take(HEADER_BYTES),
            read: Vec::new(),
        };
        if lines.next()? != INTRO.trim_end() {
            return Err(UnsealError::Header("it is of another version"));
        }
        let mut stanzas = Vec::new();
        loop {
            let before = lines.read.len();
            let line = lines.next()?;
            if let Some(mac) = line.strip_prefix("--- ") {
                let mac = decoded(mac)?;
                let bytes = lines.read.len() as u64;
                let mut signed = lines.read;
                signed.truncate(before + "---".len());
                return Ok(Self {
                    stanzas,
                    signed,
                    mac,
                    bytes,
                });
            }
            let stanza = line.strip_prefix("-> ");
            let stanza = stanza.ok_or(UnsealError::Header("a line is out of place"))?;
            let mut words = stanza.split(' ').map(str::to_owned);
            stanzas.push(Stanza {
                kind: words.next().unwrap_or_default(),
                arguments: words.collect(),
                body: lines.body()?,
            });
        }
    }

    /// Where the payload begins: behind the header and its nonce.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes + NONCE_BYTES as u64
    }

    /// The key of the file, if one of the identities is a receiver's.
    pub(super) fn file_key(&self, identities: &[Identity]) -> Result<Vec<u8>, UnsealError> {
        for stanza in self.stanzas.iter().filter(|stanza| stanza.kind == "X25519") {
            for identity in identities {
                if let Some(key) = unwrapped(stanza, identity) {
                    return self.checked(key);
                }
            }
        }
        Err(self.why_not())
    }

    /// The key, where the header is the one that was written with it.
    fn checked(&self, key: Vec<u8>) -> Result<Vec<u8>, UnsealError> {
        let changed = UnsealError::Header("somebody changed it");
        let mac_key = derive(&[], &key, b"header").map_err(|Unspecified| changed.clone())?;
        let mac_key = hmac::Key::new(hmac::HMAC_SHA256, &mac_key);
        match hmac::verify(&mac_key, &self.signed, &self.mac) {
            Ok(()) => Ok(key),
            Err(Unspecified) => Err(changed),
        }
    }

    fn why_not(&self) -> UnsealError {
        let has = |kind: &str| self.stanzas.iter().any(|stanza| stanza.kind == kind);
        // Besides receivers there are stanzas that mean nothing, so that programs learn to pass over them.
        let others = ["ssh-ed25519", "ssh-rsa", "piv-p256", "mlkem768x25519"];
        if has("scrypt") {
            UnsealError::Passphrase
        } else if has("X25519") {
            UnsealError::WrongKey
        } else if let Some(kind) = others.into_iter().find(|kind| has(kind)) {
            UnsealError::Kind(kind.to_owned())
        } else {
            UnsealError::WrongKey
        }
    }
}

/// The key of the chunks; `sealed` is behind the header.
pub(super) fn payload_key(
    file_key: &[u8],
    sealed: &mut impl BufRead,
) -> Result<LessSafeKey, UnsealError> {
    let mut nonce = [0; NONCE_BYTES];
    sealed
        .read_exact(&mut nonce)
        .map_err(|_error| UnsealError::Header("it ends before the content"))?;
    derive(&nonce, file_key, b"payload")
        .and_then(|key| aead(&key))
        .map_err(|Unspecified| UnsealError::Header("its key is of no use"))
}

/// The file key in a stanza, where it is for this identity.
fn unwrapped(stanza: &Stanza, identity: &Identity) -> Option<Vec<u8>> {
    let [share] = stanza.arguments.as_slice() else {
        return None;
    };
    let share = <[u8; 32]>::try_from(BASE64.decode(share).ok()?).ok()?;
    let shared = identity.secret.diffie_hellman(&PublicKey::from(share));
    if !shared.was_contributory() {
        return None;
    }
    let salt = [share, identity.public.to_bytes()].concat();
    let wrap_key = derive(&salt, shared.as_bytes(), X25519_INFO).ok()?;
    let mut body = stanza.body.clone();
    let nonce = Nonce::assume_unique_for_key([0; 12]);
    let key = aead(&wrap_key).ok()?;
    let key = key.open_in_place(nonce, Aad::empty(), &mut body).ok()?;
    (key.len() == 16).then(|| key.to_vec())
}

/// The lines of a header, kept as they were read.
struct Lines<R> {
    sealed: R,
    read: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> Result<String, UnsealError> {
        let from = self.read.len();
        let read = self.sealed.read_until(b'\n', &mut self.read);
        read.map_err(|error| UnsealError::Io(error.to_string()))?;
        let line = self.read.get(from..).unwrap_or_default();
        let line = line
            .strip_suffix(b"\n")
            .ok_or(UnsealError::Header("it has no end"))?;
        let text = std::str::from_utf8(line)
            .ok()
            .filter(|text| text.is_ascii());
        text.map(str::to_owned)
            .ok_or(UnsealError::Header("a line is no text"))
    }

    /// The wrapped key: full lines, and one that is shorter.
    fn body(&mut self) -> Result<Vec<u8>, UnsealError> {
        let mut text = String::new();
        loop {
            let line = self.next()?;
            text.push_str(&line);
            if line.len() < LINE {
                return decoded(&text);
            }
        }
    }
}

fn decoded(text: &str) -> Result<Vec<u8>, UnsealError> {
    BASE64
        .decode(text)
        .map_err(|_error| UnsealError::Header("a line is not base64"))
}
