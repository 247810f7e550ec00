//! What the API server says of this node, asked with the node's own credential.

use crate::facts;
use crate::host::Host;
use crate::host::wire::Failure;
use crate::node::{Node, unique};
use crate::probe::{Probe, ProbeContext, ProbeResult};
use crate::web::ask::Asking;
use crate::web::http::{Question, Reply};
use crate::web::kubeconfig::{Access, Credential, access};
use crate::web::names::Names;
use nodebundle_bundle::Outcome;
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

pub(crate) const PROBE: Probe = Probe {
    name: "node",
    catalog: "Q1 Q3",
    about: "GET of this node's own object, with the kubelet's credential, from a verified server only",
    reason: "the credential is refused, the node is not registered, or what its conditions and taints are",
    run: probe,
};

fn probe(context: &mut ProbeContext<'_>) -> ProbeResult {
    let skip = |why: String| Failure::new(Outcome::Skipped, why);
    if !context.may_use_credential {
        return Err(skip("--no-api".to_owned()));
    }
    let name = node_name(context.node).ok_or_else(|| skip("the node's name is unknown".into()))?;
    let path = kubeconfig(context.host, context.node)
        .ok_or_else(|| skip("no kubeconfig of a kubelet was found".into()))?;
    let access = access(context.host, &path).map_err(skip)?;
    let names = Names::read(context.host);
    let deadline = Instant::now() + RESOLVE_TIME.min(context.host.stop().left());
    let server = &access.cluster.server;
    let resolved = names.resolve(&server.host, deadline);
    let Some(address) = resolved.addresses.first() else {
        return Err(skip(format!("{}: {}", server.host, resolved.result)));
    };
    let address = SocketAddr::new(*address, server.port);
    let question = format!("/api/v1/nodes/{name}");
    let reply = Asking::open(&access, address)
        .and_then(|mut asking| {
            asking.ask(&Question {
                path: &question,
                accept: "application/json",
                body: None,
            })
        })
        .map_err(skip)?;
    Ok(facts::object(&describe(&path, &access, &question, &reply)))
}

/// The name under which the kubelet registers: its flag, else the host's name in small letters.
fn node_name(node: &Node) -> Option<String> {
    let flag = node.flag("hostname-override").into_iter().next();
    let name = flag.or_else(|| node.hostname.clone())?;
    let name = name.trim().to_ascii_lowercase();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    (!name.is_empty() && name.chars().all(fits)).then_some(name)
}

/// The first kubelet's kubeconfig that exists, else its bootstrap kubeconfig. Never an administrator's.
fn kubeconfig(host: &mut Host, node: &Node) -> Option<String> {
    let usual = |bootstrap: bool| {
        let paths = node.usual_kubeconfigs().into_iter();
        paths.filter(move |path| {
            let kubelet = path.contains("kubelet");
            kubelet && path.contains("bootstrap") == bootstrap
        })
    };
    let flags = |name: &str| node.flag(name).into_iter();
    let own = flags("kubeconfig").chain(usual(false));
    let all = own.chain(flags("bootstrap-kubeconfig")).chain(usual(true));
    let mut all = unique(all.filter(|path| path.starts_with('/'))).into_iter();
    all.find(|path| host.stat(path).is_ok())
}

fn describe(path: &str, access: &Access, question: &str, reply: &Reply) -> Value {
    let mut fields = Map::new();
    let mut set = |key: &str, value: Value| fields.insert(key.to_owned(), value);
    set(
        "url",
        json!(format!("{}{question}", access.cluster.server.text)),
    );
    set("kubeconfig", json!(path));
    let identity = match access.credential {
        Credential::Certificate(..) => "client-certificate",
        Credential::Token(_) => "token",
    };
    set("identity", json!(identity));
    set("status", json!(reply.status));
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    if reply.status == 200 {
        set("node", filtered(&body));
    } else {
        for key in ["reason", "message"] {
            if let Some(text) = body.get(key).and_then(Value::as_str) {
                set(key, json!(text.chars().take(1000).collect::<String>()));
            }
        }
    }
    Value::Object(fields)
}

/// What a diagnosis needs of a node object; labels, annotations and images stay out.
fn filtered(node: &Value) -> Value {
    let mut kept = Map::new();
    for (part, key) in KEPT {
        if let Some(value) = node.get(part).and_then(|part| part.get(key)) {
            kept.insert((*key).to_owned(), value.clone());
        }
    }
    Value::Object(kept)
}

const KEPT: &[(&str, &str)] = &[
    ("metadata", "name"),
    ("metadata", "creationTimestamp"),
    ("spec", "unschedulable"),
    ("spec", "taints"),
    ("status", "conditions"),
    ("status", "addresses"),
    ("status", "nodeInfo"),
];
const RESOLVE_TIME: Duration = Duration::from_secs(6);

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::node::kubelet::Kubelet;
    use crate::scratch::Scratch;
    use nodebundle_fixtures::api_server::{Authority, NODE, Server};

    /// A node whose kubelet uses `/etc/kubernetes/kubelet.conf` with the server and the CA's client certificate.
    fn node(scratch: &Scratch, server: &Server, authority: &Authority) -> Node {
        let client = authority.client("system:node:worker-1");
        let folder = scratch.path().join("etc/kubernetes");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("ca.crt"), &authority.pem).unwrap();
        std::fs::write(folder.join("client.pem"), client.pem + &client.key).unwrap();
        let kubeconfig = format!(
            "current-context: c\ncontexts: [{{name: c, context: {{cluster: k, user: u}}}}]\n\
             clusters: [{{name: k, cluster: {{server: 'https://127.0.0.1:{}', certificate-authority: ca.crt}}}}]\n\
             users: [{{name: u, user: {{client-certificate: client.pem, client-key: client.pem}}}}]\n",
            server.port
        );
        std::fs::write(folder.join("kubelet.conf"), kubeconfig).unwrap();
        Node {
            hostname: Some("Worker-1".to_owned()),
            ..Node::default()
        }
    }

    fn run(scratch: &Scratch, node: &Node, may_use_credential: bool) -> ProbeResult {
        probe(&mut ProbeContext {
            host: &mut Host::direct(scratch.path()),
            node,
            may_use_credential,
        })
    }

    #[test]
    fn the_node_is_asked_for_by_its_own_credential_and_cut_down() {
        let (scratch, authority) = (Scratch::new(), Authority::new("the-ca"));
        let server = Server::start(&authority.serving("127.0.0.1", 2030));
        let text = run(&scratch, &node(&scratch, &server, &authority), true).unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["status"], 200);
        assert_eq!(answer["identity"], "client-certificate");
        assert_eq!(answer["node"]["conditions"][0]["reason"], "KubeletNotReady");
        assert_eq!(answer["node"]["unschedulable"], true);
        assert_eq!(answer["node"].get("images"), None);
        let heard = server.heard();
        assert!(heard.text.starts_with("GET /api/v1/nodes/worker-1 "));
        assert_eq!(heard.client_certificates, 1);
    }

    #[test]
    fn a_server_that_is_not_verified_is_a_reason_to_skip() {
        let (scratch, ours) = (Scratch::new(), Authority::new("the-ca"));
        let server = Server::start(&Authority::new("the-ca").serving("127.0.0.1", 2030));
        let failure = run(&scratch, &node(&scratch, &server, &ours), true).unwrap_err();
        assert_eq!(failure.outcome, Outcome::Skipped);
        assert!(failure.reason.unwrap().contains("not verified"));
        assert_eq!(server.heard().client_certificates, 0);
    }

    #[test]
    fn without_leave_nothing_is_connected() {
        let (scratch, authority) = (Scratch::new(), Authority::new("the-ca"));
        let server = Server::start(&authority.serving("127.0.0.1", 2030));
        let failure = run(&scratch, &node(&scratch, &server, &authority), false).unwrap_err();
        assert_eq!(failure.outcome, Outcome::Skipped);
        assert_eq!(server.connections(), 0);
    }

    #[test]
    fn a_refusal_keeps_the_words_of_the_server() {
        let access = Access {
            cluster: crate::web::kubeconfig::Cluster {
                server: crate::web::url::ServerUrl::parse("https://a").unwrap(),
                server_name: None,
                proxy: None,
            },
            insecure: false,
            authority: None,
            credential: Credential::Token("secret-token".to_owned()),
        };
        let reply = Reply {
            status: 403,
            body: br#"{"kind":"Status","reason":"Forbidden","message":"nodes \"w\" is forbidden"}"#
                .to_vec(),
            ..Reply::default()
        };
        let answer = describe("/k", &access, "/api/v1/nodes/w", &reply);
        assert_eq!(answer["reason"], "Forbidden");
        assert_eq!(answer["message"], "nodes \"w\" is forbidden");
        assert!(!answer.to_string().contains("secret-token"));
        assert!(
            filtered(&serde_json::from_str(NODE).unwrap())
                .get("podCIDR")
                .is_none()
        );
    }

    #[test]
    fn an_administrators_kubeconfig_is_never_used() {
        let scratch = Scratch::new();
        let folder = scratch.path().join("etc/kubernetes");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("admin.conf"), "x").unwrap();
        let mut host = Host::direct(scratch.path());
        assert_eq!(kubeconfig(&mut host, &Node::default()), None);
        std::fs::write(folder.join("bootstrap-kubelet.conf"), "x").unwrap();
        let found = kubeconfig(&mut host, &Node::default());
        assert_eq!(
            found.as_deref(),
            Some("/etc/kubernetes/bootstrap-kubelet.conf")
        );
    }

    #[test]
    fn a_name_that_could_forge_a_request_is_refused() {
        let named = |name: &str| {
            let flags = [("hostname-override".to_owned(), name.to_owned())];
            node_name(&Node {
                kubelets: vec![Kubelet {
                    flags: flags.into(),
                    ..Kubelet::default()
                }],
                ..Node::default()
            })
        };
        assert_eq!(named("Worker-1.lab").as_deref(), Some("worker-1.lab"));
        assert_eq!(named("a/../b"), None);
        assert_eq!(named("a HTTP/1.1\r\nX: y"), None);
    }
}
