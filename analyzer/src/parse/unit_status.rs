//! Output of `systemctl status`: one block a unit, log lines below it.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::fact::{Fact, Value};
use crate::observed::UnitState;
use crate::origin::Origin;
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "unit_status",
    kind: "output of systemctl status",
    facts: &[],
    accepts: |entry| {
        entry.may_be_output_of(&["systemctl"]) && {
            let text = entry.text();
            text.contains("Active: ") && text.contains("Loaded: ")
                || text.lines().take(5).any(|line| not_found(line).is_some())
        }
    },
    parse,
};

/// `systemctl status` rounds off what `systemctl show` tells.
const RANK: u8 = 2;

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let mut state: Option<UnitState> = None;
    let mut stale = None;
    let mut in_drop_ins = None;
    for (number, line) in numbered(&text) {
        let origin = entry.at(number);
        if line.starts_with("Warning: ") && line.contains("changed on disk") {
            stale = Some(origin);
        } else if let Some(name) = not_found(line) {
            let mut missing = UnitState::new(full(name), RANK);
            missing.text("load_state", "not-found", origin);
            evidence.push(missing, entry.at(number));
        } else if let Some(name) = header(line) {
            flush(state.take(), entry, evidence);
            let mut next = UnitState::new(name, RANK);
            if let Some(origin) = stale.take() {
                next.value("need_daemon_reload", Value::Bool(true), origin);
            }
            state = Some(next);
        } else if let Some(open) = &mut state {
            property(open, line, &mut in_drop_ins, origin);
        }
    }
    flush(state, entry, evidence);
}

fn flush(state: Option<UnitState>, entry: &Entry, evidence: &mut Evidence) {
    if let Some(state) = state.filter(|state| !state.fields.is_empty()) {
        evidence.push(state, entry.whole());
    }
}

fn full(name: &str) -> String {
    if name.contains('.') {
        name.to_owned()
    } else {
        format!("{name}.service")
    }
}

/// `Unit kubelet.service could not be found.`
fn not_found(line: &str) -> Option<&str> {
    line.strip_prefix("Unit ")?
        .strip_suffix(" could not be found.")
}

/// `● kubelet.service - kubelet: The Kubernetes Node Agent`
fn header(line: &str) -> Option<&str> {
    let bare = line
        .trim_start_matches(['●', '○', '×', '↻', '*', '?'])
        .trim_start();
    if line.starts_with(' ') {
        return None;
    }
    let name = bare.split(" - ").next()?.trim_end();
    let kind = name.rsplit_once('.')?.1;
    let unit = ["service", "socket", "timer", "mount", "target", "slice"].contains(&kind);
    (unit && !name.contains(' ')).then_some(name)
}

fn property(state: &mut UnitState, line: &str, drop_ins: &mut Option<String>, origin: Origin) {
    let Some((key, value)) = line.trim_start().split_once(": ") else {
        return drop_in(state, line, drop_ins, &origin);
    };
    if key != "Drop-In" && !line.trim_start().starts_with(['├', '└', '/']) {
        *drop_ins = None;
    }
    match key {
        "Loaded" => loaded(state, value, &origin),
        "Active" => active(state, value, &origin),
        "Drop-In" => {
            *drop_ins = Some(value.trim().to_owned());
            state.value("drop_ins", Value::List(Vec::new()), origin);
        }
        "Main PID" | "Process" => exited(state, key, value, origin),
        "Condition"
            if value.contains("start condition failed") || value.contains("was not met") =>
        {
            state.value("condition_result", Value::Bool(false), origin);
        }
        _ => {}
    }
}

/// `             └─10-kubeadm.conf, 20-x.conf` below a folder.
fn drop_in(state: &mut UnitState, line: &str, folder: &mut Option<String>, origin: &Origin) {
    let Some(open) = folder else { return };
    let text = line.trim();
    if text.starts_with('/') {
        text.clone_into(open);
        return;
    }
    let Some(names) = text
        .strip_prefix(['└', '├'])
        .or_else(|| text.strip_prefix("`-"))
    else {
        return;
    };
    let names = names.trim_start_matches(['─', '-']);
    let paths: Vec<String> = names
        .split(", ")
        .map(|name| format!("{open}/{}", name.trim()))
        .collect();
    let more = Fact::texts(paths, origin);
    if let Some(Fact {
        value: Value::List(list),
        ..
    }) = state.fields.get_mut("drop_ins")
        && let Value::List(items) = more.value
    {
        list.extend(items);
    }
}

/// `loaded (/lib/systemd/system/kubelet.service; enabled; preset: enabled)`, `masked (Reason: …)`, `bad-setting (Reason: …)`.
fn loaded(state: &mut UnitState, value: &str, origin: &Origin) {
    let (load, rest) = value.split_once(" (").unwrap_or((value.trim(), ""));
    state.text("load_state", load, origin.clone());
    let mut parts = rest.trim_end_matches(')').split("; ");
    if let Some(path) = parts.next().filter(|path| path.starts_with('/')) {
        state.text("fragment_path", path, origin.clone());
        let file_state = parts.next().unwrap_or_default();
        if !file_state.contains(':') {
            state.text("unit_file_state", file_state, origin.clone());
        }
    }
    if load == "masked" {
        state.text("unit_file_state", "masked", origin.clone());
    }
}

/// `activating (auto-restart) (Result: exit-code) since …; 6s ago`
fn active(state: &mut UnitState, value: &str, origin: &Origin) {
    let before = value.split(" since ").next().unwrap_or(value);
    let mut parts = before.split(" (");
    let active = parts.next().unwrap_or_default().trim();
    state.text("active_state", active, origin.clone());
    for part in parts {
        let part = part.trim().trim_end_matches(')');
        match part.strip_prefix("Result: ") {
            Some(result) => state.text("result", result, origin.clone()),
            None => state.text("sub_state", part, origin.clone()),
        }
    }
    if active == "failed" && !state.fields.contains_key("sub_state") {
        state.text("sub_state", "failed", origin.clone());
    }
}

/// `81 (code=exited, status=203/EXEC)`, `101 (kubelet)`.
fn exited(state: &mut UnitState, key: &str, value: &str, origin: Origin) {
    let main = key == "Main PID" || value.contains("ExecStart=");
    if !main {
        return;
    }
    if let Some((_, status)) = value.split_once("status=") {
        let digits: String = status.chars().take_while(char::is_ascii_digit).collect();
        if let Ok(status) = digits.parse() {
            state.value("exec_main_status", Value::Int(status), origin);
        }
        return;
    }
    let pid = value
        .split_whitespace()
        .next()
        .and_then(|pid| pid.parse().ok());
    if let (Some(pid), "Main PID") = (pid, key) {
        state.value("main_pid", Value::Int(pid), origin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::unit_states;
    use crate::testing;

    fn read(text: &str) -> Evidence {
        testing::named(&PARSER, text)
    }

    fn field(evidence: &Evidence, name: &str) -> Option<String> {
        let state = &unit_states(evidence, "kubelet.service").first()?.value;
        state.fields.get(name)?.as_text().map(str::to_owned)
    }

    #[test]
    fn a_crash_loop_is_read_from_the_active_line() {
        let evidence = read(
            "\
● kubelet.service - kubelet: The Kubernetes Node Agent
     Loaded: loaded (/etc/systemd/system/kubelet.service; disabled; preset: enabled)
    Drop-In: /usr/lib/systemd/system/kubelet.service.d
             └─10-kubeadm.conf
             /etc/systemd/system/kubelet.service.d
             └─30-site.conf, 40-more.conf
     Active: activating (auto-restart) (Result: exit-code) since Sun 2026-01-22 07:25:13 UTC; 6s ago
   Main PID: 81 (code=exited, status=203/EXEC)

Jan 22 07:32:58 worker systemd[1]: kubelet.service: Active: nonsense
",
        );
        assert_eq!(
            field(&evidence, "active_state").as_deref(),
            Some("activating")
        );
        assert_eq!(
            field(&evidence, "sub_state").as_deref(),
            Some("auto-restart")
        );
        assert_eq!(field(&evidence, "result").as_deref(), Some("exit-code"));
        assert_eq!(
            field(&evidence, "unit_file_state").as_deref(),
            Some("disabled")
        );
        let state = &unit_states(&evidence, "kubelet.service")[0].value;
        assert_eq!(state.fields["exec_main_status"].as_int(), Some(203));
        let drop_ins: Vec<_> = state.fields["drop_ins"]
            .items()
            .iter()
            .filter_map(Fact::as_text)
            .collect();
        assert_eq!(drop_ins.len(), 3);
        assert_eq!(
            drop_ins[2],
            "/etc/systemd/system/kubelet.service.d/40-more.conf"
        );
    }

    #[test]
    fn bad_settings_masks_and_missing_units_are_load_states() {
        let bad = read(
            "Warning: The unit file, source configuration file or drop-ins of kubelet.service changed on disk. Run 'systemctl daemon-reload' to reload units.\n○ kubelet.service - kubelet\n     Loaded: bad-setting (Reason: Unit kubelet.service has a bad unit file setting.)\n     Active: inactive (dead)\n",
        );
        assert_eq!(field(&bad, "load_state").as_deref(), Some("bad-setting"));
        assert_eq!(field(&bad, "sub_state").as_deref(), Some("dead"));
        let masked = read(
            "○ kubelet.service\n     Loaded: masked (Reason: Unit kubelet.service is masked.)\n     Active: inactive (dead)\n",
        );
        assert_eq!(field(&masked, "unit_file_state").as_deref(), Some("masked"));
        let missing = read("Unit kubelet.service could not be found.\n");
        assert_eq!(field(&missing, "load_state").as_deref(), Some("not-found"));
    }
}
