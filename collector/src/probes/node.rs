//! What the API server says of this node, asked with the node's own credential.

use crate::clock::milliseconds;
use crate::facts;
use crate::host::wire::Failure;
use crate::probe::{Probe, ProbeContext, ProbeResult};
use crate::web::ask::Asking;
use crate::web::http::{Question, Reply};
use crate::web::identity::{Identity, choose, node_name};
use crate::web::kubeconfig::Credential;
use crate::web::names::Names;
use crate::web::questions::{Query, queries};
use nodebundle_bundle::Outcome;
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

pub(crate) const PROBE: Probe = Probe {
    name: "node",
    catalog: "Q1 Q2 Q3 Q4 Q5 Q6 Q7 Q9 Q10",
    about: "asks for this node's own objects and rights with the kubelet's credential, from a verified server only; at most 20 requests",
    reason: "the credential is refused, the node is not registered, what it may not do, its lease, conditions and taints",
    on_request: false,
    run: probe,
};

fn probe(context: &mut ProbeContext<'_>) -> ProbeResult {
    let skip = |why: String| Failure::new(Outcome::Skipped, why);
    if !context.may_use_credential {
        return Err(skip("--no-api".to_owned()));
    }
    let name = node_name(context.node).ok_or_else(|| skip("the node's name is unknown".into()))?;
    let (identity, passed_over) = choose(context.host, context.node);
    let Some(identity) = identity else {
        let first = passed_over.into_iter().next().map(|one| one.why);
        let why = first.unwrap_or_else(|| "no kubeconfig of a kubelet was found".to_owned());
        return Err(skip(why));
    };
    let names = Names::read(context.host);
    let deadline = Instant::now() + RESOLVE_TIME.min(context.host.stop().left());
    let server = &identity.access.cluster.server;
    let resolved = names.resolve(&server.host, deadline);
    let Some(address) = resolved.addresses.first() else {
        return Err(skip(format!("{}: {}", server.host, resolved.result)));
    };
    let address = SocketAddr::new(*address, server.port);
    let asking = Asking::open(&identity.access, address).map_err(skip)?;
    let time = ALL_TIME.min(context.host.stop().left());
    let (requests, stopped) = ask_all(asking, &name, identity.bootstrap, Instant::now() + time);
    let mut head = head(&identity, &name, address);
    head.push(("passed_over", json!(passed_over)));
    head.extend(stopped.map(|why| ("stopped", json!(why))));
    Ok(facts::document(&head, &[("requests", &requests)]))
}

fn head(identity: &Identity, name: &str, address: SocketAddr) -> Vec<(&'static str, Value)> {
    let kind = match identity.access.credential {
        Credential::Certificate(..) => "client-certificate",
        Credential::Token(_) => "token",
    };
    vec![
        ("url", json!(identity.access.cluster.server.text)),
        ("address", json!(address.ip())),
        ("node_name", json!(name)),
        ("kubeconfig", json!(identity.kubeconfig)),
        ("bootstrap", json!(identity.bootstrap)),
        ("identity", json!(kind)),
    ]
}

/// Each question once; ends when time is over, when the server fell silent, or when it refuses the credential itself.
fn ask_all(
    mut asking: Asking,
    name: &str,
    bootstrap: bool,
    deadline: Instant,
) -> (Vec<Value>, Option<&'static str>) {
    let mut requests = Vec::new();
    let mut user = None;
    let (mut silent, mut refused) = (0, 0);
    for query in queries(name, bootstrap) {
        if Instant::now() >= deadline {
            return (requests, Some("the time for questions was over"));
        }
        let began = Instant::now();
        let question = Question {
            path: &query.path,
            accept: query.accept,
            body: query.body.as_deref(),
        };
        let answered = asking.ask(&question);
        let time = milliseconds(began.elapsed());
        match &answered {
            Ok(reply) => {
                silent = 0;
                refused += u32::from(reply.status == 401);
            }
            Err(_) => silent += 1,
        }
        let mut request = describe(&query, answered, user.as_deref());
        request.insert("ms".to_owned(), json!(time));
        if query.name == "self" {
            let told = request
                .get("answer")
                .and_then(|answer| answer.get("username"));
            user = told.and_then(Value::as_str).map(str::to_owned);
        }
        requests.push(Value::Object(request));
        if silent == 2 {
            return (requests, Some("the server no longer answers"));
        }
        if refused == MOST_REFUSALS {
            return (requests, Some("the server refuses the credential"));
        }
    }
    (requests, None)
}

fn describe(
    query: &Query,
    answered: Result<Reply, String>,
    user: Option<&str>,
) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut set = |key: &str, value: Value| drop(fields.insert(key.to_owned(), value));
    set("question", json!(query.name));
    set("path", json!(query.path));
    if let Some(attributes) = query.attributes() {
        set("attributes", attributes);
    }
    let reply = match answered {
        Ok(reply) => reply,
        Err(why) => {
            set("error", json!(why));
            return fields;
        }
    };
    set("status", json!(reply.status));
    if let Some(id) = reply.headers.audit_id {
        set("audit_id", json!(id));
    }
    if (200..300).contains(&reply.status) || query.name.ends_with("ez") {
        set("answer", (query.keep)(&reply.body, user));
    } else {
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        for key in ["reason", "message"] {
            if let Some(text) = body.get(key).and_then(Value::as_str) {
                set(key, json!(text.chars().take(MAX_WORDS).collect::<String>()));
            }
        }
    }
    fields
}

const RESOLVE_TIME: Duration = Duration::from_secs(6);
/// All questions together.
const ALL_TIME: Duration = Duration::from_secs(10);
/// A credential that this many questions say is none will not become one.
const MOST_REFUSALS: u32 = 5;
/// Characters that are kept of a server's words.
const MAX_WORDS: usize = 1000;

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::host::Host;
    use crate::node::Node;
    use crate::scratch::Scratch;
    use nodebundle_fixtures::api_server::{Authority, Behaviour, Server, Silent};

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

    /// What a server that behaves so makes of the questions.
    fn asked(behaviour: Behaviour) -> Value {
        let (scratch, authority) = (Scratch::new(), Authority::new("the-ca"));
        let server = Server::start_as(&authority.serving("127.0.0.1", 2030), behaviour);
        let text = run(&scratch, &node(&scratch, &server, &authority), true).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    fn of<'a>(answer: &'a Value, question: &str) -> &'a Value {
        let requests = answer["requests"].as_array().unwrap();
        let mut named = requests.iter().filter(|one| one["question"] == question);
        named
            .next()
            .unwrap_or_else(|| panic!("{question} was not asked"))
    }

    #[test]
    fn the_node_and_its_rights_are_asked_for_and_cut_down() {
        let answer = asked(Behaviour::default());
        assert_eq!(answer["identity"], "client-certificate");
        let node = of(&answer, "node");
        assert_eq!(
            (&node["status"], &node["path"]),
            (&json!(200), &json!("/api/v1/nodes/worker-1"))
        );
        assert_eq!(node["answer"]["conditions"][0]["reason"], "KubeletNotReady");
        assert_eq!(node["answer"]["unschedulable"], true);
        assert_eq!(node["answer"].get("images"), None);
        assert_eq!(
            of(&answer, "self")["answer"]["username"],
            "system:node:worker-1"
        );
        assert_eq!(of(&answer, "access")["answer"]["allowed"], true);
        assert_eq!(of(&answer, "access")["attributes"]["verb"], "create");
        assert!(answer["requests"].as_array().unwrap().len() <= 20);
    }

    #[test]
    fn a_refusal_keeps_the_words_of_the_server() {
        for (status, reason) in [(403, "Forbidden"), (404, "NotFound")] {
            let answer = asked(Behaviour {
                status,
                ..Behaviour::default()
            });
            let node = of(&answer, "node");
            assert_eq!(node["status"], status);
            assert_eq!(node["reason"], reason);
            assert!(node["audit_id"].is_string());
            assert_eq!(node.get("answer"), None);
        }
    }

    #[test]
    fn a_credential_that_is_refused_again_and_again_is_not_shown_any_longer() {
        let answer = asked(Behaviour {
            status: 401,
            ..Behaviour::default()
        });
        assert_eq!(answer["stopped"], "the server refuses the credential");
        assert_eq!(answer["requests"].as_array().unwrap().len(), 5);
    }

    #[test]
    fn an_answer_that_never_ends_is_cut_and_breaks_nothing() {
        let answer = asked(Behaviour {
            body: 3 << 20,
            ..Behaviour::default()
        });
        assert_eq!(of(&answer, "node")["status"], 200);
        assert!(answer.to_string().len() < 100_000);
    }

    #[test]
    fn a_server_that_falls_silent_is_not_asked_on() {
        let answer = asked(Behaviour {
            silent: Silent::Body,
            ..Behaviour::default()
        });
        assert_eq!(answer["stopped"], "the server no longer answers");
        assert_eq!(answer["requests"].as_array().unwrap().len(), 2);
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
}
