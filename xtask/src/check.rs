//! What CI checks, and the golden reports.

use crate::run::{cargo, succeed};
use crate::{docs, index};
use anyhow::Result;
use std::path::Path;

/// Format, lints, indexes, documents, tests.
pub(crate) fn run(root: &Path) -> Result<()> {
    succeed(cargo(root).args(["fmt", "--all", "--check"]))?;
    succeed(cargo(root).args([
        "clippy",
        "--release",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))?;
    index::run(root, true)?;
    docs::run(root, true)?;
    succeed(cargo(root).args(["test", "--release", "--workspace"]))
}

/// Rewrites `fixtures/nodes/*/report.txt`.
pub(crate) fn accept(root: &Path) -> Result<()> {
    let mut cases = cargo(root);
    cases.env("NODEBUNDLE_ACCEPT", "1");
    succeed(cases.args([
        "test",
        "--release",
        "-p",
        "nodebundle-tests",
        "--test",
        "promises",
        "cases::",
    ]))
}
