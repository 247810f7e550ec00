//! The way through a proxy: which kinds there are, and what each is told before it leads to the server.

use super::http;
use super::observe::Observer;
use super::socks;
use super::tcp::Timed;
use super::url::ServerUrl;
use serde::Serialize;
use std::net::IpAddr;

/// A kind of proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Through {
    /// `http://`: asked with CONNECT.
    Plain,
    /// `https://`: the same within TLS to the proxy of this name.
    Secure(String),
    /// `socks5://` and `socks5h://`.
    Socks,
}

/// What a proxy showed and answered; a step that was not reached has no key.
#[derive(Debug, Default, Serialize)]
#[serde(default)]
pub(crate) struct Led {
    /// Status with which it answered CONNECT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) connect_status: Option<u16>,
    /// `ok`, or the word of the failed handshake with the proxy itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) proxy_tls: Option<&'static str>,
    /// Certificates of the proxy, PEM; recorded and not judged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) proxy_chain: Vec<String>,
}

impl Through {
    /// Reads a proxy's URL; `None` for another scheme. Credentials are dropped.
    pub(crate) fn parse(url: &str) -> Option<(ServerUrl, Self)> {
        let (scheme, rest) = url.trim().split_once("://").unwrap_or(("http", url.trim()));
        match scheme.to_ascii_lowercase().as_str() {
            "http" => Some((ServerUrl::parse(&format!("http://{rest}"))?, Self::Plain)),
            "https" => {
                let proxy = ServerUrl::parse(&format!("https://{rest}"))?;
                let name = proxy.host.clone();
                Some((proxy, Self::Secure(name)))
            }
            "socks5" | "socks5h" => {
                let mut proxy = ServerUrl::parse(&format!("http://{rest}"))?;
                let authority = proxy.text.trim_start_matches("http://");
                if super::url::split_port(authority)?.1.is_none() {
                    proxy.port = SOCKS_PORT;
                }
                Some((proxy, Self::Socks))
            }
            _ => None,
        }
    }

    /// Asks the proxy at the other end of a connection for the way to a server. It hears of the server and nothing else.
    pub(crate) fn lead(
        &self,
        (mut stream, address): (Timed, IpAddr),
        server: &ServerUrl,
        led: &mut Led,
    ) -> Result<Timed, String> {
        if let Self::Secure(name) = self {
            stream = cover(name, stream, address, led)?;
        }
        if *self == Self::Socks {
            let asked = socks::tunnel(&mut stream, server);
            asked.map_err(|error| format!("the SOCKS proxy gave no way: {error}"))?;
            return Ok(stream);
        }
        let status = http::tunnel(&mut stream, &server.authority())
            .map_err(|error| format!("the proxy did not answer CONNECT: {error}"))?;
        led.connect_status = Some(status);
        if !(200..300).contains(&status) {
            return Err(format!("the proxy answered CONNECT with status {status}"));
        }
        Ok(stream)
    }
}

/// Shakes hands with the proxy itself.
fn cover(name: &str, mut stream: Timed, address: IpAddr, led: &mut Led) -> Result<Timed, String> {
    let observer = Observer::new(name, address).map_err(|error| error.to_string())?;
    let (shown, shaken) = observer.shake(&mut stream);
    led.proxy_chain = shown
        .chain
        .iter()
        .map(|der| super::attempt::pem(der))
        .collect();
    match shaken {
        Ok(connection) => {
            led.proxy_tls = Some("ok");
            Ok(stream.covered(connection))
        }
        Err(failure) => {
            led.proxy_tls = Some(failure.word);
            Err(format!("TLS with the proxy: {}", failure.reason))
        }
    }
}

/// Where SOCKS proxies listen when no port is written.
const SOCKS_PORT: u16 = 1080;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_known_by_its_scheme() {
        for (url, place, kind) in [
            (
                "http://u:p@proxy.lab:3128",
                "proxy.lab:3128",
                Some(Through::Plain),
            ),
            ("proxy.lab:3128", "proxy.lab:3128", Some(Through::Plain)),
            (
                "https://proxy.lab",
                "proxy.lab:443",
                Some(Through::Secure("proxy.lab".to_owned())),
            ),
            (
                "socks5://u:p@proxy.lab",
                "proxy.lab:1080",
                Some(Through::Socks),
            ),
            (
                "socks5h://proxy.lab:80",
                "proxy.lab:80",
                Some(Through::Socks),
            ),
            ("ftp://proxy.lab", "", None),
        ] {
            let parsed = Through::parse(url);
            let (found, through) = parsed.map_or((String::new(), None), |(proxy, through)| {
                (proxy.authority(), Some(through))
            });
            assert_eq!((found.as_str(), through), (place, kind), "{url}");
        }
    }
}
