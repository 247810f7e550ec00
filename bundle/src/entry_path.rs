//! Names of entries.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The name of an entry: relative, `/`-separated, UTF-8, without empty, `.` or `..` components.
///
/// At most [`EntryPath::MAX_BYTES`] long. The name never begins with the bundle's top folder.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
pub struct EntryPath(String);

/// Why a name cannot name an entry. The person who made the archive can fix it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryPathError {
    /// The name is empty or has an empty component.
    #[error("the name has an empty component")]
    Empty,
    /// The name begins with `/`.
    #[error("the name is absolute")]
    Absolute,
    /// The name has a `.` or `..` component.
    #[error("the name has a `.` or `..` component")]
    Traversal,
    /// The name is longer than [`EntryPath::MAX_BYTES`].
    #[error("the name is longer than {} bytes", EntryPath::MAX_BYTES)]
    TooLong,
    /// The name holds a NUL byte.
    #[error("the name holds a NUL byte")]
    Nul,
}

impl EntryPath {
    /// The longest name, in bytes.
    pub const MAX_BYTES: usize = 1024;

    /// Parses a name; nothing is repaired.
    pub fn new(name: impl Into<String>) -> Result<Self, EntryPathError> {
        let name = name.into();
        if name.len() > Self::MAX_BYTES {
            return Err(EntryPathError::TooLong);
        }
        if name.contains('\0') {
            return Err(EntryPathError::Nul);
        }
        if name.starts_with('/') {
            return Err(EntryPathError::Absolute);
        }
        for component in name.split('/') {
            match component {
                "" => return Err(EntryPathError::Empty),
                "." | ".." => return Err(EntryPathError::Traversal),
                _ => {}
            }
        }
        Ok(Self(name))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EntryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for EntryPath {
    type Error = EntryPathError;
    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl From<EntryPath> for String {
    fn from(path: EntryPath) -> Self {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_are_kept_as_they_are() {
        let path = EntryPath::new("files/etc/kubernetes/kubelet.conf").unwrap();
        assert_eq!(path.as_str(), "files/etc/kubernetes/kubelet.conf");
    }

    #[test]
    fn names_that_could_leave_the_bundle_are_refused() {
        assert_eq!(EntryPath::new("/etc/passwd"), Err(EntryPathError::Absolute));
        assert_eq!(EntryPath::new("a/../../b"), Err(EntryPathError::Traversal));
        assert_eq!(EntryPath::new("a//b"), Err(EntryPathError::Empty));
        assert_eq!(EntryPath::new("a\0b"), Err(EntryPathError::Nul));
        assert_eq!(
            EntryPath::new("a".repeat(1025)),
            Err(EntryPathError::TooLong)
        );
    }
}
