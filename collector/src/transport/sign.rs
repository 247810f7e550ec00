//! A signature that `ssh-keygen -Y verify` checks (SSHSIG), made with an OpenSSH ed25519 key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use std::fmt;

/// An ed25519 key that can sign.
pub(crate) struct SigningKey(Ed25519KeyPair);

/// Why the key cannot sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum KeyError {
    /// It is no OpenSSH private key.
    #[error("this is no OpenSSH private key; make one with `ssh-keygen -t ed25519 -N '' -f FILE`")]
    Format,
    /// It has a passphrase, and nobody is there to type it.
    #[error(
        "the key has a passphrase; give one without, made for this with `ssh-keygen -t ed25519 -N '' -f FILE`"
    )]
    Encrypted,
    /// It is RSA, ECDSA or a key on a token.
    #[error("the key is not an ed25519 key; make one with `ssh-keygen -t ed25519 -N '' -f FILE`")]
    Algorithm,
}

impl SigningKey {
    /// Reads the file that `ssh-keygen -t ed25519` writes.
    pub(crate) fn parse(file: &[u8]) -> Result<Self, KeyError> {
        let text = std::str::from_utf8(file).ok().ok_or(KeyError::Format)?;
        let body = text
            .trim()
            .strip_prefix("-----BEGIN OPENSSH PRIVATE KEY-----")
            .and_then(|rest| rest.strip_suffix("-----END OPENSSH PRIVATE KEY-----"))
            .ok_or(KeyError::Format)?;
        let body: String = body.split_ascii_whitespace().collect();
        let der = BASE64.decode(body).ok().ok_or(KeyError::Format)?;
        let fields = der
            .strip_prefix(b"openssh-key-v1\0")
            .ok_or(KeyError::Format)?;
        let mut fields = Fields(fields);
        let cipher = fields.string().ok_or(KeyError::Format)?;
        if cipher != b"none" {
            return Err(KeyError::Encrypted);
        }
        let private = fields.private_part().ok_or(KeyError::Format)?;
        Self::private(private)
    }

    fn private(part: &[u8]) -> Result<Self, KeyError> {
        let mut fields = Fields(part);
        let (one, two) = (fields.number(), fields.number());
        if one.is_none() || one != two {
            return Err(KeyError::Format);
        }
        if fields.string() != Some(ED25519) {
            return Err(KeyError::Algorithm);
        }
        let public = fields.string().ok_or(KeyError::Format)?;
        let seed = fields
            .string()
            .and_then(|both| both.get(..32))
            .ok_or(KeyError::Format)?;
        Ed25519KeyPair::from_seed_and_public_key(seed, public)
            .ok()
            .map(Self)
            .ok_or(KeyError::Format)
    }

    /// The `.sig` file for a content with this SHA-512.
    pub(crate) fn signature(&self, sha512: &[u8]) -> String {
        let signed = [
            MAGIC.to_vec(),
            string(NAMESPACE),
            string(b""),
            string(b"sha512"),
            string(sha512),
        ];
        let signature = self.0.sign(&signed.concat());
        let public = [string(ED25519), string(self.0.public_key().as_ref())].concat();
        let signature = [string(ED25519), string(signature.as_ref())].concat();
        let blob = [
            MAGIC.to_vec(),
            1_u32.to_be_bytes().to_vec(),
            string(&public),
            string(NAMESPACE),
            string(b""),
            string(b"sha512"),
            string(&signature),
        ];
        armoured(&BASE64.encode(blob.concat()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

fn armoured(base64: &str) -> String {
    let mut text = String::from("-----BEGIN SSH SIGNATURE-----\n");
    for (place, letter) in base64.chars().enumerate() {
        if place > 0 && place % 70 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push_str("\n-----END SSH SIGNATURE-----\n");
    text
}

/// A string of the SSH protocol: its length, then its bytes.
fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), bytes].concat()
}

/// Values of the SSH protocol, read from the front.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*number))
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (string, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(string)
    }

    /// What follows the cipher: key derivation, number of keys, public key, private part.
    fn private_part(&mut self) -> Option<&'a [u8]> {
        self.string()?;
        self.string()?;
        if self.number()? != 1 {
            return None;
        }
        self.string()?;
        self.string()
    }
}

const ED25519: &[u8] = b"ssh-ed25519";
const MAGIC: &[u8] = b"SSHSIG";
/// What the signature is for; it counts for nothing else.
pub(super) const NAMESPACE: &[u8] = b"nodebundle";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_sign_says_how_to_make_what_can() {
        for junk in [
            &b""[..],
            b"\xff",
            b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n",
        ] {
            assert_eq!(SigningKey::parse(junk).unwrap_err(), KeyError::Format);
        }
        let of = |cipher: &[u8]| {
            let blob = [b"openssh-key-v1\0".to_vec(), string(cipher)].concat();
            format!(
                "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----\n",
                BASE64.encode(blob)
            )
        };
        let refusal = SigningKey::parse(of(b"aes256-ctr").as_bytes()).unwrap_err();
        assert!(refusal.to_string().contains("passphrase"));
        let refusal = SigningKey::parse(of(b"none").as_bytes()).unwrap_err();
        assert_eq!(refusal, KeyError::Format);
    }
}
