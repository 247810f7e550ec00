//! The dev loop: `cargo xtask check | index | docs | new | accept | bench | corpus | robust | fuzz`.
//!
//! It links no crate of the workspace, so a broken crate cannot block its own repair.

mod bench;
mod bench_bundle;
mod bench_log;
mod beside_sos;
#[path = "../../tests/tests/changed.rs"]
mod changed;
mod check;
mod corpus;
mod coverage;
mod docs;
mod fact_pages;
mod fuzz;
mod index;
#[allow(
    dead_code,
    reason = "a file of the analyzer, shared without linking its crate"
)]
#[path = "../../analyzer/src/logs/literals.rs"]
mod literals;
mod new;
mod robust;
mod rule_pages;
mod run;
mod unmask;

use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// The dev loop of NodeBundle.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Everything that CI checks: format, lints, indexes, documents, tests.
    Check,
    /// Write the `mod.rs` of every indexed folder and `analyzer/rules.json`.
    Index {
        /// Change nothing; fail when something is stale.
        #[arg(long)]
        check: bool,
    },
    /// Write the generated documents: facts, rules, command lines, schemas.
    Docs {
        /// Change nothing; fail when something is stale.
        #[arg(long)]
        check: bool,
    },
    /// Write a new file of a family with its headings filled.
    New {
        /// What to add.
        family: new::Family,
        /// Its name; for a rule `<stage>/<id>`.
        name: String,
    },
    /// Rewrite the golden reports; review the difference like code.
    Accept,
    /// Measure the analyzer's start-up and its reports as ratios to decompression, with peak memory; the same on one large sos
    /// report, with `verify` and `scrub`; or the collector beside `sos report`.
    Bench {
        /// What to measure.
        #[arg(value_enum, default_value_t = Subject::Analyzer)]
        subject: Subject,
        /// Size of what is generated, unpacked, in MB.
        #[arg(long, default_value_t = 500)]
        megabytes: u64,
        /// Folder whose journals and logs the lines are taken from, instead of the recorded nodes.
        #[arg(long)]
        from: Option<PathBuf>,
        /// Folder that what is generated is left in, to profile the analyzer on it.
        #[arg(long)]
        keep: Option<PathBuf>,
    },
    /// Print in how many incidents of a labelled set some rule of the right finding matches.
    Coverage {
        /// Folder that holds `accept.json` and `incidents/<case>/`.
        folder: PathBuf,
        /// Folder with both programs; without it they are built in the release profile.
        #[arg(long)]
        programs: Option<PathBuf>,
    },
    /// Compare, over a labelled set of nodes, collected journals with what journalctl printed, and verdicts over masked and raw bundles.
    Corpus {
        /// Folder that holds `nodes/<case>/{rootfs.tar.gz,commands/}`.
        folder: PathBuf,
        /// Folder with both programs; without it they are built in the release profile.
        #[arg(long)]
        programs: Option<PathBuf>,
    },
    /// Count, over a labelled set of nodes, how often the first cause stays right when bundles are cut, incomplete, from another zone,
    /// or buried in noise.
    Robust {
        /// Folder that holds `accept.json` and `nodes/<case>/{case.json,rootfs.tar.gz}`.
        folder: PathBuf,
        /// Folder with both programs; without it they are built in the release profile.
        #[arg(long)]
        programs: Option<PathBuf>,
        /// Name the bundles that lost their cause.
        #[arg(long)]
        lost: bool,
    },
    /// Run the fuzz targets under libFuzzer; needs a C++ compiler.
    Fuzz {
        /// The only target to run: a folder of `tests/seeds`.
        target: Option<String>,
        /// Minutes for each target.
        #[arg(long, default_value_t = 30)]
        minutes: u64,
    },
}

/// What `bench` measures.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Subject {
    /// The analyzer on a generated log.
    Analyzer,
    /// The analyzer on a generated sos report of that size, unpacked.
    Bundle,
    /// The collector beside `sos report` on one booted node; needs root.
    Sos,
}

fn main() -> anyhow::Result<()> {
    let root = workspace_root();
    match Cli::parse().task {
        Task::Check => check::run(&root),
        Task::Index { check } => index::run(&root, check),
        Task::Docs { check } => docs::run(&root, check),
        Task::New { family, name } => new::run(&root, family, &name),
        Task::Accept => check::accept(&root),
        Task::Bench {
            subject: subject @ (Subject::Analyzer | Subject::Bundle),
            megabytes,
            from,
            keep,
        } => {
            let generated = bench::Generated {
                megabytes,
                from: from.as_deref(),
                keep: keep.as_deref(),
            };
            match subject {
                Subject::Bundle => bench_bundle::run(&root, &generated),
                _ => bench::run(&root, &generated),
            }
        }
        Task::Bench {
            subject: Subject::Sos,
            ..
        } => beside_sos::run(&root),
        Task::Coverage { folder, programs } => coverage::run(&root, &folder, programs),
        Task::Corpus { folder, programs } => corpus::run(&root, &folder, programs),
        Task::Robust {
            folder,
            programs,
            lost,
        } => robust::run(&root, &folder, programs, lost),
        Task::Fuzz { target, minutes } => fuzz::run(&root, target.as_deref(), minutes),
    }
}

/// The workspace, wherever cargo was called from.
fn workspace_root() -> PathBuf {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    own.parent()
        .map_or_else(|| PathBuf::from("."), PathBuf::from)
}
