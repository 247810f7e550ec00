//! The address of an API server as a kubeconfig states it.

use std::net::IpAddr;

/// A server URL, taken apart. Credentials in it are dropped when it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerUrl {
    /// The URL without credentials, query and final slash.
    pub(crate) text: String,
    /// Whether the scheme is `https`.
    pub(crate) secure: bool,
    /// Name or literal address, without brackets.
    pub(crate) host: String,
    /// As written, else 443 or 80.
    pub(crate) port: u16,
    /// What stands before every path of the API; empty for most servers.
    pub(crate) prefix: String,
}

impl ServerUrl {
    /// Reads a URL; without a scheme it is taken for `http`, as the kubelet does. `None` when it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text
            .trim()
            .split_once("://")
            .unwrap_or(("http", text.trim()));
        let secure = scheme.eq_ignore_ascii_case("https");
        if !secure && !scheme.eq_ignore_ascii_case("http") {
            return None;
        }
        let rest = rest.split(['?', '#']).next()?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let authority = authority.rsplit('@').next()?;
        let (host, port) = split_port(authority)?;
        let port = match port {
            Some(port) => port.parse().ok()?,
            None if secure => 443,
            None => 80,
        };
        let path = path.trim_end_matches('/');
        let fits = is_host(host) && path.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self {
            text: join(
                &format!("{}://{authority}", scheme.to_ascii_lowercase()),
                path,
            ),
            secure,
            host: host.to_owned(),
            port,
            prefix: join("", path),
        })
    }

    /// The literal address, when the host is one.
    pub(crate) fn literal(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Host and port for a `Host` header.
    pub(crate) fn authority(&self) -> String {
        if self.host.contains(':') {
            return format!("[{}]:{}", self.host, self.port);
        }
        format!("{}:{}", self.host, self.port)
    }
}

/// Host without brackets, and the port where one is written.
pub(crate) fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        return match after.strip_prefix(':') {
            Some(port) => Some((host, Some(port))),
            None => after.is_empty().then_some((host, None)),
        };
    }
    match authority.split_once(':') {
        Some((_, port)) if port.contains(':') => Some((authority, None)),
        Some((host, port)) => Some((host, Some(port))),
        None => Some((authority, None)),
    }
}

fn join(base: &str, path: &str) -> String {
    if path.is_empty() {
        return base.to_owned();
    }
    format!("{base}/{path}")
}

fn is_host(host: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    !host.is_empty() && host.chars().all(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart_and_its_password_dropped() {
        let url = ServerUrl::parse("https://me:secret@api.lab:6443/k8s/clusters/c-1/?x=1").unwrap();
        assert_eq!(url.text, "https://api.lab:6443/k8s/clusters/c-1");
        assert_eq!((url.host.as_str(), url.port), ("api.lab", 6443));
        assert_eq!(url.prefix, "/k8s/clusters/c-1");
        assert_eq!(url.authority(), "api.lab:6443");
    }

    #[test]
    fn the_port_follows_the_scheme_and_a_bare_address_is_not_secure() {
        assert_eq!(ServerUrl::parse("HTTPS://[fd00::1]").unwrap().port, 443);
        let bare = ServerUrl::parse("10.0.0.1:6443").unwrap();
        assert!(!bare.secure);
        assert_eq!(bare.port, 6443);
        assert_eq!(
            ServerUrl::parse("https://[fd00::1]:6443")
                .unwrap()
                .authority(),
            "[fd00::1]:6443"
        );
    }

    #[test]
    fn what_could_forge_a_request_is_no_url() {
        for text in [
            "https://a\r\nX: y",
            "https://a/b c",
            "https://",
            "https://a:port",
            "unix:///run/x",
        ] {
            assert_eq!(ServerUrl::parse(text), None, "{text}");
        }
    }
}
