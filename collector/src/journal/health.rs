//! What the journal files say of themselves: how far they reach, what is missing, what journald left out.

use super::cursor::Offsets;
use super::file::{EntryHead, JournalFile};
use super::files::Files;
use super::merge::{Limits, Merge};
use super::record::Entry;
use super::{BootSpan, FileHealth, JournalHealth, JournalSummary, Lost, Suppressed, hex};
use std::collections::BTreeMap;

/// Health of all files; of what journald suppressed only what came after `since`.
pub(super) fn of(files: &Files, since: Option<u64>) -> JournalHealth {
    let mut health = JournalHealth {
        files: files.usable.iter().map(file).collect(),
        boots: spans(files),
        lost: lost(files),
        suppressed: suppressed(files, since),
    };
    for unusable in &files.unusable {
        health.files.push(FileHealth {
            path: unusable.path.clone(),
            size: unusable.size,
            problem: Some(
                unusable
                    .failure
                    .reason
                    .clone()
                    .or_else(|| unusable.failure.errno.clone())
                    .unwrap_or_else(|| unusable.failure.outcome.to_string()),
            ),
            ..FileHealth::default()
        });
    }
    health.files.sort_by(|a, b| a.path.cmp(&b.path));
    health
}

/// Starts of the boots and the newest record, for the window.
pub(super) fn boots(files: &Files, summary: &mut JournalSummary) {
    let spans = spans(files);
    summary.first = spans.iter().map(|span| span.first).min();
    summary.last = spans.iter().map(|span| span.last).max();
    let started = spans.into_iter().map(|span| (span.boot, span.first));
    summary.boots = started.collect();
}

fn file(file: &JournalFile) -> FileHealth {
    let header = &file.header;
    let packed = [(1, "xz"), (2, "lz4"), (8, "zstd")];
    let set = |bit: u32| header.incompatible & bit != 0;
    let cut = file.is_cut().then_some("cut: a part of it is missing");
    let damaged = file.is_damaged().then_some("its indexes are damaged");
    FileHealth {
        path: file.path.clone(),
        size: file.size,
        state: Some(
            match header.state {
                0 => "offline",
                1 => "online",
                2 => "archived",
                _ => "unknown",
            }
            .to_owned(),
        ),
        entries: header.entries,
        first: Some(header.head_time).filter(|time| *time != 0),
        last: Some(header.tail_time).filter(|time| *time != 0),
        compact: header.is_compact(),
        compression: packed
            .into_iter()
            .filter(|(bit, _)| set(*bit))
            .map(|(_, name)| name.to_owned())
            .collect(),
        problem: cut.or(damaged).map(str::to_owned),
    }
}

/// First and last entry of each boot, oldest boot first.
fn spans(files: &Files) -> Vec<BootSpan> {
    let mut spans: BTreeMap<[u8; 16], BootSpan> = BTreeMap::new();
    for file in &files.usable {
        let found = indexed(file).unwrap_or_else(|()| {
            file.note_damage();
            walked(file)
        });
        for (first, last, entries) in found {
            let span = spans.entry(first.boot).or_insert_with(|| BootSpan {
                boot: hex(&first.boot),
                first: first.time,
                last: last.time,
                entries: 0,
            });
            span.first = span.first.min(first.time);
            span.last = span.last.max(last.time);
            span.entries += entries;
        }
    }
    let mut spans: Vec<BootSpan> = spans.into_values().collect();
    spans.sort_by_key(|span| span.first);
    spans
}

/// First entry, last entry and number of entries of a boot in one file.
type Span = (EntryHead, EntryHead, u64);

/// By the values of `_BOOT_ID`, of which the index knows each.
fn indexed(file: &JournalFile) -> Result<Vec<Span>, ()> {
    if file.is_damaged() {
        return Err(());
    }
    let mut found = Vec::new();
    let mut at = file.first_of_field(b"_BOOT_ID")?;
    while at != 0 && found.len() < MOST_BOOTS {
        let data = file.data(at).ok_or(())?;
        let offsets = Offsets::of(file, &data).ok_or(())?;
        let entry = |number: u64| file.entry(offsets.offset(file, number)?);
        if let Some(first) = entry(0) {
            let last = (0..offsets.len()).rev().take(LOOK_BACK).find_map(entry);
            found.push((first, last.unwrap_or(first), data.entries));
        }
        at = data.next_of_field;
    }
    Ok(found)
}

fn walked(file: &JournalFile) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    for entry in file.salvaged().iter().filter_map(|at| file.entry(*at)) {
        match found
            .last_mut()
            .filter(|(first, ..)| first.boot == entry.boot)
        {
            Some((_, last, entries)) => {
                *last = entry;
                *entries += 1;
            }
            None => found.push((entry, entry, 1)),
        }
    }
    found
}

/// Entries missing between files that number theirs in one sequence: removed by rotation, or lost.
fn lost(files: &Files) -> Vec<Lost> {
    let mut ordered: Vec<&JournalFile> = files
        .usable
        .iter()
        .filter(|file| file.header.entries > 0)
        .collect();
    ordered.sort_by_key(|file| (file.header.sequence_id, file.header.head_number));
    let mut lost = Vec::new();
    let mut before: Option<&JournalFile> = None;
    for file in ordered {
        let same = before.filter(|one| one.header.sequence_id == file.header.sequence_id);
        if let Some(earlier) = same {
            let next = earlier.header.tail_number.saturating_add(1);
            let missing = file.header.head_number.saturating_sub(next);
            if missing > 0 {
                lost.push(Lost {
                    after: earlier.header.tail_time,
                    before: file.header.head_time,
                    entries: missing,
                });
            }
        }
        let farther = same.is_none_or(|one| one.header.tail_number <= file.header.tail_number);
        before = if farther { Some(file) } else { before };
    }
    lost.sort_by_key(|lost| lost.after);
    lost
}

/// What journald says it left out because a unit logged too fast.
fn suppressed(files: &Files, since: Option<u64>) -> Vec<Suppressed> {
    let mut found: BTreeMap<String, Suppressed> = BTreeMap::new();
    let field = vec![format!("MESSAGE_ID={SUPPRESSED}").into_bytes()];
    let limits = Limits {
        window: MOST_SUPPRESSED,
        older: 0,
    };
    for one in Merge::new(&files.usable, &field, since, limits) {
        let Some(file) = files.usable.get(one.file) else {
            continue;
        };
        let entry = Entry {
            head: one.entry,
            fields: file.fields(&one.entry).0,
        };
        let text = String::from_utf8_lossy(entry.get("MESSAGE").unwrap_or_default()).into_owned();
        let Some((count, unit)) = count_and_unit(&text) else {
            continue;
        };
        let known = found.entry(unit.to_owned()).or_insert_with(|| Suppressed {
            unit: unit.to_owned(),
            messages: 0,
            first: one.entry.time,
            last: one.entry.time,
        });
        known.messages = known.messages.saturating_add(count);
        known.last = known.last.max(one.entry.time);
    }
    found.into_values().collect()
}

/// `Suppressed 4242 messages from kubelet.service`, in older versions `from /system.slice/kubelet.service`.
fn count_and_unit(text: &str) -> Option<(u64, &str)> {
    let rest = text.strip_prefix("Suppressed ")?;
    let (count, unit) = rest.split_once(" messages from ")?;
    let unit = unit.rsplit('/').next().unwrap_or(unit);
    Some((count.parse().ok()?, unit.trim()))
}

/// `MESSAGE_ID` of what journald suppressed.
const SUPPRESSED: &str = "a596d6fe7bfa4994828e72309e95d61e";
const MOST_SUPPRESSED: u64 = 100_000;
const MOST_BOOTS: usize = 10_000;
/// Entries at the end of a list that may not be written yet.
const LOOK_BACK: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_and_the_count_are_read_from_both_forms() {
        assert_eq!(
            count_and_unit("Suppressed 4242 messages from kubelet.service"),
            Some((4242, "kubelet.service"))
        );
        assert_eq!(
            count_and_unit("Suppressed 7 messages from /system.slice/kubelet.service"),
            Some((7, "kubelet.service"))
        );
        assert_eq!(count_and_unit("Suppressed many"), None);
    }
}
