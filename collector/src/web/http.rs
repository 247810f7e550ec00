//! One HTTP/1.1 request and its answer, over any stream. Redirects are not followed: an answer is what it is.

use std::io::{self, ErrorKind, Read, Write};

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    /// Status code.
    pub(crate) status: u16,
    /// The `Date` header as sent.
    pub(crate) date: Option<String>,
    /// The body, at most 1 MiB.
    pub(crate) body: Vec<u8>,
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

/// Sends a request and reads the answer to its end.
pub(crate) fn exchange(stream: &mut (impl Read + Write), request: &[u8]) -> io::Result<Reply> {
    stream.write_all(request)?;
    stream.flush()?;
    let mut received = Vec::new();
    let head = loop {
        if let Some(head) = head(&received)? {
            break head;
        }
        if received.len() > MAX_HEAD || read_more(stream, &mut received)? == 0 {
            return Err(not_http());
        }
    };
    let mut rest = received.split_off(head.length);
    while rest.len() < MAX_BODY && !head.is_whole(&rest) {
        if read_more(stream, &mut rest)? == 0 {
            break;
        }
    }
    Ok(Reply {
        status: head.status,
        date: head.date,
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

struct Head {
    status: u16,
    date: Option<String>,
    framing: Framing,
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
        Some(String::from_utf8_lossy(header.value).trim().to_owned())
    };
    let chunked =
        value("transfer-encoding").is_some_and(|coding| coding.to_lowercase().contains("chunked"));
    let stated = value("content-length").and_then(|length| length.parse().ok());
    Ok(Some(Head {
        status: response.code.unwrap_or(0),
        date: value("date"),
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
        assert_eq!(stated.date.as_deref(), Some("D"));
        let chunked =
            "HTTP/1.1 403 F\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        assert_eq!(answer(chunked).unwrap().body, b"abcde");
        assert_eq!(
            answer("HTTP/1.0 500 X\r\n\r\nall of it").unwrap().body,
            b"all of it"
        );
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
