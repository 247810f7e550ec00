//! How sure a finding is, by witness.

use super::Confidence;
use serde::{Deserialize, Serialize};

/// Confidence by witness; `None` switches a witness off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfidenceTable {
    /// Only the log speaks.
    #[serde(with = "confidence_or_none")]
    pub log: Option<Confidence>,
    /// Only the facts speak.
    #[serde(with = "confidence_or_none")]
    pub facts: Option<Confidence>,
    /// Both speak.
    #[serde(with = "confidence_or_none")]
    pub both: Option<Confidence>,
}

impl Default for ConfidenceTable {
    fn default() -> Self {
        Self {
            log: Some(Confidence::Likely),
            facts: Some(Confidence::Likely),
            both: Some(Confidence::Confirmed),
        }
    }
}

mod confidence_or_none {
    use super::Confidence;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Word {
        None,
        Possible,
        Likely,
        Confirmed,
    }

    #[expect(
        clippy::ref_option,
        clippy::trivially_copy_pass_by_ref,
        reason = "serde's `with` asks for this signature"
    )]
    pub(super) fn serialize<S: Serializer>(
        value: &Option<Confidence>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            None => Word::None,
            Some(Confidence::Possible) => Word::Possible,
            Some(Confidence::Likely) => Word::Likely,
            Some(Confidence::Confirmed) => Word::Confirmed,
        }
        .serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Confidence>, D::Error> {
        Ok(match Word::deserialize(deserializer)? {
            Word::None => None,
            Word::Possible => Some(Confidence::Possible),
            Word::Likely => Some(Confidence::Likely),
            Word::Confirmed => Some(Confidence::Confirmed),
        })
    }
}
