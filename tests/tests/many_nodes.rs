//! The recipes of `docs/many-nodes`, run as far as that is possible without a cluster.

use crate::programs::{entries, folder, skip, text};
use nodebundle_fixtures::{NodeFixture, Scratch};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The arguments that the documentation gives to a debug container.
const DEBUG: &str = "/nodebundle-collector --host /host --quiet -o - > NODE.tar.gz";

#[test]
fn an_image_of_one_file_collects_from_the_host_that_it_has_mounted() {
    assert!(recipe("README.md").contains(DEBUG));
    let node = NodeFixture::case("client-certificate-expired");
    let Some(output) = in_image(&node, "--rbind", "--host /host --quiet -o - --no-probes") else {
        return;
    };
    assert!(output.status.success(), "{}", text(&output.stderr));
    let bundle = node.output().join("bundle.tar.gz");
    fs::write(&bundle, output.stdout).unwrap();
    let entries = entries(&bundle);
    let info: serde_json::Value = serde_json::from_slice(&entries["bundle.json"]).unwrap();
    assert_eq!(info["mode"], "live");
    assert!(entries.contains_key("files/etc/kubernetes/kubelet.conf"));
    let processes: serde_json::Value =
        serde_json::from_slice(&entries["facts/processes.json"]).unwrap();
    assert!(!processes["processes"].as_array().unwrap().is_empty());
}

#[test]
fn a_container_without_the_hosts_processes_is_told_so() {
    let node = NodeFixture::case("client-certificate-expired");
    let Some(output) = in_image(&node, "--bind", "--host /host --quiet -o -") else {
        return;
    };
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("hostPID: true"));
}

#[test]
fn the_daemonset_gives_what_the_collector_needs_and_no_more() {
    let text = recipe("daemonset.yaml");
    let (_, daemonset) = text.split_once("---\n").unwrap();
    let daemonset: serde_json::Value = serde_saphyr::from_str(daemonset).unwrap();
    let pod = &daemonset["spec"]["template"]["spec"];
    assert_eq!(pod["hostPID"], true);
    assert_eq!(pod["automountServiceAccountToken"], false);
    let collect = &pod["initContainers"][0];
    let arguments = collect["args"].as_array().unwrap();
    let host = arguments.iter().position(|word| word == "--host").unwrap();
    assert_eq!(collect["volumeMounts"][0]["mountPath"], arguments[host + 1]);
    assert_eq!(pod["volumes"][0]["hostPath"]["path"], "/");
    let known = crate::programs::collector().arg("--help").output().unwrap();
    for option in arguments.iter().filter_map(serde_json::Value::as_str) {
        let is_option = option.starts_with('-');
        assert!(!is_option || text_has(&known, option), "{option}");
    }
}

#[test]
fn the_ssh_recipe_brings_a_bundle_and_leaves_nothing_behind() {
    if !Path::new("/usr/sbin/sshd").exists() {
        skip::<()>("sshd is not installed");
        return;
    }
    let scratch = Scratch::new();
    let path = ssh_wrapper(scratch.path());
    let bundles = scratch.path().join("bundles");
    fs::create_dir(&bundles).unwrap();
    let output = Command::new(repository().join("docs/many-nodes/ssh.sh"))
        .arg(folder().join("nodebundle-collector"))
        .args([bundles.as_os_str(), "node-1".as_ref(), "node-2".as_ref()])
        .env("PATH", path)
        .output()
        .unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "{said}");
    for node in ["node-1", "node-2"] {
        assert!(said.contains(&format!("{node}: ")), "{said}");
        let entries = entries(&bundles.join(format!("{node}.tar.gz")));
        assert!(entries.contains_key("manifest.json"), "{said}");
    }
    let left = fs::read_dir("/dev/shm").unwrap().flatten();
    let mut left = left.map(|entry| entry.file_name().to_string_lossy().into_owned());
    assert_eq!(left.find(|name| name.starts_with("nodebundle.")), None);
}

/// Runs the collector as the only file of an image, with the node's tree mounted at `/host` and this machine's `/proc` in it.
///
/// With `--bind` the tree comes without its mounts, as if the host's processes were not shared. `None` where that cannot be done here.
fn in_image(node: &NodeFixture, bind: &str, arguments: &str) -> Option<Output> {
    let image = node.output().join("image");
    for folder in ["image/proc", "image/host"] {
        fs::create_dir_all(node.output().join(folder)).unwrap();
    }
    fs::create_dir_all(node.root().join("proc")).unwrap();
    fs::copy(
        folder().join("nodebundle-collector"),
        image.join("nodebundle-collector"),
    )
    .unwrap();
    let script = format!(
        "mount -t proc proc \"$1/proc\" && mount {bind} \"$1\" \"$2/host\" && mount -t proc proc \"$2/proc\" || exit 77\n\
         exec chroot \"$2\" /nodebundle-collector {arguments}"
    );
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", &script, "sh"])
        .args([node.root(), image])
        .output()
        .expect("the programs of util-linux are there");
    let words = text(&output.stderr);
    if output.status.code() == Some(77) || words.starts_with("unshare: ") {
        return skip(&format!("no place with a root of its own: {words}"));
    }
    Some(output)
}

/// A search path whose `ssh` reaches an sshd of its own, started for each connection, without a network.
fn ssh_wrapper(scratch: &Path) -> String {
    let at = |name: &str| scratch.join(name).display().to_string();
    for key in ["host_key", "user_key"] {
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f", &at(key)])
            .status();
        assert!(made.unwrap().success());
    }
    fs::create_dir_all("/run/sshd").ok();
    let config = format!(
        "HostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\nPidFile none\nPermitRootLogin yes\n",
        at("host_key"),
        at("user_key.pub"),
    );
    fs::write(scratch.join("sshd_config"), config).unwrap();
    let wrapper = format!(
        "#!/bin/sh\nexec /usr/bin/ssh -F none -i {} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \\\n\
         -o 'ProxyCommand=/usr/sbin/sshd -i -f {}' \"$@\"\n",
        at("user_key"),
        at("sshd_config"),
    );
    let folder = scratch.join("bin");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("ssh"), wrapper).unwrap();
    fs::set_permissions(folder.join("ssh"), fs::Permissions::from_mode(0o700)).unwrap();
    let rest = std::env::var("PATH").unwrap_or_default();
    format!("{}:{rest}", folder.display())
}

fn recipe(name: &str) -> String {
    fs::read_to_string(repository().join("docs/many-nodes").join(name)).unwrap()
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text_has(output: &Output, word: &str) -> bool {
    text(&output.stdout).contains(word)
}
