//! Ids of machines and of what runs on them: MAC addresses, UUIDs, machine ids, instances and accounts of clouds.

use super::find::{each, expression, stands_alone};
use super::{Pseudonyms, Swap};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

impl Pseudonyms {
    pub(super) fn swap_identifiers(&mut self, text: &[u8], swaps: &mut Vec<Swap>) {
        for (kind, found) in [
            (Kind::Mac, ranges(&MAC, text)),
            (Kind::Uuid, ranges(&UUID, text)),
            (Kind::Instance, ranges(&INSTANCE, text)),
            (Kind::Account, accounts(text)),
        ] {
            for range in found {
                let word = text.get(range.clone()).unwrap_or_default();
                let word = String::from_utf8_lossy(word).into_owned();
                let with = self.identifier(kind, &word);
                self.remember(&with, &word);
                let with = with.into_bytes();
                swaps.push(Swap { range, with });
            }
        }
    }

    fn identifier(&self, kind: Kind, word: &str) -> String {
        match kind {
            Kind::Mac => self.mac(word),
            Kind::Uuid => {
                let bare = word.replace('-', "");
                self.digits(word, ("id", &bare), 0, HEX)
            }
            Kind::Instance => {
                let kept = word.rfind('-').map_or(0, |at| at + 1);
                self.digits(word, ("instance", word), kept, HEX)
            }
            Kind::Account => self.digits(word, ("account", word), 0, b"0123456789"),
        }
    }

    /// The maker's half stays. All zeros and all ones belong to nobody.
    fn mac(&self, word: &str) -> String {
        let bare = word.replace([':', '-'], "").to_ascii_lowercase();
        if bare == "000000000000" || bare == "ffffffffffff" {
            return word.to_owned();
        }
        self.digits(word, ("mac", &bare), 8, HEX)
    }

    /// The word with other digits of the alphabet behind the first `kept` characters; marks between them stay.
    fn digits(
        &self,
        word: &str,
        (purpose, value): (&str, &str),
        kept: usize,
        alphabet: &[u8],
    ) -> String {
        if value.bytes().all(|byte| byte == b'0') {
            return word.to_owned();
        }
        let said = format!("{purpose}\0{}", value.to_ascii_lowercase());
        let mut random = self.key.digest(said.as_bytes()).into_iter();
        let swapped = word.char_indices().map(|(at, letter)| {
            if at < kept || !letter.is_ascii_alphanumeric() {
                return letter;
            }
            let place = random.next().map_or(0, usize::from) % alphabet.len().max(1);
            let digit = alphabet.get(place).map_or('0', |byte| char::from(*byte));
            if word.contains(|letter: char| letter.is_ascii_uppercase()) {
                digit.to_ascii_uppercase()
            } else {
                digit
            }
        });
        swapped.collect()
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Mac,
    /// With dashes, or as machine and boot ids are written; both forms of one id stay one.
    Uuid,
    Instance,
    Account,
}

fn ranges(pattern: &LazyLock<Option<Regex>>, text: &[u8]) -> Vec<Range<usize>> {
    let found = pattern.iter().flat_map(|expression| {
        each(expression, text, |range| {
            let touches = |at: Option<usize>| {
                at.and_then(|at| text.get(at))
                    .is_some_and(|byte| b":".contains(byte))
            };
            let mac = text.get(range.start + 2) == Some(&b':');
            let in_row = mac && touches(range.start.checked_sub(1));
            (stands_alone(text, &range) && !in_row).then_some(range)
        })
    });
    found.collect()
}

/// Twelve digits in an ARN or in the name of a registry.
fn accounts(text: &[u8]) -> Vec<Range<usize>> {
    let found = ACCOUNT.iter().flat_map(|expression| {
        expression
            .captures_iter(text)
            .filter_map(|found| Some(found.get(1).or_else(|| found.get(2))?.range()))
    });
    found.collect()
}

const HEX: &[u8] = b"0123456789abcdef";

static MAC: LazyLock<Option<Regex>> =
    LazyLock::new(|| expression(r"(?-u)[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}"));
static UUID: LazyLock<Option<Regex>> = LazyLock::new(|| {
    expression(r"(?-u)[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[0-9A-Fa-f]{32}")
});
static INSTANCE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    expression(
        r"(?-u)(?:i|mi|vpc|subnet|sg|eni|vol|snap|lt|igw|nat|rtb|acl|vpce|fs|fsap|eipalloc|eipassoc|lb)-(?:[0-9a-f]{17}|[0-9a-f]{8})",
    )
});
static ACCOUNT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    expression(r"(?-u)arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:([0-9]{12}):|\b([0-9]{12})\.dkr\.ecr\.")
});
