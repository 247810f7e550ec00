//! One collection from start to end: output, identity, node, plan, secrets, items, summary.

use crate::cli::{Options, Since};
use crate::clock::Clock;
use crate::events::{Event, Events};
use crate::host::wire::Failure;
use crate::host::{Host, Reach};
use crate::identity;
use crate::learn;
use crate::node::Node;
use crate::output::{Folder, LEAST_SHARE, OutputError, Room, place};
use crate::plan;
use crate::priority::eviction_floors;
use crate::pseudonym::Case;
use crate::stop::Stop;
use crate::take::{Choice, Taking, unknown_names};
use crate::transport::{Delivered, Delivery, Prepared};
use crate::user_spec::{self, UserItem};
use crate::vault::{Limits, Vault};
use crate::verdict::{self, Seen, Sight, phone};
use nodebundle_bundle::writer::{Setup, WriteError};
use nodebundle_bundle::{BundleInfo, Outcome, Record};
use rustix::fs;
use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::{AsRawFd as _, OwnedFd};

/// Why there is no bundle. Each message says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum CollectError {
    /// The place of the bundle.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The bundle could not be begun.
    #[error("no bundle could be begun: {0}")]
    Begin(WriteError),
    /// `--case-key`, `--owner` or `--root`.
    #[error("{0}")]
    Usage(String),
}

impl CollectError {
    /// An output that says itself what to do is not wrapped in other words.
    fn begin(error: WriteError) -> Self {
        match error {
            WriteError::Io(error) => match error.downcast() {
                Ok(output) => Self::Output(output),
                Err(error) => Self::Begin(WriteError::Io(error)),
            },
            error => Self::Begin(error),
        }
    }
}

/// What a finished collection says of itself.
#[derive(Debug)]
pub(crate) struct Collected {
    /// Where the bundle is, and how it travels.
    pub(crate) delivered: Delivered,
    /// Every item.
    pub(crate) records: Vec<Record>,
    /// Rule id → what the gate masked.
    pub(crate) gate_hits: BTreeMap<String, u64>,
    /// Why it was cut short.
    pub(crate) cut: Option<String>,
    /// What already looks wrong; `None` when collection ended before that was looked at.
    pub(crate) verdict: Option<String>,
    /// The facts of `--verdict`.
    pub(crate) phone: Option<phone::Facts>,
}

impl Collected {
    /// Exit code by the contract: 4 wins over 1.
    pub(crate) fn exit(&self) -> u8 {
        match (self.gate_hits.is_empty(), &self.cut) {
            (false, _) => 4,
            (true, Some(_)) => 1,
            (true, None) if self.unanswered() > 0 => 1,
            (true, None) => 0,
        }
    }

    /// Items that did not answer in time.
    pub(crate) fn unanswered(&self) -> usize {
        let late = |record: &&Record| record.outcome == Outcome::Timeout;
        self.records.iter().filter(late).count()
    }
}

/// Collects.
pub(crate) fn collect(
    options: &Options,
    stop: Stop,
    events: &mut Events,
) -> Result<Collected, CollectError> {
    let clock = Clock::new(options.now);
    let user_items = user_items(options)?;
    let mut host = Host::new(reach(options, clock)?, stop);
    let mut case = Case::of(options)?;
    let owner = identity::owner(options)?;
    let prepared = Prepared::new(options).map_err(CollectError::Usage)?;
    let name = identity::node_name(&mut host);
    let info = info(options, &host, name);
    let top_folder = format!(
        "nodebundle-{}-{}",
        case.shown(&info.node),
        info.started.format("%Y%m%dT%H%M%SZ")
    );
    let Opened {
        delivery,
        limits,
        least,
    } = open_output(options, &top_folder, prepared, (owner, &mut case))?;
    let setup = Setup {
        container: options.container(),
        top_folder: &top_folder,
        info: &info,
        mtime: u64::try_from(info.started.timestamp()).unwrap_or(0),
    };
    let vault = Vault::begin(delivery.clone(), &setup, &case, clock, limits)
        .map_err(CollectError::begin)?;
    events.send(&Event::Begun {
        path: delivery.growing_path(),
    });
    let mut run = Run {
        host,
        vault,
        events,
        options,
        case,
        delivery,
        seen: Seen::default(),
        verdict: None,
        phone: None,
        choice: Choice {
            without: options.without.clone(),
            with: options.with.clone(),
            since: None,
            least,
            profile: options.profile(),
            probes: options.root.is_none() && !options.no_probes,
            credential: !options.no_api,
            user_items,
            spec_commands: options.allow_spec_commands,
        },
    };
    // An output that fails from here on leaves a readable part behind.
    let cut = match run.fill() {
        Ok(cut) => cut,
        Err(error) => Some(error.to_string()),
    };
    Ok(run.finish(cut))
}

/// The items of `--spec`. A misspelt `--without` would store what somebody wanted to keep out.
pub(crate) fn user_items(options: &Options) -> Result<Vec<UserItem>, CollectError> {
    let items = user_spec::of(options).map_err(|error| CollectError::Usage(error.to_string()))?;
    let mut unknown = unknown_names(&options.with, &items);
    unknown.extend(unknown_names(&options.without, &items));
    if unknown.is_empty() {
        return Ok(items);
    }
    Err(CollectError::Usage(format!(
        "--with/--without: there is no {}; `nodebundle-collector plan --json` lists the names",
        unknown.join(", ")
    )))
}

pub(crate) fn reach(options: &Options, clock: Clock) -> Result<Reach, CollectError> {
    let given = options.root.as_deref().unwrap_or("/");
    let flags = fs::OFlags::PATH | fs::OFlags::DIRECTORY | fs::OFlags::CLOEXEC;
    let folder = fs::open(given, flags, fs::Mode::empty()).map_err(|errno| {
        CollectError::Usage(format!(
            "--root {given}: {errno}; give the folder where the node's file system is mounted"
        ))
    })?;
    Ok(Reach {
        root: real_path(&folder).unwrap_or_else(|| given.to_owned()),
        live: options.root.is_none(),
        item_timeout: options.item_timeout,
        clock,
    })
}

/// A folder's path as the mount table writes it: absolute and without links. `None` where `/proc` does not tell.
fn real_path(folder: &OwnedFd) -> Option<String> {
    let link = format!("/proc/self/fd/{}", folder.as_raw_fd());
    let path = fs::readlink(link, Vec::new()).ok()?.into_string().ok()?;
    path.starts_with('/').then_some(path)
}

fn info(options: &Options, host: &Host, node: String) -> BundleInfo {
    let live = host.is_live();
    BundleInfo {
        format_version: 1,
        collector_version: env!("CARGO_PKG_VERSION").to_owned(),
        node,
        mode: if live { "live" } else { "root" }.to_owned(),
        started: host.clock().now(),
        monotonic_seconds: live.then(identity::uptime_seconds),
        boot_id: live.then(identity::boot_id).flatten(),
        uid: rustix::process::geteuid().as_raw(),
        comparable_ids: options.case_key.is_some() || options.pseudonymize,
        options: options.shaping(),
    }
}

/// The output, what it may hold, and whether only T0 fits.
struct Opened {
    delivery: Delivery,
    limits: Limits,
    least: bool,
}

fn open_output(
    options: &Options,
    top_folder: &str,
    prepared: Prepared,
    (owner, case): (Option<identity::Owner>, &mut Case),
) -> Result<Opened, CollectError> {
    if options.to_stdout() {
        let stdout = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)
            .map_err(|errno| CollectError::Begin(WriteError::Io(errno.into())))?;
        return Ok(Opened {
            delivery: Delivery::to_pipe(stdout.into(), prepared),
            limits: Limits {
                budget: options.max_size,
                room: None,
            },
            least: false,
        });
    }
    let default_name = format!("{top_folder}.{}", options.ending());
    let (path, name) = place(options.output.as_deref(), &default_name);
    let folder = Folder::open(&path)?;
    let room = folder.room();
    let share = room.as_ref().and_then(Room::share);
    let share = share.unwrap_or(u64::MAX);
    if share < LEAST_SHARE {
        let free = folder.free_bytes().unwrap_or(0);
        return Err(OutputError::NoSpace { path, free }.into());
    }
    let beside = folder.again()?;
    let delivery = Delivery::to_file(folder, &name, owner, prepared)?;
    case.keep(&beside, &name)?;
    Ok(Opened {
        delivery,
        limits: Limits {
            budget: options.max_size.min(share),
            room,
        },
        least: share < COMFORTABLE_SHARE,
    })
}

struct Run<'a> {
    host: Host,
    vault: Vault<Delivery>,
    events: &'a mut Events,
    options: &'a Options,
    case: Case,
    delivery: Delivery,
    seen: Seen,
    verdict: Option<String>,
    phone: Option<phone::Facts>,
    choice: Choice,
}

impl Run<'_> {
    /// Everything between `bundle.json` and the end; says why it was cut short.
    fn fill(&mut self) -> Result<Option<String>, WriteError> {
        let node = Node::resolve(&mut self.host, self.options.profile());
        self.choice.since = since(self.options, &self.host, &node);
        self.learn_names(&node)?;
        let plan = plan::resolved(&mut self.host, &node, &self.choice);
        if self.host.is_live() {
            let floors = eviction_floors(&mut self.host, &node);
            self.vault.respect(&floors);
        }
        let learned = learn::learn(&mut self.host, &node);
        let count = learned.secrets.len();
        self.host.note(format!("{count} secrets learned"));
        self.vault.know(self.case.key.clone(), learned.secrets);
        for (path, failure) in learned.not_learned {
            let open = self.vault.open(format!("learn:{path}"), "learn", &path);
            self.vault.fail(open, &failure)?;
        }
        let mut taking = Taking {
            host: &mut self.host,
            node: &node,
            vault: &mut self.vault,
            events: self.events,
            choice: &self.choice,
            plan: Some(plan),
            claimed: BTreeSet::new(),
            journals: Vec::new(),
            seen: &mut self.seen,
            done: 0,
            total: 0,
        };
        let cut = taking.all()?;
        let mut sight = Sight::new(&mut self.host, &node, &self.seen);
        self.verdict = Some(verdict::line(&mut sight));
        if self.options.verdict {
            self.phone = Some(phone::facts(&mut sight, self.vault.redactor()));
        }
        self.own_log(cut.as_deref())?;
        Ok(cut)
    }

    /// What is to get a pseudonym, before the plan names it.
    fn learn_names(&mut self, node: &Node) -> Result<(), WriteError> {
        let Some(cloak) = &self.case.cloak else {
            return Ok(());
        };
        for path in cloak.learn(&mut self.host, node) {
            let open = self.vault.open(format!("names:{path}"), "learn", &path);
            let failure = Failure::new(Outcome::Skipped, "not-learned: the learn pass was over");
            self.vault.fail(open, &failure)?;
        }
        Ok(())
    }

    /// `collector.jsonl`: what happened to the collector itself.
    fn own_log(&mut self, cut: Option<&str>) -> Result<(), WriteError> {
        let mut notes = self.host.take_notes();
        if let Some(why) = cut {
            notes.push((self.host.clock().now(), format!("cut short: {why}")));
        }
        if notes.is_empty() {
            return Ok(());
        }
        let lines: Vec<String> = notes
            .into_iter()
            .map(|(time, message)| {
                let time = time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
                format!(
                    "{}\n",
                    serde_json::json!({"time": time, "message": message})
                )
            })
            .collect();
        let open = self
            .vault
            .open("collector/log".to_owned(), "collector-log", "collector");
        self.vault.text(open, "collector.jsonl", &lines.concat())?;
        Ok(())
    }

    fn finish(mut self, cut: Option<String>) -> Collected {
        let records = self.vault.writer().records().to_vec();
        let gate_hits = self.vault.writer().gate_hits().clone();
        let ended = self.vault.finish(cut.is_none(), cut.clone());
        let mut delivered = self.delivery.close(ended.is_ok());
        if let Some(cloak) = &self.case.cloak {
            delivered.notes.push(match cloak.save() {
                Ok(map) => format!("the way back from the pseudonyms stays here, never send it: {map}"),
                Err(error) => format!("the map of the pseudonyms could not be written: {error}; the same --case-key makes them again"),
            });
        }
        let ended = ended.err().map(|error| error.to_string());
        let cut = cut.or(ended).or_else(|| delivered.problem.clone());
        Collected {
            delivered,
            records,
            gate_hits,
            cut,
            verdict: self.verdict,
            phone: self.phone,
        }
    }
}

/// The oldest record wanted: as told, else the earlier of 48 hours and the start of the boot before this one.
fn since(options: &Options, host: &Host, node: &Node) -> Option<u64> {
    let now = if host.is_live() {
        u64::try_from(host.clock().now().timestamp_micros()).ok()
    } else {
        node.newest_record
    };
    let before = |age: std::time::Duration| {
        let age = u64::try_from(age.as_micros()).unwrap_or(u64::MAX);
        Some(now?.saturating_sub(age))
    };
    match options.since {
        Some(Since::At(time)) => u64::try_from(time.timestamp_micros()).ok(),
        Some(Since::Ago(age)) => before(age),
        None => {
            let window = before(DEFAULT_AGE)?;
            let second_last = node.boots.iter().rev().nth(1);
            Some(second_last.map_or(window, |(_, start)| window.min(*start)))
        }
    }
}

/// Two days.
const DEFAULT_AGE: std::time::Duration = std::time::Duration::from_hours(48);
/// Below this share only T0 is taken.
const COMFORTABLE_SHARE: u64 = 8 << 20;
