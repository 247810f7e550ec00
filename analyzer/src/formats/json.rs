//! JSON for programs; its schema is `dump schema`.

use crate::fleet::{FleetReport, fleet};
use crate::format::{Format, Options};
use crate::report::{Report, SCHEMA_VERSION};
use crate::terminal::write_json;
use std::io::{self, Write};

pub(super) const FORMAT: Format = Format {
    name: "json",
    render,
};

/// One report as an object; several in an object with what they have in common.
fn render(reports: &[Report], _: &Options, out: &mut dyn Write) -> io::Result<()> {
    match reports {
        [report] => write_json(report, out)?,
        reports => write_json(
            &FleetReport {
                schema_version: SCHEMA_VERSION,
                reports: reports.to_vec(),
                fleet: fleet(reports),
            },
            out,
        )?,
    }
    writeln!(out)
}
