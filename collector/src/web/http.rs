//! One HTTP/1.1 request and its answer, over any stream. Redirects are not followed: an answer is what it is.

use std::io::{self, ErrorKind, Read, Write};

/// An answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reply {
    /// Status code.
    pub(crate) status: u16,
    /// The headers that are kept, as sent.
    pub(crate) headers: Headers,
    /// The body, at most 1 MiB.
    pub(crate) body: Vec<u8>,
    /// Whether another question may follow on the same connection.
    pub(crate) reusable: bool,
}

/// Headers that tell something of the server; `None` when it sent none. At most 200 characters each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Headers {
    /// `Date`
    pub(crate) date: Option<String>,
    /// `Audit-Id`: finds the request in the server's audit log.
    pub(crate) audit_id: Option<String>,
    /// `WWW-Authenticate`
    pub(crate) challenge: Option<String>,
}

/// A question to an API server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    /// Path and query.
    pub(crate) path: &'a str,
    /// Form of the answer.
    pub(crate) accept: &'a str,
    /// JSON to post; without it, a GET.
    pub(crate) body: Option<&'a str>,
}

/// The bytes of a GET request; `more` are complete header lines.
pub(crate) fn get(authority: &str, path: &str, more: &str) -> Vec<u8> {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "GET {path} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: nodebundle-collector/{version}\r\n\
         Accept: application/json, */*\r\nConnection: close\r\n{more}\r\n"
    )
    .into_bytes()
}

/// The bytes of a request on a connection that stays open; `more` are complete header lines.
pub(crate) fn request(authority: &str, question: &Question<'_>, more: &str) -> Vec<u8> {
    let Question { path, accept, body } = question;
    let version = env!("CARGO_PKG_VERSION");
    let method = if body.is_some() { "POST" } else { "GET" };
    let body = body.unwrap_or_default();
    let length = match body.len() {
        0 => String::new(),
        length => format!("Content-Type: application/json\r\nContent-Length: {length}\r\n"),
    };
    format!(
        "{method} {path} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: nodebundle-collector/{version}\r\n\
         Accept: {accept}\r\n{length}{more}\r\n{body}"
    )
    .into_bytes()
}

/// Asks a proxy for a way to a server: its status. Nothing but this is said to a proxy.
pub(crate) fn tunnel(stream: &mut (impl Read + Write), authority: &str) -> io::Result<u16> {
    let version = env!("CARGO_PKG_VERSION");
    let request = format!(
        "CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: nodebundle-collector/{version}\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    stream.flush()?;
    let (head, _) = read_head(stream)?;
    Ok(head.status)
}

/// Sends a request and reads the answer to its end.
pub(crate) fn exchange(stream: &mut (impl Read + Write), request: &[u8]) -> io::Result<Reply> {
    stream.write_all(request)?;
    stream.flush()?;
    let (head, mut rest) = read_head(stream)?;
    while rest.len() < MAX_BODY && !head.is_whole(&rest) {
        if read_more(stream, &mut rest)? == 0 {
            break;
        }
    }
    Ok(Reply {
        status: head.status,
        reusable: head.stays && head.is_exactly(&rest),
        headers: head.headers,
        body: match head.framing {
            Framing::Chunked => dechunked(&rest),
            Framing::Length(length) => {
                rest.truncate(length);
                rest
            }
            Framing::Close => rest,
        },
    })
}

/// The head, and what came after it.
fn read_head(stream: &mut impl Read) -> io::Result<(Head, Vec<u8>)> {
    let mut received = Vec::new();
    loop {
        if let Some(head) = head(&received)? {
            let rest = received.split_off(head.length);
            return Ok((head, rest));
        }
        if received.len() > MAX_HEAD || read_more(stream, &mut received)? == 0 {
            return Err(not_http());
        }
    }
}

struct Head {
    status: u16,
    headers: Headers,
    framing: Framing,
    /// The server leaves the connection open.
    stays: bool,
    length: usize,
}

enum Framing {
    Length(usize),
    Chunked,
    /// The body ends with the connection.
    Close,
}

impl Head {
    fn is_whole(&self, body: &[u8]) -> bool {
        match self.framing {
            Framing::Length(length) => body.len() >= length,
            Framing::Chunked => body.ends_with(b"0\r\n\r\n"),
            Framing::Close => false,
        }
    }

    /// Whether the body is whole and nothing follows it.
    fn is_exactly(&self, body: &[u8]) -> bool {
        match self.framing {
            Framing::Length(length) => body.len() == length,
            _ => self.is_whole(body),
        }
    }
}

/// The head, when it is complete.
fn head(bytes: &[u8]) -> io::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let length = match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(not_http()),
    };
    let value = |name: &str| {
        let header = response
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))?;
        let text = String::from_utf8_lossy(header.value);
        Some(text.trim().chars().take(MAX_HEADER).collect::<String>())
    };
    let chunked =
        value("transfer-encoding").is_some_and(|coding| coding.to_lowercase().contains("chunked"));
    let stated = value("content-length").and_then(|length| length.parse().ok());
    Ok(Some(Head {
        status: response.code.unwrap_or(0),
        headers: Headers {
            date: value("date"),
            audit_id: value("audit-id"),
            challenge: value("www-authenticate"),
        },
        stays: response.version == Some(1)
            && value("connection").is_none_or(|word| !word.eq_ignore_ascii_case("close")),
        framing: match stated {
            _ if chunked => Framing::Chunked,
            Some(length) => Framing::Length(length),
            None => Framing::Close,
        },
        length,
    }))
}

/// Reads once; a peer that ends without the goodbye of TLS has ended all the same.
fn read_more(stream: &mut impl Read, received: &mut Vec<u8>) -> io::Result<usize> {
    let mut buffer = [0; 8 << 10];
    match stream.read(&mut buffer) {
        Ok(count) => {
            received.extend(buffer.iter().take(count));
            Ok(count)
        }
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(0),
        Err(error) => Err(error),
    }
}

/// The chunks' content; ends at the first chunk that is cut.
fn dechunked(mut body: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    while let Ok(httparse::Status::Complete((start, size))) = httparse::parse_chunk_size(body) {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let chunk = body.get(start..start.saturating_add(size));
        let (Some(chunk), true) = (chunk, size > 0) else {
            break;
        };
        content.extend_from_slice(chunk);
        body = body.get(start + size + 2..).unwrap_or_default();
    }
    content
}

fn not_http() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "the answer is not HTTP")
}

const MAX_HEADER: usize = 200;
const MAX_HEAD: usize = 64 << 10;
const MAX_BODY: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    struct Peer(Cursor<Vec<u8>>);

    impl Read for Peer {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            // A few bytes at a time, as a network may deliver them.
            let few = buffer.len().min(7);
            self.0.read(&mut buffer[..few])
        }
    }

    impl Write for Peer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn answer(text: &str) -> io::Result<Reply> {
        exchange(&mut Peer(Cursor::new(text.into())), b"GET")
    }

    #[test]
    fn a_body_is_read_by_length_by_chunks_and_to_the_end() {
        let stated =
            answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: D\r\n\r\nokREST").unwrap();
        assert_eq!((stated.status, stated.body), (200, b"ok".to_vec()));
        assert_eq!(stated.headers.date.as_deref(), Some("D"));
        let chunked =
            "HTTP/1.1 403 F\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        assert_eq!(answer(chunked).unwrap().body, b"abcde");
        assert_eq!(
            answer("HTTP/1.0 500 X\r\n\r\nall of it").unwrap().body,
            b"all of it"
        );
    }

    #[test]
    fn only_a_whole_body_leaves_the_connection_for_another_question() {
        for (text, reusable) in [
            ("HTTP/1.1 200 O\r\nContent-Length: 2\r\n\r\nok", true),
            ("HTTP/1.1 200 O\r\nContent-Length: 2\r\n\r\noks", false),
            ("HTTP/1.1 200 O\r\nContent-Length: 9\r\n\r\nok", false),
            (
                "HTTP/1.1 200 O\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
                false,
            ),
            ("HTTP/1.0 200 O\r\nContent-Length: 2\r\n\r\nok", false),
            ("HTTP/1.1 200 O\r\n\r\nok", false),
        ] {
            assert_eq!(answer(text).unwrap().reusable, reusable, "{text}");
        }
    }

    #[test]
    fn a_body_is_posted_with_its_length() {
        let question = Question {
            path: "/x",
            accept: "a/b",
            body: Some("{}"),
        };
        let text = String::from_utf8(request("h:1", &question, "")).unwrap();
        assert!(
            text.starts_with("POST /x HTTP/1.1\r\nHost: h:1\r\n"),
            "{text}"
        );
        assert!(text.ends_with("Content-Length: 2\r\n\r\n{}"), "{text}");
    }

    #[test]
    fn a_proxy_hears_nothing_but_connect() {
        let mut peer = Peer(Cursor::new(b"HTTP/1.1 407 No\r\n\r\n".to_vec()));
        assert_eq!(tunnel(&mut peer, "api.lab:6443").unwrap(), 407);
    }

    #[test]
    fn what_is_not_http_is_an_error() {
        assert!(answer("SSH-2.0-x\r\n").is_err());
        assert!(answer("").is_err());
    }

    #[test]
    fn a_chunk_that_claims_too_much_ends_the_body() {
        let reply =
            answer("HTTP/1.1 200 O\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx");
        assert_eq!(reply.unwrap().body, b"");
    }
}
