//! What the API server is asked with the node's credential, and what is kept of each answer: an allow-list, so that what nobody
//! thought of stays out.

use super::answer::{failed_checks, git_version};
use crate::node::scan;
use serde_json::{Map, Value, json};

/// One question. None changes anything in the cluster; the reviews are posted, and create no object.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    /// What it is called in the bundle.
    pub(crate) name: &'static str,
    /// Path and query.
    pub(crate) path: String,
    /// Form of the answer.
    pub(crate) accept: &'static str,
    /// JSON to post.
    pub(crate) body: Option<String>,
    /// What is kept of the body of a good answer, given the user that the server says we are.
    pub(crate) keep: fn(&[u8], Option<&str>) -> Value,
}

impl Query {
    /// Of a review, what is to be allowed.
    pub(crate) fn attributes(&self) -> Option<Value> {
        let body: Value = serde_json::from_str(self.body.as_ref()?).ok()?;
        body.pointer("/spec/resourceAttributes").cloned()
    }
}

/// The questions for a node, in order; requests for certificates only for who bootstraps.
pub(crate) fn queries(node: &str, bootstrap: bool) -> Vec<Query> {
    let mut queries = vec![
        get("livez", "/livez?verbose".to_owned(), checks),
        get("readyz", "/readyz?verbose".to_owned(), checks),
        get("version", "/version".to_owned(), version),
        Query {
            body: Some(SELF.to_owned()),
            ..get(
                "self",
                "/apis/authentication.k8s.io/v1/selfsubjectreviews".to_owned(),
                user,
            )
        },
        get("node", format!("/api/v1/nodes/{node}"), node_object),
        get(
            "lease",
            format!("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{node}"),
            lease,
        ),
    ];
    queries.extend(reviews(node));
    queries.push(get(
        "csinode",
        format!("/apis/storage.k8s.io/v1/csinodes/{node}"),
        csi_node,
    ));
    if bootstrap {
        let path = "/apis/certificates.k8s.io/v1/certificatesigningrequests?limit=20";
        queries.push(get("csrs", path.to_owned(), requests));
    }
    let config_map = "/api/v1/namespaces/kube-system/configmaps";
    queries.push(get(
        "kubelet-config",
        format!("{config_map}/kubelet-config"),
        settings,
    ));
    queries.push(get(
        "kubeadm-config",
        format!("{config_map}/kubeadm-config"),
        settings,
    ));
    let selector = format!("/api/v1/pods?fieldSelector=spec.nodeName%3D{node}&limit=200");
    queries.push(Query {
        accept: TABLE,
        ..get("pods", selector, pods)
    });
    queries
}

fn get(name: &'static str, path: String, keep: fn(&[u8], Option<&str>) -> Value) -> Query {
    Query {
        name,
        path,
        accept: "application/json",
        body: None,
        keep,
    }
}

/// What a kubelet must be allowed to do to register and to stay ready.
fn reviews(node: &str) -> Vec<Query> {
    let of = |verb: &str, group: &str, resource: &str, more: Value| {
        let mut attributes = json!({"verb": verb, "group": group, "resource": resource});
        if let (Some(all), Value::Object(more)) = (attributes.as_object_mut(), more) {
            all.extend(more);
        }
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        });
        Query {
            body: Some(review.to_string()),
            ..get(
                "access",
                "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews".to_owned(),
                allowed,
            )
        }
    };
    let lease = json!({"namespace": "kube-node-lease", "name": node});
    vec![
        of("create", "", "nodes", json!({})),
        of("get", "", "nodes", json!({"name": node})),
        of(
            "patch",
            "",
            "nodes",
            json!({"subresource": "status", "name": node}),
        ),
        of(
            "create",
            "coordination.k8s.io",
            "leases",
            json!({"namespace": "kube-node-lease"}),
        ),
        of("update", "coordination.k8s.io", "leases", lease),
        of(
            "create",
            "certificates.k8s.io",
            "certificatesigningrequests",
            json!({}),
        ),
    ]
}

fn parsed(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

fn checks(body: &[u8], _: Option<&str>) -> Value {
    json!({"failed_checks": failed_checks(body)})
}

fn version(body: &[u8], _: Option<&str>) -> Value {
    json!({"git_version": git_version(body)})
}

fn user(body: &[u8], _: Option<&str>) -> Value {
    let body = parsed(body);
    let info = body.pointer("/status/userInfo");
    let part = |key: &str| info.and_then(|info| info.get(key)).cloned();
    json!({"username": part("username"), "groups": part("groups")})
}

/// What a diagnosis needs of a node object; labels, other annotations and images stay out.
pub(crate) fn node_object(body: &[u8], _: Option<&str>) -> Value {
    let body = parsed(body);
    let mut kept = picked(&body, NODE_PARTS);
    let annotations = body.pointer("/metadata/annotations");
    let texts = ANNOTATIONS.iter().filter_map(|key| {
        let text = annotations?.get(key)?.as_str()?;
        let text: String = text.chars().take(MAX_ANNOTATION).collect();
        Some(((*key).to_owned(), Value::String(text)))
    });
    let texts: Map<String, Value> = texts.collect();
    if let (false, Some(kept)) = (texts.is_empty(), kept.as_object_mut()) {
        kept.insert("annotations".to_owned(), Value::Object(texts));
    }
    kept
}

fn lease(body: &[u8], _: Option<&str>) -> Value {
    picked(&parsed(body), LEASE_PARTS)
}

fn picked(object: &Value, parts: &[(&str, &str)]) -> Value {
    let mut kept = Map::new();
    for (part, key) in parts {
        if let Some(value) = object.get(part).and_then(|part| part.get(key)) {
            kept.insert((*key).to_owned(), value.clone());
        }
    }
    Value::Object(kept)
}

fn allowed(body: &[u8], _: Option<&str>) -> Value {
    let parts = [
        ("status", "allowed"),
        ("status", "denied"),
        ("status", "reason"),
    ];
    picked(&parsed(body), &parts)
}

fn csi_node(body: &[u8], _: Option<&str>) -> Value {
    let body = parsed(body);
    let drivers = body.pointer("/spec/drivers").and_then(Value::as_array);
    let names = drivers
        .into_iter()
        .flatten()
        .filter_map(|one| one.get("name"));
    json!({"drivers": names.collect::<Vec<_>>()})
}

/// Those that this user made.
fn requests(body: &[u8], own: Option<&str>) -> Value {
    let body = parsed(body);
    let items = body.get("items").and_then(Value::as_array);
    let own = items.into_iter().flatten().filter(|item| {
        let username = item.pointer("/spec/username").and_then(Value::as_str);
        own.is_some() && username == own
    });
    let kept = own.map(|item| {
        let conditions = item.pointer("/status/conditions").and_then(Value::as_array);
        let kinds = conditions
            .into_iter()
            .flatten()
            .filter_map(|one| one.get("type"));
        json!({
            "name": item.pointer("/metadata/name"),
            "created": item.pointer("/metadata/creationTimestamp"),
            "signer": item.pointer("/spec/signerName"),
            "username": item.pointer("/spec/username"),
            "conditions": kinds.collect::<Vec<_>>(),
            "issued": item.pointer("/status/certificate").is_some(),
        })
    });
    json!({"requests": kept.collect::<Vec<_>>()})
}

/// Settings of the cluster's configuration that a kubelet's own can drift from.
fn settings(body: &[u8], _: Option<&str>) -> Value {
    let body = parsed(body);
    let data = body.get("data").and_then(Value::as_object);
    let texts = data
        .into_iter()
        .flat_map(Map::values)
        .filter_map(Value::as_str);
    let mut kept = Map::new();
    for (key, value) in texts.flat_map(|text| scan::values(text, SETTINGS)) {
        kept.entry(key).or_insert(Value::String(value));
    }
    json!({"settings": kept})
}

/// Pods of the network and of storage, which a node needs to become ready. The answer is a table, so that nothing else is even sent.
fn pods(body: &[u8], _: Option<&str>) -> Value {
    let body = parsed(body);
    let list = |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned();
    let columns = list(&body, "columnDefinitions").unwrap_or_default();
    let place = |name: &str| {
        let named = |column: &Value| column.get("name").and_then(Value::as_str) == Some(name);
        columns.iter().position(named)
    };
    let places =
        ["Name", "Ready", "Status", "Restarts"].map(|name| (name.to_lowercase(), place(name)));
    let rows = list(&body, "rows").unwrap_or_default();
    let wanted = rows.iter().filter_map(|row| {
        let cells = list(row, "cells")?;
        let mut pod = Map::new();
        for (name, place) in &places {
            let cell = place.and_then(|place| cells.get(place))?;
            pod.insert(name.clone(), cell.clone());
        }
        let name = pod.get("name").and_then(Value::as_str)?;
        if !POD_WORDS.iter().any(|word| name.contains(word)) {
            return None;
        }
        let namespace = row.pointer("/object/metadata/namespace").cloned();
        pod.insert("namespace".to_owned(), namespace.unwrap_or_default());
        Some(Value::Object(pod))
    });
    json!({"pods": wanted.take(MAX_PODS).collect::<Vec<_>>()})
}

const SELF: &str = r#"{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}"#;
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";
const MAX_PODS: usize = 50;
const NODE_PARTS: &[(&str, &str)] = &[
    ("metadata", "name"),
    ("metadata", "uid"),
    ("metadata", "creationTimestamp"),
    ("metadata", "deletionTimestamp"),
    ("spec", "unschedulable"),
    ("spec", "taints"),
    ("spec", "podCIDR"),
    ("spec", "providerID"),
    ("status", "conditions"),
    ("status", "addresses"),
    ("status", "nodeInfo"),
];
/// Annotations that tell how the node stands with its configuration: names of configurations, a state, and why.
const ANNOTATIONS: [&str; 4] = [
    "machineconfiguration.openshift.io/currentConfig",
    "machineconfiguration.openshift.io/desiredConfig",
    "machineconfiguration.openshift.io/reason",
    "machineconfiguration.openshift.io/state",
];
/// Characters that are kept of an annotation.
const MAX_ANNOTATION: usize = 1000;
const LEASE_PARTS: &[(&str, &str)] = &[
    ("spec", "holderIdentity"),
    ("spec", "leaseDurationSeconds"),
    ("spec", "renewTime"),
    ("metadata", "creationTimestamp"),
];
const SETTINGS: &[&str] = &[
    "cgroupDriver",
    "clusterDomain",
    "clusterName",
    "containerRuntimeEndpoint",
    "controlPlaneEndpoint",
    "cpuManagerPolicy",
    "dnsDomain",
    "failCgroupV1",
    "failSwapOn",
    "imageRepository",
    "kubernetesVersion",
    "podSubnet",
    "resolvConf",
    "rotateCertificates",
    "serverTLSBootstrap",
    "serviceSubnet",
    "staticPodPath",
];
/// Parts of the names of pods of network and storage.
const POD_WORDS: &[&str] = &[
    "antrea",
    "aws-node",
    "azure-cni",
    "calico",
    "canal",
    "cilium",
    "cni",
    "csi",
    "flannel",
    "kindnet",
    "kube-proxy",
    "kube-router",
    "multus",
    "ovn",
    "sdn",
    "tigera",
    "weave",
];

#[cfg(test)]
mod tests {
    use super::*;
    use nodebundle_fixtures::api_server::NODE;

    #[test]
    fn a_run_stays_within_twenty_questions() {
        for bootstrap in [true, false] {
            let queries = queries("worker-1", bootstrap);
            assert!(queries.len() <= 20);
            let asks_for_requests = queries.iter().any(|query| query.name == "csrs");
            assert_eq!(asks_for_requests, bootstrap);
        }
    }

    #[test]
    fn nothing_but_reviews_is_posted() {
        for query in queries("worker-1", true) {
            let review = query.path.ends_with("reviews");
            assert_eq!(query.body.is_some(), review, "{}", query.path);
        }
    }

    #[test]
    fn a_node_is_cut_down() {
        let kept = node_object(NODE.as_bytes(), None);
        assert_eq!(kept["conditions"][0]["reason"], "KubeletNotReady");
        assert_eq!(kept.get("images"), None);
        assert_eq!(kept.get("annotations"), None);
    }

    #[test]
    fn of_annotations_only_the_named_are_kept_and_not_all_of_a_long_one() {
        let long = "e".repeat(5000);
        let body = json!({"metadata": {"name": "w", "annotations": {
            "machineconfiguration.openshift.io/state": "Degraded",
            "machineconfiguration.openshift.io/reason": long,
            "k3s.io/node-args": "[\"--token\",\"x\"]",
        }}});
        let kept = node_object(body.to_string().as_bytes(), None);
        let annotations = kept["annotations"].as_object().unwrap();
        assert_eq!(annotations.len(), 2);
        assert_eq!(
            annotations["machineconfiguration.openshift.io/state"],
            "Degraded"
        );
        let reason = &annotations["machineconfiguration.openshift.io/reason"];
        assert_eq!(reason.as_str().unwrap().len(), MAX_ANNOTATION);
    }

    #[test]
    fn only_requests_of_the_same_user_are_kept() {
        let body = br#"{"items":[
            {"metadata":{"name":"a"},"spec":{"username":"system:bootstrap:abcdef","request":"x"},"status":{}},
            {"metadata":{"name":"b"},"spec":{"username":"system:node:other"},"status":{}}]}"#;
        let kept = requests(body, Some("system:bootstrap:abcdef"));
        assert_eq!(kept["requests"].as_array().unwrap().len(), 1);
        assert_eq!(kept["requests"][0]["name"], "a");
        assert_eq!(kept["requests"][0].get("request"), None);
        assert_eq!(requests(body, None)["requests"], json!([]));
    }

    #[test]
    fn pods_of_network_and_storage_are_kept_by_name_and_state() {
        let body = br#"{"kind":"Table","columnDefinitions":[{"name":"Name"},{"name":"Ready"},{"name":"Status"},{"name":"Restarts"},{"name":"Age"}],
            "rows":[{"cells":["calico-node-x","0/1","CrashLoopBackOff","7 (2m ago)","1d"],"object":{"metadata":{"namespace":"kube-system"}}},
            {"cells":["shop-1","1/1","Running","0","1d"],"object":{"metadata":{"namespace":"shop"}}}]}"#;
        let kept = pods(body, None);
        assert_eq!(kept["pods"].as_array().unwrap().len(), 1);
        assert_eq!(kept["pods"][0]["status"], "CrashLoopBackOff");
        assert_eq!(kept["pods"][0]["namespace"], "kube-system");
    }

    #[test]
    fn of_configurations_only_known_settings_are_kept() {
        let body = br#"{"data":{"kubelet":"cgroupDriver: systemd\nsecretThing: abc\n"}}"#;
        let kept = settings(body, None);
        assert_eq!(kept, json!({"settings": {"cgroupDriver": "systemd"}}));
    }

    #[test]
    fn a_body_of_another_form_keeps_nothing_and_breaks_nothing() {
        for query in queries("worker-1", true) {
            for body in [
                &b""[..],
                b"[]",
                b"{\"items\":7,\"rows\":[1],\"data\":[],\"status\":\"x\"}",
            ] {
                (query.keep)(body, None);
            }
        }
    }
}
