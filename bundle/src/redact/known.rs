//! What is known of the node while masking: its certificates and its time. It adds facts to placeholders and hides nothing.

use crate::hex::hex;
use crate::keys;
use crate::pem;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Certificates and time of the node.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// SPKI hash → file name and index of the first certificate that has it: `kubelet-client-current.pem:0`.
    certificates: BTreeMap<String, String>,
    /// Hashes by which a join token may name the cluster's CA: of a whole file, and of each certificate in it.
    authorities: BTreeSet<String>,
    /// The node's time, seconds since 1970. `None`: not known.
    now: Option<i64>,
}

impl Known {
    /// Sets the node's time.
    pub(crate) fn set_now(&mut self, seconds: i64) {
        self.now = Some(seconds);
    }

    /// Adds the certificates of a file.
    pub(crate) fn add(&mut self, path: &str, bytes: &[u8]) {
        let name = path.rsplit('/').next().unwrap_or_default();
        let certificates = pem::blocks(bytes)
            .into_iter()
            .filter(|block| block.label == "CERTIFICATE");
        for (index, block) in certificates.enumerate() {
            let Some(der) = block.decode(bytes) else {
                continue;
            };
            if let Some(spki) = keys::certificate_spki(&der) {
                let place = format!("{name}:{index}");
                self.certificates.entry(spki).or_insert(place);
                self.authorities.insert(hex(&Sha256::digest(&der)));
            }
        }
        if name.contains("ca") {
            self.authorities.insert(hex(&Sha256::digest(bytes)));
        }
    }

    /// The certificate that belongs to a key.
    pub(crate) fn certificate(&self, spki: &str) -> Option<&str> {
        self.certificates.get(spki).map(String::as_str)
    }

    /// `match` when the hash is that of a CA of the node, `differs` when it is that of none; `None` without any certificate.
    pub(crate) fn authority(&self, hash: &str) -> Option<&'static str> {
        let matches = self.authorities.contains(hash);
        (!self.authorities.is_empty()).then_some(if matches { "match" } else { "differs" })
    }

    /// Whether a time has passed at the node; `None` when the node's time is not known.
    pub(crate) fn is_past(&self, seconds: i64) -> Option<bool> {
        Some(seconds < self.now?)
    }
}

/// Nothing known.
pub(crate) static NOTHING: Known = Known {
    certificates: BTreeMap::new(),
    authorities: BTreeSet::new(),
    now: None,
};

#[cfg(test)]
mod tests {
    use crate::redact::{CaseKey, ContentKind, Learner, Redactor};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use sha2::Digest as _;

    fn stored(learner: Learner, kind: ContentKind, text: &str) -> String {
        let redactor = Redactor::new(CaseKey::from_random([7; 32]), learner.finish());
        let redacted = redactor.file(kind, text.as_bytes()).unwrap();
        String::from_utf8(redacted.bytes().to_vec()).unwrap()
    }

    #[test]
    fn a_masked_key_names_the_certificate_it_belongs_to() {
        let made = rcgen::generate_simple_self_signed(vec!["worker-1".to_owned()]).unwrap();
        let mut learner = Learner::new();
        let path = "/var/lib/kubelet/pki/kubelet.crt";
        learner.certificates(path, made.cert.pem().as_bytes());
        let key = made.signing_key.serialize_pem();
        let stored = stored(learner, ContentKind::Pem, &key);
        assert!(
            stored.contains(";matches=kubelet.crt:0;enc=no)"),
            "{stored}"
        );
    }

    #[test]
    fn a_masked_token_tells_whether_it_expired_by_the_time_of_the_node() {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let (header, claims) = (part(r#"{"alg":"RS256"}"#), part(r#"{"exp":1700000000}"#));
        for (now, fact) in [
            (Some(1_700_000_001), ";expired=yes;"),
            (Some(1), ";expired=no;"),
            (None, ";exp=1700000000;id="),
        ] {
            let mut learner = Learner::new();
            if let Some(now) = now {
                learner.now(now);
            }
            let text = format!("token: {header}.{claims}.c2ln\n");
            let stored = stored(learner, ContentKind::Yaml, &text);
            assert!(stored.contains(fact), "{stored}");
        }
    }

    #[test]
    fn a_masked_join_token_tells_whether_it_names_an_authority_of_the_node() {
        let authority = rcgen::generate_simple_self_signed(vec!["k3s-ca".to_owned()]).unwrap();
        let pem = authority.cert.pem();
        let hash = crate::hex::hex(&sha2::Sha256::digest(pem.as_bytes()));
        for (hash, verdict) in [(hash, "match"), ("ab".repeat(32), "differs")] {
            let mut learner = Learner::new();
            learner.certificates("/var/lib/rancher/k3s/agent/server-ca.crt", pem.as_bytes());
            let text = format!("token: K10{hash}::server:0a1b2c3d4e5f\n");
            let stored = stored(learner, ContentKind::Yaml, &text);
            let mask = format!("K10REDACTED(join-token;cahash={verdict};user=server;");
            assert!(stored.contains(&mask), "{stored}");
        }
    }
}
