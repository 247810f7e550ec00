//! The cloud that a node is in: a guess from its firmware and flags, settings without secrets, what agents left.

use crate::facts;
use crate::host::Host;
use crate::host::wire::{Failure, Keep};
use crate::node::Node;
use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier};
use nodebundle_bundle::Outcome;
use serde_json::{Value, json};

pub(crate) const SPEC: Spec = Spec {
    name: "cloud",
    about: "the cloud that the node is in",
    items: &[
        fact(
            "provider",
            "A1",
            Source::Fact {
                topic: "cloud",
                make: provider,
            },
            (Tier::T0, Sensitivity::Identifying),
            "an external cloud controller is expected and never removes its taint",
        ),
        fact(
            "config",
            "A2",
            Source::Fact {
                topic: "cloud-config",
                make: config,
            },
            (Tier::T1, Sensitivity::Mixed),
            "a setting that is missing or of another region; values off a short list are not stored",
        ),
        listing("waagent", "/var/lib/waagent"),
        listing("ssm", "/var/lib/amazon/ssm"),
        listing("google", "/var/lib/google"),
        listing("nodeadm", "/run/eks/nodeadm"),
        listing("nodeadm-d", "/etc/eks/nodeadm.d"),
        Item {
            name: "nodeadm-config",
            catalog: "A4",
            kind: "cloud-agent",
            source: Source::File("/run/eks/nodeadm/config.json"),
            cap: 32 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "endpoint, CA and networks that the node was told",
        },
    ],
};

const fn fact(
    name: &'static str,
    catalog: &'static str,
    source: Source,
    (tier, sensitivity): (Tier, Sensitivity),
    reason: &'static str,
) -> Item {
    Item {
        name,
        catalog,
        kind: "cloud",
        source,
        cap: 32 * KIB,
        tier,
        sensitivity,
        reason,
    }
}

const fn listing(name: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog: "A4",
        kind: "listing",
        source: Source::Listing(path),
        cap: 64 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Public,
        reason: "how far an agent of the cloud came",
    }
}

/// `facts/cloud.json`
fn provider(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let mut signs = Vec::new();
    for file in [
        "sys_vendor",
        "product_name",
        "bios_vendor",
        "board_asset_tag",
        "chassis_asset_tag",
    ] {
        let path = format!("/sys/class/dmi/id/{file}");
        if let Some(text) = host.line(&path)
            && let Some(cloud) = cloud_of(&text)
        {
            signs.push(json!({"cloud": cloud, "from": path, "says": text}));
        }
    }
    for flag in ["cloud-provider", "provider-id"] {
        for value in node.flag(flag) {
            let cloud = cloud_of(&value);
            signs.push(json!({"cloud": cloud, "from": format!("--{flag}"), "says": value}));
        }
    }
    for value in node.config("providerID") {
        signs.push(json!({"cloud": cloud_of(&value), "from": "providerID", "says": value}));
    }
    for (path, cloud) in MARKS {
        if host.stat(path).is_ok() {
            signs.push(json!({"cloud": cloud, "from": path, "says": "exists"}));
        }
    }
    if signs.is_empty() && !host.is_live() {
        return Err(Failure::new(
            Outcome::NotApplicable,
            "nothing in this tree tells a cloud",
        ));
    }
    let guess = signs
        .iter()
        .find_map(|sign| sign.get("cloud").filter(|cloud| !cloud.is_null()));
    let external = node
        .flag("cloud-provider")
        .iter()
        .any(|value| value == "external");
    Ok(facts::document(
        &[
            ("provider", json!(guess)),
            ("external_controller", json!(external)),
        ],
        &[("signs", &signs)],
    ))
}

fn cloud_of(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    let mut known = CLOUDS.iter();
    known
        .find(|(word, _)| lower.contains(word))
        .map(|(_, cloud)| *cloud)
}

/// Text in firmware tables, flags and provider ids → the cloud. The asset tag is what Azure sets on every machine.
const CLOUDS: &[(&str, &str)] = &[
    ("amazon ec2", "aws"),
    ("aws", "aws"),
    ("7783-7084-3265-9085-8269-3286-77", "azure"),
    ("azure", "azure"),
    ("google", "gce"),
    ("gce", "gce"),
    ("openstack", "openstack"),
    ("vmware", "vsphere"),
    ("vsphere", "vsphere"),
    ("hetzner", "hetzner"),
    ("hcloud", "hetzner"),
    ("digitalocean", "digitalocean"),
    ("alibaba", "alibaba"),
    ("oraclecloud", "oracle"),
    ("oci", "oracle"),
    ("scaleway", "scaleway"),
    ("ovirt", "ovirt"),
];

const MARKS: &[(&str, &str)] = &[
    ("/etc/eks", "aws"),
    ("/var/lib/waagent", "azure"),
    ("/opt/azure/containers", "azure"),
    ("/home/kubernetes/bin", "gce"),
];

/// `facts/cloud-config.json`: keys of cloud configurations; the values of harmless ones only.
#[allow(
    clippy::unnecessary_wraps,
    reason = "every fact is made by one signature"
)]
fn config(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let mut lines = Vec::new();
    let named = node.flag("cloud-config");
    for path in FILES.iter().map(|path| (*path).to_owned()).chain(named) {
        match host.read_once(&path, 64 * KIB, Keep::Start) {
            Ok(taken) => {
                let text = taken.text();
                let pairs = json_pairs(&text).unwrap_or_else(|| ini_pairs(&text));
                lines.extend(pairs.into_iter().map(|(key, value)| {
                    let name = key.rsplit('.').next().unwrap_or_default();
                    let value = if is_harmless(name) {
                        value
                    } else {
                        shape(&value)
                    };
                    json!({"path": path, "key": key, "value": value})
                }));
            }
            Err(failure) if failure.outcome == Outcome::Absent => {}
            Err(failure) => {
                lines.push(json!({"path": path, "unreadable": failure.outcome.as_str()}));
            }
        }
    }
    Ok(facts::list("settings", &lines))
}

fn json_pairs(text: &str) -> Option<Vec<(String, Value)>> {
    let parsed: Value = serde_json::from_str(text).ok()?;
    let object = parsed.as_object()?;
    Some(
        object
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    )
}

fn ini_pairs(text: &str) -> Vec<(String, Value)> {
    let mut section = String::new();
    let mut pairs = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            name.clone_into(&mut section);
        } else if let Some((key, value)) = line
            .split_once(['=', ':'])
            .filter(|_| !line.starts_with(['#', ';']))
        {
            let value = value.trim().trim_matches('"');
            pairs.push((format!("{section}.{}", key.trim()), json!(value)));
        }
    }
    pairs
}

/// Whether a value is there at all.
fn shape(value: &Value) -> Value {
    let empty = value.as_str().is_some_and(str::is_empty) || value.is_null();
    json!(if empty { "empty" } else { "not stored" })
}

fn is_harmless(key: &str) -> bool {
    let plain: String = key.chars().filter(char::is_ascii_alphanumeric).collect();
    HARMLESS.contains(&plain.to_ascii_lowercase().as_str())
}

const HARMLESS: &[&str] = &[
    "authurl",
    "availabilityzone",
    "bsversion",
    "cloud",
    "cloudproviderbackoff",
    "cloudproviderratelimit",
    "createroute",
    "datacenter",
    "datacenters",
    "defaultdatastore",
    "domainname",
    "insecureflag",
    "kubernetesclusterid",
    "kubernetesclustertag",
    "lbversion",
    "loadbalancersku",
    "location",
    "nodetags",
    "port",
    "primaryavailabilitysetname",
    "primaryscalesetname",
    "region",
    "resourcegroup",
    "routetablename",
    "securitygroupname",
    "server",
    "subnetid",
    "subnetname",
    "tenantname",
    "useinstancemetadata",
    "usemanagedidentityextension",
    "vmtype",
    "vnetname",
    "vnetresourcegroup",
    "vpc",
    "zone",
];

const FILES: &[&str] = &[
    "/etc/kubernetes/cloud.conf",
    "/etc/kubernetes/cloud-config",
    "/etc/kubernetes/azure.json",
    "/etc/cloud.conf",
    "/etc/gce.conf",
    "/etc/kubernetes/vsphere.conf",
];

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::scratch::tree;

    #[test]
    fn firmware_tells_the_cloud() {
        let (_scratch, mut host) = tree(&[("sys/class/dmi/id/sys_vendor", "Amazon EC2\n")]);
        let fact: Value =
            serde_json::from_str(&provider(&mut host, &Node::default()).unwrap()).unwrap();
        assert_eq!(fact["provider"], "aws");
        assert_eq!(fact["external_controller"], false);
    }

    #[test]
    fn keys_are_told_and_secrets_are_not() {
        let (_scratch, mut host) = tree(&[
            (
                "etc/kubernetes/azure.json",
                r#"{"location":"westeurope","aadClientSecret":"hunter2","aadClientId":""}"#,
            ),
            (
                "etc/kubernetes/cloud.conf",
                "[Global]\nauth-url=https://k:5000\npassword=hunter3\n",
            ),
        ]);
        let text = config(&mut host, &Node::default()).unwrap();
        assert!(!text.contains("hunter"));
        let fact: Value = serde_json::from_str(&text).unwrap();
        let of = |key: &str| {
            let settings = fact["settings"].as_array().unwrap();
            settings
                .iter()
                .find(|setting| setting["key"] == key)
                .unwrap()["value"]
                .clone()
        };
        assert_eq!(of("location"), "westeurope");
        assert_eq!(of("aadClientSecret"), "not stored");
        assert_eq!(of("aadClientId"), "empty");
        assert_eq!(of("Global.auth-url"), "https://k:5000");
    }
}
