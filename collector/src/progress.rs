//! What a person, or a program, sees while it runs.

use crate::cli::Options;
use crate::events::Event;
use std::io::Write as _;

/// Standard error: a bar on a terminal, JSON lines with `--json`, nothing else. The summary goes to standard output,
/// unless the bundle does.
#[derive(Debug)]
pub(crate) struct Progress {
    style: Style,
    summary_to_stdout: bool,
    drawn: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Style {
    Bar,
    Json,
    /// Summary only.
    Plain,
    /// Errors only.
    Quiet,
}

impl Progress {
    /// Chooses the style.
    pub(crate) fn new(options: &Options) -> Self {
        let style = if options.json {
            Style::Json
        } else if options.quiet {
            Style::Quiet
        } else if rustix::termios::isatty(rustix::stdio::stderr()) {
            Style::Bar
        } else {
            Style::Plain
        };
        Self {
            style,
            summary_to_stdout: !options.to_stdout(),
            drawn: false,
        }
    }

    /// Shows one event.
    pub(crate) fn show(&mut self, event: &Event) {
        if self.style == Style::Json {
            if let Ok(line) = serde_json::to_string(event) {
                write(&format!("{line}\n"));
            }
            return;
        }
        match event {
            Event::Item {
                id, done, total, ..
            } if self.style == Style::Bar => {
                write(&format!("\r\x1b[K{}", bar(*done, *total, id)));
                self.drawn = true;
            }
            Event::Log { id } if self.style == Style::Bar => {
                write(&format!("\r\x1b[Kreading {}", safe(id)));
                self.drawn = true;
            }
            Event::Done { exit, summary } => self.done(*exit, summary),
            _ => {}
        }
    }

    fn done(&mut self, exit: u8, summary: &str) {
        self.clear();
        if matches!(exit, 2 | 3) {
            self.error(summary);
        } else if self.style != Style::Quiet {
            if self.summary_to_stdout {
                let mut out = std::io::stdout().lock();
                out.write_all(summary.as_bytes()).ok();
                out.flush().ok();
            } else {
                write(summary);
            }
        }
    }

    /// An error, in every style.
    pub(crate) fn error(&mut self, text: &str) {
        self.clear();
        if self.style == Style::Json {
            let line = serde_json::json!({"event": "error", "message": text});
            write(&format!("{line}\n"));
        } else {
            write(&format!("nodebundle-collector: {text}\n"));
        }
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            write("\r\x1b[K");
        }
    }
}

/// `[#####-----] 45/90 pki/keys`
fn bar(done: u64, total: u64, id: &str) -> String {
    let width = 20;
    let filled = usize::try_from(done * width / total.max(1))
        .unwrap_or(0)
        .min(20);
    let mut bar = "#".repeat(filled);
    bar.push_str(&"-".repeat(20 - filled));
    format!("[{bar}] {done}/{total} {}", safe(id))
}

/// Ids hold paths of the node: no control characters reach the terminal, and the line is not too long.
fn safe(id: &str) -> String {
    id.chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .take(50)
        .collect()
}

fn write(text: &str) {
    let mut out = std::io::stderr().lock();
    out.write_all(text.as_bytes()).ok();
    out.flush().ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills_and_hides_control_characters() {
        assert_eq!(bar(5, 10, "a\x1b[2J"), "[##########----------] 5/10 a?[2J");
        assert!(bar(10, 10, "x").starts_with("[####################]"));
        assert!(bar(0, 0, "x").starts_with("[--------------------]"));
    }
}
