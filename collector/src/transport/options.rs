//! What the command line says of the transport, checked before anything is written.

use super::age::{Recipient, SealError, Sealer};
use super::sign::SigningKey;
use crate::cli::{Options, bytes};
use crate::identity::own_file;

/// How the bundle leaves the node.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct TransportOptions {
    /// Cut the bundle file into parts of this size: NAME.001, NAME.002, …
    #[arg(long, value_parser = part_size, value_name = "SIZE")]
    pub(crate) split: Option<u64>,
    /// Encrypt for this age recipient (age1…), nothing plain touches the disk; may be repeated
    #[arg(long, value_name = "AGE_RECIPIENT")]
    pub(crate) encrypt_to: Vec<String>,
    /// Sign with this OpenSSH ed25519 private key (mode 0600, no passphrase): NAME.sig for `ssh-keygen -Y verify`
    #[arg(long, value_name = "FILE")]
    pub(crate) sign_with: Option<String>,
}

/// Everything that the transport needs, ready before the output exists.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(super) split: Option<u64>,
    pub(super) sealer: Option<Sealer>,
    pub(super) key: Option<SigningKey>,
}

impl Prepared {
    /// Reads recipients and key. An error says what to do and means that nothing is written.
    pub(crate) fn new(options: &Options) -> Result<Self, String> {
        let TransportOptions {
            split,
            encrypt_to,
            sign_with,
        } = &options.transport;
        if options.to_stdout() && split.is_some() {
            return Err(
                "--split needs a file: leave it out with -o -, and pipe into `split -b`".to_owned(),
            );
        }
        if options.to_stdout() && sign_with.is_some() {
            return Err("--sign-with needs a file: leave it out with -o -, and sign what arrives with `ssh-keygen -Y sign`".to_owned());
        }
        if let Some(split) = split
            && options.max_size / split > MOST_PARTS
        {
            return Err(format!(
                "--split: more than {MOST_PARTS} parts could be needed; give a larger size, or a smaller --max-size"
            ));
        }
        Ok(Self {
            split: *split,
            sealer: sealer(encrypt_to).map_err(|error| error.to_string())?,
            key: sign_with.as_deref().map(signing_key).transpose()?,
        })
    }
}

fn sealer(recipients: &[String]) -> Result<Option<Sealer>, SealError> {
    if recipients.is_empty() {
        return Ok(None);
    }
    let recipients = recipients
        .iter()
        .map(|text| Recipient::parse(text))
        .collect::<Result<Vec<_>, _>>()?;
    Sealer::new(&recipients).map(Some)
}

fn signing_key(path: &str) -> Result<SigningKey, String> {
    let file = own_file(path, 64 << 10).map_err(|error| format!("--sign-with {path}: {error}"))?;
    SigningKey::parse(&file).map_err(|error| format!("--sign-with {path}: {error}"))
}

/// `20MiB`; a part is not so small that nobody wants to handle their number.
fn part_size(text: &str) -> Result<u64, String> {
    match bytes(text)? {
        bytes if bytes >= 64 << 10 => Ok(bytes),
        _ => Err("a part has at least 64KiB".to_owned()),
    }
}

/// So that three digits number them all, with room for what the end of a bundle adds to its size.
const MOST_PARTS: u64 = 900;

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    fn refusal(words: &[&str]) -> String {
        let words = [&["c"], words].concat();
        Prepared::new(&crate::cli::Cli::parse_from(words).options).unwrap_err()
    }

    #[test]
    fn what_cannot_be_done_is_refused_with_a_way_out() {
        assert!(refusal(&["-o", "-", "--split", "1MiB"]).contains("split -b"));
        assert!(refusal(&["-o", "-", "--sign-with", "k"]).contains("ssh-keygen -Y sign"));
        assert!(refusal(&["--encrypt-to", "age1nobody"]).contains("age-keygen"));
        assert!(refusal(&["--sign-with", "/nonexistent"]).contains("--sign-with /nonexistent"));
        let many = ["--split", "256KiB", "--max-size", "1GiB"];
        assert!(refusal(&many).contains("larger size"));
    }

    #[test]
    fn one_wrong_recipient_among_right_ones_is_enough() {
        let right = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
        assert!(refusal(&["--encrypt-to", right, "--encrypt-to", "bob"]).contains("bob"));
    }
}
