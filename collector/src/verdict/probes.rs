//! What the probes were told: by the network, the API server, the container runtime.

use super::names::kubeconfig;
use super::seen::{number, word};
use super::{Rank, Sight, Suspicion, one};
use serde_json::Value;

/// How far the way to the kubelet's API server is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    /// `host:port`
    pub(super) server: String,
    /// `ok`, or the word of the first step that failed on every address: `nxdomain`, `refused`, `not-tls`, …
    pub(super) state: String,
    /// Whether a proxy stands between.
    pub(super) proxied: bool,
}

/// The way to the server of the kubelet's kubeconfig; `None` without such a probe.
pub(super) fn way(sight: &mut Sight<'_>) -> Option<Way> {
    let own = kubeconfig(sight)?;
    let endpoints = sight.seen.answers("endpoint", "endpoints");
    let uses = |endpoint: &&Value| {
        let used_by = endpoint.get("used_by").and_then(Value::as_array);
        used_by.is_some_and(|paths| paths.iter().any(|path| path == own.as_str()))
    };
    let endpoint = endpoints.iter().find(uses)?;
    let port = number(endpoint, "port").unwrap_or(0);
    let proxy = endpoint.get("proxy").and_then(|proxy| proxy.get("applies"));
    Some(Way {
        server: format!("{}:{port}", word(endpoint, "host")),
        state: state(endpoint)?.to_owned(),
        proxied: proxy == Some(&Value::Bool(true)),
    })
}

fn state(endpoint: &Value) -> Option<&str> {
    let resolved = word(endpoint.get("resolve")?, "result");
    if !matches!(resolved, "ok" | "literal") {
        return Some(resolved);
    }
    let addresses = endpoint.get("addresses")?.as_array()?;
    let secure = word(endpoint, "url").starts_with("https");
    let step = |address| match (word(address, "tcp"), word(address, "tls")) {
        ("connected", "ok") => Some("ok"),
        ("connected", "") => (!secure).then_some("ok"),
        ("connected", tls) => Some(tls),
        ("", _) => None,
        (tcp, _) => Some(tcp),
    };
    let steps: Vec<Option<&str>> = addresses.iter().map(step).collect();
    if steps.contains(&Some("ok")) {
        return Some("ok");
    }
    // An address that was not tried proves nothing.
    steps
        .into_iter()
        .collect::<Option<Vec<&str>>>()?
        .first()
        .copied()
}

/// No way to the API server. Behind a proxy the direct way says nothing.
pub(super) fn api_server(sight: &mut Sight<'_>) -> Vec<Suspicion> {
    let Some(way) = way(sight).filter(|way| !way.proxied) else {
        return Vec::new();
    };
    let server = &way.server;
    let text = match way.state.as_str() {
        "nxdomain" => format!("the name of the API server {server} does not exist for this node"),
        "servfail" => format!("no name server could tell the address of the API server {server}"),
        "refused" => format!("the API server {server} refuses connections"),
        "timeout" => {
            format!("the API server {server} does not answer: packets are dropped, or it is down")
        }
        "unreachable" => format!("there is no route to the API server {server}"),
        "not-tls" => format!("what listens on {server} speaks no TLS: it is no API server"),
        "reset" | "eof" => format!("what listens on {server} closes the connection at once"),
        _ => return Vec::new(),
    };
    one(Rank::Network, text)
}

/// What the API server says to the node's own credential.
pub(super) fn credential(sight: &mut Sight<'_>) -> Vec<Suspicion> {
    if let Some(why) = sight.seen.refusal("node")
        && why.contains("not verified")
    {
        let text = "the API server's certificate is not from the CA that the kubeconfig trusts, or not for its name, or expired";
        return one(Rank::Network, text.to_owned());
    }
    let Some(reply) = sight.seen.own_object() else {
        return Vec::new();
    };
    let head = sight.seen.reply("node");
    if head.and_then(|head| head.get("bootstrap")) == Some(&Value::Bool(true)) {
        // A bootstrap credential may ask for a certificate and for nothing else.
        return match number(reply, "status") {
            Some(401) => one(
                Rank::Server,
                "the API server does not accept the bootstrap credential (401)".to_owned(),
            ),
            _ => Vec::new(),
        };
    }
    let told = |rank, text: &str| one(rank, text.to_owned());
    match number(reply, "status") {
        Some(200) => not_ready(reply).into_iter().collect(),
        Some(401) => told(
            Rank::Server,
            "the API server does not accept the node's credential (401)",
        ),
        Some(403) => told(
            Rank::Server,
            "the API server forbids the node to read its own object (403)",
        ),
        Some(404) => told(
            Rank::Effect,
            "the API server knows no node of this name: it is not registered",
        ),
        Some(status @ 500..) => one(
            Rank::Server,
            format!("the API server answers with status {status}"),
        ),
        _ => Vec::new(),
    }
}

/// The reason that the Node object gives.
fn not_ready(reply: &Value) -> Option<Suspicion> {
    let conditions = reply.get("answer")?.get("conditions")?.as_array()?;
    let ready = conditions
        .iter()
        .find(|condition| word(condition, "type") == "Ready")?;
    let reason = match (word(ready, "status"), word(ready, "message")) {
        ("True", _) => return None,
        (_, message) if message.contains("cni plugin not initialized") => {
            "the network plugin is not ready (cni plugin not initialized)".to_owned()
        }
        (_, message) if message.contains("container runtime is down") => {
            "the container runtime is down".to_owned()
        }
        _ => word(ready, "reason")
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(60)
            .collect(),
    };
    Some(Suspicion {
        rank: Rank::Effect,
        text: format!("the API server has the node as not Ready: {reason}"),
    })
}

/// The socket that the kubelet is told to use.
pub(super) fn socket<'s>(sight: &Sight<'s>) -> Option<&'s Value> {
    let flag = sight.node.flag("container-runtime-endpoint").into_iter();
    let named = flag
        .chain(sight.node.config("containerRuntimeEndpoint"))
        .next();
    let sockets = sight.seen.answers("cri", "sockets");
    let path = named
        .as_deref()
        .map(|path| path.strip_prefix("unix://").unwrap_or(path));
    match path {
        Some(path) => sockets.iter().find(|socket| word(socket, "path") == path),
        None => sockets
            .iter()
            .find(|socket| socket.get("exists") == Some(&Value::Bool(true))),
    }
}

/// The kubelet's runtime socket is missing, or nobody serves it.
pub(super) fn runtime(sight: &mut Sight<'_>) -> Vec<Suspicion> {
    let Some(socket) = socket(sight) else {
        return Vec::new();
    };
    let path = word(socket, "path");
    let text = if socket.get("exists") == Some(&Value::Bool(false)) {
        format!("the runtime socket {path}, which the kubelet is told to use, does not exist")
    } else if word(socket, "connect") == "refused" {
        format!("nobody serves the runtime socket {path}")
    } else {
        return Vec::new();
    };
    one(Rank::Runtime, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(addresses: &Value) -> Option<String> {
        let endpoint =
            json!({"url": "https://api:6443", "resolve": {"result": "ok"}, "addresses": addresses});
        state(&endpoint).map(str::to_owned)
    }

    #[test]
    fn one_open_address_is_enough_and_all_must_fail() {
        let refused = json!({"tcp": "refused"});
        let open = json!({"tcp": "connected", "tls": "ok"});
        let untried = json!({});
        assert_eq!(of(&json!([refused, open])).as_deref(), Some("ok"));
        assert_eq!(of(&json!([refused, refused])).as_deref(), Some("refused"));
        assert_eq!(of(&json!([refused, untried])), None);
        assert_eq!(of(&json!([])), None);
        assert_eq!(
            of(&json!([{"tcp": "connected", "tls": "not-tls"}])).as_deref(),
            Some("not-tls")
        );
    }

    #[test]
    fn the_reason_of_a_node_that_is_not_ready_is_told() {
        let reply = |status: &str, message: &str| {
            json!({"status": 200, "answer": {"conditions": [
                {"type": "Ready", "status": status, "reason": "KubeletNotReady", "message": message}]}})
        };
        assert_eq!(
            not_ready(&reply("True", "kubelet is posting ready status")),
            None
        );
        let told = not_ready(&reply("False", "x: cni plugin not initialized")).unwrap();
        assert!(told.text.contains("network plugin"));
        let told = not_ready(&reply("Unknown", "Kubelet stopped posting")).unwrap();
        assert!(told.text.ends_with("not Ready: KubeletNotReady"));
    }
}
