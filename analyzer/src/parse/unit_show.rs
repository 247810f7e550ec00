//! Output of `systemctl show`: one property a line, units apart by blank lines.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::fact::{Fact, Value};
use crate::observed::UnitState;
use crate::origin::Origin;
use crate::parser::Parser;
use crate::times;

pub(super) const PARSER: Parser = Parser {
    name: "unit_show",
    kind: "output of systemctl show",
    facts: &[],
    accepts: |entry| {
        entry.may_be_output_of(&["systemctl"]) && {
            let text = entry.text();
            text.contains("\nLoadState=")
                || text.contains("\nActiveState=")
                || text.starts_with("LoadState=")
        }
    },
    parse,
};

/// `systemctl show` knows nearly all.
const RANK: u8 = 1;

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let asked = asked_unit(entry);
    let text = entry.text();
    let mut state = UnitState::new("", RANK);
    for (number, line) in numbered(&text) {
        if line.trim().is_empty() {
            finish(&mut state, asked.as_deref(), entry, evidence);
        } else if let Some((property, value)) = line.split_once('=') {
            if property == "Id" {
                value.trim().clone_into(&mut state.name);
            } else {
                note(&mut state, property, value.trim(), entry.at(number));
            }
        }
    }
    finish(&mut state, asked.as_deref(), entry, evidence);
}

fn finish(state: &mut UnitState, asked: Option<&str>, entry: &Entry, evidence: &mut Evidence) {
    let mut done = std::mem::replace(state, UnitState::new("", RANK));
    if done.fields.is_empty() {
        return;
    }
    if done.name.is_empty() {
        asked.unwrap_or_default().clone_into(&mut done.name);
    }
    if !done.name.is_empty() {
        evidence.push(done, entry.whole());
    }
}

/// The unit that the command line names last.
fn asked_unit(entry: &Entry) -> Option<String> {
    let name = entry.command()?.split_whitespace().last()?;
    Some(if name.contains('.') {
        name.to_owned()
    } else {
        format!("{name}.service")
    })
}

fn note(state: &mut UnitState, property: &str, value: &str, origin: Origin) {
    let number = || value.parse().map(Value::Int).ok();
    match property {
        "LoadState" => state.text("load_state", value, origin),
        "ActiveState" => state.text("active_state", value, origin),
        "SubState" => state.text("sub_state", value, origin),
        "Result" => state.text("result", value, origin),
        "UnitFileState" => state.text("unit_file_state", value, origin),
        "FragmentPath" => state.text("fragment_path", value, origin),
        "NRestarts" => with(state, "n_restarts", number(), origin),
        "ExecMainStatus" => with(state, "exec_main_status", number(), origin),
        "MainPID" => with(state, "main_pid", number(), origin),
        "NeedDaemonReload" => with(state, "need_daemon_reload", truth(value), origin),
        "ConditionResult" => with(state, "condition_result", truth(value), origin),
        "ActiveEnterTimestamp" => {
            let time = times::printed(value).map(Value::Time);
            with(state, "active_since", time, origin);
        }
        "DropInPaths" => {
            let paths = Fact::texts(value.split_whitespace(), &origin).value;
            state.value("drop_ins", paths, origin);
        }
        _ => {}
    }
}

fn with(state: &mut UnitState, field: &'static str, value: Option<Value>, origin: Origin) {
    if let Some(value) = value {
        state.value(field, value, origin);
    }
}

fn truth(value: &str) -> Option<Value> {
    match value {
        "yes" => Some(Value::Bool(true)),
        "no" => Some(Value::Bool(false)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::unit_states;
    use crate::testing;

    fn read(text: &str) -> Evidence {
        testing::command(&PARSER, "systemctl show kubelet", text)
    }

    #[test]
    fn properties_keep_their_lines() {
        let evidence = read(
            "Type=simple\nNRestarts=7\nId=kubelet.service\nLoadState=loaded\nActiveState=activating\nNeedDaemonReload=yes\nDropInPaths=/a.conf /b.conf\n",
        );
        let state = &unit_states(&evidence, "kubelet.service")[0].value;
        assert_eq!(state.fields["n_restarts"].as_int(), Some(7));
        assert_eq!(state.fields["n_restarts"].origins[0].line, Some(2));
        assert_eq!(state.fields["active_state"].as_text(), Some("activating"));
        assert_eq!(state.fields["need_daemon_reload"].as_bool(), Some(true));
        assert_eq!(state.fields["drop_ins"].items().len(), 2);
    }

    #[test]
    fn several_units_are_kept_apart_and_a_nameless_one_is_the_one_asked_for() {
        let evidence = read("Id=a.service\nLoadState=loaded\n\nLoadState=masked\n");
        assert_eq!(unit_states(&evidence, "a.service").len(), 1);
        let kubelet = unit_states(&evidence, "kubelet.service");
        assert_eq!(
            kubelet[0].value.fields["load_state"].as_text(),
            Some("masked")
        );
    }
}
