//! What a redaction rule is.

use crate::redact::CaseKey;
use crate::redact::hit::Hit;
use crate::redact::known::Known;

/// One kind of secret and how it is found in text.
#[derive(Debug)]
pub struct Rule {
    /// Stable id: `R2`. Counted in the manifest.
    pub(crate) id: &'static str,
    /// Name in kebab case: `bootstrap-token`.
    pub(crate) name: &'static str,
    /// What it masks, in one sentence.
    pub(crate) description: &'static str,
    /// What is kept in place of the secret.
    pub(crate) safe_form: &'static str,
    /// Literals (in any case of letters) of which one must be in the text before `find` is called; empty: always called.
    pub(crate) triggers: &'static [&'static str],
    /// Adds every secret in the text to the hits.
    pub(crate) find: fn(&Text<'_>, &mut Vec<Hit>),
}

impl Rule {
    /// Stable id: `R2`.
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// Name in kebab case: `bootstrap-token`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What it masks, in one sentence.
    pub fn description(&self) -> &'static str {
        self.description
    }

    /// What is kept in place of the secret.
    pub fn safe_form(&self) -> &'static str {
        self.safe_form
    }
}

/// Text to search, and what a rule needs to judge it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a> {
    /// The text: a line of a log, or a whole configuration file.
    pub(crate) bytes: &'a [u8],
    /// The key for placeholder ids.
    pub(crate) key: &'a CaseKey,
    /// What is known of the node, for facts in placeholders.
    pub(crate) known: &'a Known,
    /// Whether it is configuration, where what follows a secret's name is a secret; in prose it must look like one too.
    pub(crate) config: bool,
    /// How often the text was unwrapped (base64, gzip) to get here.
    pub(crate) depth: u8,
}

impl<'a> Text<'a> {
    /// Bytes of the text.
    pub(crate) fn slice(&self, range: std::ops::Range<usize>) -> &'a [u8] {
        self.bytes.get(range).unwrap_or_default()
    }
}
