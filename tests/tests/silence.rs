//! Told to be silent, the collector sends nothing: counted by the kernel, in a network of its own where no packet
//! can go anywhere but through the interface that counts it.

use crate::credentials::live_in;
use nodebundle_fixtures::NodeFixture;
use std::collections::BTreeMap;
use std::fs;

/// Loopback only, and it takes whatever is sent anywhere.
const NETWORK: &str = "ip link set lo up && ip addr add 10.99.0.2/24 dev lo && \
    ip route add local default dev lo || exit 77";

#[test]
fn without_probes_not_one_packet_is_sent_and_with_them_there_are_some() {
    let kubeconfig = "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
        contexts: [{name: c, context: {cluster: k, user: u}}]\n\
        clusters: [{name: k, cluster: {server: 'https://10.99.0.1:6443'}}, {name: l, cluster: {server: 'https://api.lab:6443'}}]\n\
        users: [{name: u, user: {token: abcdef.0123456789abcdef}}]\n";
    let node = NodeFixture::ready()
        .with_file("etc/kubernetes/kubelet.conf", kubeconfig)
        .with_file("etc/resolv.conf", "nameserver 10.99.0.53\n");
    let Some(silent) = packets(&node, &["--no-probes"]) else {
        return;
    };
    assert_eq!(silent, BTreeMap::from([("lo".to_owned(), 0)]));
    let without = packets(&node, &["--without", "probe"]).unwrap();
    assert_eq!(without, silent);
    let asking = packets(&node, &[]).unwrap();
    assert!(asking["lo"] > 0, "{asking:?}");
}

/// Interface → packets that a collection sent into it.
fn packets(node: &NodeFixture, more: &[&str]) -> Option<BTreeMap<String, u64>> {
    live_in(node, "-rmpfn", NETWORK, more)?;
    let count = |file: &str| {
        let text = fs::read_to_string(node.root().join("out").join(file)).unwrap();
        let lines = text.lines().filter_map(|line| line.split_once(':'));
        let counts = lines.map(|(name, counts)| {
            let sent = counts.split_whitespace().nth(SENT).unwrap();
            (name.trim().to_owned(), sent.parse::<u64>().unwrap())
        });
        counts.collect::<BTreeMap<String, u64>>()
    };
    let (before, after) = (count("before"), count("after"));
    let sent = after.into_iter().map(|(name, count)| {
        let before = before[&name];
        (name, count - before)
    });
    Some(sent.collect())
}

/// Place of the sent packets in a line of `/proc/net/dev`.
const SENT: usize = 9;
