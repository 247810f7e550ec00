//! The command line, and what of it shapes a collection.

use crate::profile::{self, Narrowed};
use chrono::{DateTime, Utc};
use clap::builder::PossibleValuesParser;
use clap::{Parser, Subcommand, ValueEnum};
use nodebundle_bundle::writer::Container;
use std::collections::BTreeMap;
use std::time::Duration;

/// Takes a support bundle from this Kubernetes node, or from a dead node's disk.
///
/// Exit codes: 0 complete (denied items alone are 0) · 1 cut short by signal, time, space or budget · 2 wrong usage ·
/// 3 no bundle could be written · 4 the leak gate had to mask something (safe to send, please report).
#[derive(Debug, Parser)]
#[command(
    name = "nodebundle-collector",
    version,
    args_conflicts_with_subcommands = true
)]
pub(crate) struct Cli {
    /// Without a subcommand: collect.
    #[command(subcommand)]
    pub(crate) task: Option<Task>,
    #[command(flatten)]
    pub(crate) options: Options,
}

/// Other things to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Print every path, command and probe that would be used, and the distribution that was found; writes and sends nothing
    Plan {
        #[command(flatten)]
        options: Box<Options>,
    },
    /// Check a bundle: manifest, checksums, and a leak scan of what is stored
    Verify {
        /// The bundle
        bundle: String,
        /// The report as JSON
        #[arg(long)]
        json: bool,
    },
    /// Turn the pseudonyms of --pseudonymize back into originals, with the map that stayed here
    Reveal {
        /// The key of the case; its map FILE.map lies beside it
        #[arg(long, value_name = "FILE")]
        case_key: String,
        /// Text with pseudonyms; - or nothing for standard input
        text: Option<String>,
    },
}

/// What shapes a collection.
#[derive(Debug, Clone, clap::Args)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(crate) struct Options {
    /// Where to: a folder (default name in it), a file, or - for standard output
    #[arg(short, long, value_name = "PATH")]
    pub(crate) output: Option<String>,
    /// Container of the bundle; without it, what the file's name says
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// A mounted file system of a dead node: no commands, no probes; DIR/proc and DIR/run are read as files
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<String>,
    /// From a debug container: the root of the running host as it is mounted there; every other path is then one of the host
    #[arg(long, value_name = "DIR", conflicts_with = "root")]
    pub(crate) host: Option<String>,
    /// Oldest log record: an age (90m, 48h, 7d) or a time (RFC 3339)
    #[arg(long, value_parser = since, value_name = "AGE|TIME")]
    pub(crate) since: Option<Since>,
    /// Most bytes of the bundle
    #[arg(long, value_parser = size, default_value = "50MiB", value_name = "SIZE")]
    pub(crate) max_size: u64,
    /// Time for everything
    #[arg(long, value_parser = duration, default_value = "120s", value_name = "TIME")]
    pub(crate) deadline: Duration,
    /// Time for one item
    #[arg(long, value_parser = duration, default_value = "10s", value_name = "TIME")]
    pub(crate) item_timeout: Duration,
    /// No network traffic at all, not even to loopback
    #[arg(long)]
    pub(crate) no_probes: bool,
    /// No request with the node's credential
    #[arg(long)]
    pub(crate) no_api: bool,
    /// What the node is: leaves out what only other distributions have; auto looks for all
    #[arg(long, default_value = "auto", value_parser = PossibleValuesParser::new(profiles()), value_name = "NAME")]
    pub(crate) profile: String,
    /// Take this opt-in item too (a spec or spec/item); may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) with: Vec<String>,
    /// Leave this out (a spec or spec/item); may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) without: Vec<String>,
    /// More items: files, globs, commands and HTTP GETs (YAML; schema in docs/schema/user-spec.schema.json)
    #[arg(long, value_name = "FILE")]
    pub(crate) spec: Option<String>,
    /// Run the commands of --spec; without it they are left out
    #[arg(long, requires = "spec")]
    pub(crate) allow_spec_commands: bool,
    /// A key that makes placeholder ids equal across the bundles of a case (mode 0600)
    #[arg(long, value_name = "FILE")]
    pub(crate) case_key: Option<String>,
    /// Replace names, addresses and ids by pseudonyms of the case key; the way back stays in FILE.map. Without --case-key a key is
    /// made beside the bundle
    #[arg(long)]
    pub(crate) pseudonymize: bool,
    /// Print ten facts to read over the phone; without -o no bundle is written
    #[arg(long)]
    pub(crate) verdict: bool,
    /// The collection time, for reproducible bundles (RFC 3339)
    #[arg(long, value_parser = time, value_name = "TIME")]
    pub(crate) now: Option<DateTime<Utc>>,
    /// Who owns the bundle file
    #[arg(long, value_name = "USER[:GROUP]")]
    pub(crate) owner: Option<String>,
    #[command(flatten)]
    pub(crate) transport: crate::transport::TransportOptions,
    /// Print nothing but errors
    #[arg(long)]
    pub(crate) quiet: bool,
    /// Progress and summary as JSON lines on standard error; the plan as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Container by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    #[value(name = "tar.gz")]
    TarGz,
    Zip,
}

/// Oldest log record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since {
    /// That long before the node's time.
    Ago(Duration),
    /// A time.
    At(DateTime<Utc>),
}

impl Options {
    /// The distribution that a person says the node has; `None` for any.
    pub(crate) fn profile(&self) -> Narrowed {
        profile::named(&self.profile)
    }

    /// The container: as told, else by the file's name.
    pub(crate) fn container(&self) -> Container {
        let zip = match self.format {
            Some(format) => format == Format::Zip,
            None => self
                .output
                .as_deref()
                .map(|path| path.strip_suffix(".age").unwrap_or(path))
                .is_some_and(|path| crate::spec::has_ending(path, "zip")),
        };
        if zip {
            Container::Zip
        } else {
            Container::TarGz
        }
    }

    /// What the default name ends in.
    pub(crate) fn ending(&self) -> String {
        let container = match self.container() {
            Container::TarGz => "tar.gz",
            Container::Zip => "zip",
        };
        let encrypted = !self.transport.encrypt_to.is_empty();
        format!("{container}{}", if encrypted { ".age" } else { "" })
    }

    /// Whether the bundle goes to standard output.
    pub(crate) fn to_stdout(&self) -> bool {
        self.output.as_deref() == Some("-")
    }

    /// Options that shape the content, for `bundle.json`. Paths of this machine stay out of it.
    pub(crate) fn shaping(&self) -> BTreeMap<String, String> {
        let mut shaping = BTreeMap::new();
        let mut set = |name: &str, value: String| shaping.insert(name.to_owned(), value);
        set("deadline", format!("{}s", self.deadline.as_secs()));
        set("item-timeout", format!("{}s", self.item_timeout.as_secs()));
        set("max-size", self.max_size.to_string());
        if self.root.is_some() {
            set("root", "true".to_owned());
        }
        for (name, given) in [
            ("case-key", self.case_key.is_some()),
            ("spec", self.spec.is_some()),
            ("allow-spec-commands", self.allow_spec_commands),
        ] {
            if given {
                set(name, "true".to_owned());
            }
        }
        if self.pseudonymize {
            set("pseudonymize", "true".to_owned());
        }
        match self.since {
            Some(Since::Ago(age)) => drop(set("since", format!("{}s", age.as_secs()))),
            Some(Since::At(time)) => drop(set("since", crate::clock::rfc3339(time))),
            None => {}
        }
        for (name, on) in [("no-probes", self.no_probes), ("no-api", self.no_api)] {
            if on {
                set(name, "true".to_owned());
            }
        }
        for (name, values) in [("with", &self.with), ("without", &self.without)] {
            if !values.is_empty() {
                set(name, values.join(","));
            }
        }
        set("profile", self.profile.clone());
        shaping
    }
}

/// `auto`, and every profile by name.
fn profiles() -> Vec<&'static str> {
    std::iter::once("auto").chain(profile::names()).collect()
}

/// `10s`, `5m`, `48h`, `7d`; a bare number is seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.strip_prefix(digits).unwrap_or_default();
    let factor = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(format!("unknown unit {unit:?}: write 90s, 5m, 48h or 7d")),
    };
    let number: u64 = digits.parse().map_err(|error| {
        format!("{error}: write a number with a unit, as in 90s, 5m, 48h or 7d")
    })?;
    match number.checked_mul(factor) {
        Some(seconds) if seconds > 0 && seconds <= 3650 * 86_400 => {
            Ok(Duration::from_secs(seconds))
        }
        _ => Err("out of range".to_owned()),
    }
}

fn since(text: &str) -> Result<Since, String> {
    if let Ok(at) = time(text) {
        return Ok(Since::At(at));
    }
    let ago =
        duration(text).map_err(|why| format!("{why}; or a time as in 2026-11-22T07:00:00Z"))?;
    Ok(Since::Ago(ago))
}

fn time(text: &str) -> Result<DateTime<Utc>, String> {
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.with_timezone(&Utc))
        .map_err(|error| format!("{error}: write a time as in 2026-11-22T07:00:00Z"))
}

/// The size of a bundle.
fn size(text: &str) -> Result<u64, String> {
    match bytes(text)? {
        bytes if bytes >= 256 << 10 => Ok(bytes),
        _ => Err("a bundle needs at least 256KiB".to_owned()),
    }
}

/// `50MiB`, `512KiB`, `1GiB`; a bare number is bytes.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor: u64 = match text.strip_prefix(digits).unwrap_or_default() {
        "" | "B" => 1,
        "KiB" | "K" | "k" => 1 << 10,
        "MiB" | "M" => 1 << 20,
        "GiB" | "G" => 1 << 30,
        unit => {
            return Err(format!(
                "unknown unit {unit:?}: write 512KiB, 50MiB or 1GiB"
            ));
        }
    };
    let number: u64 = digits
        .parse()
        .map_err(|error| format!("{error}: write a number with a unit, as in 50MiB"))?;
    number
        .checked_mul(factor)
        .ok_or_else(|| "out of range".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn ages_sizes_and_times_are_read() {
        assert_eq!(duration("48h"), Ok(Duration::from_hours(48)));
        assert_eq!(size("50MiB"), Ok(50 << 20));
        assert_eq!(since("90m"), Ok(Since::Ago(Duration::from_mins(90))));
        assert!(matches!(since("2026-11-22T07:00:00Z"), Ok(Since::At(_))));
    }

    #[test]
    fn a_wrong_value_says_what_to_write() {
        assert!(duration("soon").unwrap_err().contains("48h"));
        assert!(duration("0s").is_err());
        assert!(size("10").unwrap_err().contains("256KiB"));
        assert!(
            since("yesterday")
                .unwrap_err()
                .contains("2026-11-22T07:00:00Z")
        );
    }

    #[test]
    fn the_name_decides_the_container_unless_told_otherwise() {
        let parse = |words: &[&str]| Cli::parse_from([&["c"], words].concat()).options;
        assert_eq!(parse(&["-o", "x.zip"]).container(), Container::Zip);
        assert_eq!(parse(&["-o", "x.zip.age"]).container(), Container::Zip);
        assert_eq!(parse(&["-o", "x"]).container(), Container::TarGz);
        assert_eq!(
            parse(&["-o", "x.zip", "--format", "tar.gz"]).container(),
            Container::TarGz
        );
    }
}
