//! Copies of bundles that other tools made.

use super::*;
use crate::verify;

const PASSWORD: &str = "blue-42-Horse-staple";
const TOKEN: &str = "abcdef.0123456789abcdef";
const JWT: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6YTpiIn0.c2lnbmF0dXJlLWJ5dGVzLWhlcmUtMTIzNDU2Nzg5MA";
const KEY_LINE: &str = "MIIEowIBAAKCAQEA0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKL";

fn held(bytes: Vec<u8>) -> Input {
    Input::Held {
        name: "-".into(),
        bytes: bytes.into(),
    }
}

fn tar_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mtime(1_700_000_000);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, *content).unwrap();
    }
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    archive
        .append_link(&mut link, "sos/hostname", "sos_commands/host/hostname")
        .unwrap();
    archive.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn scrubbed(input: &[u8], format: Format, keep_binaries: bool) -> (Vec<u8>, Scrubbed) {
    let options = ScrubOptions {
        format,
        keep_binaries,
        key: None,
        tool: "test".into(),
    };
    let mut out = Vec::new();
    let done = scrub(
        &held(input.to_vec()),
        &Limits::default(),
        &options,
        &mut out,
    )
    .unwrap();
    (out, done)
}

fn entries(bytes: &[u8]) -> (BTreeMap<String, String>, ReadSummary) {
    let mut entries = BTreeMap::new();
    let mut reader = Reader::new(held(bytes.to_vec()), Limits::default());
    let summary = reader
        .read(&mut |head, body| {
            let mut content = Vec::new();
            body.read_to_end(&mut content).unwrap();
            if head.name.starts_with("var") {
                assert!(head.mtime.is_none_or(|time| time == 1_700_000_000));
            }
            entries.insert(
                head.full_name(),
                String::from_utf8_lossy(&content).into_owned(),
            );
            Control::Continue
        })
        .unwrap();
    (entries, summary)
}

/// A report like those of sos, with secrets where they turn up.
fn report() -> Vec<u8> {
    let env = format!("REGISTRY_PASSWORD={PASSWORD}\nKUBELET_EXTRA_ARGS=--v=2\n");
    let log = format!(
        "Nov 25 10:00:00 n1 kubelet[1]: login with {PASSWORD} failed\n\
         Nov 25 10:00:01 n1 kubelet[1]: Authorization: Bearer {JWT}\n\
         Nov 25 10:00:02 n1 kubelet[1]: node not found\n"
    );
    let key =
        format!("-----BEGIN RSA PRIVATE KEY-----\n{KEY_LINE}\n-----END RSA PRIVATE KEY-----\n");
    let kubeconfig = format!(
        "apiVersion: v1\nkind: Config\nclusters: []\nusers:\n- name: n\n  user:\n    token: {TOKEN}\n"
    );
    let inner = gzip(&tar_of(&[(
        "etc/kubernetes/kubelet.conf",
        kubeconfig.as_bytes(),
    )]));
    tar_of(&[
        ("sos/etc/sysconfig/registry", env.as_bytes()),
        ("sos/var/log/messages", log.as_bytes()),
        ("sos/var/log/messages-1.gz", &gzip(log.as_bytes())),
        ("sos/etc/kubernetes/pki/server.key", key.as_bytes()),
        ("sos/inner.tar.gz", &inner),
        (
            "sos/var/log/journal/system.journal",
            b"LPKSHHRH\0\0\0\0\x01\x02",
        ),
        (
            "sos/var/log/crash.log",
            b"before\n\0\0after the machine went off and on again\n",
        ),
    ])
}

#[test]
fn no_secret_is_left_in_a_copy() {
    for format in [Format::TarGz, Format::Zip] {
        for input in [report(), gzip(&report())] {
            let (copy, _) = scrubbed(&input, format, false);
            for (name, content) in entries(&copy).0 {
                for secret in [PASSWORD, TOKEN, JWT, KEY_LINE] {
                    assert!(!content.contains(secret), "{name}: {content}");
                }
            }
            let report = verify(&held(copy), &Limits::default()).unwrap();
            assert!(report.leaks.is_empty(), "{report:?}");
            assert!(report.summary.complete, "{report:?}");
        }
    }
}

#[test]
fn everything_that_is_no_secret_is_in_the_copy() {
    for format in [Format::TarGz, Format::Zip] {
        let (copy, done) = scrubbed(&report(), format, false);
        let (left, summary) = entries(&copy);
        assert!(summary.complete, "{summary:?}");
        let log = &left["var/log/messages"];
        assert!(log.contains("login with REDACTED(learned;id="), "{log}");
        assert!(log.ends_with("node not found\n") && log.lines().count() == 3);
        assert_eq!(&left["var/log/messages-1.gz"], log);
        let inner = &left["sos/inner.tar.gz!/etc/kubernetes/kubelet.conf"];
        assert!(
            inner.contains("token: abcdef.REDACTED(bootstrap-token"),
            "{inner}"
        );
        assert_eq!(left["var/log/crash.log"].find("  after"), Some(7));
        assert_eq!(done.left_out[0].0, "var/log/journal/system.journal");
        assert!(left[ENTRY].contains("\"left_out\""));
        assert!(!left.contains_key("var/log/journal/system.journal"));
        let has_link = summary.links.iter().any(|link| link.name == "hostname");
        assert_eq!(has_link, format == Format::TarGz);
    }
}

#[test]
fn the_original_is_told_to_hold_secrets_by_line_and_kind_alone() {
    let report = verify(&held(report()), &Limits::default()).unwrap();
    let places: Vec<(&str, usize)> = report
        .leaks
        .iter()
        .flat_map(|(name, leaks)| leaks.iter().map(|leak| (name.as_str(), leak.line)))
        .collect();
    assert!(places.contains(&("var/log/messages", 2)), "{places:?}");
    assert!(places.contains(&("var/log/messages-1.gz", 2)), "{places:?}");
    let shown = format!("{:?}", report.leaks);
    assert!(!shown.contains("eyJhbGci") && !shown.contains("0123456789abcdef"));
}

#[test]
fn the_same_input_gives_the_same_copy_and_a_copy_of_it_the_same_text() {
    let (once, _) = scrubbed(&report(), Format::TarGz, false);
    let (again, _) = scrubbed(&report(), Format::TarGz, false);
    assert!(once == again);
    let (twice, _) = scrubbed(&once, Format::TarGz, false);
    let (first, second) = (entries(&once).0, entries(&twice).0);
    for (name, content) in first.iter().filter(|(name, _)| *name != ENTRY) {
        assert_eq!(&second[name], content, "{name}");
    }
}

#[test]
fn what_cannot_be_searched_is_kept_only_when_asked_for() {
    let (copy, done) = scrubbed(&report(), Format::TarGz, true);
    assert_eq!(done.unsearched, ["var/log/journal/system.journal"]);
    assert!(entries(&copy).0["var/log/journal/system.journal"].starts_with("LPKSHHRH"));
}

#[test]
fn a_long_log_is_masked_piece_by_piece_and_a_key_across_two_pieces_too() {
    let line = "Nov 25 10:00:00 n1 kubelet[1]: node not found, trying again and again\n";
    let mut log = line.repeat((4 << 20) / line.len() - 3);
    for end in [0, 1] {
        log.push_str("-----BEGIN RSA PRIVATE KEY-----\n");
        log.push_str(&format!("{KEY_LINE}\n").repeat(24));
        log.push_str("-----END RSA PRIVATE KEY-----\n");
        log.push_str(&line.repeat((4 << 20) / line.len() + end));
    }
    log.push_str("Authorization: Bearer ");
    log.push_str(JWT);
    log.push_str(&"x".repeat(9 << 20));
    let input = tar_of(&[("sos/var/log/messages", log.as_bytes()), ("sos/b", b"b\n")]);
    for format in [Format::TarGz, Format::Zip] {
        let (copy, _) = scrubbed(&input, format, false);
        let (left, summary) = entries(&copy);
        assert!(summary.complete, "{summary:?}");
        let text = &left["var/log/messages"];
        assert!(!text.contains(KEY_LINE) && !text.contains(JWT));
        assert_eq!(text.lines().count(), log.lines().count());
        assert_eq!(text.matches(line).count(), log.matches(line).count());
        assert_eq!(left["b"], "b\n");
    }
}

#[test]
fn of_a_cut_input_what_is_left_is_copied() {
    let input = gzip(&report());
    let (copy, done) = scrubbed(&input[..input.len() / 2], Format::TarGz, false);
    assert!(!done.complete && !done.damage.is_empty());
    assert!(entries(&copy).0.contains_key("etc/sysconfig/registry"));
}

#[test]
fn a_file_that_is_named_after_a_secret_and_holds_one_word_is_masked_everywhere() {
    let word = "mauve-otter-77-lamp";
    let log = format!("rejected {word}\n");
    let input = tar_of(&[
        (
            "sos/var/lib/rancher/k3s/agent/node-password.k3s",
            format!("{word}\n").as_bytes(),
        ),
        ("sos/var/log/messages", log.as_bytes()),
    ]);
    let (copy, _) = scrubbed(&input, Format::TarGz, false);
    for (name, content) in entries(&copy).0 {
        assert!(!content.contains(word), "{name}: {content}");
    }
}

#[test]
fn secrets_in_names_are_masked_and_no_two_names_become_one() {
    let other = "fedcba.fedcba9876543210";
    let join = |token: &str| format!("sos/sos_commands/k8s/kubeadm_join_--token_{token}_--v_5");
    let env = format!("REGISTRY_PASSWORD={PASSWORD}\n");
    let names = [
        join(TOKEN),
        join(other),
        format!("sos/var/log/{PASSWORD}/a.log"),
        format!("sos/home/{JWT}.txt"),
    ];
    let mut all: Vec<(&str, &[u8])> = vec![("sos/etc/sysconfig/registry", env.as_bytes())];
    all.extend(names.iter().map(|name| (name.as_str(), &b"text\n"[..])));
    let input = tar_of(&all);
    let found = verify(&held(input.clone()), &Limits::default()).unwrap();
    let in_names = found.leaks.values().flatten().filter(|leak| leak.line == 0);
    assert_eq!(in_names.count(), 3, "{:?}", found.leaks);
    for format in [Format::TarGz, Format::Zip] {
        let (copy, done) = scrubbed(&input, format, false);
        let (copied, _) = entries(&copy);
        let told = format!("{:?} {done:?} {:?}", copied.keys(), found.leaks);
        for secret in [TOKEN, other, PASSWORD, JWT] {
            assert!(!told.contains(secret), "{secret} in {told}");
        }
        let texts = copied.values().filter(|text| *text == "text\n").count();
        assert_eq!(texts, names.len(), "{told}");
        assert_eq!(done.totals()["name"], 4);
        let again = verify(&held(copy), &Limits::default()).unwrap();
        assert!(again.leaks.is_empty(), "{:?}", again.leaks);
    }
}

#[test]
fn ordinary_names_stay_as_they_are() {
    let redactor = Redactor::new(
        CaseKey::from_random([1; 32]),
        crate::redact::Secrets::default(),
    );
    let mut names = Names::new(redactor);
    for name in [
        "var/log/containers/coredns-5d78c9869d-x2vqk_kube-system_coredns-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.log",
        "var/log/pods/kube-system_etcd-m1_0f0e1d2c-3b4a-5968-7786-95a4b3c2d1e0/etcd/0.log",
        "sos_commands/kubernetes/kubectl_--kubeconfig_.etc.kubernetes.admin.conf_get_-o_json_secrets",
        "etc/kubernetes/pki/apiserver.key",
        "var/lib/kubelet/pki/kubelet-client-2026-11-22-07-00-00.pem",
        "var/lib/kubelet/pods/0f0e1d2c-3b4a-5968-7786-95a4b3c2d1e0/volumes/kubernetes.io~projected/kube-api-access-abcde/token",
        "journal/kubelet.service/0001.log",
        "etc/ssl/certs/ca-bundle.trust.crt",
        "run/containerd/io.containerd.runtime.v2.task/k8s.io/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef/config.json",
    ] {
        assert_eq!(names.masked(name), name);
    }
}
