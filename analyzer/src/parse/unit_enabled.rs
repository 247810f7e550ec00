//! Output of `systemctl is-enabled UNIT` and `systemctl is-active UNIT`: one word.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::observed::UnitState;
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "unit_enabled",
    kind: "output of systemctl is-enabled",
    facts: &[],
    accepts: |entry| question(entry).is_some(),
    parse,
};

const RANK: u8 = 3;

/// Field and unit.
fn question(entry: &Entry) -> Option<(&'static str, String)> {
    let mut words = entry
        .command()?
        .split_whitespace()
        .skip_while(|word| !word.starts_with("is-"));
    let field = match words.next()? {
        "is-enabled" => "unit_file_state",
        "is-active" | "is-failed" => "active_state",
        _ => return None,
    };
    let name = words.find(|word| !word.starts_with('-'))?;
    let unit = if name.contains('.') {
        name.to_owned()
    } else {
        format!("{name}.service")
    };
    Some((field, unit))
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let Some((field, unit)) = question(entry) else {
        return;
    };
    let text = entry.text();
    let (line, first) = entry.first_line();
    let answer = first.trim();
    let mut state = UnitState::new(unit, RANK);
    if text.contains("No such file or directory") || answer == "not-found" {
        state.text("load_state", "not-found", entry.at(line));
    } else if answer
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    {
        state.text(field, answer, entry.at(line));
    }
    if !state.fields.is_empty() {
        evidence.push(state, entry.at(line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::unit_states;
    use crate::source::Source;
    use std::sync::Arc;

    fn read(command: &str, text: &str) -> Evidence {
        let entry = Entry {
            name: Arc::from("enabled.txt"),
            source: Source::Command(command.into()),
            bytes: text.as_bytes().to_vec(),
        };
        let mut evidence = Evidence::default();
        assert!((PARSER.accepts)(&entry));
        (PARSER.parse)(&entry, &mut evidence);
        evidence
    }

    #[test]
    fn the_word_is_the_state_of_the_unit_file() {
        let evidence = read("systemctl is-enabled kubelet", "disabled\n");
        let states = unit_states(&evidence, "kubelet.service");
        assert_eq!(
            states[0].value.fields["unit_file_state"].as_text(),
            Some("disabled")
        );
    }

    #[test]
    fn an_error_is_not_a_state() {
        let missing = read(
            "systemctl is-enabled kubelet",
            "Failed to get unit file state for kubelet.service: No such file or directory\n",
        );
        let states = unit_states(&missing, "kubelet.service");
        assert_eq!(
            states[0].value.fields["load_state"].as_text(),
            Some("not-found")
        );
        let bus = read("systemctl is-active kubelet", "Failed to connect to bus\n");
        assert!(bus.all::<UnitState>().is_empty());
    }
}
