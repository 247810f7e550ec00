//! Reports as a colleague would write them.

mod finding;
mod fleet;
mod node;

use crate::format::Options;
use crate::report::Report;
use crate::terminal::Paper;
use std::io::{self, Write};

/// One report in full; several as one line per node, grouped by primary cause.
pub fn render(reports: &[Report], options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut paper = Paper::new(out, options.color, options.width);
    match reports {
        [report] => node::render(report, options.view, &mut paper),
        reports => fleet::render(reports, &mut paper),
    }
}
