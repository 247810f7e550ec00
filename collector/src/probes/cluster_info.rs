//! What the cluster tells anybody who wants to join: the CA it has, and which bootstrap tokens it still knows. Asked without a credential.

use crate::clock::milliseconds;
use crate::facts;
use crate::host::Host;
use crate::host::wire::Failure;
use crate::node::Node;
use crate::probe::{Probe, ProbeContext, ProbeResult};
use crate::web::attempt::pem;
use crate::web::http::Reply;
use crate::web::identity::candidates;
use crate::web::kubeconfig::{Cluster, authorities, clusters};
use crate::web::names::Names;
use crate::web::observe::{Line, Observer};
use crate::web::tcp;
use nodebundle_bundle::Outcome;
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

pub(crate) const PROBE: Probe = Probe {
    name: "cluster_info",
    catalog: "B4 Q8",
    about: "anonymous GET of the ConfigMap kube-public/cluster-info from the kubelet's server",
    reason: "the bootstrap token is expired or deleted; the cluster has another CA than the kubeconfig",
    on_request: false,
    run: probe,
};

fn probe(context: &mut ProbeContext<'_>) -> ProbeResult {
    let skip = |why: String| Failure::new(Outcome::Skipped, why);
    if !context.may_use_credential {
        return Err(skip("--no-api".to_owned()));
    }
    let Some((cluster, path)) = cluster(context.host, context.node) else {
        let why = "no kubeconfig of a kubelet names a server with https";
        return Err(Failure::new(Outcome::NotApplicable, why));
    };
    let deadline = Instant::now() + PROBE_TIME.min(context.host.stop().left());
    let names = Names::read(context.host);
    let resolved = names.resolve(&cluster.server.host, deadline);
    let Some(address) = resolved.addresses.first() else {
        return Err(skip(format!(
            "{}: {}",
            cluster.server.host, resolved.result
        )));
    };
    let address = SocketAddr::new(*address, cluster.server.port);
    let began = Instant::now();
    let reply = ask(&cluster, address, deadline).map_err(skip)?;
    let mut fields = describe(&reply);
    fields.insert("url".to_owned(), json!(cluster.server.text));
    fields.insert("kubeconfig".to_owned(), json!(path));
    fields.insert("ms".to_owned(), json!(milliseconds(began.elapsed())));
    Ok(facts::object(&Value::Object(fields)))
}

/// The server of the kubelet's first kubeconfig that names one.
fn cluster(host: &mut Host, node: &Node) -> Option<(Cluster, String)> {
    candidates(host, node).into_iter().find_map(|(path, _)| {
        let text = host.read(&path, 256 << 10).ok()?.text();
        let cluster = clusters(&text).into_iter().find(|one| one.server.secure)?;
        Some((cluster, path))
    })
}

fn ask(cluster: &Cluster, address: SocketAddr, deadline: Instant) -> Result<Reply, String> {
    let name = cluster.server_name.as_ref().unwrap_or(&cluster.server.host);
    let observer = Observer::new(name, address.ip()).map_err(|error| error.to_string())?;
    let stream =
        tcp::connect(address, deadline).map_err(|error| format!("no connection: {error}"))?;
    let (_, line) = observer.greet(stream);
    let line: Line = line.map_err(|failure| format!("no TLS: {}", failure.reason))?;
    let reply = line.ask(&cluster.server, PATH);
    reply.map_err(|error| format!("no answer: {error}"))
}

/// Ids of tokens, the CA and the server in the kubeconfig that is handed out; signatures stay out.
fn describe(reply: &Reply) -> Map<String, Value> {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let mut fields = Map::new();
    let mut set = |key: &str, value: Value| drop(fields.insert(key.to_owned(), value));
    set("status", json!(reply.status));
    if let Some(id) = &reply.headers.audit_id {
        set("audit_id", json!(id));
    }
    if let Some(reason) = body.get("reason").and_then(Value::as_str) {
        set(
            "reason",
            json!(reason.chars().take(100).collect::<String>()),
        );
    }
    let Some(data) = body.get("data").and_then(Value::as_object) else {
        return fields;
    };
    let ids = data.keys().filter_map(|key| key.strip_prefix(SIGNATURE));
    set("token_ids", json!(ids.take(MAX_IDS).collect::<Vec<_>>()));
    let text = data.get("kubeconfig").and_then(Value::as_str);
    let text = text.unwrap_or_default();
    let servers = clusters(text).into_iter().map(|one| one.server.text);
    set("servers", json!(servers.take(MAX_IDS).collect::<Vec<_>>()));
    let authorities = authorities(text);
    let authorities = authorities.iter().take(MAX_IDS).map(|der| pem(der));
    set("certificates", json!(authorities.collect::<Vec<_>>()));
    fields
}

const PATH: &str = "/api/v1/namespaces/kube-public/configmaps/cluster-info";
/// A key of this beginning signs the kubeconfig with the token of the id that follows; it is gone when the token is.
const SIGNATURE: &str = "jws-kubeconfig-";
const MAX_IDS: usize = 50;
const PROBE_TIME: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use nodebundle_fixtures::api_server::Authority;

    #[test]
    fn tokens_are_known_by_id_and_the_ca_is_kept() {
        use base64::Engine as _;
        let authority = Authority::new("kubernetes");
        let data = base64::engine::general_purpose::STANDARD.encode(&authority.pem);
        let kubeconfig = format!(
            "clusters:\n- name: ''\n  cluster:\n    certificate-authority-data: {data}\n    server: https://10.0.0.1:6443\n"
        );
        let body =
            json!({"data": {"jws-kubeconfig-abcdef": "eyJ..secret", "kubeconfig": kubeconfig}});
        let reply = Reply {
            status: 200,
            body: body.to_string().into_bytes(),
            ..Reply::default()
        };
        let fields = describe(&reply);
        assert_eq!(fields["token_ids"], json!(["abcdef"]));
        assert_eq!(fields["servers"], json!(["https://10.0.0.1:6443"]));
        assert_eq!(fields["certificates"].as_array().unwrap().len(), 1);
        assert!(!Value::Object(fields).to_string().contains("secret"));
    }

    #[test]
    fn a_refusal_is_told_by_its_status() {
        let reply = Reply {
            status: 403,
            body: br#"{"reason":"Forbidden"}"#.to_vec(),
            ..Reply::default()
        };
        let fields = describe(&reply);
        assert_eq!(fields["status"], 403);
        assert_eq!(fields["reason"], "Forbidden");
        assert_eq!(fields.get("token_ids"), None);
    }
}
