//! The only door to the node. Everything that can hang runs in a worker process that can be killed and abandoned.

mod digest;
pub(crate) mod door;
pub(crate) mod errno;
mod kmsg;
mod listing;
pub(crate) mod live;
pub(crate) mod mounts;
mod rtnetlink;
mod running;
mod systemd;
mod trust;
mod walk;
pub(crate) mod wire;
pub(crate) mod worker;

use crate::clock::Clock;
use crate::journal::{JournalAsk, JournalHealth, JournalSummary, LineHead};
use crate::process::worker_link::{Link, Wait};
use crate::stop::Stop;
use chrono::{DateTime, Utc};
use mounts::Mounts;
use nodebundle_bundle::Outcome;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use wire::{Answer, Ask, Digest, Failure, FileInfo, Keep, Listing, NodeStat, Space};

/// A file that was read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Taken {
    /// Size, attributes, kept ranges.
    pub(crate) info: FileInfo,
    /// Raw content; it leaves this program only through the redactor.
    pub(crate) bytes: Vec<u8>,
}

impl Taken {
    /// The content as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// How a node is reached.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    /// `/`, or the folder of `--root`.
    pub(crate) root: String,
    /// Whether this is the running host: commands, sockets and probes make sense.
    pub(crate) live: bool,
    /// How long one item may take.
    pub(crate) item_timeout: Duration,
    /// The clock.
    pub(crate) clock: Clock,
}

/// The node.
#[derive(Debug)]
pub(crate) struct Host {
    reach: Reach,
    link: Option<Link>,
    mounts: Mounts,
    stop: Stop,
    cache: BTreeMap<String, Result<Taken, Failure>>,
    cached_bytes: usize,
    listings: BTreeMap<String, Result<Listing, Failure>>,
    notes: Vec<(DateTime<Utc>, String)>,
    unanswered: u32,
}

impl Host {
    /// A node behind worker processes, started when first asked.
    pub(crate) fn new(reach: Reach, stop: Stop) -> Self {
        let mut host = Self {
            reach,
            link: None,
            mounts: Mounts::default(),
            stop,
            cache: BTreeMap::new(),
            cached_bytes: 0,
            listings: BTreeMap::new(),
            notes: Vec::new(),
            unanswered: 0,
        };
        host.mounts = Mounts::parse(&crate::process::own_mountinfo());
        host
    }

    /// A node behind this very process: for tests, where nothing hangs.
    #[cfg(test)]
    pub(crate) fn direct(root: &std::path::Path) -> Self {
        let reach = Reach {
            root: root.to_string_lossy().into_owned(),
            live: false,
            item_timeout: Duration::from_secs(10),
            clock: Clock::new(None),
        };
        let mut host = Self::new(reach, Stop::never());
        host.link = Some(Link::direct(root));
        host
    }

    /// Whether this is the running host.
    pub(crate) fn is_live(&self) -> bool {
        self.reach.live
    }

    /// Notes something for the collector's own log.
    pub(crate) fn note(&mut self, message: String) {
        self.notes.push((self.reach.clock.now(), message));
    }

    /// The notes so far.
    pub(crate) fn take_notes(&mut self) -> Vec<(DateTime<Utc>, String)> {
        std::mem::take(&mut self.notes)
    }

    /// The clock of this run.
    pub(crate) fn clock(&self) -> Clock {
        self.reach.clock
    }

    /// Questions so far that were not answered in time, those whose failure was remembered too.
    pub(crate) fn unanswered(&self) -> u32 {
        self.unanswered
    }

    /// How long one item may take.
    pub(crate) fn item_timeout(&self) -> Duration {
        self.reach.item_timeout
    }

    /// Asks with another time limit for one item.
    pub(crate) fn within<T>(&mut self, limit: Duration, ask: impl FnOnce(&mut Self) -> T) -> T {
        let usual = std::mem::replace(&mut self.reach.item_timeout, limit);
        let answer = ask(self);
        self.reach.item_timeout = usual;
        answer
    }

    /// When to stop.
    pub(crate) fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Content of a file, at most `cap` bytes, head and tail. Small files are read once and remembered.
    pub(crate) fn read(&mut self, path: &str, cap: u64) -> Result<Taken, Failure> {
        if let Some(known) = self.cache.get(path) {
            let known = known.clone();
            return self.counted(known);
        }
        let taken = self.read_once(path, cap, Keep::HeadAndTail);
        let size = taken.as_ref().map_or(0, |taken| taken.bytes.len());
        if self.cached_bytes + size <= CACHE_BYTES && size <= CACHE_FILE_BYTES {
            self.cached_bytes += size;
            self.cache.insert(path.to_owned(), taken.clone());
        }
        taken
    }

    /// Content of a file that is not remembered.
    pub(crate) fn read_once(&mut self, path: &str, cap: u64, keep: Keep) -> Result<Taken, Failure> {
        let ask = Ask::Read {
            path: path.to_owned(),
            cap,
            keep,
        };
        match self.ask(&ask, path)? {
            (Answer::File(info), bytes) => Ok(Taken { info, bytes }),
            _ => Err(unexpected()),
        }
    }

    /// Content of a small text file without its final newline; `None` when it cannot be read.
    pub(crate) fn line(&mut self, path: &str) -> Option<String> {
        let taken = self.read(path, 64 << 10).ok()?;
        Some(taken.text().trim_end().to_owned())
    }

    /// Names in a folder. Ordinary folders are listed once and remembered.
    pub(crate) fn list(&mut self, path: &str) -> Result<Listing, Failure> {
        if let Some(known) = self.listings.get(path) {
            let known = known.clone();
            return self.counted(known);
        }
        let listing = self.list_once(path);
        let names = listing.as_ref().map_or(0, |listing| listing.entries.len());
        if names <= CACHE_NAMES && !path.starts_with("/proc/") {
            self.listings.insert(path.to_owned(), listing.clone());
        }
        listing
    }

    fn list_once(&mut self, path: &str) -> Result<Listing, Failure> {
        let ask = Ask::List {
            path: path.to_owned(),
        };
        match self.ask(&ask, path)? {
            (Answer::Listing(listing), _) => Ok(listing),
            _ => Err(unexpected()),
        }
    }

    /// Attributes of what a path leads to.
    pub(crate) fn stat(&mut self, path: &str) -> Result<NodeStat, Failure> {
        let ask = Ask::Stat {
            path: path.to_owned(),
        };
        match self.ask(&ask, path)? {
            (Answer::Stat(stat), _) => Ok(stat),
            _ => Err(unexpected()),
        }
    }

    /// Space of the file system that holds a path.
    pub(crate) fn space(&mut self, path: &str) -> Result<Space, Failure> {
        let ask = Ask::Space {
            path: path.to_owned(),
        };
        match self.ask(&ask, path)? {
            (Answer::Space(space), _) => Ok(space),
            _ => Err(unexpected()),
        }
    }

    /// Hash of a file's content, at most `cap` bytes long.
    pub(crate) fn digest(&mut self, path: &str, cap: u64) -> Result<Digest, Failure> {
        let ask = Ask::Digest {
            path: path.to_owned(),
            cap,
        };
        match self.ask(&ask, path)? {
            (Answer::Digest(digest), _) => Ok(digest),
            _ => Err(unexpected()),
        }
    }

    /// Streams one journal stream; `each` gets batches of lines with their text back to back.
    ///
    /// What was handed over before a failure stays valid.
    pub(crate) fn journal(
        &mut self,
        ask: JournalAsk,
        each: &mut dyn FnMut(&[LineHead], &[u8]),
    ) -> Result<JournalSummary, Failure> {
        let path = ask.folders.first().cloned().unwrap_or_default();
        let mut summary = None;
        let timeout = self.reach.item_timeout.max(JOURNAL_TIMEOUT);
        self.converse(
            &Ask::Journal(ask),
            &path,
            timeout,
            &mut |answer, payload| match answer {
                Answer::Lines(heads) => {
                    each(&heads, &payload);
                    true
                }
                other => {
                    summary = Some(other);
                    false
                }
            },
        )?;
        match summary {
            Some(Answer::JournalEnd(summary)) => Ok(summary),
            Some(Answer::Failed(failure)) => Err(failure),
            _ => Err(Failure::new(Outcome::Error, "the journal reader stopped")),
        }
    }

    fn counted<T>(&mut self, answer: Result<T, Failure>) -> Result<T, Failure> {
        let late = |failure: &Failure| failure.outcome == Outcome::Timeout;
        self.unanswered += u32::from(answer.as_ref().is_err_and(late));
        answer
    }

    /// State of the journal files, and what journald left out since a time.
    pub(crate) fn journal_health(&mut self, since: Option<u64>) -> Result<JournalHealth, Failure> {
        let folders = crate::journal::folders();
        let path = folders.first().cloned().unwrap_or_default();
        match self.ask(&Ask::JournalHealth { folders, since }, &path)? {
            (Answer::JournalHealth(health), _) => Ok(health),
            _ => Err(unexpected()),
        }
    }

    fn ask(&mut self, ask: &Ask, path: &str) -> Result<(Answer, Vec<u8>), Failure> {
        let mut got = None;
        // A program has its own limit; the worker gets a little longer to report it.
        let timeout = self.reach.item_timeout + running::REPORT_TIME;
        let ended = self.converse(ask, path, timeout, &mut |answer, payload| {
            got = Some((answer, payload));
            false
        });
        self.counted(ended)?;
        match got {
            Some((Answer::Failed(failure), _)) => Err(failure),
            Some(answer) => Ok(answer),
            None => Err(Failure::new(Outcome::Error, "a worker gave no answer")),
        }
    }

    fn converse(
        &mut self,
        ask: &Ask,
        path: &str,
        timeout: Duration,
        each: &mut dyn FnMut(Answer, Vec<u8>) -> bool,
    ) -> Result<(), Failure> {
        if let Some(why) = self.stop.why() {
            return Err(Failure::new(Outcome::Skipped, why));
        }
        let place = self.place(path);
        if self.mounts.is_given_up(&place) {
            let point = self.mounts.of(&place);
            return Err(Failure::timeout(format!(
                "the mount at {point} does not answer"
            )));
        }
        let mut link = match self.link.take() {
            Some(link) => link,
            None => Link::start(&self.reach.root, self.reach.live).map_err(|error| {
                Failure::new(Outcome::Error, format!("no worker could start: {error}"))
            })?,
        };
        let deadline = Instant::now() + timeout.min(self.stop.share());
        match link.converse(ask, deadline, &self.stop, each) {
            Wait::Done => {
                self.link = Some(link);
                Ok(())
            }
            Wait::Late => {
                link.abandon();
                self.mounts.lose(&place);
                self.note(format!("a worker did not come back from {path}"));
                Err(Failure::timeout("the item's time limit passed"))
            }
            Wait::Stopped(why) => {
                link.abandon();
                Err(Failure::new(Outcome::Truncated, why))
            }
            Wait::Broken(error) => {
                link.abandon();
                self.note(format!("a worker ended at {path}: {error}"));
                Err(Failure::new(
                    Outcome::Error,
                    format!("the worker ended: {error}"),
                ))
            }
        }
    }

    /// The path on this machine, for the mount table.
    fn place(&self, path: &str) -> String {
        if self.reach.root == "/" {
            return path.to_owned();
        }
        format!("{}{path}", self.reach.root.trim_end_matches('/'))
    }
}

fn unexpected() -> Failure {
    Failure::new(Outcome::Error, "a worker answered another question")
}

/// All remembered files together.
const CACHE_BYTES: usize = 6 << 20;
/// A larger file is not remembered.
const CACHE_FILE_BYTES: usize = 256 << 10;
/// A folder with more names is not remembered.
const CACHE_NAMES: usize = 500;
/// A journal is one item of many megabytes.
const JOURNAL_TIMEOUT: Duration = Duration::from_secs(30);
