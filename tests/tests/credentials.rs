//! The node's credential reaches the verified API server of its own kubeconfig and nobody else; told to be silent, the collector is.
//!
//! The collector runs live, with a tree of a node as its whole file system, against an API server in this process.

use crate::programs::{entries, folder, skip, text};
use nodebundle_fixtures::NodeFixture;
use nodebundle_fixtures::api_server::{Authority, Behaviour, Server, Silent};
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

const TOKEN: &str = "abcdef.0123456789abcdef";

#[test]
fn a_verified_server_is_asked_with_the_nodes_certificate() {
    let authority = Authority::new("kubernetes");
    let server = Server::start(&authority.serving("127.0.0.1", 2030));
    let Some(bundle) = live(&node(&server, &authority, false), &[]) else {
        return;
    };
    let answer: serde_json::Value = serde_json::from_slice(&bundle["probes/node.json"]).unwrap();
    let requests = answer["requests"].as_array().unwrap();
    let of = |question: &str| {
        let mut named = requests.iter().filter(|one| one["question"] == question);
        named.next().unwrap().clone()
    };
    assert_eq!(of("node")["status"], 200);
    assert_eq!(of("node")["answer"]["conditions"][0]["type"], "Ready");
    assert_eq!(of("self")["answer"]["username"], "system:node:worker-1");
    let heard = server.heard();
    assert_eq!(heard.text.matches("GET /api/v1/nodes/").count(), 1);
    assert!(requests.len() <= 20, "{}", requests.len());
    // Three of the ladder, one for cluster-info, and those of the credential.
    let said = ["GET ", "POST "].map(|method| heard.text.matches(method).count());
    let said: usize = said.iter().sum();
    assert_eq!(said, 4 + requests.len(), "{}", heard.text);
    assert_eq!(heard.client_certificates, 1);
    let everything: Vec<u8> = bundle.into_values().flatten().collect();
    assert!(!text(&everything).contains("PRIVATE KEY-----\\n"));
}

#[test]
fn a_server_that_cannot_be_verified_is_looked_at_and_gets_no_credential() {
    let ours = Authority::new("kubernetes");
    let theirs = Authority::new("kubernetes");
    for (authority, name, until) in [
        (&theirs, "127.0.0.1", 2030),
        (&ours, "127.0.0.1", 2020),
        (&ours, "other.lab", 2030),
    ] {
        for token in [true, false] {
            let server = Server::start(&authority.serving(name, until));
            let Some(bundle) = live(&node(&server, &ours, token), &[]) else {
                return;
            };
            assert!(!bundle.contains_key("probes/node.json"));
            assert!(record(&bundle, "probe/node").contains("not verified"));
            let endpoint = text(&bundle["probes/endpoint.json"]);
            assert!(endpoint.contains(r#""tls":"ok""#), "{endpoint}");
            assert_silent(&server);
        }
    }
}

#[test]
fn a_redirect_is_stored_and_its_target_gets_nothing() {
    let authority = Authority::new("kubernetes");
    for token in [true, false] {
        let target = Server::start(&authority.serving("127.0.0.1", 2030));
        let behaviour = Behaviour {
            location: format!("https://127.0.0.1:{}/", target.port),
            ..Behaviour::default()
        };
        let server = Server::start_as(&authority.serving("127.0.0.1", 2030), behaviour);
        let Some(bundle) = live(&node(&server, &authority, token), &[]) else {
            return;
        };
        assert!(text(&bundle["probes/node.json"]).contains(r#""status":307"#));
        assert_eq!(target.connections(), 0);
    }
}

#[test]
fn what_is_no_api_server_gets_no_credential_and_is_told() {
    let authority = Authority::new("kubernetes");
    let plain = Behaviour {
        plain: true,
        ..Behaviour::default()
    };
    let mute = Behaviour {
        silent: Silent::Greeting,
        ..Behaviour::default()
    };
    for (behaviour, tls) in [(plain, "not-tls"), (mute, "timeout")] {
        let server = Server::start_as(&authority.serving("127.0.0.1", 2030), behaviour);
        let Some(bundle) = live(&node(&server, &authority, true), &[]) else {
            return;
        };
        assert!(!bundle.contains_key("probes/node.json"));
        let endpoint = text(&bundle["probes/endpoint.json"]);
        assert!(
            endpoint.contains(&format!(r#""tls":"{tls}""#)),
            "{endpoint}"
        );
        let heard = server.heard();
        assert!(!heard.text.contains("Authorization"), "{}", heard.text);
        assert!(!heard.text.contains(TOKEN), "{}", heard.text);
    }
}

#[test]
fn a_refused_credential_reaches_the_report_as_a_fact() {
    let authority = Authority::new("kubernetes");
    for (status, finding) in [(401, "auth-unauthorized"), (403, "auth-forbidden")] {
        let behaviour = Behaviour {
            status,
            ..Behaviour::default()
        };
        let server = Server::start_as(&authority.serving("127.0.0.1", 2030), behaviour);
        let tree = node(&server, &authority, true);
        if live(&tree, &[]).is_none() {
            return;
        }
        let report = crate::programs::report(&tree.root().join("out/a.tar.gz"), &[]);
        assert!(report.to_string().contains(finding), "{status}");
    }
}

#[test]
fn without_leave_to_ask_only_anybodys_questions_are_asked() {
    let authority = Authority::new("kubernetes");
    let server = Server::start(&authority.serving("127.0.0.1", 2030));
    let Some(bundle) = live(&node(&server, &authority, true), &["--no-api"]) else {
        return;
    };
    assert!(record(&bundle, "probe/node").contains("--no-api"));
    assert_silent(&server);
}

#[test]
fn without_probes_nobody_is_connected() {
    let authority = Authority::new("kubernetes");
    let server = Server::start(&authority.serving("127.0.0.1", 2030));
    let Some(bundle) = live(&node(&server, &authority, true), &["--no-probes"]) else {
        return;
    };
    assert_eq!(server.connections(), 0);
    assert!(!bundle.keys().any(|name| name.starts_with("probes/")));
    assert_all_left_out(&bundle, "probes are off");
}

#[test]
fn a_probe_that_is_left_out_by_name_asks_nothing() {
    let authority = Authority::new("kubernetes");
    let server = Server::start(&authority.serving("127.0.0.1", 2030));
    let tree = node(&server, &authority, true);
    let all = ["--without", "probe"];
    let Some(bundle) = live(&tree, &all) else {
        return;
    };
    assert_eq!(server.connections(), 0);
    assert_all_left_out(&bundle, "--without");
}

/// Every probe has a record that says why it was not run.
fn assert_all_left_out(bundle: &BTreeMap<String, Vec<u8>>, why: &str) {
    assert!(!bundle.keys().any(|name| name.starts_with("probes/")));
    let records = records(bundle);
    let probes = records
        .lines()
        .filter(|line| line.starts_with("{\"id\":\"probe/"));
    let probes: Vec<&str> = probes.collect();
    assert!(probes.len() >= 7, "{probes:?}");
    for probe in probes {
        assert!(probe.contains(why), "{probe}");
    }
}

/// The server was reached, and heard what everybody may say.
fn assert_silent(server: &Server) {
    let heard = server.heard();
    assert!(heard.text.contains("GET /livez "), "{}", heard.text);
    let objects = heard.text.matches("/api/").count();
    let public = heard
        .text
        .matches("GET /api/v1/namespaces/kube-public/configmaps/cluster-info ");
    assert_eq!(objects, public.count(), "{}", heard.text);
    assert!(!heard.text.contains("Authorization"), "{}", heard.text);
    assert!(!heard.text.contains(TOKEN), "{}", heard.text);
    assert_eq!(heard.client_certificates, 0);
}

/// A node whose only kubeconfig names the server, trusts the authority, and holds a token or a certificate.
fn node(server: &Server, authority: &Authority, token: bool) -> NodeFixture {
    let client = authority.client("system:node:worker-1");
    let user = if token {
        format!("token: {TOKEN}")
    } else {
        "client-certificate: client.pem, client-key: client.pem".to_owned()
    };
    let kubeconfig = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
         contexts: [{{name: c, context: {{cluster: k, user: u}}}}]\n\
         clusters: [{{name: k, cluster: {{server: 'https://127.0.0.1:{}', certificate-authority: ca.crt}}}}]\n\
         users: [{{name: u, user: {{{user}}}}}]\n",
        server.port
    );
    NodeFixture::ready()
        .without("etc/kubernetes/bootstrap-kubelet.conf")
        .with_file("etc/kubernetes/kubelet.conf", kubeconfig)
        .with_file("etc/kubernetes/ca.crt", &authority.pem)
        .with_file("etc/kubernetes/client.pem", client.pem + &client.key)
}

/// Collects with the tree as `/` and the kernel's own `/proc`; `None`, said aloud, where nobody may make such a place.
pub(crate) fn live(node: &NodeFixture, more: &[&str]) -> Option<BTreeMap<String, Vec<u8>>> {
    live_in(node, "-rmpf", "", more)
}

/// The same in namespaces of other kinds, where `first` is done before and after which the counters of the network are kept.
#[allow(clippy::print_stderr, reason = "a skip is said loudly")]
pub(crate) fn live_in(
    node: &NodeFixture,
    namespaces: &str,
    first: &str,
    more: &[&str],
) -> Option<BTreeMap<String, Vec<u8>>> {
    let root = node.root();
    for folder in ["proc", "out"] {
        fs::remove_dir_all(root.join(folder)).ok();
    }
    for folder in ["proc", "dev", "out"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::write(root.join("dev/null"), "").unwrap();
    fs::copy(
        folder().join("nodebundle-collector"),
        root.join("collector"),
    )
    .unwrap();
    let place = format!(
        "mount -t proc proc proc && mount --bind /dev/null dev/null || exit 77\n{first}\n\
         cat proc/net/dev >out/before\n\
         chroot . /collector -o /out/a.tar.gz --quiet \"$@\"; code=$?\n\
         cat proc/net/dev >out/after; exit $code"
    );
    let output = Command::new("unshare")
        .args([namespaces, "sh", "-c", &place, "sh"])
        .args(more)
        .current_dir(&root)
        .output();
    let output = output.expect("the programs of util-linux are there");
    let words = text(&output.stderr);
    if output.status.code() == Some(77) || words.starts_with("unshare: ") {
        return skip(&format!("no place with a root of its own: {words}"));
    }
    assert!(output.status.success(), "{words}");
    Some(entries(&root.join("out/a.tar.gz")))
}

/// The manifest's line of an item.
fn record(bundle: &BTreeMap<String, Vec<u8>>, id: &str) -> String {
    let records = records(bundle);
    let mut lines = records.lines();
    let start = format!("{{\"id\":\"{id}\"");
    let line = lines.find(|line| line.starts_with(&start));
    line.unwrap_or_else(|| panic!("no record of {id}"))
        .to_owned()
}

fn records(bundle: &BTreeMap<String, Vec<u8>>) -> String {
    let parts = bundle
        .iter()
        .filter(|(name, _)| name.starts_with("manifest/"));
    parts.map(|(_, bytes)| text(bytes)).collect()
}
