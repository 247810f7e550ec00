//! The dev loop: `cargo xtask index`, and more below.

mod index;

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
    /// Write the `mod.rs` of every indexed folder and `analyzer/rules.json`.
    Index {
        /// Change nothing; fail when something is stale.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> anyhow::Result<()> {
    let root = workspace_root();
    match Cli::parse().task {
        Task::Index { check } => index::run(&root, check),
    }
}

/// The workspace, wherever cargo was called from.
fn workspace_root() -> PathBuf {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    own.parent()
        .map_or_else(|| PathBuf::from("."), PathBuf::from)
}
