//! How an encrypted input is opened: whoever has keys brings them. The reader itself knows none.

use std::fmt;
use std::io::{BufRead, Read, Seek};
use std::sync::Arc;

/// Bytes that can be read and sought in.
pub trait Seekable: BufRead + Seek {}
impl<T: BufRead + Seek> Seekable for T {}

/// Opens what is encrypted with age. Nothing is given that is not authenticated; where that ends, the stream has an error.
pub trait Unseal: fmt::Debug + Send + Sync {
    /// The plain stream.
    fn stream<'s>(&self, sealed: Box<dyn BufRead + 's>) -> Result<Box<dyn Read + 's>, UnsealError>;

    /// The plain file; `sealed` is at its beginning and is no text form of an encrypted file.
    fn file<'s>(
        &self,
        sealed: Box<dyn Seekable + Send + 's>,
    ) -> Result<Box<dyn Seekable + Send + 's>, UnsealError>;
}

/// Why something encrypted cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnsealError {
    /// None of the keys is one of its receivers'.
    #[error(
        "it is encrypted for other keys than those of --identity: ask who made it for whom (`age1…`), and give that key"
    )]
    WrongKey,
    /// A person's passphrase opens it.
    #[error(
        "it is encrypted with a passphrase: decrypt it first with `age -d -o BUNDLE FILE`, then read BUNDLE"
    )]
    Passphrase,
    /// Keys of another kind open it.
    #[error(
        "it is encrypted for {0} keys, which are not known here: decrypt it first with `age -d -i KEYFILE -o BUNDLE FILE`, then read BUNDLE"
    )]
    Kind(String),
    /// Its first lines are damaged or cut.
    #[error("its age header is damaged or cut short: {0}")]
    Header(&'static str),
    /// It cannot be read.
    #[error("{0}")]
    Io(String),
}

/// Keys, to open inputs with.
#[derive(Debug, Clone)]
pub struct Keys(Arc<dyn Unseal>);

impl Keys {
    /// Keys that these inputs are opened with.
    pub fn new(keys: impl Unseal + 'static) -> Self {
        Self(Arc::new(keys))
    }

    pub(super) fn unseal(&self) -> &dyn Unseal {
        self.0.as_ref()
    }
}

impl PartialEq for Keys {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Keys {}
