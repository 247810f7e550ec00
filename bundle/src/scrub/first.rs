//! The first reading: secrets are learned where they are configured, before anything is written.

use crate::reader::{Control, ReadError, Reader};
use crate::redact::{CaseKey, ContentKind, Learner, Secrets};
use ring::pbkdf2;
use sha2::{Digest as _, Sha256};
use std::io::Read as _;
use std::num::NonZeroU32;

/// Files up to this size are learned from.
const LEARNED_BYTES: usize = 1 << 20;
/// Bytes of all files that are learned from.
const ALL_LEARNED_BYTES: usize = 64 << 20;
/// Entries up to this size are held whole.
pub(super) const HELD_BYTES: usize = 8 << 20;

/// What the first reading tells.
pub(super) struct First {
    pub(super) secrets: Secrets,
    /// Follows from every byte that was read.
    pub(super) key: CaseKey,
    /// Whether any entry is too long to be held.
    pub(super) long: bool,
}

/// Reads everything once.
pub(super) fn read(reader: &mut Reader) -> Result<First, ReadError> {
    let mut learner = Learner::new();
    let mut hash = Sha256::new();
    let (mut long, mut learned) = (false, 0);
    reader.read(&mut |head, body| {
        let name = head.full_name();
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(&name);
        let mut bytes = Vec::new();
        // What cannot be read shows up again where the entry is copied.
        let _ = body.take(LEARNED_BYTES as u64).read_to_end(&mut bytes);
        hash.update(&bytes);
        let mut size = bytes.len();
        let mut piece = vec![0; if size < LEARNED_BYTES { 0 } else { 64 << 10 }];
        while let Ok(read @ 1..) = body.read(&mut piece) {
            hash.update(piece.get(..read).unwrap_or_default());
            size += read;
        }
        hash.update((size as u64).to_le_bytes());
        long |= size > HELD_BYTES;
        if size < LEARNED_BYTES
            && learned < ALL_LEARNED_BYTES
            && memchr::memchr(0, &bytes).is_none()
        {
            learned += size;
            learn(&mut learner, &name, &bytes);
        }
        Control::Continue
    })?;
    Ok(First {
        secrets: learner.finish(),
        key: stretched(&hash.finalize()),
        long,
    })
}

fn learn(learner: &mut Learner, name: &str, bytes: &[u8]) {
    if name.ends_with("etc/hostname") {
        learner.never([bytes.trim_ascii()]);
    }
    learner.certificates(&format!("/{name}"), bytes);
    match kind_of(name, bytes) {
        // Listings and logs hold secrets beside much else: what looks like one is masked where it stands.
        ContentKind::Text => {}
        kind => learner.learn(kind, bytes),
    }
}

/// What the content of an entry is. A file that is named after a secret and holds one word holds that secret.
pub(super) fn kind_of(name: &str, bytes: &[u8]) -> ContentKind {
    let file = name
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let is_named = ["token", "password", "passwd", "secret"]
        .iter()
        .any(|word| file.contains(word));
    let word = bytes.trim_ascii();
    let is_word = (8..=1024).contains(&word.len()) && word.iter().all(u8::is_ascii_graphic);
    if is_named && is_word {
        return ContentKind::Token;
    }
    ContentKind::detect(&format!("/{name}"), bytes)
}

/// A key that takes long to compute: whoever guesses at a masked value has to try each guess with all that was read.
fn stretched(hash: &[u8]) -> CaseKey {
    let mut key = [0; 32];
    let rounds = NonZeroU32::new(200_000).unwrap_or(NonZeroU32::MIN);
    let salt = b"nodebundle scrub 1";
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, salt, hash, &mut key);
    CaseKey::from_random(key)
}
