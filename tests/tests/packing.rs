//! Archives that tests make, and places to cut them at.

use flate2::Compression;
use flate2::write::GzEncoder;

/// Entries as a tar.gz, below the folder `top`.
pub(crate) fn tar_gz<N: AsRef<str>, B: AsRef<[u8]>>(entries: &[(N, B)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, content) in entries {
        let content = content.as_ref();
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, format!("top/{}", name.as_ref()), content)
            .unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

/// Places in a file of that size, the same ones for the same start.
pub(crate) fn scattered(start: u64, count: usize, size: usize) -> impl Iterator<Item = usize> {
    let next = |place: &u64| {
        let place = place
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        Some(place)
    };
    std::iter::successors(next(&start), next)
        .map(move |place| usize::try_from(place >> 33).unwrap() % size)
        .take(count)
}
