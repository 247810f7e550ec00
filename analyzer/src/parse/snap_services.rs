//! Output of `snap services` and `snapctl services`.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::observed::UnitState;
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "snap_services",
    kind: "table of snap services",
    facts: &[],
    accepts: |entry| {
        entry.may_be_output_of(&["snap", "snapctl"]) && entry.head().lines().take(3).any(header)
    },
    parse,
};

fn header(line: &str) -> bool {
    line.split_whitespace()
        .take(3)
        .eq(["Service", "Startup", "Current"])
}

/// A table has the fewest columns.
const RANK: u8 = 4;

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    for (number, line) in numbered(&text) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [service, startup @ ("enabled" | "disabled"), current, ..] = words.as_slice() else {
            continue;
        };
        let mut state = UnitState::new(format!("snap.{service}.service"), RANK);
        state.text("active_state", current, entry.at(number));
        state.text("unit_file_state", startup, entry.at(number));
        evidence.push(state, entry.at(number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::unit_states;
    use crate::testing::named;

    #[test]
    fn a_service_of_a_snap_is_a_unit() {
        let evidence = named(
            &PARSER,
            "Service                    Startup   Current   Notes\nmicrok8s.daemon-kubelite   disabled  inactive  -\n",
        );
        let states = unit_states(&evidence, "snap.microk8s.daemon-kubelite.service");
        let field = |name: &str| states[0].value.fields[name].as_text();
        assert_eq!(field("active_state"), Some("inactive"));
        assert_eq!(field("unit_file_state"), Some("disabled"));
    }
}
