//! `scrub`: a copy without secrets.

use super::arguments::Opening;
use super::inputs::inputs_with;
use super::{Exit, Failure, complain};
use crate::analyze::AnalyzeError;
use crate::terminal::escape;
use clap::{Args, ValueEnum};
use nodebundle_bundle::redact::CaseKey;
use nodebundle_bundle::scrub::{ENTRY, Format, ScrubError, ScrubOptions, Scrubbed, scrub};
use nodebundle_bundle::{Control, Input, Limits, Reader, VerifyReport, verify};
use serde_json::json;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A bundle, folder or log file, or - for standard input.
    #[arg(value_name = "INPUT")]
    input: PathBuf,
    /// The copy; it must not exist yet.
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Container of the copy.
    #[arg(long, value_enum, default_value = "tar.gz")]
    format: Container,
    /// Keep entries that are no text, such as journal files, although they cannot be searched for secrets.
    #[arg(long)]
    keep_binaries: bool,
    /// Key for the ids of masked values, so that they can be compared across the copies of a case; without it they follow from the input.
    #[arg(long, value_name = "FILE")]
    case_key: Option<PathBuf>,
    /// Print what was done as one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    opening: Opening,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Container {
    #[value(name = "tar.gz")]
    TarGz,
    Zip,
}

/// 0: the copy is written and clean. 1: a secret was found in it, and it was removed.
pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let inputs = inputs_with(&arguments.input, &arguments.opening)?;
    let [input] = inputs.as_slice() else {
        return Err(Failure::Usage(format!(
            "{} holds {} inputs: scrub them one by one",
            arguments.input.display(),
            inputs.len()
        )));
    };
    let options = ScrubOptions {
        format: match arguments.format {
            Container::TarGz => Format::TarGz,
            Container::Zip => Format::Zip,
        },
        keep_binaries: arguments.keep_binaries,
        key: arguments.case_key.as_deref().map(case_key).transpose()?,
        tool: format!("nodebundle-analyzer {}", env!("CARGO_PKG_VERSION")),
    };
    let output = &arguments.output;
    let partial = partial(output);
    create(output).map_err(|error| named(output, &error))?;
    let file = create(&partial).map_err(|error| {
        remove(output);
        named(&partial, &error)
    })?;
    let done = checked(input, &options, file, &partial);
    let Some(done) = done.inspect_err(|_| give_up(&partial, output))? else {
        give_up(&partial, output);
        return Ok(Exit::Threshold);
    };
    rename(&partial, output).map_err(|error| {
        give_up(&partial, output);
        named(output, &error)
    })?;
    let mut out = BufWriter::new(io::stdout().lock());
    told(arguments, &done, &mut out)?;
    out.flush()?;
    Ok(Exit::Done)
}

/// Writes the copy and searches it again; `None` where a secret is left.
fn checked(
    input: &Input,
    options: &ScrubOptions,
    file: File,
    partial: &Path,
) -> Result<Option<Scrubbed>, Failure> {
    let done = written(input, options, file, partial)?;
    let again = verify(&Input::Path(partial.to_owned()), &Limits::default());
    let again = again.map_err(AnalyzeError::from)?;
    if again.leaks.is_empty() {
        return Ok(Some(done));
    }
    told_leaks(&again);
    Ok(None)
}

fn written(
    input: &Input,
    options: &ScrubOptions,
    file: File,
    path: &Path,
) -> Result<Scrubbed, Failure> {
    let mut out = BufWriter::new(file);
    let done = scrub(input, &Limits::default(), options, &mut out);
    let done = done.map_err(|error| match error {
        ScrubError::Read(error) => Failure::Analyze(error.into()),
        ScrubError::Write(error) => named(path, &error),
        other => Failure::Analyze(AnalyzeError::Nothing {
            name: input.name(),
            why: other.to_string(),
        }),
    })?;
    out.flush()?;
    Ok(done)
}

fn told(arguments: &Arguments, done: &Scrubbed, out: &mut dyn Write) -> io::Result<()> {
    let output = arguments.output.display().to_string();
    if arguments.json {
        let left_out = done.left_out.iter();
        let left_out = left_out.map(|(entry, why)| json!({"entry": entry, "why": why}));
        let value = json!({
            "schema_version": 1,
            "output": output,
            "entries": done.entries,
            "complete": done.complete,
            "totals": done.totals(),
            "masked": done.masked,
            "left_out": left_out.collect::<Vec<_>>(),
            "unsearched": done.unsearched,
            "damage": done.damage,
        });
        return super::json(&value, out);
    }
    writeln!(
        out,
        "{}: {} entries; searched again, no secret found.",
        escape(&output),
        done.entries
    )?;
    for (rule, count) in done.totals() {
        writeln!(out, "masked: {count} by {}", escape(rule))?;
    }
    for (name, why) in &done.left_out {
        writeln!(out, "left out: {}: {}", escape(name), escape(why))?;
    }
    for name in &done.unsearched {
        writeln!(out, "kept unsearched: {}", escape(name))?;
    }
    for damage in &done.damage {
        writeln!(out, "damaged: {}", escape(damage))?;
    }
    writeln!(out, "{ENTRY} in it lists what was masked where.")
}

fn told_leaks(report: &VerifyReport) {
    for (entry, leaks) in &report.leaks {
        for leak in leaks {
            complain(&format!(
                "a secret is left: {entry}:{} {}",
                leak.line, leak.kind
            ));
        }
    }
    complain(
        "the copy was removed; please report this, with the kind and form of the secret but not its value",
    );
}

fn case_key(path: &Path) -> Result<CaseKey, Failure> {
    let mut content = Vec::new();
    let mut reader = Reader::new(Input::Path(path.to_owned()), Limits::default());
    let read = reader.read_stored(&mut |_, body| {
        // What is too short is said below.
        let _ = body.take(1 << 20).read_to_end(&mut content);
        Control::Stop
    });
    read.map_err(AnalyzeError::from)?;
    CaseKey::from_file_content(&content)
        .map_err(|error| Failure::Usage(format!("--case-key {}: {error}", path.display())))
}

fn partial(output: &Path) -> PathBuf {
    let mut name = output.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

fn named(path: &Path, error: &io::Error) -> Failure {
    let text = format!("{}: {error}", path.display());
    Failure::Output(io::Error::new(error.kind(), text))
}

#[expect(clippy::disallowed_methods, reason = "the one file that was asked for")]
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// The copy under its name, which is taken by an empty file of ours.
#[expect(clippy::disallowed_methods, reason = "the one file that was asked for")]
fn rename(partial: &Path, output: &Path) -> io::Result<()> {
    fs::rename(partial, output)
}

fn give_up(partial: &Path, output: &Path) {
    remove(partial);
    remove(output);
}

#[expect(clippy::disallowed_methods, reason = "a file that was made before")]
fn remove(path: &Path) {
    // What cannot be removed stays where it is, and is empty or says that it is partial.
    let _ = fs::remove_file(path);
}
