//! Output of `curl -v` to an API server or to the kubelet's health port.

use crate::certificate::{Certificate, distinguished_name};
use crate::claim::{Witness, claim};
use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::fact::{Fact, Value};
use crate::observed::Attempt;
use crate::origin::Origin;
use crate::parser::Parser;
use crate::times;

pub(super) const PARSER: Parser = Parser {
    name: "curl",
    kind: "output of curl",
    facts: &[],
    accepts: |entry| {
        entry
            .command()
            .is_some_and(|command| command.starts_with("curl"))
            || entry.may_be_output_of(&[]) && {
                let head = entry.head();
                head.contains("*   Trying ")
                    || head.starts_with("curl: (")
                    || head.contains("\n< HTTP/")
            }
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    if asks_kubelet(entry, &text) {
        return health(entry, &text, evidence);
    }
    let mut talk = Talk::default();
    for (line, content) in numbered(&text) {
        talk.line(content, &entry.at(line));
    }
    let told = &talk.attempt;
    // The metadata service of a cloud is no API server.
    let metadata = told
        .host
        .as_deref()
        .is_some_and(|host| host.starts_with("169.254."));
    if metadata {
        return;
    }
    if told.tcp.is_some() || told.livez.is_some() || told.host.is_some() {
        evidence.push(talk.attempt, entry.whole());
    }
}

fn asks_kubelet(entry: &Entry, text: &str) -> bool {
    let local = |text: &str| text.contains(":10248") || text.contains("port 10248");
    entry.command().is_some_and(local) || text.lines().take(3).any(local)
}

fn health(entry: &Entry, text: &str, evidence: &mut Evidence) {
    for (line, content) in numbered(text) {
        let state = match content.trim() {
            "ok" => "ok".to_owned(),
            text if text.starts_with("curl: (7)") || text.contains("Connection refused") => {
                "refused".to_owned()
            }
            text if text.starts_with("curl: (28)") => "timeout".to_owned(),
            text if text.starts_with("< HTTP/") => match status(text) {
                Some(200) => "ok".to_owned(),
                Some(status) => format!("status {status}"),
                None => continue,
            },
            _ => continue,
        };
        return claim(
            evidence,
            "kubelet.health",
            Witness::Program,
            state,
            entry.at(line),
        );
    }
}

#[derive(Default)]
struct Talk {
    attempt: Attempt,
    path: String,
}

impl Talk {
    fn line(&mut self, content: &str, origin: &Origin) {
        let text = content.trim_start_matches("* ").trim();
        if let Some(rest) = text.strip_prefix("Trying ") {
            self.trying(rest);
        } else if let Some(host) = text.strip_prefix("Could not resolve host: ") {
            self.attempt.host = Some(host.trim().to_owned());
        } else if let Some(rest) = text.strip_prefix("Connected to ") {
            self.attempt.host = rest.split_whitespace().next().map(str::to_owned);
            self.tcp("connected", origin);
        } else if let Some(value) = content.strip_prefix("> GET ") {
            value
                .split_whitespace()
                .next()
                .unwrap_or_default()
                .clone_into(&mut self.path);
        } else if content.starts_with("< HTTP/") {
            self.answered(content, origin);
        } else if let Some(date) = header(content, "date") {
            let time =
                times::printed(date).map(|time| Fact::new(Value::Time(time), origin.clone()));
            self.attempt.server_time = self.attempt.server_time.take().or(time);
        } else if let Some(version) = content.split("\"gitVersion\": \"").nth(1) {
            let version = version
                .split('"')
                .next()
                .and_then(|version| version.parse().ok());
            self.attempt.version =
                version.map(|version| Fact::new(Value::Version(version), origin.clone()));
        } else {
            self.failed(text, origin);
            self.certificate(text, origin);
        }
    }

    /// `10.77.0.1:6443...`
    fn trying(&mut self, rest: &str) {
        let rest = rest.trim_end_matches('.');
        if let Some((address, port)) = rest.rsplit_once(':') {
            self.attempt.port = port.parse().ok().or(self.attempt.port);
            let address = address.trim_matches(['[', ']']).to_owned();
            if !self.attempt.addresses.contains(&address) {
                self.attempt.addresses.push(address);
            }
        }
    }

    fn answered(&mut self, line: &str, origin: &Origin) {
        self.tcp("connected", origin);
        self.tls("ok", origin);
        let health = ["/livez", "/healthz", "/readyz"]
            .iter()
            .any(|path| self.path.starts_with(path));
        if let (true, Some(status)) = (health, status(line)) {
            self.attempt.livez = Some(Fact::new(Value::Int(status), origin.clone()));
        }
    }

    fn failed(&mut self, text: &str, origin: &Origin) {
        let connected = self
            .attempt
            .tcp
            .as_ref()
            .is_some_and(|tcp| tcp.as_text() == Some("connected"));
        let word = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if word(&[
            "SSL connection using",
            "SSL certificate verify",
            "SSL certificate problem",
        ]) {
            self.tls("ok", origin);
        } else if connected {
            match () {
                () if word(&[
                    "wrong version number",
                    "packet length too long",
                    "http request",
                ]) =>
                {
                    self.tls("not-tls", origin);
                }
                () if word(&["alert"]) && word(&["SSL", "TLS"]) && text.contains("error") => {
                    self.tls("alert", origin);
                }
                () if word(&[
                    "SSL_ERROR_SYSCALL",
                    "unexpected eof",
                    "Connection reset by peer",
                ]) =>
                {
                    self.tls("eof", origin);
                }
                () if word(&["timed out"]) => self.tls("timeout", origin),
                () => {}
            }
        } else {
            match () {
                () if word(&["Connection refused"]) => self.tcp("refused", origin),
                () if word(&["Network is unreachable", "No route to host"]) => {
                    self.tcp("unreachable", origin);
                }
                () if word(&["timed out", "Timeout was reached"]) => self.tcp("timeout", origin),
                () if word(&["Connection reset by peer"]) => self.tcp("reset", origin),
                () => {}
            }
            self.named(text);
        }
    }

    /// `Failed to connect to api.lab port 6443`: the name, where no other line has it.
    fn named(&mut self, text: &str) {
        let Some((_, rest)) = text.split_once("Failed to connect to ") else {
            return;
        };
        let words: Vec<&str> = rest.split_whitespace().collect();
        if let [host, "port", port, ..] = words.as_slice() {
            self.attempt.host = Some((*host).to_owned());
            self.attempt.port = port
                .trim_end_matches(':')
                .parse()
                .ok()
                .or(self.attempt.port);
        }
    }

    fn certificate(&mut self, text: &str, origin: &Origin) {
        if text == "Server certificate:" {
            self.attempt.chain = vec![(origin.line, Certificate::default())];
        }
        let Some((_, leaf)) = self.attempt.chain.first_mut() else {
            return;
        };
        match text.split_once(": ") {
            Some(("subject", value)) => {
                leaf.subject = distinguished_name(&value.replace("; ", ", "));
            }
            Some(("issuer", value)) => leaf.issuer = distinguished_name(&value.replace("; ", ", ")),
            Some(("start date", value)) => leaf.not_before = times::printed(value),
            Some(("expire date", value)) => leaf.not_after = times::printed(value),
            _ => {}
        }
    }

    fn tcp(&mut self, word: &str, origin: &Origin) {
        let connected = self.attempt.tcp.as_ref().and_then(Fact::as_text) == Some("connected");
        if !connected && (word == "connected" || self.attempt.tcp.is_none()) {
            self.attempt.tcp = Some(Fact::text(word, origin.clone()));
        }
    }

    fn tls(&mut self, word: &str, origin: &Origin) {
        let done = self
            .attempt
            .tls
            .as_ref()
            .is_some_and(|tls| tls.as_text() == Some("ok"));
        if !done {
            self.attempt.tls = Some(Fact::text(word, origin.clone()));
        }
    }
}

/// `< HTTP/2 200`
fn status(line: &str) -> Option<i64> {
    line.split_whitespace().nth(2)?.parse().ok()
}

fn header<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (key, value) = line.strip_prefix("< ")?.split_once(": ")?;
    key.eq_ignore_ascii_case(name).then_some(value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed_text, command, named};

    fn attempt(text: &str) -> Attempt {
        named(&PARSER, text).all::<Attempt>()[0].value.clone()
    }

    fn word(fact: Option<&Fact>) -> Option<&str> {
        fact.and_then(Fact::as_text)
    }

    #[test]
    fn an_answer_proves_tcp_and_tls() {
        let told = attempt(
            "*   Trying 10.77.0.1:6443...\n* Connected to api.lab (10.77.0.1) port 6443 (#0)\n* SSL connection using TLSv1.3\n* Server certificate:\n*  subject: CN=kube-apiserver\n*  start date: Oct 13 06:46:38 2026 GMT\n*  issuer: CN=kubernetes\n> GET /healthz HTTP/2\n< HTTP/2 200 \n< date: Sun, 22 Nov 2026 07:48:02 GMT\nok",
        );
        assert_eq!(
            (told.host.as_deref(), told.port),
            (Some("api.lab"), Some(6443))
        );
        assert_eq!(
            (word(told.tcp.as_ref()), word(told.tls.as_ref())),
            (Some("connected"), Some("ok"))
        );
        assert_eq!(told.livez.unwrap().as_int(), Some(200));
        assert_eq!(told.chain[0].1.issuer, "CN=kubernetes");
        assert!(told.chain[0].1.not_before.is_some());
        assert!(told.server_time.is_some());
    }

    #[test]
    fn each_failure_has_its_layer() {
        for (text, tcp, tls) in [
            (
                "*   Trying 10.0.0.1:6443...\n* connect to 10.0.0.1 port 6443 failed: Connection refused\n",
                Some("refused"),
                None,
            ),
            (
                "*   Trying 10.0.0.1:6443...\n* Connection timed out after 5000 milliseconds\n",
                Some("timeout"),
                None,
            ),
            (
                "*   Trying 10.0.0.1:6443...\n* Immediate connect fail for 10.0.0.1: Network is unreachable\n",
                Some("unreachable"),
                None,
            ),
            (
                "*   Trying 10.0.0.1:6443...\n* Connected to 10.0.0.1 (10.0.0.1) port 6443 (#0)\n* OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to 10.0.0.1:6443 \n",
                Some("connected"),
                Some("eof"),
            ),
            (
                "*   Trying 10.0.0.1:80...\n* Connected to 10.0.0.1 (10.0.0.1) port 80 (#0)\ncurl: (35) error:0A00010B:SSL routines::wrong version number\n",
                Some("connected"),
                Some("not-tls"),
            ),
            (
                "* Could not resolve host: api-old.lab\ncurl: (6) Could not resolve host: api-old.lab\n*   Trying nothing",
                None,
                None,
            ),
        ] {
            let told = attempt(text);
            assert_eq!(
                (word(told.tcp.as_ref()), word(told.tls.as_ref())),
                (tcp, tls),
                "{text}"
            );
        }
    }

    #[test]
    fn the_health_port_is_the_kubelets() {
        let url = "curl http://127.0.0.1:10248/healthz";
        assert_eq!(
            claimed_text(&command(&PARSER, url, "ok"), "kubelet.health"),
            "ok"
        );
        let down = command(
            &PARSER,
            url,
            "curl: (7) Failed to connect to 127.0.0.1 port 10248 after 0 ms: Couldn't connect to server\n",
        );
        assert_eq!(claimed_text(&down, "kubelet.health"), "refused");
        assert!(down.all::<Attempt>().is_empty());
    }

    #[test]
    fn the_metadata_service_is_no_api_server() {
        let text = "curl: (28) Failed to connect to 169.254.169.254 port 80 after 5000 ms: Connection timed out\n";
        assert!(named(&PARSER, text).all::<Attempt>().is_empty());
    }
}
