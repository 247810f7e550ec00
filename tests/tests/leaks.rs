//! Secrets of every kind are planted in a node; none may be in the bundle, and what a diagnosis needs must be.

use crate::programs::{collector, entries, text};
use nodebundle_fixtures::NodeFixture;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// A secret of a known shape or in a known place: kind, secret, file, content around it (`@` is the secret).
pub(crate) const PLANTED: &[(&str, &str, &str, &str)] = &[
    (
        "bootstrap token",
        "q7x2m9d4k1p8w5z3",
        "etc/kubernetes/bootstrap-kubelet.conf",
        BOOTSTRAP,
    ),
    (
        "bootstrap token in kubeadm configuration",
        "h3k8s1v6c9b2n5m0",
        "etc/kubernetes/kubeadm-join.yaml",
        "apiVersion: kubeadm.k8s.io/v1beta3\nkind: JoinConfiguration\ndiscovery:\n  bootstrapToken:\n    token: abcde1.@\n    apiServerEndpoint: 10.77.0.1:6443\n",
    ),
    (
        "certificate key",
        "6f1d0c8b7a59483726150a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c9d",
        "etc/kubernetes/kubeadm-join-2.yaml",
        "apiVersion: kubeadm.k8s.io/v1beta3\nkind: JoinConfiguration\ncontrolPlane:\n  certificateKey: @\n",
    ),
    (
        "proxy password",
        "Pr0xy-Pa55-wörd",
        "etc/environment",
        "HTTPS_PROXY=http://operator:@@proxy.example:3128\nNO_PROXY=10.0.0.0/8\n",
    ),
    (
        "proxy password in a unit",
        "unitPr0xyS3cret",
        "etc/systemd/system/kubelet.service.d/20-proxy.conf",
        "[Service]\nEnvironment=\"HTTP_PROXY=http://svc:@@10.0.0.80:3128\"\n",
    ),
    (
        "password in an environment file",
        "envFileHunter22x",
        "etc/default/kubelet",
        "KUBELET_EXTRA_ARGS=\nREGISTRY_PASSWORD=@\n",
    ),
    (
        "API token in a unit",
        "tok-83hf92hfksl29fj",
        "etc/systemd/system/kubelet.service.d/30-token.conf",
        "[Service]\nEnvironment=CLOUD_API_TOKEN=@\n",
    ),
    (
        "flag with a secret",
        "sUp3rS3cretFlagVal",
        "etc/systemd/system/kubelet.service.d/40-flag.conf",
        "[Service]\nEnvironment=\"EXTRA=--password=@ --v=2\"\n",
    ),
    (
        "registry password in containerd",
        "r3gistryTomlPw!9",
        "etc/containerd/config.toml",
        "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"registry.example\".auth]\n  username = \"puller\"\n  password = \"@\"\n",
    ),
    (
        "header in hosts.toml",
        "bGV0bWVpbjpwbGVhc2UxMjM=",
        "etc/containerd/certs.d/registry.example/hosts.toml",
        "server = \"https://registry.example\"\n[host.\"https://registry.example\".header]\n  Authorization = [\"Basic @\"]\n",
    ),
    (
        "k3s token",
        "K10c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00::server:9f8e7d6c5b4a39281706",
        "etc/rancher/k3s/config.yaml",
        "server: https://10.77.0.1:6443\ntoken: @\n",
    ),
    (
        "RKE2 registries password",
        "rke2RegistryPw7731",
        "etc/rancher/rke2/registries.yaml",
        "configs:\n  registry.example:\n    auth:\n      username: puller\n      password: @\n",
    ),
    (
        "cloud client secret",
        "Az~client.Secret-123_Zz",
        "etc/kubernetes/cloud.conf",
        "{\n  \"tenantId\": \"11111111-2222-3333-4444-555555555555\",\n  \"aadClientId\": \"keep-this-id\",\n  \"aadClientSecret\": \"@\"\n}\n",
    ),
    (
        "OpenStack password",
        "0penstackPw-55",
        "etc/kubernetes/cloud-config",
        "[Global]\nauth-url=https://keystone.example:5000/v3\nusername=node\npassword=@\n",
    ),
    (
        "encryption key",
        "c2VjcmV0LWtleS1vZi0zMi1ieXRlcy1sb25nISE=",
        "etc/kubernetes/encryption-config.yaml",
        "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [secrets]\n  providers:\n  - aescbc:\n      keys:\n      - name: key1\n        secret: @\n  - identity: {}\n",
    ),
    (
        "basic password in a kubeconfig",
        "basicAuthPw0042",
        "etc/kubernetes/admin.conf",
        "apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster: {server: https://10.77.0.1:6443}\ncontexts:\n- name: x\n  context: {cluster: c, user: u}\ncurrent-context: x\nusers:\n- name: u\n  user:\n    username: admin\n    password: @\n",
    ),
    (
        "exec environment in a kubeconfig",
        "execEnvS3cret991",
        "etc/kubernetes/controller-manager.conf",
        "apiVersion: v1\nkind: Config\nclusters: []\nusers:\n- name: u\n  user:\n    exec:\n      command: get-token\n      env:\n      - name: PLUGIN_SECRET\n        value: @\n",
    ),
    (
        "static pod environment",
        "podEnvDbPassw0rd",
        "etc/kubernetes/manifests/agent.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: agent, namespace: kube-system}\nspec:\n  containers:\n  - name: a\n    image: registry.example/agent:1\n    env:\n    - name: DB_PASSWORD\n      value: @\n",
    ),
    (
        "mount option",
        "cifsMountPw31337",
        "etc/fstab",
        "//files.example/share /mnt cifs username=u,password=@,uid=0 0 0\n",
    ),
    (
        "kernel argument",
        "kernelArgPassw0rd",
        "proc/cmdline",
        "BOOT_IMAGE=/vmlinuz root=/dev/sda1 provision_token=@ quiet\n",
    ),
    (
        "static pod URL header",
        "manifestHeaderT0ken",
        "var/lib/kubelet/config.yaml",
        "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nstaticPodURL: https://pods.example/list\nstaticPodURLHeader:\n  Authorization: [\"Bearer @\"]\ncgroupDriver: systemd\n",
    ),
    (
        "token in a CNI kubeconfig",
        JWT,
        "etc/cni/net.d/calico-kubeconfig",
        "apiVersion: v1\nkind: Config\nclusters:\n- name: local\n  cluster: {server: https://10.96.0.1:443}\nusers:\n- name: calico\n  user:\n    token: \"@\"\n",
    ),
    (
        "key in a comment",
        "commentedOutPw5150",
        "etc/crictl.yaml",
        "runtime-endpoint: unix:///run/containerd/containerd.sock\n# password: @\n",
    ),
    (
        "AWS secret key",
        "wJalrXUtnFEMIK7MDENGbPxRfiCYqzKEYabcd1234",
        "etc/systemd/system/kubelet.service.d/50-aws.conf",
        "[Service]\nEnvironment=AWS_ACCESS_KEY_ID=AKIAQ3EGRANDOMKEY77\nEnvironment=AWS_SECRET_ACCESS_KEY=@\n",
    ),
];

/// Secrets as log lines, in a log file that stands in for a journal: kind, secret, line.
pub(crate) const LOGGED: &[(&str, &str, &str)] = &[
    (
        "bearer token",
        "logBearerTok3nAbcdef123456",
        "GET https://10.77.0.1:6443/api Authorization: Bearer @",
    ),
    (
        "curl line",
        "curlLineT0kenXyz987654",
        "curl -v -XGET -H \"Authorization: Bearer @\" 'https://10.77.0.1:6443/api'",
    ),
    (
        "join command",
        "z9y8x7w6v5u4t3s2",
        "kubeadm join 10.77.0.1:6443 --token fedcba.@ --discovery-token-ca-cert-hash sha256:1f2e3d4c5b6a79880f1e2d3c4b5a69788f7e6d5c4b3a29180f1e2d3c4b5a6978",
    ),
    (
        "URL userinfo",
        "gitUrlPassw0rd",
        "fetching https://deploy:@@git.example/repo.git",
    ),
    ("JWT", LOG_JWT, "token=@"),
    (
        "GitHub token",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "using @ to pull",
    ),
    (
        "GitLab token",
        "glpat-Zx9Yw8Vu7Ts6Rq5Po4Nm",
        "cloning with @",
    ),
    (
        "Slack token",
        "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOHcbrzqgy",
        "notify @",
    ),
    (
        "escaped JSON",
        "jsonEscapedPw4711",
        "request body {\\\"username\\\":\\\"u\\\",\\\"password\\\":\\\"@\\\"}",
    ),
    (
        "presigned URL",
        "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90",
        "GET https://bucket.example/x?X-Amz-Credential=AKIA&X-Amz-Signature=@",
    ),
    (
        "Go map print",
        "goMapPrintT0ken55",
        "headers: map[Authorization:[Bearer @] Accept:[*/*]]",
    ),
];

/// Secrets of no known shape: they stand only in sources that are never stored, and the log repeats them.
pub(crate) const LEARNED: &[(&str, &str, &str)] = &[
    (
        "registry auth file",
        "plainwordsofnoshape",
        "var/lib/kubelet/config.json",
    ),
    (
        "node password",
        "correcthorsebattery",
        "etc/rancher/node/password",
    ),
    (
        "join token file",
        "zebrafinchlampshade",
        "var/lib/rancher/k3s/server/node-token",
    ),
    (
        "agent token file",
        "umbrellaquietriver",
        "var/lib/rancher/rke2/server/agent-token",
    ),
    ("k0s token file", "marblecanyonsunset", "etc/k0s/token"),
    (
        "docker auth",
        "velvetthundercloud",
        "root/.docker/config.json",
    ),
];

const BOOTSTRAP: &str = "apiVersion: v1\nkind: Config\nclusters:\n- name: default-cluster\n  cluster:\n    server: https://10.77.0.1:6443\ncontexts:\n- name: default-context\n  context: {cluster: default-cluster, user: tls-bootstrap-token-user}\ncurrent-context: default-context\nusers:\n- name: tls-bootstrap-token-user\n  user:\n    token: abcdef.@\n";

const JWT: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.eyJpc3MiOiJodHRwczovL2t1YmVybmV0ZXMuZGVmYXVsdC5zdmMiLCJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6a3ViZS1zeXN0ZW06Y2FsaWNvLW5vZGUiLCJleHAiOjE3OTUzMzAwMDB9.c2lnbmF0dXJlLW9mLW5vLXZhbHVlLWF0LWFsbA";

const LOG_JWT: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJvaWRjIiwic3ViIjoibm9kZSIsImV4cCI6MTc5NTMzMDAwMX0.YW5vdGhlci1zaWduYXR1cmUtb2Ytbm8tdmFsdWU";

/// A node with every secret in its place.
pub(crate) fn poisoned() -> NodeFixture {
    let mut node = NodeFixture::ready();
    for (_, secret, path, content) in PLANTED {
        let content = content
            .replace("@@", "\u{1}")
            .replace('@', secret)
            .replace('\u{1}', &format!("{secret}@"));
        node = node.with_file(path, content);
    }
    let mut log = String::new();
    for (number, (_, secret, line)) in LOGGED.iter().enumerate() {
        let line = line
            .replace("@@", "\u{1}")
            .replace('@', secret)
            .replace('\u{1}', &format!("{secret}@"));
        let second = number + 10;
        writeln!(
            log,
            "I1122 07:47:{second:02}.000000      66 round_trippers.go:466] {line}"
        )
        .unwrap();
    }
    for (number, (_, secret, path)) in LEARNED.iter().enumerate() {
        let content = if Path::new(path)
            .extension()
            .is_some_and(|ending| ending == "json")
        {
            format!(
                "{{\"auths\":{{\"registry.example\":{{\"username\":\"u\",\"password\":\"{secret}\"}}}}}}\n"
            )
        } else {
            format!("{secret}\n")
        };
        node = node.with_file(path, content);
        writeln!(log, "E1122 07:48:{number:02}.000000      66 remote.go:1] \"Rejected\" credential=\"{secret}\"").unwrap();
    }
    node.without("var/log/journal")
        .with_file("var/log/kubelet.log", log)
}

fn bundle(node: &NodeFixture) -> BTreeMap<String, Vec<u8>> {
    let bundle = node.output().join("bundle.tar.gz");
    let output = collector()
        .arg("--root")
        .arg(node.root())
        .arg("-o")
        .arg(&bundle)
        .arg("--quiet")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "the gate should have nothing to do: {} {}",
        output.status,
        text(&output.stderr)
    );
    entries(&bundle)
}

#[test]
fn no_planted_secret_is_in_the_bundle() {
    let node = poisoned();
    let entries = bundle(&node);
    let planted = PLANTED.iter().map(|(kind, secret, ..)| (kind, secret));
    let logged = LOGGED.iter().map(|(kind, secret, _)| (kind, secret));
    let learned = LEARNED.iter().map(|(kind, secret, _)| (kind, secret));
    let all: Vec<_> = planted.chain(logged).chain(learned).collect();
    assert!(all.len() >= 40);
    let mut leaks = Vec::new();
    for (name, bytes) in &entries {
        let content = text(bytes);
        for (kind, secret) in &all {
            if content.contains(**secret) {
                leaks.push(format!("{kind} in {name}"));
            }
        }
    }
    assert!(leaks.is_empty(), "{leaks:#?}");
    let log = entries
        .iter()
        .find(|(name, _)| name.contains("kubelet.log") || name.starts_with("journal/kubelet"));
    let (_, log) = log.expect("the kubelet's log file is in the bundle");
    assert!(
        text(log).contains("round_trippers.go:466"),
        "the log itself is stored"
    );
}

#[test]
fn what_a_diagnosis_needs_survives_redaction() {
    let node = poisoned();
    let entries = bundle(&node);
    let file = |name: &str| text(&entries[&format!("files/{name}")]);
    assert!(
        file("etc/kubernetes/bootstrap-kubelet.conf").contains("token: abcdef.REDACTED("),
        "the token's id"
    );
    assert!(
        file("etc/kubernetes/bootstrap-kubelet.conf").contains("https://10.77.0.1:6443"),
        "the endpoint"
    );
    assert!(
        file("etc/environment").contains("@proxy.example:3128"),
        "the proxy's host"
    );
    let cni = file("etc/cni/net.d/calico-kubeconfig");
    assert!(
        cni.contains("exp=1795330000") && cni.contains("calico-node"),
        "expiry and subject of a JWT: {cni}"
    );
    let pem = "var/lib/kubelet/pki/kubelet-client-2026-11-22-07-47-16.pem";
    assert!(
        file(pem).contains("BEGIN CERTIFICATE") && file(pem).contains("spki=sha256:"),
        "certificate and key match"
    );
    assert!(
        !file(pem).contains("PRIVATE KEY-----\nM"),
        "but not the key"
    );
}

#[test]
fn stored_files_differ_from_the_originals_only_inside_placeholders() {
    let node = poisoned();
    let placeholder = regex::Regex::new(r"REDACTED(?:\([^)]*\))?").unwrap();
    for (name, stored) in bundle(&node) {
        let Some(path) = name.strip_prefix("files/") else {
            continue;
        };
        let Ok(original) = std::fs::read(node.root().join(path)) else {
            continue;
        };
        let (stored, original) = (text(&stored), text(&original));
        // Lists of /proc are parted by NUL and stored with line ends; logs are stored record by record.
        if path.starts_with("var/log/") || path.ends_with("/cmdline") || path.ends_with("/environ")
        {
            continue;
        }
        assert_eq!(
            stored.matches('\n').count(),
            original.matches('\n').count(),
            "{path}: number of lines"
        );
        for (kept, was) in stored.lines().zip(original.lines()) {
            assert!(fits(&placeholder, kept, was), "{path}:\n{kept}\n{was}");
        }
    }
}

/// Whether `was` is `kept` with something in place of each placeholder.
fn fits(placeholder: &regex::Regex, kept: &str, was: &str) -> bool {
    let mut rest = was;
    let mut pieces = placeholder.split(kept);
    let Some(first) = pieces.next() else {
        return false;
    };
    let Some(after) = rest.strip_prefix(first) else {
        return false;
    };
    rest = after;
    let mut last = None;
    for piece in pieces {
        let Some(at) = rest.find(piece) else {
            return false;
        };
        rest = &rest[at + piece.len()..];
        last = Some(piece);
    }
    rest.is_empty() || last == Some("")
}
