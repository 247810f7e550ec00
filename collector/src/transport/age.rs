//! The age v1 file format (age-encryption.org/v1) for X25519 recipients: write only, as a stream.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use nodebundle_bundle::age::{
    CHUNK_BYTES, INTRO, TAG_BYTES, X25519_INFO, aead, bech32, chunk_nonce, derive,
};
use ring::aead::{Aad, LessSafeKey, Nonce};
use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::error::Unspecified;
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use std::fmt;
use std::io::{self, Write};

/// Somebody who can decrypt: an X25519 public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recipient([u8; 32]);

/// Why nothing is encrypted, and so nothing written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum SealError {
    /// It is no recipient, or was not copied whole.
    #[error(
        "--encrypt-to {0}: this is no age recipient; copy the whole line that begins with age1 from `age-keygen -y KEYFILE`"
    )]
    Recipient(String),
    /// It is a recipient of another kind.
    #[error(
        "--encrypt-to {0}: only X25519 recipients are known, which begin with age1 and have 62 letters; make one with `age-keygen`"
    )]
    Kind(String),
    /// Somebody put a private key on the command line; it is not repeated.
    #[error(
        "--encrypt-to: this is a private key and must not leave its owner; give the public one, from `age-keygen -y KEYFILE`"
    )]
    Private,
    /// The numbers do not work out.
    #[error(
        "--encrypt-to: cannot encrypt to this recipient (a key of no use, or no random numbers)"
    )]
    Unusable,
}

impl From<Unspecified> for SealError {
    fn from(_: Unspecified) -> Self {
        Self::Unusable
    }
}

impl Recipient {
    /// Reads `age1…`.
    pub(crate) fn parse(text: &str) -> Result<Self, SealError> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        if lower.starts_with("age-secret-key-") || lower.starts_with("age-plugin-") {
            return Err(SealError::Private);
        }
        if lower.starts_with("ssh-") {
            return Err(SealError::Kind(shown(text)));
        }
        match bech32::decode(text) {
            Some((prefix, key)) if prefix == "age" => match <[u8; 32]>::try_from(key) {
                Ok(key) => Ok(Self(key)),
                Err(_) => Err(SealError::Recipient(shown(text))),
            },
            Some(_) => Err(SealError::Kind(shown(text))),
            None => Err(SealError::Recipient(shown(text))),
        }
    }

    /// The file key, wrapped for this recipient: one stanza of the header.
    fn stanza(&self, file_key: &[u8; 16], random: &SystemRandom) -> Result<String, Unspecified> {
        let ephemeral = EphemeralPrivateKey::generate(&X25519, random)?;
        let share = ephemeral.compute_public_key()?;
        let peer = UnparsedPublicKey::new(&X25519, &self.0);
        let wrap_key = agree_ephemeral(ephemeral, &peer, |shared| {
            let salt = [share.as_ref(), &self.0].concat();
            derive(&salt, shared, X25519_INFO)
        })??;
        let mut body = file_key.to_vec();
        let nonce = Nonce::assume_unique_for_key([0; 12]);
        aead(&wrap_key)?.seal_in_place_append_tag(nonce, Aad::empty(), &mut body)?;
        Ok(format!(
            "-> X25519 {}\n{}\n",
            BASE64.encode(share.as_ref()),
            BASE64.encode(body)
        ))
    }
}

/// Encrypts what is pushed, in chunks of 64 KiB. A stream that ends without [`Sealer::finish`] is one that was cut: all its
/// full chunks can be decrypted, and the decryption says that the end is missing.
pub(crate) struct Sealer {
    key: LessSafeKey,
    chunks: u64,
    header: Vec<u8>,
    held: Vec<u8>,
}

impl Sealer {
    /// A new file key, wrapped for each recipient.
    pub(crate) fn new(recipients: &[Recipient]) -> Result<Self, SealError> {
        let random = SystemRandom::new();
        let (mut file_key, mut nonce) = ([0; 16], [0; 16]);
        random.fill(&mut file_key)?;
        random.fill(&mut nonce)?;
        let mut text = String::from(INTRO);
        for recipient in recipients {
            text.push_str(&recipient.stanza(&file_key, &random)?);
        }
        text.push_str("---");
        let mac_key = derive(&[], &file_key, b"header")?;
        let mac = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, &mac_key),
            text.as_bytes(),
        );
        text.push(' ');
        text.push_str(&BASE64.encode(mac.as_ref()));
        text.push('\n');
        Ok(Self {
            key: aead(&derive(&nonce, &file_key, b"payload")?)?,
            chunks: 0,
            header: [text.as_bytes(), &nonce].concat(),
            held: Vec::with_capacity(CHUNK_BYTES + TAG_BYTES),
        })
    }

    /// Takes plain bytes; full chunks go to `out` encrypted. The last chunk waits, as its nonce says that it is the last.
    pub(crate) fn push(&mut self, mut bytes: &[u8], out: &mut impl Write) -> io::Result<()> {
        self.begin(out)?;
        while !bytes.is_empty() {
            if self.held.len() == CHUNK_BYTES {
                self.seal(false, out)?;
            }
            let room = (CHUNK_BYTES - self.held.len()).min(bytes.len());
            let (now, later) = bytes.split_at(room);
            self.held.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Encrypts the last chunk.
    pub(crate) fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.begin(out)?;
        self.seal(true, out)
    }

    fn begin(&mut self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(&std::mem::take(&mut self.header))
    }

    fn seal(&mut self, last: bool, out: &mut impl Write) -> io::Result<()> {
        let nonce = chunk_nonce(self.chunks, last);
        self.chunks += 1;
        let sealed = self
            .key
            .seal_in_place_append_tag(nonce, Aad::empty(), &mut self.held);
        sealed.map_err(|Unspecified| io::Error::other("the encryption failed"))?;
        let written = out.write_all(&self.held);
        self.held.clear();
        written
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(…)")
    }
}

/// Enough of a recipient to recognise it.
fn shown(text: &str) -> String {
    let short: String = text.chars().take(72).collect();
    short.escape_debug().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECIPIENT: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

    fn refusal(text: &str) -> String {
        Recipient::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_recipient_that_is_none_says_what_to_give_instead() {
        assert!(Recipient::parse(RECIPIENT).is_ok());
        assert!(refusal("alice").contains("age-keygen -y"));
        assert!(refusal(RECIPIENT.split_at(40).0).contains("copy the whole line"));
        assert!(refusal("ssh-ed25519 AAAAC3Nz").contains("X25519"));
    }

    #[test]
    fn a_private_key_is_not_repeated() {
        let message = refusal("AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZ");
        assert!(message.contains("private key"));
        assert!(!message.contains("GFPYY"));
    }

    #[test]
    fn a_key_without_a_secret_in_it_is_refused() {
        assert!(Sealer::new(&[Recipient([0; 32])]).is_err());
    }

    #[test]
    fn the_last_chunk_waits_and_the_others_do_not() {
        let mut sealer = Sealer::new(&[Recipient::parse(RECIPIENT).unwrap()]).unwrap();
        let header = sealer.header.len();
        let mut out = Vec::new();
        sealer.push(&vec![7; 2 * CHUNK_BYTES], &mut out).unwrap();
        assert_eq!(out.len(), header + CHUNK_BYTES + 16);
        sealer.finish(&mut out).unwrap();
        assert_eq!(out.len(), header + 2 * (CHUNK_BYTES + 16));
    }
}
