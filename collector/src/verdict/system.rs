//! Clock, disk and swap.

use super::names::{client, runs, unit_file};
use super::seen::{number, word};
use super::{Rank, Sight, Suspicion, one};
use crate::node::scan;
use crate::spec::has_ending;
use nodebundle_bundle::Outcome;
use serde_json::Value;

/// Off by more than certificates and tokens forgive, measured against an API server.
pub(super) fn clock(sight: &mut Sight<'_>) -> Vec<Suspicion> {
    let endpoints = sight.seen.answers("endpoint", "endpoints").iter();
    let addresses = endpoints.filter_map(|endpoint| endpoint.get("addresses")?.as_array());
    let mut skews = addresses.flatten().filter_map(|address| {
        let doubt = number(address, "clock_uncertainty_ms").unwrap_or(0);
        let skew = number(address, "clock_skew_ms")?;
        (skew.abs() - doubt > MAX_SKEW_MS).then_some(skew / 1000)
    });
    match skews.next() {
        Some(seconds) if seconds > 0 => one(
            Rank::Ground,
            format!("the clock is {seconds} s ahead of the API server's"),
        ),
        Some(seconds) => one(
            Rank::Ground,
            format!("the clock is {} s behind the API server's", -seconds),
        ),
        None => Vec::new(),
    }
}

/// The file system of the kubelet: no bytes, no inodes, or read-only.
pub(super) fn disk(sight: &mut Sight<'_>) -> Vec<Suspicion> {
    let all = sight.seen.list("filesystems").iter();
    let above = all.filter(|disk| is_above(word(disk, "mount"), "/var/lib/kubelet"));
    let Some(disk) = above.max_by_key(|disk| word(disk, "mount").len()) else {
        return Vec::new();
    };
    let of = |key: &str| number(disk, key).unwrap_or(0);
    let (bytes, inodes) = (of("bytes"), of("inodes"));
    let what = if disk.get("read_only") == Some(&Value::Bool(true)) {
        "is read-only"
    } else if bytes > 0 && of("bytes_available") * 200 < bytes {
        "is full"
    } else if inodes > 0 && of("inodes_available") * 200 < inodes {
        "has no inodes left"
    } else {
        return Vec::new();
    };
    let mount = word(disk, "mount");
    one(
        Rank::Ground,
        format!("the file system at {mount}, which holds /var/lib/kubelet, {what}"),
    )
}

fn is_above(mount: &str, path: &str) -> bool {
    mount == "/"
        || path
            .strip_prefix(mount)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Swap is on and nothing allows it. Only when no kubelet runs: one that started before the swap does not mind.
pub(super) fn swap(sight: &mut Sight<'_>) -> Vec<Suspicion> {
    if runs(sight) || sight.node.kubelets.is_empty() {
        return Vec::new();
    }
    let swaps = sight.host.line("/proc/swaps").unwrap_or_default();
    let devices: Vec<&str> = swaps
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next())
        .filter(|device| !device.contains("zram"))
        .collect();
    let Some(device) = devices.first() else {
        return Vec::new();
    };
    if is_allowed(sight) {
        return Vec::new();
    }
    one(
        Rank::Start,
        format!(
            "swap is on ({device}) and failSwapOn is not false: a kubelet does not start with it"
        ),
    )
}

fn is_allowed(sight: &mut Sight<'_>) -> bool {
    let is_false = |value: &String| value == "false";
    if sight.node.flag("fail-swap-on").iter().any(is_false) {
        return true;
    }
    let files = sight
        .node
        .kubelets
        .iter()
        .flat_map(|kubelet| &kubelet.config_files);
    for path in files {
        // A file that cannot be read could allow it.
        let Ok(taken) = sight.host.read(path, 256 << 10) else {
            return true;
        };
        let values = scan::values(&taken.text(), &["failSwapOn"]);
        if values.iter().any(|(_, value)| is_false(value)) {
            return true;
        }
    }
    false
}

/// No network configuration on a node that has joined. Before that it is usual: the network plugin's first pod writes it.
pub(super) fn network_plugin(sight: &mut Sight<'_>) -> Vec<Suspicion> {
    const FOLDER: &str = "/etc/cni/net.d";
    let joined = client(sight)
        .zip(sight.now)
        .is_some_and(|(client, now)| client.not_before < now && now < client.not_after);
    // Other distributions keep theirs elsewhere, and the runtime's configuration may name another folder.
    let plain = unit_file(sight).is_some_and(|unit| unit.name == "kubelet.service");
    if !joined || !plain || names_another_folder(sight) {
        return Vec::new();
    }
    let none = match sight.host.list(FOLDER) {
        Ok(listing) => {
            let is_config = |name: &str| CONFIGS.iter().any(|ending| has_ending(name, ending));
            listing.complete && !listing.entries.iter().any(|entry| is_config(&entry.name))
        }
        Err(failure) => failure.outcome == Outcome::Absent,
    };
    if !none {
        return Vec::new();
    }
    one(
        Rank::Runtime,
        format!("no network plugin has written a configuration into {FOLDER}"),
    )
}

fn names_another_folder(sight: &mut Sight<'_>) -> bool {
    let files = ["/etc/containerd/config.toml", "/etc/crio/crio.conf"];
    files.iter().any(|path| {
        let text = sight.host.line(path).unwrap_or_default();
        let mut lines = text.lines().map(str::trim);
        let names = |line: &str| line.starts_with("conf_dir") || line.starts_with("network_dir");
        lines.any(|line| names(line) && !line.contains("/etc/cni/net.d"))
    })
}

const CONFIGS: &[&str] = &["conf", "conflist", "json"];
/// Five minutes.
const MAX_SKEW_MS: i64 = 300_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Host;
    use crate::node::Node;
    use crate::verdict::{Seen, line};
    use nodebundle_fixtures::NodeFixture;
    use serde_json::json;

    fn verdict(seen: &Seen) -> String {
        let fixture = NodeFixture::ready();
        let mut host = Host::direct(&fixture.root());
        let node = Node::default();
        line(&mut Sight::new(&mut host, &node, seen))
    }

    #[test]
    fn a_full_or_read_only_disk_is_told_by_the_innermost_mount() {
        let disk = |mount: &str, free: u64, read_only: bool| {
            json!({"mount": mount, "bytes": 1000, "bytes_available": free, "inodes": 0,
                "inodes_available": 0, "read_only": read_only})
        };
        let told = |disks: &[Value]| {
            let mut seen = Seen::default();
            seen.fact("filesystems", &json!({"filesystems": disks}).to_string());
            verdict(&seen)
        };
        assert!(
            told(&[disk("/", 0, true), disk("/var", 500, false)]).starts_with("nothing obvious")
        );
        assert!(told(&[disk("/", 500, false), disk("/var", 0, false)]).contains("/var, which"));
        assert!(told(&[disk("/", 900, true)]).contains("read-only"));
        assert!(told(&[disk("/", 0, true), disk("/boot", 0, true)]).contains("at /,"));
    }

    #[test]
    fn a_clock_that_is_far_off_is_told_with_its_direction() {
        let told = |skew: i64| {
            let mut seen = Seen::default();
            let text = json!({"endpoints": [{"addresses": [
                {"tcp": "connected", "tls": "ok", "clock_skew_ms": skew, "clock_uncertainty_ms": 600}]}]});
            seen.answer("endpoint", &Ok(text.to_string()));
            verdict(&seen)
        };
        assert!(told(900_000).contains("900 s ahead"));
        assert!(told(-900_000).contains("900 s behind"));
        assert!(told(2_000).starts_with("nothing obvious"));
    }
}
