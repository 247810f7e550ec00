//! Masking in place: what must survive, byte for byte, over whole files.

use crate::redact::ContentKind as Kind;
use crate::redact::check::{base64, redact};

fn stored(kind: Kind, text: &str) -> String {
    String::from_utf8(redact(kind, text).bytes().to_vec()).unwrap()
}

/// The text with every placeholder, and every bare mark of a further line, cut out.
fn frame(text: &str) -> String {
    let mut frame = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("REDACTED") {
        frame.push_str(before);
        rest = after.strip_prefix('(').map_or(after, |mask| {
            mask.split_once(')').map_or("", |(_, after)| after)
        });
    }
    frame + rest
}

#[test]
fn order_comments_duplicates_tabs_and_line_ends_stay() {
    for (kind, text) in [
        (
            Kind::Yaml,
            "\u{feff}b: 1\r\n# note: \"x\"\r\na:\t2\r\na: 3\r\n",
        ),
        (Kind::Yaml, "z:   1   \n\n\n--- # two\ny: [ 1,2 ,3]\n...\n"),
        (Kind::Json, "{\n\t\"b\": 1,\n\t\"b\": 2 ,\n\t\"a\": [ ]\n}"),
        (Kind::Toml, "# c\nb = 1 # d\na   =  [ 1 ,2]\n"),
        (
            Kind::Unit,
            "[Service]\nExecStart=\nExecStart=/usr/bin/kubelet \\\n\t$ARGS\n;c\n",
        ),
        (Kind::Env, "\n A=1\nA=2\n#x\nexport B='c d'"),
        (Kind::Yaml, "kubeletConfig: |\n  a: b\n\tbroken\n: x\n"),
    ] {
        assert_eq!(stored(kind, text), text);
    }
}

#[test]
fn around_a_mask_every_byte_stays() {
    for (kind, text, secret) in [
        (
            Kind::Yaml,
            "a: 1 # x\r\ntoken:  'q3W7e1R5'   # y\r\nb:\t2",
            "q3W7e1R5",
        ),
        (
            Kind::Json,
            "{ \"token\" : \"q3W7e1R5\" ,\n\"b\":2}\n",
            "q3W7e1R5",
        ),
        (Kind::Toml, "token=\"q3W7e1R5\"# y\n[x]\n", "q3W7e1R5"),
        (
            Kind::Env,
            "export A_TOKEN=\"q3W7e1R5\" # y\r\nB=2",
            "q3W7e1R5",
        ),
        (
            Kind::Unit,
            "[Service]\nExecStart=/a --token=q3W7e1R5 \\\n --v=2 # c\n",
            "q3W7e1R5",
        ),
        (Kind::Argv, "a\n--token\nq3W7e1R5\n--v=2\n", "q3W7e1R5"),
    ] {
        let stored = stored(kind, text);
        assert!(!stored.contains(secret), "{stored}");
        assert_eq!(frame(&stored), text.replace(secret, ""), "{stored}");
    }
}

#[test]
fn a_value_of_several_lines_or_words_is_masked_to_its_end() {
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let wrapped = base64(&key);
    let lines: Vec<&str> = wrapped
        .as_bytes()
        .chunks(76)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    let block = lines.join("\n      ");
    let kubeconfig = format!("users:\n- name: n\n  user:\n    client-key-data: |\n      {block}\n");
    let other = format!("secretish: |\n      {block}\nb: c\n");
    for (kind, text, parts) in [
        (Kind::Kubeconfig, kubeconfig.as_str(), lines.clone()),
        (Kind::Yaml, other.as_str(), lines.clone()),
        (
            Kind::Argv,
            "x\0--password\0correct horse\0--v=2\0",
            vec!["correct", "horse"],
        ),
        (
            Kind::Env,
            "A_PASSWORD=\"correct\\\"horse\"\nB=1\n",
            vec!["correct", "horse"],
        ),
        (
            Kind::Env,
            "A_PASSWORD=correct horse\n",
            vec!["correct", "horse"],
        ),
        (
            Kind::Unit,
            "[Service]\nX_TOKEN=q3W7 \\\n  horse\nB=1\n",
            vec!["q3W7", "horse"],
        ),
        (
            Kind::Yaml,
            "password: correct\n  horse\nb: 1\n",
            vec!["correct", "horse"],
        ),
        (
            Kind::Yaml,
            "password: \"correct\n  horse\"\nb: 1\n",
            vec!["correct", "horse"],
        ),
    ] {
        let stored = stored(kind, text);
        for part in parts {
            assert!(!stored.contains(part), "{part}: {stored}");
        }
        let lines = text.replace('\0', "\n").lines().count();
        assert_eq!(stored.lines().count(), lines, "{stored}");
    }
}

#[test]
fn a_kubeconfig_that_does_not_parse_hides_misspelt_credentials_and_shows_the_rest() {
    let text = "kind: Config\nclusters:\n- cluster:\n\tserver: https://10.0.0.1:6443\n  sever: https://10.0.0.2:6443\nusers:\n- name: n\n  user:\n    tokn: q3W7e1R5t9\n    password: correct horse\n    client-certificate: /etc/c.pem\n";
    let stored = stored(Kind::Kubeconfig, text);
    assert!(
        !stored.contains("q3W7e1R5t9") && !stored.contains("horse"),
        "{stored}"
    );
    for kept in [
        "\tserver: https://10.0.0.1:6443\n",
        "sever: https://10.0.0.2:6443\n",
        "/etc/c.pem",
    ] {
        assert!(stored.contains(kept), "{kept}: {stored}");
    }
}

#[test]
fn evidence_in_logs_survives() {
    let log = "\
E0823 10:00:00.000001 66 reflector.go:204] \"Failed to watch\" err=\"failed to list *v1.Node: Get \\\"https://10.0.0.1:6443/api/v1/nodes?fieldSelector=metadata.name%3Dworker-1&limit=500\\\": tls: failed to verify certificate: x509: certificate is valid for 10.0.0.2, not 10.0.0.1\"
E0823 10:00:00.000002 66 bootstrap.go:266] \"Unhandled Error\" err=\"part of the existing bootstrap client certificate in /etc/kubernetes/kubelet.conf is expired: 2026-01-01 00:00:00 +0000 UTC\"
E0823 10:00:00.000003 66 certificate_manager.go:596] \"Failed while requesting a signed certificate from the control plane\" err=\"cannot create certificate signing request: Unauthorized\"
E0823 10:00:00.000004 66 x.go:1] User \"system:bootstrap:abcdef\" cannot create resource \"certificatesigningrequests\"
E0823 10:00:00.000005 66 run.go:72] \"command failed\" err=\"failed to parse kubelet flag: unknown flag: --pod-infra-container-image\"
I0823 10:00:00.000006 66 kuberuntime.go:1] \"RemoveContainer\" containerID=\"3f4e5d6c3f4e5d6c3f4e5d6c3f4e5d6c3f4e5d6c3f4e5d6c3f4e5d6c3f4e5d6c\"
I0823 10:00:00.000007 66 reconciler.go:1] \"operationExecutor.VerifyControllerAttachedVolume started for volume \\\"kube-api-access-x2x4z\\\" (UniqueName: \\\"kubernetes.io/projected/11111111-2222-3333-4444-555555555555-kube-api-access-x2x4z\\\") pod \\\"calico-node-abcde\\\"
E0823 10:00:00.000008 66 kubelet.go:1] failed to validate kubelet flags: unknown 'kubernetes.io' labels specified with --node-labels: [node-role.kubernetes.io/worker]
W0823 10:00:00.000009 66 x.go:1] Kubelet client certificate: CN=system:node:worker-1,O=system:nodes serial 4711 secrets \"regcred-2\" is forbidden: User \"system:node:worker-1\"
E0823 10:00:00.000010 66 token_manager.go:1] \"Couldn't get token\" err=\"failed to fetch token: Post \\\"https://api:6443/api/v1/namespaces/kube-system/serviceaccounts/calico-node/token\\\": dial tcp 10.0.0.1:6443: connect: connection refused\"
kubeadm join api.example:6443 --discovery-token-ca-cert-hash sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
";
    assert_eq!(stored(Kind::Text, log), log);
}

#[test]
fn the_match_of_key_and_certificate_can_still_be_told() {
    let made = rcgen::generate_simple_self_signed(vec!["worker-1".to_owned()]).unwrap();
    let file = format!("{}{}", made.cert.pem(), made.signing_key.serialize_pem());
    let stored = stored(Kind::Pem, &file);
    assert!(stored.starts_with(&made.cert.pem()), "{stored}");
    let spki = crate::keys::certificate_spki(made.cert.der()).unwrap();
    assert!(
        stored.contains(&format!("spki=sha256:{spki};enc=no)")),
        "{stored}"
    );
}

#[test]
fn damaged_files_neither_panic_nor_lose_lines() {
    let whole = "kind: Config\nusers:\n- name: a\n  user:\n    token: \"q3W7e1R5t9\"\n    client-key-data: |\n      LS0tLS1CRUdJTiBFQyBQUklWQVRFIEtFWS0tLS0tCk1IY0M=\nclusters: [{name: k, cluster: {server: 'https://u:p4ss@h:1'}}]\n# -----BEGIN PRIVATE KEY-----\n# MIIB\n";
    let mut state = 0x2545_f491_u32;
    let mut next = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        usize::try_from(state).unwrap() % limit
    };
    let noise = b"\"'\\\n\r\t{}[]|>&*!#%@`:,- \xc3\x28=";
    for _ in 0..500 {
        let mut bytes = whole.as_bytes().to_vec();
        bytes.truncate(next(bytes.len()) + 1);
        for _ in 0..next(4) {
            let at = next(bytes.len());
            bytes[at] = noise[next(noise.len())];
        }
        for kind in [
            Kind::Kubeconfig,
            Kind::Json,
            Kind::Toml,
            Kind::Unit,
            Kind::Argv,
            Kind::Text,
        ] {
            let redactor = crate::Redactor::new(
                crate::redact::CaseKey::from_random([7; 32]),
                crate::redact::Secrets::none(),
            );
            let stored = redactor.file(kind, &bytes).unwrap();
            let lines = |bytes: &[u8]| memchr::memchr_iter(b'\n', bytes).count();
            assert_eq!(lines(stored.bytes()), lines(&bytes));
        }
    }
}
