//! The way through a SOCKS5 proxy. It learns the server's name and port, which it looks up itself, and nothing else.

use super::url::ServerUrl;
use std::io::{self, Read, Write};

/// Asks for a way to a server; an error says in words why there is none. No credential is shown.
pub(crate) fn tunnel(stream: &mut (impl Read + Write), server: &ServerUrl) -> io::Result<()> {
    stream.write_all(&[VERSION, 1, NO_CREDENTIAL])?;
    stream.flush()?;
    match answer(stream)? {
        [VERSION, NO_CREDENTIAL] => {}
        [VERSION, NOTHING_FITS] => return refused("it wants a credential, which is not shown"),
        _ => return refused("it does not speak SOCKS5"),
    }
    let name = server.host.as_bytes();
    let length = u8::try_from(name.len()).map_err(io::Error::other)?;
    let mut ask = vec![VERSION, CONNECT, 0, BY_NAME, length];
    ask.extend_from_slice(name);
    ask.extend_from_slice(&server.port.to_be_bytes());
    stream.write_all(&ask)?;
    stream.flush()?;
    let [version, status, _, kind] = answer(stream)?;
    if version != VERSION {
        return refused("it does not speak SOCKS5");
    }
    if status != 0 {
        let words = REFUSALS
            .get(usize::from(status))
            .unwrap_or(&"unknown refusal");
        return refused(words);
    }
    let address = match kind {
        BY_NAME => usize::from(u8::from_be_bytes(answer(stream)?)),
        IPV6 => 16,
        _ => 4,
    };
    let mut rest = vec![0; address + 2];
    stream.read_exact(&mut rest)
}

fn answer<const LENGTH: usize>(stream: &mut impl Read) -> io::Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn refused<T>(why: &str) -> io::Result<T> {
    Err(io::Error::other(why.to_owned()))
}

const VERSION: u8 = 5;
const NO_CREDENTIAL: u8 = 0;
const NOTHING_FITS: u8 = 0xff;
const CONNECT: u8 = 1;
const BY_NAME: u8 = 3;
const IPV6: u8 = 4;

/// By the number of the status (RFC 1928).
const REFUSALS: &[&str] = &[
    "",
    "general failure",
    "its rules forbid the connection",
    "network unreachable",
    "host unreachable",
    "the server refuses the connection",
    "the connection timed out",
    "it does not know CONNECT",
    "it does not know names",
];

#[cfg(test)]
mod tests {
    use super::*;

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

    fn asked(answer: &[u8]) -> (Result<(), String>, Vec<u8>, usize) {
        let heard = Vec::new();
        let mut peer = Peer { answer, heard };
        let server = ServerUrl::parse("https://api.lab:6443").unwrap();
        let result = tunnel(&mut peer, &server).map_err(|error| error.to_string());
        (result, peer.heard, peer.answer.len())
    }

    #[test]
    fn the_proxy_hears_name_and_port_and_what_follows_is_the_servers() {
        let (result, heard, left) = asked(b"\x05\x00\x05\x00\x00\x01\x0a\x00\x00\x01\x19\x2bREST");
        assert_eq!(result, Ok(()));
        assert_eq!(heard, b"\x05\x01\x00\x05\x01\x00\x03\x07api.lab\x19\x2b");
        assert_eq!(left, 4);
    }

    #[test]
    fn every_refusal_has_its_words() {
        for (answer, words) in [
            (
                &b"\x05\xff"[..],
                "it wants a credential, which is not shown",
            ),
            (b"HTTP/1.1 400", "it does not speak SOCKS5"),
            (
                b"\x05\x00\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00",
                "its rules forbid the connection",
            ),
            (b"\x05\x00\x05\x63\x00\x01", "unknown refusal"),
        ] {
            assert_eq!(asked(answer).0.unwrap_err(), words);
        }
        assert!(asked(b"").0.is_err());
    }
}
