//! Whether a Go program sends its requests to a host through a proxy, from its environment.

use std::net::IpAddr;

/// The proxy for https requests to a host; `None` when they go straight.
///
/// `lookup` reads the environment. Go prefers the upper-case names, never proxies loopback, and reads `NO_PROXY` as names
/// (with their subdomains), addresses and networks, each with an optional port.
pub fn https_proxy<'a>(
    lookup: &dyn Fn(&str) -> Option<&'a str>,
    host: &str,
    port: u16,
) -> Option<&'a str> {
    let proxy = variable(lookup, "HTTPS_PROXY")?;
    let is_loopback = host.eq_ignore_ascii_case("localhost")
        || host
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback());
    let excluded =
        is_loopback || variable(lookup, "NO_PROXY").is_some_and(|list| excludes(list, host, port));
    (!excluded).then_some(proxy)
}

/// A variable under its upper-case name, else its lower-case one; empty counts as unset.
pub fn variable<'a>(lookup: &dyn Fn(&str) -> Option<&'a str>, name: &str) -> Option<&'a str> {
    lookup(name)
        .filter(|value| !value.is_empty())
        .or_else(|| lookup(&name.to_ascii_lowercase()).filter(|value| !value.is_empty()))
}

/// Whether a `NO_PROXY` list names a host.
pub fn excludes(list: &str, host: &str, port: u16) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    list.split(',')
        .map(|item| item.trim().to_ascii_lowercase())
        .filter(|item| !item.is_empty())
        .any(|item| item == "*" || matches(&item, &host, port))
}

fn matches(item: &str, host: &str, port: u16) -> bool {
    let address: Option<IpAddr> = host.parse().ok();
    if let Some((network, bits)) = item.split_once('/') {
        return match (address, network.parse(), bits.parse()) {
            (Some(address), Ok(network), Ok(bits)) => contains(network, bits, address),
            _ => false,
        };
    }
    let (name, wanted) = split_port(item);
    if wanted.is_some_and(|wanted| wanted != port) {
        return false;
    }
    if let Ok(only) = name.parse::<IpAddr>() {
        return address == Some(only);
    }
    let name = name.strip_prefix('*').unwrap_or(name);
    match name.strip_prefix('.') {
        Some(domain) => host
            .strip_suffix(domain)
            .is_some_and(|front| front.ends_with('.')),
        None => {
            host == name
                || host
                    .strip_suffix(name)
                    .is_some_and(|front| front.ends_with('.'))
        }
    }
}

fn split_port(item: &str) -> (&str, Option<u16>) {
    if let Some(bracketed) = item.strip_prefix('[') {
        let (address, after) = bracketed.split_once(']').unwrap_or((bracketed, ""));
        return (
            address,
            after.strip_prefix(':').and_then(|port| port.parse().ok()),
        );
    }
    match item.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') => (name, port.parse().ok()),
        _ => (item, None),
    }
}

fn contains(network: IpAddr, bits: u32, address: IpAddr) -> bool {
    let same = |network: u128, address: u128, width: u32| {
        let unused = width.saturating_sub(bits);
        bits <= width && (unused >= width || network >> unused == address >> unused)
    };
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => same(
            u128::from(network.to_bits()),
            u128::from(address.to_bits()),
            32,
        ),
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            same(network.to_bits(), address.to_bits(), 128)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_is_read_as_go_reads_it() {
        for (list, host, expected) in [
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.1.2.3", false),
            ("0.0.0.0/0", "11.1.2.3", true),
            ("example.com", "api.example.com", true),
            ("example.com", "example.com", true),
            (".example.com", "example.com", false),
            ("*.example.com", "api.example.com", true),
            ("example.com", "notexample.com", false),
            ("api.x:6443", "api.x", true),
            ("api.x:443", "api.x", false),
            ("[fd00::1]:6443, 10.0.0.1", "fd00::1", true),
            ("fd00::/8", "fd00::1", true),
            ("10.0.0.1", "10.0.0.1", true),
            ("*", "anything", true),
            ("", "anything", false),
            ("10.*", "10.0.0.1", false),
        ] {
            assert_eq!(excludes(list, host, 6443), expected, "{list} {host}");
        }
    }

    #[test]
    fn upper_case_wins_and_loopback_is_never_proxied() {
        let lookup = |name: &str| match name {
            "HTTPS_PROXY" => Some("http://a:1"),
            "https_proxy" => Some("http://b:1"),
            "no_proxy" => Some("10.0.0.0/8"),
            _ => None,
        };
        assert_eq!(https_proxy(&lookup, "192.0.2.1", 6443), Some("http://a:1"));
        assert_eq!(https_proxy(&lookup, "10.0.0.1", 6443), None);
        assert_eq!(https_proxy(&lookup, "127.0.0.1", 6443), None);
        assert_eq!(https_proxy(&|_| Some(""), "192.0.2.1", 6443), None);
    }
}
