//! A bundle as other nodes, other ways and other tools could have given it: with the same fault to be found.

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Read as _};

/// One entry of a bundle.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    name: String,
    bytes: Vec<u8>,
}

/// What is done to a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing: packed again as it was.
    Packed,
    /// Only the first half of its bytes is there.
    Cut,
    /// These entries are missing.
    Without(String),
    /// The node prints its times in another zone.
    OtherZone,
    /// Every line ends with `\r\n`.
    Crlf,
    /// Lines of the journal have no year, zone and fraction.
    Yearless,
    /// Every line of the journal is there twice.
    Doubled,
    /// Between the lines of the kubelet are 100,000 that say that all is well.
    Buried,
}

/// Healthy lines that a log is buried in.
const HEALTHY: usize = 100_000;

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Packed => f.write_str("packed again"),
            Self::Cut => f.write_str("cut to a half"),
            Self::Without(_) => f.write_str("an input dropped"),
            Self::OtherZone => f.write_str("other time zone"),
            Self::Crlf => f.write_str("CRLF"),
            Self::Yearless => f.write_str("year-less logs"),
            Self::Doubled => f.write_str("lines doubled"),
            Self::Buried => f.write_str("100,000 healthy lines"),
        }
    }
}

impl Change {
    /// Everything that can be done to a bundle with these entries.
    pub(crate) fn all(entries: &[Entry]) -> Vec<Self> {
        let inputs: BTreeSet<String> = entries.iter().filter_map(Entry::input).collect();
        let whole = [
            Self::Packed,
            Self::Cut,
            Self::OtherZone,
            Self::Crlf,
            Self::Yearless,
            Self::Doubled,
            Self::Buried,
        ];
        whole
            .into_iter()
            .chain(inputs.into_iter().map(Self::Without))
            .collect()
    }

    /// The changed bundle.
    pub(crate) fn apply(&self, bundle: &[u8], entries: &[Entry]) -> io::Result<Vec<u8>> {
        if *self == Self::Cut {
            return Ok(bundle.iter().take(bundle.len() / 2).copied().collect());
        }
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for entry in entries {
            let Some(bytes) = self.entry(entry) else {
                continue;
            };
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o600);
            header.set_cksum();
            archive.append_data(&mut header, &entry.name, bytes.as_slice())?;
        }
        archive.into_inner()?.finish()
    }

    fn entry(&self, entry: &Entry) -> Option<Vec<u8>> {
        let bytes = entry.bytes.clone();
        let journal = entry.name.contains("/journal/");
        match self {
            Self::Without(input) => (entry.input().as_ref() != Some(input)).then_some(bytes),
            Self::Crlf => Some(by_line(&entry.bytes, |line| vec![format!("{line}\r")])),
            Self::OtherZone if journal => Some(by_line(&bytes, |line| vec![in_other_zone(line)])),
            Self::Yearless if journal => Some(by_line(&bytes, |line| vec![yearless(line)])),
            Self::Doubled if journal => Some(by_line(&bytes, |line| {
                vec![line.to_owned(), line.to_owned()]
            })),
            Self::Buried if journal && entry.name.contains("/kubelet") => Some(buried(&bytes)),
            _ => Some(bytes),
        }
    }
}

impl Entry {
    /// All entries of a bundle.
    pub(crate) fn all(bundle: &[u8]) -> io::Result<Vec<Self>> {
        let mut entries = Vec::new();
        for entry in tar::Archive::new(MultiGzDecoder::new(bundle)).entries()? {
            let mut entry = entry?;
            let name = entry.path()?.to_string_lossy().into_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            entries.push(Self { name, bytes });
        }
        Ok(entries)
    }

    /// What is dropped at once: a journal, a file of facts, a folder of the node, what a program printed. Nothing for what describes
    /// the bundle.
    fn input(&self) -> Option<String> {
        let (_, name) = self.name.split_once('/')?;
        let mut parts = name.split('/');
        let (kind, first, second) = (parts.next()?, parts.next()?, parts.next());
        match (kind, second) {
            ("manifest", _) => None,
            ("files" | "listings", Some(second)) => Some(format!("{kind}/{first}/{second}")),
            _ => Some(format!("{kind}/{first}")),
        }
    }
}

/// Text with other lines for each of its lines. What is no text stays.
fn by_line(bytes: &[u8], change: impl Fn(&str) -> Vec<String>) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return bytes.to_vec();
    };
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        for line in change(line) {
            out.push_str(&line);
            out.push('\n');
        }
    }
    out.into_bytes()
}

/// A time as the collector prints it: `2026-11-22T07:30:22.304177Z`.
struct Time {
    year: u32,
    month: u32,
    day: u32,
    minutes: u32,
    /// Seconds and fraction.
    rest: String,
}

/// The time of a line and what follows.
fn timed(line: &str) -> Option<(Time, &str)> {
    let (time, rest) = line.split_once("Z ")?;
    let number = |from: usize, to: usize| time.get(from..to)?.parse::<u32>().ok();
    let time = Time {
        year: number(0, 4)?,
        month: number(5, 7)?,
        day: number(8, 10)?,
        minutes: number(11, 13)? * 60 + number(14, 16)?,
        rest: time.get(17..)?.to_owned(),
    };
    Some((time, rest))
}

impl Time {
    /// The same instant on a clock five hours and a half ahead.
    fn ahead(&self) -> Self {
        let minutes = self.minutes + 330;
        let days = match self.month {
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let day = self.day + minutes / 1440;
        Self {
            year: self.year,
            month: self.month + u32::from(day > days),
            day: if day > days { 1 } else { day },
            minutes: minutes % 1440,
            rest: self.rest.clone(),
        }
    }

    fn clock(&self) -> String {
        format!("{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

/// Carrier and klog header in the zone +05:30.
fn in_other_zone(line: &str) -> String {
    let Some((time, rest)) = timed(line) else {
        return line.to_owned();
    };
    let there = time.ahead();
    let klog = format!("{:02}{:02} {}:", time.month, time.day, time.clock());
    let shifted = format!("{:02}{:02} {}:", there.month, there.day, there.clock());
    format!(
        "{:04}-{:02}-{:02}T{}:{}+05:30 {}",
        there.year,
        there.month,
        there.day,
        there.clock(),
        there.rest,
        rest.replacen(&klog, &shifted, 1)
    )
}

/// `Nov 22 07:30:22 host ident[pid]: message`.
fn yearless(line: &str) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let shown = || {
        let (time, rest) = timed(line)?;
        let month = MONTHS.get(usize::try_from(time.month).ok()?.checked_sub(1)?)?;
        let second = time.rest.get(..2)?;
        let clock = time.clock();
        Some(format!("{month} {:02} {clock}:{second} {rest}", time.day))
    };
    shown().unwrap_or_else(|| line.to_owned())
}

/// After every klog line of the kubelet as many lines of the same process and time, which say that it works.
fn buried(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().filter(|line| healthy(line).is_some()).count();
    let copies = HEALTHY / lines.max(1);
    by_line(bytes, |line| {
        let healthy = healthy(line).into_iter();
        let copies = healthy.flat_map(|line| std::iter::repeat_n(line, copies));
        std::iter::once(line.to_owned()).chain(copies).collect()
    })
}

fn healthy(line: &str) -> Option<String> {
    let (carrier, message) = line.split_once("]: ")?;
    let end = message
        .find(' ')
        .filter(|_| carrier.contains(" kubelet["))?;
    let date = message.get(1..end).filter(|date| date.len() == 4)?;
    let header = message.get(..message.find(".go:")?)?;
    let mut words = header.split_whitespace().skip(1);
    let (clock, pid) = (words.next()?, words.next()?);
    Some(format!(
        "{carrier}]: I{date} {clock} {pid:>7} kubelet.go:2412] \"SyncLoop (housekeeping)\""
    ))
}
