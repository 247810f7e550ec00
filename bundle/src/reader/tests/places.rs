//! Files, folders and standard input.

use super::*;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder that goes away with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("nodebundle-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn names_at(path: &Path) -> Vec<String> {
    names(&Input::Path(path.to_owned()), &Limits::default()).unwrap()
}

#[test]
fn a_folder_is_read_in_the_order_of_its_names_and_links_are_not_followed() {
    let scratch = Scratch::new("folder");
    scratch.write("b/two", b"2");
    scratch.write("b/one", b"1");
    scratch.write("a", b"0");
    std::os::unix::fs::symlink("/etc", scratch.0.join("c")).unwrap();
    std::os::unix::fs::symlink("a", scratch.0.join("d")).unwrap();
    let (entries, summary) = seen(&Input::Path(scratch.0.clone()), &Limits::default());
    let names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a", "b/one", "b/two"]);
    let links: Vec<&str> = summary
        .links
        .iter()
        .map(|link| link.target.as_str())
        .collect();
    assert_eq!(links, ["/etc", "a"]);
    assert_eq!(summary.sha256, None);
    assert!(summary.complete);
}

#[test]
fn an_unpacked_bundle_reads_like_the_packed_one() {
    let scratch = Scratch::new("unpacked");
    let (packed, _) = seen(
        &held(sample::bundle_of(Container::TarGz, 100)),
        &Limits::default(),
    );
    for (name, content) in &packed {
        scratch.write(&format!("nodebundle-x/{name}"), content);
    }
    let folder = expand(&scratch.0).unwrap().inputs;
    assert_eq!(folder, [Input::Path(scratch.0.join("nodebundle-x"))]);
    let (mut unpacked, _) = seen(&folder[0], &Limits::default());
    let mut packed = packed;
    packed.sort();
    unpacked.sort();
    assert!(packed == unpacked);
    let manifest = Reader::new(folder[0].clone(), Limits::default())
        .manifest()
        .unwrap();
    assert!(manifest.unwrap().complete);
}

#[test]
fn a_folder_of_archives_stands_for_each_of_them() {
    let scratch = Scratch::new("many");
    let two = scratch.write("two.tar.gz", &sample::bundle_of(Container::TarGz, 100));
    let one = scratch.write("one.bin", &sample::bundle_of(Container::Zip, 100));
    scratch.write("notes.txt", b"text");
    let all = expand(&scratch.0).unwrap();
    assert_eq!(all.inputs, [Input::Path(one.clone()), Input::Path(two)]);
    assert_eq!(all.left, [scratch.0.join("notes.txt")]);
    assert_eq!(expand(&one).unwrap().inputs, [Input::Path(one)]);
}

#[test]
fn files_beside_the_only_archive_are_read_with_it_and_a_checksum_is_no_file() {
    let scratch = Scratch::new("beside");
    let bundle = sample::bundle_of(Container::TarGz, 100);
    let archive = scratch.write("one.tar.gz", &bundle);
    scratch.write("one.tar.gz.sha256", b"0000  one.tar.gz\n");
    let alone = expand(&scratch.0).unwrap();
    assert_eq!(alone.inputs, [Input::Path(archive)]);
    assert!(alone.left.is_empty());
    scratch.write("kubelet.log", b"line\n");
    let both = expand(&scratch.0).unwrap();
    assert_eq!(both.inputs, [Input::Path(scratch.0.clone())]);
}

#[test]
fn archives_in_the_tree_of_a_node_are_parts_of_it() {
    let scratch = Scratch::new("tree");
    let archive = sample::bundle_of(Container::TarGz, 100);
    scratch.write("sos_reports.tgz", &archive);
    scratch.write("usr.tgz", &archive);
    scratch.write("sos_commands/host/hostname", b"worker-1\n");
    let tree = expand(&scratch.0).unwrap();
    assert_eq!(tree.inputs, [Input::Path(scratch.0.clone())]);
}

#[test]
fn a_folder_with_one_compressed_log_is_one_node() {
    let scratch = Scratch::new("node");
    let mut packed = Vec::new();
    flate2::read::GzEncoder::new(&b"line\n"[..], flate2::Compression::new(6))
        .read_to_end(&mut packed)
        .unwrap();
    scratch.write("kubelet.log.gz", &packed);
    scratch.write("deep/bundle.tar", b"not an archive");
    assert_eq!(
        expand(&scratch.0).unwrap().inputs,
        [Input::Path(scratch.0.clone())]
    );
    assert_eq!(names_at(&scratch.0), ["deep/bundle.tar", "kubelet.log.gz"]);
}

#[test]
fn a_path_that_is_not_there_says_so() {
    let error = expand(Path::new("/nonexistent/bundle.tar.gz")).unwrap_err();
    assert!(error.to_string().contains("/nonexistent/bundle.tar.gz"));
    let missing = Input::Path("/nonexistent/bundle.tar.gz".into());
    assert!(names(&missing, &Limits::default()).is_err());
}

#[test]
fn standard_input_is_held_up_to_a_limit() {
    let limits = Limits {
        held_bytes: 100,
        ..Limits::default()
    };
    assert!(Input::held("-", &mut &[0; 100][..], &limits).is_ok());
    let error = Input::held("-", &mut &[0; 101][..], &limits).unwrap_err();
    assert!(error.to_string().contains("give it as a file"));
}

#[test]
fn a_file_has_its_own_name_and_checksum() {
    let scratch = Scratch::new("file");
    let path = scratch.write("kubelet.log", b"line\n");
    let (entries, summary) = seen(&Input::Path(path), &Limits::default());
    assert_eq!(entries[0].0, "kubelet.log");
    assert_eq!(summary.sha256, Some(hex(&Sha256::digest(b"line\n"))));
}
