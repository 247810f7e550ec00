use super::*;
use crate::writer::Container;
use crate::writer::sample;

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
    let summary = read(input, limits, &mut |head, body| {
        let mut content = Vec::new();
        let name = if head.archive.is_empty() {
            head.name.to_owned()
        } else {
            format!("{}!/{}", head.archive, head.name)
        };
        if body.read_to_end(&mut content).is_ok() {
            entries.push((name, content));
        }
        Control::Continue
    })
    .unwrap();
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
