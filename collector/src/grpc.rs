//! One unary gRPC call over a connected Unix socket: HTTP/2 with prior knowledge, one stream, then the end.
//!
//! The socket's other end is a program of the node, so it is not believed: frames, headers and the answer are capped.

mod frame;
mod headers;

use frame::{Frame, Kind, flags};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};

/// What came back of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The gRPC status: 0 is success, 12 says that the service or method is unknown.
    pub(crate) status: u32,
    /// What the program says of a failure; empty on success.
    pub(crate) message: String,
    /// The answer as protocol buffer; empty on failure.
    pub(crate) body: Vec<u8>,
}

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum CallError {
    /// The socket failed or its time ran out.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The other end does not speak HTTP/2.
    #[error("it answers, but does not speak gRPC")]
    NotGrpc,
    /// The other end broke off.
    #[error("it ended the call: {0}")]
    Ended(&'static str),
    /// More than is ever needed.
    #[error("its answer is larger than {MAX_BODY} bytes")]
    TooLarge,
}

/// Calls `/service/method` with a message and reads the reply. Time limits are the stream's own.
pub(crate) fn call(
    stream: &mut (impl Read + Write),
    path: &str,
    message: &[u8],
) -> Result<Reply, CallError> {
    stream.write_all(&request(path, message))?;
    let mut incoming = Incoming::default();
    while !incoming.ended {
        let frame = frame::read(stream)?;
        incoming.take(&frame, stream)?;
    }
    incoming.reply()
}

/// Preface, settings, a large window, headers, and the message in one write.
fn request(path: &str, message: &[u8]) -> Vec<u8> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let mut settings = Vec::new();
    for (setting, value) in [
        (HEADER_TABLE_SIZE, 0),
        (ENABLE_PUSH, 0),
        (INITIAL_WINDOW_SIZE, WINDOW),
    ] {
        settings.extend_from_slice(&setting.to_be_bytes());
        settings.extend_from_slice(&value.to_be_bytes());
    }
    frame::write(&mut bytes, Kind::Settings, 0, 0, &settings);
    frame::write(&mut bytes, Kind::WindowUpdate, 0, 0, &WINDOW.to_be_bytes());
    let headers = request_headers(path);
    frame::write(&mut bytes, Kind::Headers, flags::END_HEADERS, 1, &headers);
    let mut data = vec![0];
    data.extend_from_slice(&u32::try_from(message.len()).unwrap_or(0).to_be_bytes());
    data.extend_from_slice(message);
    frame::write(&mut bytes, Kind::Data, flags::END_STREAM, 1, &data);
    bytes
}

/// Every field as a literal that is not indexed: no table, no state.
fn request_headers(path: &str) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        ("user-agent", USER_AGENT),
    ] {
        block.push(0);
        for text in [name, value] {
            // Shorter than 127 bytes, so that the length is one byte.
            block.push(u8::try_from(text.len()).unwrap_or(0) & 0x7f);
            block.extend_from_slice(text.as_bytes());
        }
    }
    block
}

/// What has come in so far.
#[derive(Default)]
struct Incoming {
    headers: BTreeMap<String, String>,
    /// A header block that goes on in the next frame.
    block: Vec<u8>,
    body: Vec<u8>,
    /// The header block under way ends the stream.
    closes: bool,
    ended: bool,
}

impl Incoming {
    fn take(&mut self, frame: &Frame, out: &mut impl Write) -> Result<(), CallError> {
        match frame.kind {
            Kind::Settings if frame.flags & flags::ACK == 0 => {
                let mut ack = Vec::new();
                frame::write(&mut ack, Kind::Settings, flags::ACK, 0, &[]);
                out.write_all(&ack)?;
            }
            Kind::Ping if frame.flags & flags::ACK == 0 => {
                let mut ack = Vec::new();
                frame::write(&mut ack, Kind::Ping, flags::ACK, 0, &frame.payload);
                out.write_all(&ack)?;
            }
            Kind::Headers => {
                self.closes = frame.flags & flags::END_STREAM != 0;
                let ends = frame.flags & flags::END_HEADERS != 0;
                let block = frame.content().ok_or(CallError::NotGrpc)?;
                self.header_block(block, ends)?;
            }
            Kind::Continuation => {
                let ends = frame.flags & flags::END_HEADERS != 0;
                self.header_block(&frame.payload, ends)?;
            }
            Kind::Data => self.data(frame)?,
            Kind::Reset => return Err(CallError::Ended("it reset the stream")),
            Kind::GoAway => return Err(CallError::Ended("it said go away")),
            Kind::Settings | Kind::Ping | Kind::WindowUpdate | Kind::Other => {}
        }
        Ok(())
    }

    fn data(&mut self, frame: &Frame) -> Result<(), CallError> {
        let content = frame.content().ok_or(CallError::NotGrpc)?;
        if self.body.len() + content.len() > MAX_BODY {
            return Err(CallError::TooLarge);
        }
        self.body.extend_from_slice(content);
        self.ended = frame.flags & flags::END_STREAM != 0;
        Ok(())
    }

    fn header_block(&mut self, block: &[u8], ends: bool) -> Result<(), CallError> {
        if self.block.len() + block.len() > MAX_HEADERS {
            return Err(CallError::TooLarge);
        }
        self.block.extend_from_slice(block);
        if !ends {
            return Ok(());
        }
        let fields = headers::decode(&std::mem::take(&mut self.block));
        self.headers.extend(fields.ok_or(CallError::NotGrpc)?);
        self.ended = self.closes;
        Ok(())
    }

    fn reply(self) -> Result<Reply, CallError> {
        let status = self.headers.get("grpc-status");
        let status = status.and_then(|status| status.parse().ok());
        let status: u32 = status.ok_or(CallError::NotGrpc)?;
        let message = self.headers.get("grpc-message");
        let body = match self.body.split_first_chunk::<5>() {
            Some(([0, ..], body)) if status == 0 => body.to_vec(),
            Some(_) if status == 0 => return Err(CallError::NotGrpc),
            _ => Vec::new(),
        };
        Ok(Reply {
            status,
            message: message.map(|text| unescaped(text)).unwrap_or_default(),
            body,
        })
    }
}

/// gRPC writes what is not printable ASCII as `%XX`.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .and_then(|code| std::str::from_utf8(code).ok());
        let code = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        match code {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A node with thousands of images answers less.
const MAX_BODY: usize = 8 << 20;
const MAX_HEADERS: usize = 64 << 10;
/// Room for the whole answer, so that the window never has to be moved.
const WINDOW: u32 = 16 << 20;
const HEADER_TABLE_SIZE: u16 = 1;
const ENABLE_PUSH: u16 = 2;
const INITIAL_WINDOW_SIZE: u16 = 4;
const USER_AGENT: &str = concat!("nodebundle-collector/", env!("CARGO_PKG_VERSION"));

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that answers with these bytes whatever it is asked.
    struct Peer<'a> {
        answer: &'a [u8],
        heard: Vec<u8>,
    }

    impl Read for Peer<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.answer.read(buffer)
        }
    }

    impl Write for Peer<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.heard.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn ask(answer: &[u8]) -> (Result<Reply, CallError>, Vec<u8>) {
        let mut peer = Peer {
            answer,
            heard: Vec::new(),
        };
        (call(&mut peer, "/s.S/M", b"ask"), peer.heard)
    }

    fn literal(fields: &[(&str, &str)]) -> Vec<u8> {
        let mut block = Vec::new();
        for text in fields
            .iter()
            .flat_map(|(name, value)| [(true, *name), (false, *value)])
        {
            if text.0 {
                block.push(0);
            }
            block.push(u8::try_from(text.1.len()).unwrap());
            block.extend_from_slice(text.1.as_bytes());
        }
        block
    }

    fn frames(parts: &[(Kind, u8, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (kind, flags, payload) in parts {
            frame::write(&mut bytes, *kind, *flags, 1, payload);
        }
        bytes
    }

    #[test]
    fn a_message_comes_back_whole_from_several_frames() {
        let head = literal(&[(":status", "200"), ("content-type", "application/grpc")]);
        let tail = literal(&[("grpc-status", "0")]);
        let answer = frames(&[
            (Kind::Settings, 0, &[]),
            (Kind::Headers, flags::END_HEADERS, &head),
            (Kind::Data, 0, b"\0\0\0\0\x06ans"),
            (Kind::Data, flags::PADDED, b"\x02wer\0\0"),
            (Kind::Headers, flags::END_STREAM, &tail[..4]),
            (Kind::Continuation, flags::END_HEADERS, &tail[4..]),
        ]);
        let (reply, heard) = ask(&answer);
        assert_eq!(reply.unwrap().body, b"answer");
        assert!(heard.starts_with(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
        assert!(heard.windows(8).any(|part| part == b"\0\0\0\0\x03ask"));
    }

    #[test]
    fn a_refusal_keeps_its_words() {
        let tail = literal(&[
            (":status", "200"),
            ("grpc-status", "12"),
            (
                "grpc-message",
                "unknown service runtime.v1.RuntimeService%0A",
            ),
        ]);
        let end = flags::END_STREAM | flags::END_HEADERS;
        let (reply, _) = ask(&frames(&[(Kind::Headers, end, &tail)]));
        let reply = reply.unwrap();
        assert_eq!(reply.status, 12);
        assert_eq!(reply.message, "unknown service runtime.v1.RuntimeService\n");
    }

    #[test]
    fn a_program_that_speaks_http_1_is_not_grpc() {
        let (reply, _) =
            ask(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request");
        assert!(matches!(reply, Err(CallError::NotGrpc)));
    }

    #[test]
    fn broken_answers_end_in_an_error() {
        let huge = [0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1];
        assert!(ask(&huge).0.is_err());
        assert!(ask(b"").0.is_err());
        let padding = frames(&[(Kind::Data, flags::PADDED, b"\xff\0")]);
        assert!(ask(&padding).0.is_err());
        let block = frames(&[(Kind::Headers, flags::END_HEADERS, b"\xff\xff\xff")]);
        assert!(ask(&block).0.is_err());
        let reset = frames(&[(Kind::Reset, 0, b"\0\0\0\x01")]);
        assert!(matches!(ask(&reset).0, Err(CallError::Ended(_))));
    }
}
