//! Kubernetes versions, and the ranges that rules are limited to.

use std::fmt;
use std::str::FromStr;

/// A release of a Kubernetes program: `1.36.2`. Suffixes of distributions (`+k3s1`, `-eks-…`, `-gke.…`) are taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Major version, 1 until further notice.
    pub major: u32,
    /// Minor version.
    pub minor: u32,
    /// Patch version, 0 when not given.
    pub patch: u32,
}

/// The text does not begin with `MAJOR.MINOR`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a version such as 1.36 or v1.36.2")]
pub struct VersionError(pub String);

impl FromStr for Version {
    type Err = VersionError;
    fn from_str(text: &str) -> Result<Self, VersionError> {
        let error = || VersionError(text.to_owned());
        let bare = text.trim().trim_start_matches('v');
        let core = bare.split(['+', '-', '~']).next().unwrap_or_default();
        let mut parts = core.split('.');
        let mut number = || -> Option<u32> { parts.next()?.parse().ok() };
        let major = number().ok_or_else(error)?;
        let minor = number().ok_or_else(error)?;
        Ok(Self {
            major,
            minor,
            patch: number().unwrap_or(0),
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// A conjunction of comparisons: `">=1.20"`, `">=1.20 <1.24"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRange(Vec<(Comparison, Version)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

impl VersionRange {
    /// Whether `version` satisfies every comparison. Patch versions count only where the range names one other than 0.
    pub fn contains(&self, version: Version) -> bool {
        self.0.iter().all(|(comparison, bound)| {
            let version = if bound.patch == 0 {
                Version {
                    patch: 0,
                    ..version
                }
            } else {
                version
            };
            match comparison {
                Comparison::Less => version < *bound,
                Comparison::LessOrEqual => version <= *bound,
                Comparison::Equal => version == *bound,
                Comparison::GreaterOrEqual => version >= *bound,
                Comparison::Greater => version > *bound,
            }
        })
    }
}

impl FromStr for VersionRange {
    type Err = VersionError;
    fn from_str(text: &str) -> Result<Self, VersionError> {
        const OPERATORS: [(&str, Comparison); 5] = [
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
            ("=", Comparison::Equal),
        ];
        let term = |word: &str| {
            OPERATORS
                .iter()
                .find_map(|(operator, comparison)| {
                    Some((*comparison, word.strip_prefix(operator)?))
                })
                .ok_or_else(|| VersionError(text.to_owned()))
                .and_then(|(comparison, rest)| Ok((comparison, rest.parse()?)))
        };
        text.split([' ', ','])
            .filter(|word| !word.is_empty())
            .map(term)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_of_distributions_are_taken_off() {
        for text in [
            "v1.28.5+k3s1",
            "1.28.5-eks-4f4795d",
            "v1.28.5",
            "1.28.5-gke.1217000",
        ] {
            assert_eq!(
                text.parse(),
                Ok(Version {
                    major: 1,
                    minor: 28,
                    patch: 5
                }),
                "{text}"
            );
        }
        assert!("latest".parse::<Version>().is_err());
    }

    #[test]
    fn a_range_is_a_conjunction() {
        let range: VersionRange = ">=1.20 <1.24".parse().unwrap();
        assert!(range.contains("1.20.0".parse().unwrap()));
        assert!(range.contains("1.23.17".parse().unwrap()));
        assert!(!range.contains("1.24.0".parse().unwrap()));
        assert!("1.20".parse::<VersionRange>().is_err());
    }
}
