//! Lists that host collectors of replicatedhq/troubleshoot write as JSON: services, packages, interfaces, block devices, certificates.

use super::host_collectors::{Read, collector, read_by};
use super::package_facts;
use crate::certificate::{Certificate, attributes, distinguished_name};
use crate::claim::{Witness, claim};
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::{Fact, Value};
use crate::observed::{AllUnits, Link, UnitState};
use crate::parse::openssl_text::PrintedCertificate;
use crate::parser::Parser;
use crate::tree::Node;

pub(super) const PARSER: Parser = Parser {
    name: "host_lists",
    kind: "list of a host collector",
    facts: &[],
    accepts: |entry| reader(entry).is_some(),
    parse,
};

/// What reads the list of this name.
fn reader(entry: &Entry) -> Option<Read> {
    match collector(entry)? {
        ("system", "systemctl_services.json") => Some(services),
        ("system", "ipv4Interfaces.json") => Some(interfaces),
        ("system", "block_devices.json") => Some(block_devices),
        ("system", file) if file.ends_with("-packages.json") => Some(packages),
        ("certificatesCollection", _) => Some(certificates),
        _ => None,
    }
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    read_by(reader(entry), &["host"], entry, evidence);
}

fn text<'n>(item: &'n Node, key: &str) -> &'n str {
    item.get(key).and_then(Node::text).unwrap_or_default()
}

/// A list ranks with the table that it was made from.
const RANK: u8 = 4;

/// `systemctl list-units --type=service --all` by columns. The bullet before a unit that is not well is a column, too.
fn services(document: &Node, entry: &Entry, evidence: &mut Evidence) {
    for item in document.items() {
        let columns = ["Unit", "Load", "Active", "Sub"].map(|key| text(item, key));
        let [unit, load, active, sub] = match columns {
            [bullet, unit, load, active] if !bullet.contains('.') => [unit, load, active, ""],
            columns => columns,
        };
        let mut state = UnitState::new(unit, RANK);
        for (field, value) in [
            ("load_state", load),
            ("active_state", active),
            ("sub_state", sub),
        ] {
            if !value.is_empty() {
                state.text(field, value, entry.at(item.line));
            }
        }
        evidence.push(state, entry.at(item.line));
    }
    if !document.items().is_empty() {
        let all = AllUnits {
            files: false,
            services: true,
        };
        evidence.push(all, entry.whole());
    }
}

/// What `dpkg -s` or `rpm -qi` said of each package.
fn packages(document: &Node, entry: &Entry, evidence: &mut Evidence) {
    let Some(packages) = document.get("packages") else {
        return;
    };
    let named = |item: &&Node| text(item, "name") == "kubelet";
    let Some(kubelet) = packages.items().iter().find(named) else {
        return;
    };
    let details = text(kubelet, "details");
    let version = details.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == "Version").then(|| package_facts::version(value.trim()))?
    });
    let installed = text(kubelet, "exitCode") == "0"
        && !details
            .lines()
            .any(|line| line.starts_with("Status:") && !line.ends_with(" installed"));
    let value = match (installed, version) {
        (true, Some(version)) => Value::Version(version),
        (true, None) => return,
        (false, _) => Value::Null,
    };
    let fact = Fact::new(value, entry.at(kubelet.line));
    evidence.facts.set("kubelet.package_version", fact);
}

/// Only interfaces that are up and have an address are listed.
fn interfaces(document: &Node, entry: &Entry, evidence: &mut Evidence) {
    for item in document.items() {
        let link = Link {
            name: text(item, "Name").to_owned(),
            state: "up".to_owned(),
            mtu: item.get("MTU").and_then(Node::int),
        };
        evidence.push(link, entry.at(item.line));
    }
}

/// A device in use as swap proves it; that none is does not speak for files.
fn block_devices(document: &Node, entry: &Entry, evidence: &mut Evidence) {
    let swap = |item: &&Node| text(item, "mountpoint") == "[SWAP]";
    if let Some(device) = document.items().iter().find(swap) {
        let origin = entry.at(device.line);
        claim(evidence, "host.swap.active", Witness::Program, true, origin);
    }
}

fn certificates(document: &Node, entry: &Entry, evidence: &mut Evidence) {
    for item in document.items() {
        let path = text(item, "certificatePath");
        let chain = item.get("certificateChain").map(Node::items);
        for one in chain.unwrap_or_default() {
            let printed = PrintedCertificate {
                path: Some(path.to_owned()).filter(|path| path.starts_with('/')),
                certificate: certificate(one),
            };
            evidence.push(printed, entry.at(one.line));
        }
    }
}

fn certificate(one: &Node) -> Certificate {
    let time = |key: &str| {
        let time = chrono::DateTime::parse_from_rfc3339(text(one, key));
        time.ok().map(|time| time.to_utc())
    };
    let subject = distinguished_name(text(one, "subject"));
    let cn = attributes(&subject, "CN").next().map(str::to_owned);
    Certificate {
        cn,
        orgs: attributes(&subject, "O").map(str::to_owned).collect(),
        issuer: distinguished_name(text(one, "issuer")),
        not_before: time("notBefore"),
        not_after: time("notAfter"),
        ca: one.get("isCA").and_then(Node::bool),
        // Its addresses are not told, so that its names are not all.
        sans: Vec::new(),
        subject,
        ..Certificate::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::unit_states;
    use crate::testing::{claimed, host_collected};

    fn read(file: &str, text: &str) -> Evidence {
        host_collected(&PARSER, file, text)
    }

    #[test]
    fn services_are_read_with_and_without_the_bullet() {
        let evidence = read(
            "system/systemctl_services.json",
            r#"[{"Unit":"containerd.service","Load":"loaded","Active":"active","Sub":"running"},{"Unit":"●","Load":"kubelet.service","Active":"not-found","Sub":"inactive"}]"#,
        );
        let state = |unit: &str, field: &str| {
            let states = unit_states(&evidence, unit);
            states[0].value.fields[field].as_text().unwrap().to_owned()
        };
        assert_eq!(state("containerd.service", "sub_state"), "running");
        assert_eq!(state("kubelet.service", "load_state"), "not-found");
        assert_eq!(state("kubelet.service", "active_state"), "inactive");
    }

    #[test]
    fn the_version_of_the_kubelets_package_is_read() {
        let packages = |details: &str, code: &str| {
            let text = format!(
                r#"{{"os":"ubuntu","osVersion":"22.04","packages":[{{"name":"kubelet","details":"{details}","exitCode":"{code}"}}]}}"#
            );
            read("system/nodes-packages.json", &text).facts
        };
        let found = |details, code| {
            let facts = packages(details, code);
            facts
                .get("kubelet.package_version")
                .map(|fact| fact.value.clone())
        };
        let version = Some(Value::Version("1.29.3".parse().unwrap()));
        let dpkg = "Package: kubelet\\nStatus: install ok installed\\nVersion: 1.29.3-1.1\\n";
        assert_eq!(found(dpkg, "0"), version);
        assert_eq!(
            found("Name        : kubelet\\nVersion     : 1.29.3\\n", "0"),
            version
        );
        assert_eq!(found("", "1"), Some(Value::Null));
    }

    #[test]
    fn swap_in_use_interfaces_and_certificates_are_read() {
        let devices = read(
            "system/block_devices.json",
            r#"[{"name":"sda1","mountpoint":"/"},{"name":"sda2","mountpoint":"[SWAP]"}]"#,
        );
        assert_eq!(claimed(&devices, "host.swap.active").as_bool(), Some(true));
        let links = read(
            "system/ipv4Interfaces.json",
            r#"[{"Index":2,"MTU":1450,"Name":"eth0","HardwareAddr":"x","Flags":19}]"#,
        );
        assert_eq!(links.all::<Link>()[0].value.mtu, Some(1450));
        let certificates = read(
            "certificatesCollection/certificatesCollection.json",
            "[\n\t{\n\t\t\"certificatePath\": \"/etc/kubernetes/pki/ca.crt\",\n\t\t\"certificateChain\": [\n\t\t\t{\n\t\t\t\t\"subject\": \"CN=a,O=b\",\n\t\t\t\t\"notAfter\": \"2026-11-22T07:00:00Z\"\n\t\t\t}\n\t\t],\n\t\t\"message\": \"cert-valid\"\n\t},\n\t{\"certificatePath\": \"/x\", \"message\": \"cert-missing\"}\n]",
        );
        let [printed] = certificates.all::<PrintedCertificate>() else {
            panic!("one certificate is told")
        };
        let read = &printed.value.certificate;
        assert_eq!(
            (read.cn.as_deref(), read.orgs.as_slice()),
            (Some("a"), &["b".to_owned()][..])
        );
        assert!(read.not_after.is_some());
    }
}
