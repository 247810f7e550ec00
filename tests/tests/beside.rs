//! What other tools do with the same damaged and hostile sos reports, for the table in `docs/robustness.md`.
//!
//! `NODEBUNDLE_BESIDE=FOLDER cargo test -p nodebundle-tests --test promises beside -- --ignored --nocapture`, where the folder has
//! the programs `insights-run` and `hotsos`: `pip install insights-core hotsos` into a virtual environment.

use crate::programs::{analyzer, collect, entries};
use flate2::Compression;
use flate2::write::GzEncoder;
use nodebundle_fixtures::wrapping::{Entries, Seen};
use nodebundle_fixtures::{Scratch, nodes, wrap};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The node, and the cause that its report must name.
const NODE: (&str, &str) = ("kubelet-disabled", "kubelet-disabled");

/// Time that a tool has for one report.
const PATIENCE: Duration = Duration::from_mins(2);

#[test]
#[ignore = "needs insights-run and hotsos, in the folder that NODEBUNDLE_BESIDE names"]
fn damaged_and_hostile_sos_reports_beside_insights_and_hotsos() {
    let tools = PathBuf::from(std::env::var_os("NODEBUNDLE_BESIDE").expect("NODEBUNDLE_BESIDE"));
    let scratch = Scratch::new();
    let mut out = io::stdout();
    writeln!(
        out,
        "| sos report | nodebundle-analyzer | insights-core | hotsos |\n|---|---|---|---|"
    )
    .unwrap();
    let absolute = scratch.path().join("absolute");
    for (what, bytes) in reports(&absolute) {
        let input = scratch.path().join("sosreport-w-2026-11-22-abcdefg.tar.gz");
        fs::write(&input, bytes).unwrap();
        let ours = tried(
            analyzer().args(["report", "--color", "never"]).arg(&input),
            &absolute,
        );
        let insights = tried(
            Command::new(tools.join("insights-run"))
                .args(["-p", "insights.plugins"])
                .arg(&input),
            &absolute,
        );
        let hotsos = tried(
            Command::new(tools.join("hotsos"))
                .arg("--short")
                .arg(&input),
            &absolute,
        );
        writeln!(out, "| {what} | {ours} | {insights} | {hotsos} |").unwrap();
    }
}

/// What a tool did with one report, in a few words. Nothing may stand at the absolute place that a name in it leads to.
fn tried(command: &mut Command, absolute: &Path) -> String {
    let scratch = Scratch::new();
    let inside = scratch.path().join("a/b/c");
    fs::create_dir_all(&inside).unwrap();
    let output = scratch.path().join("output");
    let file = fs::File::create(&output).unwrap();
    let start = Instant::now();
    let mut child = command
        .current_dir(&inside)
        .env("TMPDIR", &inside)
        .stdin(Stdio::null())
        .stdout(file.try_clone().unwrap())
        .stderr(file)
        .spawn()
        .unwrap();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if start.elapsed() > PATIENCE => {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    let printed = String::from_utf8_lossy(&fs::read(&output).unwrap()).into_owned();
    let Some(status) = status else {
        return format!("did not end in {} s", PATIENCE.as_secs());
    };
    let mut words = vec![format!("exit {}", status.code().unwrap_or(-1))];
    if printed.contains("Traceback (most recent call last)") {
        words.push("traceback".to_owned());
    }
    if printed.contains('\u{1b}') {
        words.push("escape sequences printed".to_owned());
    }
    if printed.contains(NODE.1) {
        words.push("names the cause".to_owned());
    }
    words.extend(outside(scratch.path(), absolute));
    words.join(", ")
}

/// Whether anything was written where the archive's names lead, outside of the folder for temporary files.
fn outside(scratch: &Path, absolute: &Path) -> Option<String> {
    let below = ["a/outside", "a/b/outside", "outside"].map(|path| scratch.join(path));
    let wrote = below.iter().any(|path| path.exists()) || absolute.exists();
    // For the next tool.
    fs::remove_file(absolute).ok();
    wrote.then(|| "wrote outside of its folder".to_owned())
}

/// The reports, with what is wrong with each.
fn reports(absolute: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = sos();
    let plain = |entries: &Entries| -> Vec<u8> {
        entries
            .iter()
            .flat_map(|(name, bytes)| member(name.as_bytes(), b'0', "", bytes))
            .collect()
    };
    let tar = plain(&entries);
    let whole = packed(&tar);
    let mut all = vec![("whole".to_owned(), whole.clone())];
    for percent in [1, 10, 50, 90, 99] {
        all.push((
            format!("cut after {percent} %"),
            whole[..whole.len() * percent / 100].to_vec(),
        ));
    }
    let mut flipped = whole.clone();
    let middle = whole.len() / 2;
    flipped[middle] ^= 0x10;
    all.push(("one bit changed in the middle".to_owned(), flipped));
    for (what, hostile) in hostile(absolute) {
        all.push((what.to_owned(), packed(&[tar.clone(), hostile].concat())));
    }
    let mut long = entries;
    if let Some((_, journal)) = long
        .iter_mut()
        .find(|(name, _)| name.contains("journalctl"))
    {
        journal.extend(std::iter::repeat_n(b'x', 64 << 20));
        journal.push(b'\n');
    }
    all.push((
        "a line of 64 MB in the journal".to_owned(),
        packed(&plain(&long)),
    ));
    all
}

/// Members that somebody could append.
fn hostile(absolute: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let top = "sosreport-w-2026-11-22-abcdefg";
    let named = |name: &str| format!("{top}/{name}").into_bytes();
    let escape = b"Nov 22 07:22:30 w kernel: \x1b]0;title\x07\x1b[2J\x1b[31mred\n";
    let link = [
        member(&named("etc/out"), b'2', "../../../..", b""),
        member(&named("etc/out/outside"), b'0', "", b"x"),
    ];
    vec![
        (
            "a name with ../",
            member(format!("{top}/../../outside").as_bytes(), b'0', "", b"x"),
        ),
        (
            "an absolute name",
            member(absolute.to_str().unwrap().as_bytes(), b'0', "", b"x"),
        ),
        ("a file below a link that leads out", link.concat()),
        (
            "a device and a pipe",
            [
                member(&named("dev0"), b'3', "", b""),
                member(&named("pipe"), b'6', "", b""),
            ]
            .concat(),
        ),
        (
            "the same name twice",
            [
                member(&named("etc/hostname"), b'0', "", b"a\n"),
                member(&named("etc/hostname"), b'0', "", b"b\n"),
            ]
            .concat(),
        ),
        (
            "a name that is not UTF-8",
            member(
                &[&named("etc/"), b"\xff\xfe".as_slice()].concat(),
                b'0',
                "",
                b"x",
            ),
        ),
        (
            "escape sequences in a log",
            member(&named("var/log/messages"), b'0', "", escape),
        ),
        (
            "2 GB of zeros in one file",
            zeros(&named("var/log/zeros"), 2 << 30),
        ),
        (
            "100,000 empty files",
            (0..100_000)
                .flat_map(|number| member(&named(&format!("etc/e/{number}")), b'0', "", b""))
                .collect(),
        ),
    ]
}

/// A recorded node as `sos report` would have written it.
fn sos() -> Entries {
    let scratch = Scratch::new();
    let path = scratch.path().join("bundle.tar.gz");
    collect(&nodes().join(NODE.0).join("root"), &path, &[]);
    let seen = Seen::of(entries(&path).into_iter());
    let wrapping = wrap::ALL.iter().find(|one| one.layout == "sos").unwrap();
    let top = "sosreport-w-2026-11-22-abcdefg";
    let named = |(name, bytes)| (format!("{top}/{name}"), bytes);
    (wrapping.entries)(&seen).into_iter().map(named).collect()
}

/// A tar header and its content, whatever the name is.
fn member(name: &[u8], kind: u8, link: &str, content: &[u8]) -> Vec<u8> {
    let mut bytes = header(name, kind, link, content.len() as u64);
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn zeros(name: &[u8], size: u64) -> Vec<u8> {
    let mut bytes = header(name, b'0', "", size);
    bytes.resize(bytes.len() + usize::try_from(size).unwrap(), 0);
    bytes
}

fn header(name: &[u8], kind: u8, link: &str, size: u64) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.set_size(size);
    header.set_mode(0o644);
    let ustar = header.as_ustar_mut().unwrap();
    ustar.typeflag = [kind];
    // Names of up to 255 bytes are split at a slash.
    let at = if name.len() > 100 {
        name.iter()
            .take(150)
            .rposition(|byte| *byte == b'/')
            .unwrap()
    } else {
        0
    };
    let (prefix, rest) = if at > 0 {
        (&name[..at], &name[at + 1..])
    } else {
        (&name[..0], name)
    };
    ustar.prefix[..prefix.len()].copy_from_slice(prefix);
    ustar.name[..rest.len()].copy_from_slice(rest);
    ustar.linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_cksum();
    header.as_bytes().to_vec()
}

fn packed(tar: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(tar).unwrap();
    gzip.write_all(&[0; 1024]).unwrap();
    gzip.finish().unwrap()
}
