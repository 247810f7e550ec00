//! Output of `kubectl get csr`.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::observed::{NoSigningRequests, SigningRequest};
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "signing_requests",
    kind: "table of certificate signing requests",
    facts: &[],
    accepts: |entry| {
        entry.may_be_output_of(&["kubectl", "oc"])
            && entry
                .head()
                .lines()
                .any(|line| row(line).is_some() || is_empty(entry, line))
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    for (line, content) in numbered(&text) {
        if let Some(request) = row(content) {
            evidence.push(request, entry.at(line));
        } else if is_empty(entry, content) {
            evidence.push(NoSigningRequests, entry.at(line));
        }
    }
}

/// The answer of a cluster that has none.
fn is_empty(entry: &Entry, line: &str) -> bool {
    entry.is_command(&["csr"]) && line.starts_with("No resources found")
}

/// Columns differ between versions of kubectl: the signer names itself, the requestor has a colon or is the last column before the state, which is the last word.
fn row(line: &str) -> Option<SigningRequest> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [name, _, middle @ .., state] = words.as_slice() else {
        return None;
    };
    let known = state
        .split(',')
        .all(|part| ["Pending", "Approved", "Issued", "Denied", "Failed"].contains(&part));
    let named = name.starts_with("csr-") || name.starts_with("node-csr-");
    let plain = || middle.last().filter(|_| named);
    let requestor = middle
        .iter()
        .rev()
        .find(|word| word.contains(':'))
        .or_else(plain);
    if !known || requestor.is_none() {
        return None;
    }
    let signer = middle
        .iter()
        .find(|word| word.starts_with("kubernetes.io/"));
    Some(SigningRequest {
        name: (*name).to_owned(),
        requestor: requestor.map(|word| (*word).to_owned()),
        signer: signer.map(|word| (*word).to_owned()),
        state: (*state).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{command, named};

    #[test]
    fn a_requestor_without_a_colon_is_read_where_the_name_is_that_of_a_request() {
        let evidence = named(
            &PARSER,
            "node-csr-8k2lq   3h   kubelet-bootstrap   Pending\n",
        );
        let request = &evidence.all::<SigningRequest>()[0].value;
        assert_eq!(request.requestor.as_deref(), Some("kubelet-bootstrap"));
    }

    #[test]
    fn rows_are_read_with_and_without_a_header() {
        let evidence = named(
            &PARSER,
            "NAME        AGE   SIGNERNAME                                    REQUESTOR                 REQUESTEDDURATION   CONDITION\ncsr-5rb7n   28m   kubernetes.io/kube-apiserver-client-kubelet   system:bootstrap:abcdef   <none>              Pending\n",
        );
        let request = &evidence.all::<SigningRequest>()[0];
        assert_eq!(
            (request.value.state.as_str(), request.origin.line),
            ("Pending", Some(2))
        );
        assert_eq!(
            request.value.requestor.as_deref(),
            Some("system:bootstrap:abcdef")
        );
        let none = command(&PARSER, "kubectl get csr", "No resources found\n");
        assert_eq!(none.all::<NoSigningRequests>().len(), 1);
        let old = named(&PARSER, "csr-1   2m   system:node:w-1   Approved,Issued\n");
        assert_eq!(old.all::<SigningRequest>()[0].value.signer, None);
    }
}
