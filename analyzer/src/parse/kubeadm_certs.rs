//! Output of `kubeadm certs check-expiration` (`kubeadm alpha certs check-expiration` before 1.20).

use crate::certificate::{Certificate, attributes};
use crate::claim::{Witness, claim};
use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::fact::Value;
use crate::parse::openssl_text::PrintedCertificate;
use crate::parser::Parser;
use crate::times;

pub(super) const PARSER: Parser = Parser {
    name: "kubeadm_certs",
    kind: "certificates of kubeadm",
    facts: &[],
    accepts: |entry| {
        entry.may_be_output_of(&["kubeadm"])
            && entry.text().lines().any(|line| heads(line).is_some())
    },
    parse,
};

/// Whether a heading of certificates or of authorities begins here.
fn heads(line: &str) -> Option<bool> {
    let line = line.trim();
    if !line.contains("EXPIRES") || !line.contains("RESIDUAL TIME") {
        return None;
    }
    if line.starts_with("CERTIFICATE AUTHORITY") {
        return Some(true);
    }
    line.starts_with("CERTIFICATE").then_some(false)
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let mut authorities = None;
    for (line, content) in numbered(&text) {
        if let Some(of_authorities) = heads(content) {
            authorities = Some(of_authorities);
            continue;
        }
        let Some(printed) = authorities.and_then(|ca| row(content, ca)) else {
            continue;
        };
        let origin = entry.at(line);
        let end = printed.certificate.not_after.map(Value::Time);
        if let Some(end) = end.filter(|_| printed.path.as_deref() == Some(API_SERVER)) {
            let path = "apiserver.cert.not_after";
            claim(evidence, path, Witness::Hearsay, end, origin.clone());
        }
        evidence.push(printed, origin);
    }
}

/// `apiserver   Dec 30, 2020 23:36 UTC   364d   ca   no`; the end may be all that is told.
fn row(line: &str, is_authority: bool) -> Option<PrintedCertificate> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [name, month, day, year, clock, zone, rest @ ..] = words.as_slice() else {
        return None;
    };
    let day = day.trim_end_matches(',');
    let end = times::printed(&format!("{month} {day} {clock}:00 {year} {zone}"))?;
    let issuer = if is_authority {
        authority(name)
    } else {
        rest.get(1).copied().and_then(authority)
    };
    let subject = issuer.filter(|_| is_authority).unwrap_or_default();
    Some(PrintedCertificate {
        path: path(name),
        certificate: Certificate {
            subject: subject.to_owned(),
            issuer: issuer.unwrap_or("unknown").to_owned(),
            cn: attributes(subject, "CN").next().map(str::to_owned),
            not_after: Some(end),
            ca: Some(is_authority),
            ..Certificate::default()
        },
    })
}

/// The names that kubeadm gives its authorities.
fn authority(name: &str) -> Option<&'static str> {
    match name {
        "ca" => Some("CN=kubernetes"),
        "etcd-ca" => Some("CN=etcd-ca"),
        "front-proxy-ca" => Some("CN=front-proxy-ca"),
        _ => None,
    }
}

/// Where kubeadm keeps what it calls by this name.
fn path(name: &str) -> Option<String> {
    let known = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'.'));
    let file = match name {
        conf if conf.strip_suffix(".conf").is_some() => conf.to_owned(),
        "apiserver-etcd-client" => "pki/apiserver-etcd-client.crt".to_owned(),
        etcd if etcd.starts_with("etcd-") => {
            format!("pki/etcd/{}.crt", etcd.trim_start_matches("etcd-"))
        }
        other => format!("pki/{other}.crt"),
    };
    known.then(|| format!("/etc/kubernetes/{file}"))
}

const API_SERVER: &str = "/etc/kubernetes/pki/apiserver.crt";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed, named};

    const OUTPUT: &str = "\
[check-expiration] Reading configuration from the cluster...
CERTIFICATE                EXPIRES                  RESIDUAL TIME   CERTIFICATE AUTHORITY   EXTERNALLY MANAGED
admin.conf                 Mar 04, 2026 09:11 UTC   <invalid>       ca                      no
apiserver                  Mar 04, 2026 09:11 UTC   <invalid>       ca                      no
apiserver-etcd-client      Mar 04, 2027 09:11 UTC   364d            etcd-ca                 no
!MISSING! etcd-server
etcd-peer                  Mar 04, 2027 09:11 UTC   364d            etcd-ca                 no

CERTIFICATE AUTHORITY   EXPIRES                  RESIDUAL TIME   EXTERNALLY MANAGED
ca                      Mar 01, 2035 09:11 UTC   9y              no
";

    #[test]
    fn rows_are_certificates_at_the_places_where_kubeadm_keeps_them() {
        let evidence = named(&PARSER, OUTPUT);
        let all = evidence.all::<PrintedCertificate>();
        let shown: Vec<_> = all
            .iter()
            .map(|one| {
                (
                    one.value.path.as_deref().unwrap(),
                    one.value.certificate.issuer.as_str(),
                    one.origin.line,
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("/etc/kubernetes/admin.conf", "CN=kubernetes", Some(3)),
                (API_SERVER, "CN=kubernetes", Some(4)),
                (
                    "/etc/kubernetes/pki/apiserver-etcd-client.crt",
                    "CN=etcd-ca",
                    Some(5)
                ),
                ("/etc/kubernetes/pki/etcd/peer.crt", "CN=etcd-ca", Some(7)),
                ("/etc/kubernetes/pki/ca.crt", "CN=kubernetes", Some(10)),
            ]
        );
        let end = claimed(&evidence, "apiserver.cert.not_after");
        assert_eq!(end.value.to_string(), "2026-03-04T09:11:00Z");
    }
}
