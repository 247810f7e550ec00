//! Input that is cut, that lies, or that wants to get out.

use crate::packing::scattered;
use crate::programs::{analyzer, collect, text};
use flate2::Compression;
use flate2::write::GzEncoder;
use nodebundle_fixtures::{NodeFixture, Scratch};
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

fn report(input: &Path) -> Output {
    analyzer()
        .args(["report", "--format", "json"])
        .arg(input)
        .output()
        .unwrap()
}

#[test]
fn a_bundle_cut_anywhere_still_gives_a_report() {
    let node = NodeFixture::case("client-certificate-expired");
    for container in ["tar.gz", "zip"] {
        let whole = node.output().join(format!("whole.{container}"));
        collect(&node.root(), &whole, &["--format", container]);
        let bytes = fs::read(&whole).unwrap();
        let cut = node.output().join(format!("cut.{container}"));
        for end in (0..32).chain(scattered(1, 150, bytes.len())) {
            fs::write(&cut, &bytes[..end]).unwrap();
            judge_cut(&report(&cut), end, container);
        }
    }
}

/// A report that owns up to the cut, or an error where no complete entry stands before it.
fn judge_cut(output: &Output, end: usize, container: &str) {
    let said = text(&output.stderr);
    assert!(
        !said.contains("panicked"),
        "{container} cut at {end}: {said}"
    );
    if output.status.success() {
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            report["input"]["complete"], false,
            "{container} cut at {end}"
        );
    } else {
        assert_eq!(
            output.status.code(),
            Some(3),
            "{container} cut at {end}: {said}"
        );
        assert!(
            end < 1500,
            "{container} cut at {end} holds complete entries: {said}"
        );
    }
}

#[test]
fn what_is_neither_text_nor_archive_is_an_error_that_says_what_to_give() {
    let scratch = Scratch::new();
    let input = scratch.path().join("disk.img");
    fs::write(&input, [0_u8; 4096]).unwrap();
    let output = report(&input);
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output.stderr);
    assert!(said.contains("neither text nor an archive"), "{said}");
}

#[test]
fn names_that_lead_out_of_a_bundle_are_refused_and_the_rest_is_read() {
    let scratch = Scratch::new();
    let bundle = scratch.path().join("hostile.tar.gz");
    let mut archive = tar::Builder::new(GzEncoder::new(
        fs::File::create(&bundle).unwrap(),
        Compression::fast(),
    ));
    for name in ["top/../../escape.log", "/etc/cron.d/absolute"] {
        let mut header = tar::Header::new_old();
        let field = &mut header.as_old_mut().name;
        field[..name.len()].copy_from_slice(name.as_bytes());
        entry(&mut archive, header, b"E1 x.go:1] bad\n");
    }
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    archive
        .append_link(&mut link, "top/link", "/etc/shadow")
        .unwrap();
    let mut header = tar::Header::new_gnu();
    header.set_path("top/kubelet.log").unwrap();
    entry(&mut archive, header, b"E0304 09:11:02.100200    1201 run.go:72] \"command failed\" err=\"failed to parse kubelet flag: unknown flag: --made-up\"\n");
    archive.into_inner().unwrap().finish().unwrap();
    let output = report(&bundle);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    assert!(said.contains("made-up"), "the good entry is read: {said}");
    assert!(
        said.contains("escape.log") || said.contains("refused"),
        "what was refused is said: {said}"
    );
    assert!(
        !scratch.path().join("escape.log").exists() && !Path::new("/etc/cron.d/absolute").exists()
    );
}

fn entry(archive: &mut tar::Builder<GzEncoder<fs::File>>, mut header: tar::Header, content: &[u8]) {
    header.set_size(content.len() as u64);
    header.set_mode(0o600);
    header.set_cksum();
    archive.append(&header, content).unwrap();
}

#[test]
fn a_bomb_of_one_gigabyte_stays_within_256_mb() {
    for name in [
        "top/journal/kubelet.service/0001.log",
        "top/files/etc/kubernetes/kubelet.conf",
    ] {
        let scratch = Scratch::new();
        let bundle = scratch.path().join("bomb.tar.gz");
        let mut archive = tar::Builder::new(GzEncoder::new(
            fs::File::create(&bundle).unwrap(),
            Compression::fast(),
        ));
        let mut header = tar::Header::new_gnu();
        header.set_size(1 << 30);
        header.set_cksum();
        archive
            .append_data(&mut header, name, std::io::repeat(0).take(1 << 30))
            .unwrap();
        archive.into_inner().unwrap().finish().unwrap();
        let peak = peak_memory(&bundle);
        assert!(peak < 256 << 10, "{name}: {peak} kB");
    }
}

/// Peak memory of one report in kB; the report itself must end, whatever it says.
fn peak_memory(bundle: &Path) -> u64 {
    let mut child = analyzer()
        .arg("report")
        .arg(bundle)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        let now = fs::read_to_string(&status).unwrap_or_default();
        let line = now.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = line
            .and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
            .unwrap_or(peak);
        if let Some(exit) = child.try_wait().unwrap() {
            assert!(matches!(exit.code(), Some(0 | 3)), "{exit}");
            return peak;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn terminal_escapes_in_a_log_never_reach_the_terminal() {
    let scratch = Scratch::new();
    let log = scratch.path().join("kubelet.log");
    let mut file = fs::File::create(&log).unwrap();
    file.write_all(b"E0304 09:11:02.100200    1201 run.go:72] \"command failed\" err=\"failed to parse kubelet flag: unknown flag: --x\x1b]0;owned\x07\x1b[2J\"\n").unwrap();
    let output = analyzer()
        .args(["report", "--view", "full", "--color", "never"])
        .arg(&log)
        .output()
        .unwrap();
    assert!(output.status.success());
    assert!(!output.stdout.contains(&0x1b) && !output.stdout.contains(&0x07));
    assert!(!output.stdout.is_empty());
}

#[test]
fn one_bad_input_does_not_keep_the_others_from_being_reported() {
    let node = NodeFixture::ready();
    let good = node.output().join("good.tar.gz");
    collect(&node.root(), &good, &[]);
    let missing = node.output().join("missing.tar.gz");
    let output = analyzer()
        .args(["report", "--format", "json"])
        .args([&good, &missing])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("missing.tar.gz"));
    assert!(
        text(&output.stdout).contains("\"healthy\""),
        "the good one is reported: {}",
        text(&output.stdout)
    );
}
