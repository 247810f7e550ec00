//! The kubelet's unit and the files that it cannot start without.

use super::names::{is_absent, kubeconfig, runs, unit_file, unit_state};
use super::seen::{number, word};
use super::{Rank, Sight, Suspicion, one};
use crate::node::units::Unit;
use crate::node::{PATH, scan};
use chrono::DateTime;
use serde_json::Value;

/// Whether the unit can be started, is started, and stays up.
pub(super) fn unit(sight: &mut Sight<'_>) -> Vec<Suspicion> {
    if let Some(unit) = unit_file(sight)
        && let Some(text) = unstartable(sight, unit)
    {
        return one(Rank::Unit, text);
    }
    match unit_state(sight) {
        Some(state) if sight.host.is_live() => state_of(sight, state),
        _ => Vec::new(),
    }
}

/// What its files alone prove.
fn unstartable(sight: &mut Sight<'_>, unit: &Unit) -> Option<String> {
    let name = &unit.name;
    if unit.masked {
        return Some(format!("{name} is masked: it cannot be started"));
    }
    if unit.exec_start.len() > 1 {
        let lines = unit.exec_start.len();
        return Some(format!(
            "{name} has {lines} ExecStart= lines: systemd refuses it (a drop-in must clear the first with an empty ExecStart=)"
        ));
    }
    let files = unit
        .environment_files
        .iter()
        .filter(|(_, optional)| !optional);
    for (path, _) in files.filter(|(path, _)| path.starts_with('/') && !path.contains(['*', '%'])) {
        if is_absent(sight, path) {
            return Some(format!(
                "{name} names the environment file {path}, which does not exist"
            ));
        }
    }
    let kubelet = name == "kubelet.service";
    for program in unit
        .programs()
        .iter()
        .filter(|path| kubelet && path.ends_with("/kubelet"))
    {
        if is_absent(sight, program) {
            return Some(format!("{program}, which {name} runs, does not exist"));
        }
    }
    let disabled = unit.file_state.as_deref() == Some("disabled");
    (kubelet && disabled && !runs(sight))
        .then(|| format!("{name} is disabled and no kubelet runs: it does not start at boot"))
}

/// What the running systemd says.
fn state_of(sight: &Sight<'_>, state: &Value) -> Vec<Suspicion> {
    let name = word(state, "Id");
    let status = match number(state, "ExecMainStatus") {
        Some(status) if status != 0 => format!(" with status {status}"),
        _ => String::new(),
    };
    let restarts = number(state, "NRestarts").unwrap_or(0);
    match (word(state, "ActiveState"), word(state, "SubState")) {
        ("failed", _) => one(
            Rank::Effect,
            format!("{name} has failed: it ended{status} and is not started again"),
        ),
        ("activating", "auto-restart") => one(
            Rank::Effect,
            format!("{name} keeps ending{status} ({restarts} restarts): its journal says why"),
        ),
        ("inactive", _) if !runs(sight) && word(state, "LoadState") == "loaded" => {
            one(Rank::Effect, format!("{name} is not running"))
        }
        _ => Vec::new(),
    }
}

/// Files that flags and configuration name and that do not exist.
pub(super) fn files(sight: &mut Sight<'_>) -> Vec<Suspicion> {
    let named = |flag: &str, key: &str| sight.node.paths(flag, key);
    let wanted = [
        (
            named("config", ""),
            Rank::Start,
            "the kubelet's configuration",
        ),
        (
            named("client-ca-file", "clientCAFile"),
            Rank::Start,
            "clientCAFile",
        ),
        (
            named("resolv-conf", "resolvConf"),
            Rank::Runtime,
            "resolvConf, for pods",
        ),
    ];
    let mut found = Vec::new();
    for (paths, rank, what) in wanted {
        if let Some(path) = paths.first()
            && is_absent(sight, path)
        {
            found.extend(one(rank, format!("{path} does not exist ({what})")));
        }
    }
    found.extend(no_kubeconfig(sight));
    found
}

/// The program that the kubelet's kubeconfig names to get a credential.
pub(super) fn plugin(sight: &mut Sight<'_>) -> Vec<Suspicion> {
    let Some(kubeconfig) = kubeconfig(sight) else {
        return Vec::new();
    };
    let Ok(taken) = sight.host.read(&kubeconfig, 256 << 10) else {
        return Vec::new();
    };
    let found = scan::values(&taken.text(), &["command"]);
    let [(_, command)] = found.as_slice() else {
        return Vec::new();
    };
    let places: Vec<String> = if command.starts_with('/') {
        vec![command.clone()]
    } else if command.contains('/') {
        return Vec::new();
    } else {
        PATH.iter()
            .map(|folder| format!("{folder}/{command}"))
            .collect()
    };
    if places.iter().all(|place| is_absent(sight, place)) {
        let text =
            format!("{command}, with which {kubeconfig} gets its credential, does not exist");
        return one(Rank::Start, text);
    }
    Vec::new()
}

/// Neither an identity nor a way to get one.
fn no_kubeconfig(sight: &mut Sight<'_>) -> Option<Suspicion> {
    let first = |flag: &str| sight.node.flag(flag).into_iter().next();
    let (own, bootstrap) = (first("kubeconfig")?, first("bootstrap-kubeconfig")?);
    (is_absent(sight, &own) && is_absent(sight, &bootstrap)).then(|| Suspicion {
        rank: Rank::Start,
        text: format!(
            "neither {own} nor {bootstrap} exists: the node has not joined, or was reset"
        ),
    })
}

/// Seconds since the kubelet started, when that is too short to judge.
pub(super) fn young(sight: &Sight<'_>) -> Option<i64> {
    let now = sight.now.filter(|_| sight.host.is_live())?;
    let processes = sight.seen.list("processes").iter();
    let mut kubelets = processes.filter(|process| word(process, "comm") == "kubelet");
    let started = DateTime::parse_from_rfc3339(word(kubelets.next()?, "started")).ok()?;
    let seconds = (now - started.to_utc()).num_seconds();
    (0..GROWN_UP).contains(&seconds).then_some(seconds)
}

/// The kubelet itself tells of a missing network only after this many seconds.
const GROWN_UP: i64 = 120;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Host;
    use crate::node::Node;
    use crate::verdict::Seen;
    use nodebundle_fixtures::NodeFixture;
    use serde_json::json;

    fn told(state: &Value) -> Vec<String> {
        let fixture = NodeFixture::ready();
        let mut host = Host::direct(&fixture.root());
        let node = Node::default();
        let seen = Seen::default();
        let sight = Sight::new(&mut host, &node, &seen);
        let found = state_of(&sight, state).into_iter();
        found.map(|suspicion| suspicion.text).collect()
    }

    #[test]
    fn a_crash_loop_is_told_with_status_and_count() {
        let state = json!({"Id": "kubelet.service", "ActiveState": "activating", "SubState": "auto-restart",
            "NRestarts": 17, "ExecMainStatus": 1});
        assert_eq!(
            told(&state),
            ["kubelet.service keeps ending with status 1 (17 restarts): its journal says why"]
        );
    }

    #[test]
    fn a_unit_that_runs_is_not_told_whatever_its_past() {
        let state = json!({"Id": "kubelet.service", "ActiveState": "active", "SubState": "running",
            "NRestarts": 17, "ExecMainStatus": 1});
        assert!(told(&state).is_empty());
    }
}
