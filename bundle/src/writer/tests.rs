use super::sample::{TOP, begin, bundle_of, epoch, lines, put, record};
use super::*;
use crate::reader::{Control, Input, Limits, Reader, read};
use crate::{Outcome, member::MemberHeader};
use std::process::{Command, Stdio};

const BOTH: [Container; 2] = [Container::TarGz, Container::Zip];

fn input(bytes: &[u8]) -> Input {
    Input::Held {
        name: "-".into(),
        bytes: bytes.into(),
    }
}

fn entry(bundle: &[u8], name: &str) -> Option<String> {
    let mut found = None;
    read(&input(bundle), &Limits::default(), &mut |head, body| {
        if head.name == name {
            let mut text = String::new();
            body.read_to_string(&mut text).unwrap();
            found = Some(text);
        }
        Control::Continue
    })
    .unwrap();
    found
}

fn manifest(bundle: &[u8]) -> Manifest {
    let mut reader = Reader::new(input(bundle), Limits::default());
    reader.manifest().unwrap().unwrap()
}

fn folder(path: &str) -> EntryPath {
    EntryPath::new(path).unwrap()
}

/// An output that can be looked at while it is written to.
#[derive(Clone, Default)]
struct Shared(std::rc::Rc<std::cell::RefCell<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_same_calls_make_the_same_bytes() {
    for container in BOTH {
        assert!(bundle_of(container, 3000) == bundle_of(container, 3000));
    }
}

#[test]
fn bundle_json_is_on_disk_before_anything_else() {
    for container in BOTH {
        let out = Shared::default();
        let _writer = begin(out.clone(), container);
        let written = out.0.borrow().clone();
        let info: BundleInfo =
            serde_json::from_str(&entry(&written, "bundle.json").unwrap()).unwrap();
        assert_eq!(info, sample::info());
    }
}

#[test]
fn what_was_written_two_seconds_ago_survives_a_kill() {
    let out = Shared::default();
    let mut writer = begin(out.clone(), Container::TarGz);
    put(&mut writer, "files/a", b"text\n").unwrap();
    writer
        .record(record("files/gone", Outcome::Absent))
        .unwrap();
    writer.tick(Duration::from_millis(1900)).unwrap();
    assert_eq!(entry(&out.0.borrow(), "files/a"), None);
    writer.tick(Duration::from_secs(2)).unwrap();
    let killed = out.0.borrow().clone();
    assert_eq!(entry(&killed, "files/a").as_deref(), Some("text\n"));
    let manifest = manifest(&killed);
    assert!(!manifest.complete);
    assert_eq!(manifest.records.len(), 2);
}

#[test]
fn records_are_stored_every_64_items_and_before_a_stream() {
    let out = Shared::default();
    let mut writer = begin(out.clone(), Container::TarGz);
    for at in 0..64 {
        writer
            .record(record(&format!("item-{at}"), Outcome::Absent))
            .unwrap();
    }
    assert_eq!(manifest(&out.0.borrow()).records.len(), 64);
    writer.record(record("one-more", Outcome::Denied)).unwrap();
    let _stream = writer
        .stream(record("journal", Outcome::Ok), folder("journal/x"))
        .unwrap();
    assert_eq!(manifest(&out.0.borrow()).records.len(), 65);
}

#[test]
fn small_entries_share_a_member_up_to_a_mebibyte() {
    let mut writer = begin(Vec::new(), Container::TarGz);
    for at in 0..30 {
        put(&mut writer, &format!("files/{at}"), &vec![b'x'; 100_000]).unwrap();
    }
    let bundle = writer.finish(true, None).unwrap();
    let mut texts = Vec::new();
    let mut at = 0;
    while let Some(header) = bundle.get(at..).and_then(MemberHeader::parse) {
        texts.push(header.text_bytes);
        at += header.member_bytes as usize;
    }
    assert_eq!(at, bundle.len());
    assert_eq!(texts.len(), 4, "{texts:?}");
    assert!(texts[1] > 1 << 20 && texts[1] < 1_200_000);
}

#[test]
fn a_stream_is_cut_after_a_line_end_and_every_part_has_its_heading() {
    let mut writer = begin(Vec::new(), Container::Zip);
    let mut stream = writer
        .stream(record("journal", Outcome::Ok), folder("journal/x"))
        .unwrap();
    stream.heading_of(b"-- Boot 1 --\n");
    let first = stream
        .write_lines_of(b"-- Boot 1 --\nfirst\n", &BTreeMap::new())
        .unwrap();
    assert_eq!(first, Position { part: 1, line: 1 });
    let line = [vec![b'x'; 999_999], b"\n".to_vec()].concat();
    for _ in 0..5 {
        stream.write_lines_of(&line, &BTreeMap::new()).unwrap();
    }
    let last = stream.write_lines_of(b"last\n", &BTreeMap::new()).unwrap();
    assert_eq!(last, Position { part: 2, line: 3 });
    stream.finish().unwrap();
    let bundle = writer.finish(true, None).unwrap();
    let first = entry(&bundle, "journal/x/0001.log").unwrap();
    assert!(first.starts_with("-- Boot 1 --\nfirst\nxxx"));
    assert_eq!(first.lines().count(), 6);
    let second = entry(&bundle, "journal/x/0002.log").unwrap();
    assert!(second.starts_with("-- Boot 1 --\nxxx"));
    assert_eq!(second.lines().nth(2), Some("last"));
    let records = manifest(&bundle).records;
    assert_eq!(records[0].parts, Some(2));
    assert_eq!(records[0].path, Some(folder("journal/x")));
    assert_eq!(records[0].stored_bytes, (first.len() + second.len()) as u64);
}

#[test]
fn a_line_longer_than_a_part_is_cut_and_marked() {
    let mut writer = begin(Vec::new(), Container::TarGz);
    let mut stream = writer
        .stream(record("log", Outcome::Ok), folder("log"))
        .unwrap();
    let long = ["ü".repeat(3 << 20), "\nnext\n".into()].concat();
    stream
        .write_lines_of(long.as_bytes(), &BTreeMap::new())
        .unwrap();
    stream.finish().unwrap();
    let bundle = writer.finish(true, None).unwrap();
    let first = entry(&bundle, "log/0001.log").unwrap();
    assert!(first.len() <= 4 << 20);
    let (cut, next) = first.split_once('\n').unwrap();
    assert!(cut.ends_with(" bytes left out]"));
    assert_eq!(next, "next\n");
    assert_eq!(manifest(&bundle).records[0].outcome, Outcome::Truncated);
}

#[test]
fn the_gate_sees_entries_streams_and_the_manifest() {
    let mut writer = begin(Vec::new(), Container::TarGz);
    put(&mut writer, "files/a", b"password: hunter2\n").unwrap();
    let mut stream = writer
        .stream(record("log", Outcome::Ok), folder("log"))
        .unwrap();
    stream
        .write_lines_of(b"echo hunter2\n", &BTreeMap::new())
        .unwrap();
    stream.record_mut().reason = Some("after hunter2".into());
    stream.finish().unwrap();
    assert_eq!(writer.gate_hits().get("word"), Some(&2));
    let bundle = writer.finish(true, None).unwrap();
    let mut text = String::new();
    read(&input(&bundle), &Limits::default(), &mut |_, body| {
        body.read_to_string(&mut text).unwrap();
        Control::Continue
    })
    .unwrap();
    assert!(!text.contains("hunter2"));
    let records = manifest(&bundle).records;
    assert_eq!(records[0].redactions.get("word"), Some(&1));
    assert_eq!(records[1].redactions.get("word"), Some(&1));
    assert_eq!(
        records[1].reason.as_deref(),
        Some("after REDACTED(gate;word)")
    );
}

#[test]
fn two_entries_cannot_have_one_name() {
    let mut writer = begin(Vec::new(), Container::TarGz);
    put(&mut writer, "files/a", b"1").unwrap();
    assert!(matches!(
        put(&mut writer, "files/a", b"2"),
        Err(WriteError::Duplicate(_))
    ));
    assert!(matches!(
        put(&mut writer, "manifest.json", b"2"),
        Err(WriteError::Duplicate(_))
    ));
}

#[test]
fn a_full_disk_is_an_error_and_what_was_written_can_be_read() {
    struct Full(Vec<u8>);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let room = 30_000 - self.0.len();
            if room == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.0.extend_from_slice(&bytes[..room.min(bytes.len())]);
            Ok(room.min(bytes.len()))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut writer = begin(Full(Vec::new()), Container::TarGz);
    put(&mut writer, "files/a", b"kept").unwrap();
    writer.checkpoint().unwrap();
    let mut stream = writer
        .stream(record("log", Outcome::Ok), folder("log"))
        .unwrap();
    stream
        .write_lines_of(&lines(20_000), &BTreeMap::new())
        .unwrap();
    assert!(matches!(stream.finish(), Err(WriteError::Io(_))));
    let left = writer.out.0;
    assert_eq!(entry(&left, "files/a").as_deref(), Some("kept"));
    assert!(entry(&left, "log/0001.log").unwrap().ends_with('\n'));
}

#[test]
fn names_too_long_for_a_plain_header_come_back_whole() {
    let long = format!("files/{}/ü.conf", "folder/".repeat(100));
    for container in BOTH {
        let mut writer = begin(Vec::new(), container);
        put(&mut writer, &long.replace("//", "/"), b"text").unwrap();
        let bundle = writer.finish(true, None).unwrap();
        assert_eq!(
            entry(&bundle, &long.replace("//", "/")).as_deref(),
            Some("text")
        );
    }
}

#[test]
fn the_reason_of_a_short_bundle_is_in_the_manifest() {
    let writer = begin(Vec::new(), Container::Zip);
    let bundle = writer.finish(false, Some("interrupted".into())).unwrap();
    let manifest = manifest(&bundle);
    assert!(!manifest.complete);
    assert_eq!(manifest.reason.as_deref(), Some("interrupted"));
    assert_eq!(manifest.schema_version, 1);
}

#[test]
fn other_tools_open_our_bundles() {
    const TAR: &str = "import sys,io,tarfile
archive = tarfile.open(fileobj=io.BytesIO(sys.stdin.buffer.read()), mode='r:gz')
for member in archive: print(member.name, member.size)";
    const ZIP: &str = "import sys,io,zipfile
archive = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))
assert archive.testzip() is None
for member in archive.infolist(): print(member.filename, member.file_size)";
    let tar = named_entries(&["gzip", "-t"], Container::TarGz);
    assert!(tar.is_none_or(|out| out.is_empty()));
    for (command, container) in [
        (&["tar", "-tzf", "-"][..], Container::TarGz),
        (&["bsdtar", "-tzf", "-"], Container::TarGz),
        (&["busybox", "tar", "-tzf", "-"], Container::TarGz),
        (&["python3", "-c", TAR], Container::TarGz),
        (&["python3", "-c", ZIP], Container::Zip),
    ] {
        if let Some(out) = named_entries(command, container) {
            assert!(
                out.contains(&format!("{TOP}/bundle.json")),
                "{command:?}: {out}"
            );
            assert!(
                out.contains(&format!("{TOP}/manifest.json")),
                "{command:?}: {out}"
            );
            assert_eq!(out.lines().count(), 49, "{command:?}: {out}");
        }
    }
}

/// What a tool prints when it gets a bundle; `None`, loudly, where the tool is missing.
#[allow(clippy::print_stderr, reason = "a skipped check must be seen")]
fn named_entries(command: &[&str], container: Container) -> Option<String> {
    let mut child = match Command::new(command[0])
        .args(&command[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
    {
        Ok(child) => child,
        Err(error) => {
            eprintln!("SKIPPED: {} cannot be run here: {error}", command[0]);
            return None;
        }
    };
    let bundle = bundle_of(container, 3000);
    child.stdin.take().unwrap().write_all(&bundle).unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success(), "{command:?}");
    Some(String::from_utf8(out.stdout).unwrap())
}

#[test]
fn modification_times_are_those_given() {
    let bundle = bundle_of(Container::TarGz, 100);
    read(&input(&bundle), &Limits::default(), &mut |head, _| {
        assert_eq!(head.mtime, Some(epoch().timestamp().cast_unsigned()));
        Control::Stop
    })
    .unwrap();
}
