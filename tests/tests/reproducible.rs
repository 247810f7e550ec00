//! Same input, same bytes.

use crate::programs::{collect, report_output};
use nodebundle_fixtures::{NodeFixture, names, nodes};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn the_same_tree_time_and_key_give_the_same_bundle() {
    let node = NodeFixture::case("bootstrap-token-expired");
    let key = node.output().join("key");
    fs::write(&key, [7_u8; 32]).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let key = key.display().to_string();
    let bundles: Vec<Vec<u8>> = ["one.tar.gz", "two.tar.gz"]
        .iter()
        .map(|name| {
            let bundle = node.output().join(name);
            collect(
                &node.root(),
                &bundle,
                &["--now", "2026-11-25T00:00:00Z", "--case-key", &key],
            );
            fs::read(bundle).unwrap()
        })
        .collect();
    assert!(bundles[0] == bundles[1], "two runs over one tree differ");
}

#[test]
fn the_number_of_threads_does_not_show_in_a_report() {
    let node = NodeFixture::ready();
    let folder = node.output();
    for name in names() {
        collect(
            &nodes().join(&name).join("root"),
            &folder.join(format!("{name}.tar.gz")),
            &[],
        );
    }
    for format in ["json", "text"] {
        let one = report_output(&folder, format, &["--jobs", "1"]);
        let two = report_output(&folder, format, &["--jobs", "2"]);
        assert!(one.stdout == two.stdout, "{format} reports differ");
    }
}
