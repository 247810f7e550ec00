//! Opens inputs that are encrypted with age, with X25519 identities. Only this program decrypts; the collector cannot.

mod armor;
mod header;
mod opened;

use armor::Armor;
use header::Header;
use nodebundle_bundle::age::bech32;
use nodebundle_bundle::reader::{Seekable, Unseal, UnsealError};
use opened::Opened;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use x25519_dalek::{PublicKey, StaticSecret};

/// A private key of somebody for whom inputs are encrypted.
struct Identity {
    secret: StaticSecret,
    public: PublicKey,
}

/// The private keys of `--identity`.
pub struct Identities(Vec<Identity>);

/// Why a file gives no identities. Nothing of what it holds is repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// It holds none.
    #[error(
        "it holds no identity: a line begins with AGE-SECRET-KEY-1, as `age-keygen -o FILE` writes it"
    )]
    None,
    /// A line is damaged.
    #[error("line {0} is no whole identity: copy the file that `age-keygen -o FILE` wrote")]
    Damaged(usize),
    /// A line holds the other half of a key.
    #[error(
        "line {0} is a recipient, the public half: give the file with the private key, which begins with AGE-SECRET-KEY-1"
    )]
    Recipient(usize),
    /// It holds keys of another kind.
    #[error(
        "line {0} is an identity of another kind (plugin or SSH key): decrypt the input first with `age -d -i FILE -o BUNDLE INPUT`"
    )]
    Kind(usize),
}

impl Identities {
    /// Reads the text of an identity file: one a line, `#` begins a comment.
    pub fn parse(text: &str) -> Result<Self, IdentityError> {
        let mut identities = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            identities.push(identity(line, at + 1)?);
        }
        if identities.is_empty() {
            return Err(IdentityError::None);
        }
        Ok(Self(identities))
    }

    /// The identities of both.
    #[must_use]
    pub fn and(mut self, more: Self) -> Self {
        self.0.extend(more.0);
        self
    }

    fn opened<R: BufRead>(&self, mut sealed: R) -> Result<Opened<R>, UnsealError> {
        let header = Header::read(&mut sealed)?;
        let file_key = header.file_key(&self.0)?;
        let key = header::payload_key(&file_key, &mut sealed)?;
        Ok(Opened::new(sealed, key, header.bytes()))
    }
}

impl Unseal for Identities {
    fn stream<'s>(
        &self,
        mut sealed: Box<dyn BufRead + 's>,
    ) -> Result<Box<dyn Read + 's>, UnsealError> {
        let begin = sealed
            .fill_buf()
            .map_err(|error| UnsealError::Io(error.to_string()))?;
        if begin.first() == Some(&b'a') {
            return Ok(Box::new(self.opened(sealed)?));
        }
        Ok(Box::new(self.opened(BufReader::new(Armor::new(sealed)))?))
    }

    fn file<'s>(
        &self,
        sealed: Box<dyn Seekable + Send + 's>,
    ) -> Result<Box<dyn Seekable + Send + 's>, UnsealError> {
        Ok(Box::new(self.opened(sealed)?))
    }
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identities({})", self.0.len())
    }
}

fn identity(line: &str, number: usize) -> Result<Identity, IdentityError> {
    let upper = line.to_ascii_uppercase();
    let is_other = ["AGE-PLUGIN-", "-----BEGIN", "SSH-"];
    if is_other.iter().any(|begin| upper.starts_with(begin)) {
        return Err(IdentityError::Kind(number));
    }
    if upper.starts_with("AGE1") {
        return Err(IdentityError::Recipient(number));
    }
    let bytes = bech32::decode(line)
        .filter(|(prefix, _)| prefix == "age-secret-key-")
        .and_then(|(_, bytes)| <[u8; 32]>::try_from(bytes).ok())
        .ok_or(IdentityError::Damaged(number))?;
    let secret = StaticSecret::from(bytes);
    let public = PublicKey::from(&secret);
    Ok(Identity { secret, public })
}

#[cfg(test)]
mod tests;
