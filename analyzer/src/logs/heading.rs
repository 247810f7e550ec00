//! Lines of a log that are no records: headings of journalctl and klog files, pagers, prompts, section heads.

use super::clock::dates;
use chrono::NaiveDate;

/// What a line is besides a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heading<'a> {
    /// Nothing that matters.
    Noise,
    /// The following lines belong to this boot; unknown after `-- Reboot --`.
    Boot(Option<&'a str>),
    /// No line below is older than this day.
    Begins(NaiveDate),
    /// No line below is newer than this day.
    Ends(NaiveDate),
    /// The following lines are of this program.
    Section(&'a str),
    /// Records are missing here.
    Hole,
    /// So many repeats of the record that follows were left out before it.
    Repeats(u64),
    /// The head of `systemctl status`; the lines up to the next empty one describe the unit.
    Status,
}

/// Recognises a line that is no record.
pub(crate) fn heading(line: &[u8]) -> Option<Heading<'_>> {
    let start = line.trim_ascii();
    match start.first()? {
        b'-' => dashes(start),
        b'L' => log_file(start).or_else(|| legacy_journal(start)),
        b'R' if start.starts_with(b"Running on machine: ") => Some(Heading::Noise),
        b'B' if start.starts_with(b"Binary: Built with ") => Some(Heading::Noise),
        b'H' if start.starts_with(b"Hint: ") => Some(Heading::Noise),
        b'l' if start.starts_with(b"lines ") && start.len() < 40 => Some(Heading::Noise),
        b'$' | b'#' => matches!(start.get(1), Some(b' ')).then_some(Heading::Noise),
        b'[' | b'a'..=b'z' => prompt(start),
        b'=' => section(start),
        b'*' => section(start.strip_prefix(b"* ").unwrap_or(start)).or_else(|| status(start)),
        0xE2 => catalogue(start).or_else(|| status(start)),
        b'`' => start.starts_with(b"```").then_some(Heading::Noise),
        _ => None,
    }
}

fn dashes(line: &[u8]) -> Option<Heading<'_>> {
    if line == b"--" {
        return Some(Heading::Noise);
    }
    let inner = line.strip_prefix(b"-- ")?;
    if let Some(boot) = inner.strip_prefix(b"Boot ") {
        let id = boot.split(|&byte| byte == b' ').next()?;
        return Some(Heading::Boot(std::str::from_utf8(id).ok()));
    }
    if inner.starts_with(b"Reboot --") {
        return Some(Heading::Boot(None));
    }
    if inner.starts_with(b"Logs begin at ") || inner.starts_with(b"Journal begins at ") {
        return Some(journal_range(inner));
    }
    if let Some(count) = repeats(inner) {
        return Some(Heading::Repeats(count));
    }
    let cut = [&b"omitted"[..], b"dropped", b"truncated", b"left out"]
        .iter()
        .any(|word| memchr::memmem::find(inner, word).is_some());
    Some(if cut { Heading::Hole } else { Heading::Noise })
}

/// `978 repeats of the next line left out, …` of our own bundles.
fn repeats(inner: &[u8]) -> Option<u64> {
    let end = memchr::memmem::find(inner, b" repeats of the next line left out")?;
    std::str::from_utf8(inner.get(..end)?).ok()?.parse().ok()
}

/// `Logs begin at Thu 2017-07-06 19:09:20 CST, end at …` without dashes.
fn legacy_journal(line: &[u8]) -> Option<Heading<'_>> {
    line.starts_with(b"Logs begin at ")
        .then(|| journal_range(line))
}

/// The four lines at the top of a klog file.
fn log_file(line: &[u8]) -> Option<Heading<'_>> {
    if line.starts_with(b"Log line format: ") {
        return Some(Heading::Noise);
    }
    line.starts_with(b"Log file created at: ")
        .then(|| dates(line).next().map_or(Heading::Noise, Heading::Begins))
}

/// `Logs begin at Thu 2017-07-06 19:09:20 CST, end at …`: the end tells more than the beginning.
fn journal_range(line: &[u8]) -> Heading<'_> {
    let mut dates = dates(line);
    match (dates.next(), dates.next()) {
        (_, Some(end)) => Heading::Ends(end),
        (Some(begin), None) => Heading::Begins(begin),
        (None, None) => Heading::Noise,
    }
}

/// `[root@host ~]# command`, `user@host:~$ command`.
fn prompt(line: &[u8]) -> Option<Heading<'_>> {
    let head = line.get(..line.len().min(80))?;
    let at = memchr::memchr(b'@', head)?;
    let end = memchr::memmem::find(head, b"# ").or_else(|| memchr::memmem::find(head, b"$ "))?;
    let before = head.get(..end)?;
    let words = memchr::memchr_iter(b' ', before).count();
    let sane = at < end && words <= 1 && !before.contains(&b'"') && !before.contains(&b'=');
    sane.then_some(Heading::Noise)
}

/// `==> kubelet <==` of minikube and tail, `==== START logs for container etcd of pod kube-system/etcd-m1 ====` of kubectl.
fn section(line: &[u8]) -> Option<Heading<'_>> {
    if let Some(rest) = line.strip_prefix(b"==== START logs for container ") {
        let end = memchr::memmem::find(rest, b" of pod ")?;
        return std::str::from_utf8(rest.get(..end)?)
            .ok()
            .map(Heading::Section);
    }
    if line.starts_with(b"==== END logs for container ") {
        return Some(Heading::Noise);
    }
    let name = line.strip_prefix(b"==> ")?.strip_suffix(b" <==")?;
    std::str::from_utf8(name).ok().map(Heading::Section)
}

/// The catalogue texts of `journalctl -x`.
fn catalogue(line: &[u8]) -> Option<Heading<'_>> {
    line.starts_with("░░".as_bytes()).then_some(Heading::Noise)
}

/// `● kubelet.service - kubelet: The Kubernetes Node Agent`.
fn status(line: &[u8]) -> Option<Heading<'_>> {
    let name = ["● ", "○ ", "× ", "* "]
        .iter()
        .find_map(|bullet| line.strip_prefix(bullet.as_bytes()))?;
    let name = name.split(|&byte| byte == b' ').next()?;
    let unit = [&b".service"[..], b".slice", b".scope", b".socket"]
        .iter()
        .any(|kind| name.ends_with(kind));
    unit.then_some(Heading::Status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_told_from_records() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (line, want) in [
            (
                "-- Logs begin at Mon 2021-11-15 04:25:41 UTC, end at Sat 2022-01-15 05:00:34 UTC. --",
                Heading::Ends(day("2022-01-15")),
            ),
            (
                "-- Boot ed7f09c5b8684a428c5a1adc8be710be --",
                Heading::Boot(Some("ed7f09c5b8684a428c5a1adc8be710be")),
            ),
            ("-- Reboot --", Heading::Boot(None)),
            ("-- 1200 records left out --", Heading::Hole),
            (
                "-- 978 repeats of the next line left out, the first at 2026-11-22T07:47:16.761257Z --",
                Heading::Repeats(978),
            ),
            ("-- No entries --", Heading::Noise),
            ("--", Heading::Noise),
            (
                "Log file created at: 2019/01/02 15:04:05",
                Heading::Begins(day("2019-01-02")),
            ),
            ("lines 1-23/23 (END)", Heading::Noise),
            ("[root@node1 ~]# journalctl -u kubelet -f", Heading::Noise),
            ("root@node1:/etc# cat x", Heading::Noise),
            ("$ journalctl -u kubelet", Heading::Noise),
            ("==> kubelet <==", Heading::Section("kubelet")),
            ("* ==> kubelet <==", Heading::Section("kubelet")),
            (
                "● kubelet.service - kubelet: The Kubernetes Node Agent",
                Heading::Status,
            ),
        ] {
            assert_eq!(heading(line.as_bytes()), Some(want), "{line}");
        }
        for line in [
            "",
            "[preflight] running a@b # x y",
            "-rw-r--r-- 1 root",
            "Error: failed to run Kubelet",
            "unknown flag: --x",
            "level=error user=\"a@b\" # x",
        ] {
            assert_eq!(heading(line.as_bytes()), None, "{line}");
        }
    }
}
