//! One GET as anybody could send it: no header, no certificate, no token, no proxy, no redirect.

use crate::host::Host;
use crate::host::wire::Failure;
use crate::web::names::Names;
use crate::web::observe::{Line, Observer};
use crate::web::tcp::{self, word_of};
use crate::web::url::ServerUrl;
use nodebundle_bundle::Outcome;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Status line and body as text, and whether the cap cut the body.
pub(super) fn get(
    host: &mut Host,
    url: &str,
    cap: u64,
    time: Duration,
) -> Result<(String, bool), Failure> {
    let failed = |why: String| Failure::new(Outcome::Error, why);
    let server = ServerUrl::parse(url).ok_or_else(|| failed("not a URL".to_owned()))?;
    let deadline = Instant::now() + time.min(host.stop().share());
    let resolved = Names::read(host).resolve(&server.host, deadline);
    let Some(address) = resolved.addresses.first().copied() else {
        return Err(failed(format!("name: {}", resolved.result)));
    };
    let late = |error: &std::io::Error| match word_of(error) {
        "timeout" => Failure::timeout("no answer in time"),
        word => failed(format!("connection: {word}")),
    };
    let stream = tcp::connect(SocketAddr::new(address, server.port), deadline)
        .map_err(|error| late(&error))?;
    let line = if server.secure {
        let observer =
            Observer::new(&server.host, address).map_err(|error| failed(error.to_string()))?;
        let (_, line) = observer.greet(stream);
        line.map_err(|failure| failed(format!("TLS: {}", failure.word)))?
    } else {
        Line::Plain(stream)
    };
    let reply = line
        .ask(&server, &rest_of(url, &server))
        .map_err(|error| late(&error))?;
    let limit = usize::try_from(cap).unwrap_or(usize::MAX);
    let cut = reply.body.len() > limit;
    let body = String::from_utf8_lossy(reply.body.get(..limit).unwrap_or(&reply.body));
    Ok((format!("HTTP/1.1 {}\n\n{body}", reply.status), cut))
}

/// What [`ServerUrl`] leaves out of a path: the slash of an empty one, and a query.
fn rest_of(url: &str, server: &ServerUrl) -> String {
    let slash = if server.prefix.is_empty() { "/" } else { "" };
    let query = url.split_once('?').map(|(_, query)| query);
    let query = query.map(|query| query.split('#').next().unwrap_or_default());
    match query {
        Some(query) => format!("{slash}?{query}"),
        None => slash.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "a test's own server ends with the test"
    )]

    use super::*;
    use crate::scratch::Scratch;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    #[test]
    fn the_answer_is_stored_and_nothing_but_the_request_is_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1000];
            let count = stream.read(&mut request).unwrap();
            stream
                .write_all(b"HTTP/1.1 503 x\r\nContent-Length: 8\r\n\r\nnot well")
                .unwrap();
            String::from_utf8(request[..count].to_vec()).unwrap()
        });
        let scratch = Scratch::new();
        let mut host = Host::direct(scratch.path());
        let url = format!("http://127.0.0.1:{port}/health?verbose");
        let answer = get(&mut host, &url, 3, Duration::from_secs(5)).unwrap();
        assert_eq!(answer, ("HTTP/1.1 503\n\nnot".to_owned(), true));
        let request = server.join().unwrap();
        assert!(
            request.starts_with("GET /health?verbose HTTP/1.1\r\n"),
            "{request}"
        );
        assert!(!request.contains("Authorization"), "{request}");
    }

    #[test]
    fn a_closed_port_is_an_error_and_not_absence() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let scratch = Scratch::new();
        let url = format!("http://127.0.0.1:{port}/");
        let mut host = Host::direct(scratch.path());
        let failure = get(&mut host, &url, 3, Duration::from_secs(5)).unwrap_err();
        assert_eq!(failure.outcome, Outcome::Error);
        assert_eq!(failure.reason.as_deref(), Some("connection: refused"));
    }
}
