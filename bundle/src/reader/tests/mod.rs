mod compressed;
mod cut;
mod foreign;
mod hostile;
mod places;

use super::*;
use crate::writer::Container;
use crate::writer::sample;

/// Name and content of entries, in order.
type Seen = Vec<(String, Vec<u8>)>;

fn held(bytes: Vec<u8>) -> Input {
    Input::Held {
        name: "-".into(),
        bytes: bytes.into(),
    }
}

/// Everything that could be read to its end.
fn seen(input: &Input, limits: &Limits) -> (Seen, ReadSummary) {
    let mut entries = Vec::new();
    let mut reader = Reader::new(input.clone(), limits.clone());
    let visited = reader.read_hashed(&mut |head, body| {
        let mut content = Vec::new();
        let name = head.full_name();
        if body.read_to_end(&mut content).is_ok() {
            entries.push((name, content));
        }
        Control::Continue
    });
    let summary = visited.unwrap();
    (entries, summary)
}

#[test]
fn a_bundle_is_read_back_as_it_was_written_from_both_containers() {
    for container in [Container::TarGz, Container::Zip] {
        let (entries, summary) = seen(&held(sample::bundle(container)), &Limits::default());
        assert!(summary.complete, "{summary:?}");
        assert_eq!(entries.first().unwrap().0, "bundle.json");
        assert_eq!(entries.last().unwrap().0, "manifest.json");
        let journal: Vec<u8> = entries
            .iter()
            .filter(|(name, _)| name.starts_with("journal/"))
            .flat_map(|(_, content)| content.clone())
            .collect();
        assert!(journal == sample::lines(90_000));
        let file = entries
            .iter()
            .find(|(name, _)| name == "files/etc/file-7.yaml");
        assert_eq!(file.unwrap().1, sample::lines(7));
    }
}

#[test]
fn the_manifest_says_of_every_item_what_is_stored() {
    for container in [Container::TarGz, Container::Zip] {
        let mut reader = Reader::new(held(sample::bundle(container)), Limits::default());
        let manifest = reader.manifest().unwrap().unwrap();
        assert!(manifest.complete);
        let record = |id: &str| {
            manifest
                .records
                .iter()
                .find(|record| record.id == id)
                .unwrap()
        };
        let file = record("files/etc/file-3.yaml");
        assert_eq!(file.stored_bytes, sample::lines(3).len() as u64);
        assert_eq!(file.sha256, hex(&Sha256::digest(sample::lines(3))));
        let journal = record("journal/kubelet");
        assert_eq!(journal.sha256, hex(&Sha256::digest(sample::lines(90_000))));
        assert!(journal.parts.unwrap() > 1);
        assert_eq!(record("files/etc/gone").path, None);
    }
}

#[test]
fn without_its_last_member_a_bundle_still_proves_absence() {
    let bundle = sample::bundle(Container::TarGz);
    let mut reader = Reader::new(
        held(bundle[..bundle.len() - 40].to_vec()),
        Limits::default(),
    );
    let manifest = reader.manifest().unwrap().unwrap();
    assert!(!manifest.complete);
    let gone = manifest
        .records
        .iter()
        .find(|record| record.id == "files/etc/gone");
    assert_eq!(gone.unwrap().outcome, crate::Outcome::Absent);
}

#[test]
fn names_come_without_the_top_folder() {
    let bundle = held(sample::bundle_of(Container::Zip, 100));
    let names = names(&bundle, &Limits::default()).unwrap();
    assert_eq!(names[0], "bundle.json");
    assert_eq!(names[1], "files/etc/file-0.yaml");
}

#[test]
fn the_visitor_can_stop() {
    let bundle = held(sample::bundle_of(Container::TarGz, 100));
    let mut seen = 0;
    let summary = read(&bundle, &Limits::default(), &mut |_, _| {
        seen += 1;
        if seen == 3 {
            Control::Stop
        } else {
            Control::Continue
        }
    })
    .unwrap();
    assert_eq!(seen, 3);
    assert_eq!(summary.entries, 3);
    assert_eq!(summary.stopped, None);
}

#[test]
fn names_are_those_of_the_entries_that_are_read() {
    for container in [Container::TarGz, Container::Zip] {
        let bundle = held(sample::bundle(container));
        let (entries, _) = seen(&bundle, &Limits::default());
        let read: Vec<String> = entries.into_iter().map(|(name, _)| name).collect();
        assert_eq!(names(&bundle, &Limits::default()).unwrap(), read);
    }
}
