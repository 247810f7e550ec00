//! Builds the two programs once and runs them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// The collector, built.
pub(crate) fn collector() -> Command {
    Command::new(folder().join("nodebundle-collector"))
}

/// The analyzer, built.
pub(crate) fn analyzer() -> Command {
    Command::new(folder().join("nodebundle-analyzer"))
}

/// Where the programs are. Cargo does not build other packages' programs for a test, so the first caller does.
pub(crate) fn folder() -> &'static Path {
    FOLDER.get_or_init(|| {
        let own = std::env::current_exe().expect("a test knows its own path");
        let folder = own
            .parent()
            .and_then(Path::parent)
            .expect("tests run from <profile>/deps")
            .to_path_buf();
        build(
            &folder,
            &["-p", "nodebundle-collector", "-p", "nodebundle-analyzer"],
        );
        folder
    })
}

/// Lets cargo build programs into the folder where the others are.
pub(crate) fn build(folder: &Path, what: &[&str]) {
    let mut build = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    build.args(["build", "--quiet"]).args(what);
    if folder.ends_with("release") {
        build.arg("--release");
    }
    build.arg("--target-dir").arg(target(folder));
    assert!(
        build.status().expect("cargo runs").success(),
        "the programs do not build"
    );
}

/// The folder that cargo was told: the outermost with its tag, because the folder of a target has one too.
pub(crate) fn target(folder: &Path) -> &Path {
    let tagged = folder
        .ancestors()
        .filter(|parent| parent.join("CACHEDIR.TAG").exists());
    tagged.last().expect("tests run below a target folder")
}

/// Collects from a tree into `bundle`; panics with the collector's words when it fails.
pub(crate) fn collect(root: &Path, bundle: &Path, more: &[&str]) {
    let output = collector()
        .arg("--root")
        .arg(root)
        .arg("-o")
        .arg(bundle)
        .arg("--quiet")
        .args(more)
        .output()
        .expect("the collector starts");
    assert!(
        output.status.success(),
        "collector: {} {}",
        output.status,
        text(&output.stderr)
    );
}

/// Runs `report --format json` and returns the parsed report.
pub(crate) fn report(input: &Path, more: &[&str]) -> serde_json::Value {
    let output = report_output(input, "json", more);
    serde_json::from_slice(&output.stdout).expect("the report is JSON")
}

/// Runs `report` in some format and checks that it succeeds.
pub(crate) fn report_output(input: &Path, format: &str, more: &[&str]) -> Output {
    let output = analyzer()
        .args(["report", "--format", format])
        .args(more)
        .arg(input)
        .output()
        .expect("the analyzer starts");
    assert!(
        output.status.success(),
        "analyzer: {} {}",
        output.status,
        text(&output.stderr)
    );
    output
}

/// Says why a test tests nothing here. Fails instead where nothing may be skipped, for root, who can do everything that tests need.
pub(crate) fn skip<T>(why: &str) -> Option<T> {
    use std::io::Write as _;
    let is_root = rustix::process::getuid().is_root();
    assert!(
        !is_root || std::env::var_os("NODEBUNDLE_NO_SKIPS").is_none(),
        "must not be skipped here: {why}"
    );
    // Not by a print macro: the harness keeps what those print of a test that passes.
    writeln!(std::io::stderr(), "skipped: {why}").ok();
    None
}

/// Bytes of a program as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The ids of the causes of a report, in order.
pub(crate) fn causes(report: &serde_json::Value) -> Vec<String> {
    ids(&report["causes"])
}

/// The ids of a list of findings, in order.
pub(crate) fn ids(findings: &serde_json::Value) -> Vec<String> {
    let list = findings.as_array().expect("a list of findings");
    list.iter()
        .map(|finding| {
            finding["id"]
                .as_str()
                .expect("a finding has an id")
                .to_owned()
        })
        .collect()
}

/// The entries of a tar.gz bundle below its top folder: name → content.
pub(crate) fn entries(bundle: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    use std::io::Read as _;
    let file = std::fs::File::open(bundle).expect("the bundle exists");
    let mut archive = tar::Archive::new(flate2::read::MultiGzDecoder::new(file));
    let mut entries = std::collections::BTreeMap::new();
    for entry in archive.entries().expect("the bundle is a tar") {
        let mut entry = entry.expect("every entry is readable");
        let path = entry
            .path()
            .expect("names are paths")
            .to_string_lossy()
            .into_owned();
        let name = path
            .split_once('/')
            .map_or(path.clone(), |(_, rest)| rest.to_owned());
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("every entry is whole");
        entries.insert(name, bytes);
    }
    entries
}
