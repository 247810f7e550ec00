//! Where a text goes: straight to standard output, or through a pager when that is a terminal.

use super::arguments::{Color, Display};
use super::{Exit, Failure};
use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Runs `work` with the sheet that it writes on, and waits until a pager was left.
pub(super) fn paged(
    display: &Display,
    work: impl FnOnce(&mut Sheet) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    let mut sheet = Sheet::new(display);
    let worked = work(&mut sheet);
    let flushed = sheet.flush();
    sheet.leave();
    let exit = worked?;
    match flushed {
        // Who left the pager has seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(exit),
    }
}

/// What a subcommand writes on.
pub(super) struct Sheet {
    plain: BufWriter<StdoutLock<'static>>,
    /// The command line of a pager that begins with the first byte: what comes to nothing, or fails, needs none.
    wanted: Option<Vec<String>>,
    pager: Option<(Child, BufWriter<ChildStdin>)>,
    /// Whether to colour.
    pub(super) color: bool,
    /// Whether it ends on a terminal: nothing may reach it raw.
    pub(super) terminal: bool,
}

impl Sheet {
    fn new(display: &Display) -> Self {
        let terminal = io::stdout().is_terminal();
        let dumb = variable("TERM").is_none_or(|term| term == "dumb");
        let uncoloured = dumb || variable("NO_COLOR").is_some_and(|set| !set.is_empty());
        let paging = terminal && !dumb && !display.no_pager;
        Self {
            plain: BufWriter::new(io::stdout().lock()),
            wanted: paging.then(|| words(variable("PAGER"))).flatten(),
            pager: None,
            color: match display.color {
                Color::Always => true,
                Color::Never => false,
                Color::Auto => terminal && !uncoloured,
            },
            terminal,
        }
    }

    fn out(&mut self) -> &mut dyn Write {
        if let Some(words) = self.wanted.take() {
            self.pager = started(&words);
        }
        match &mut self.pager {
            Some((_, stdin)) => stdin,
            None => &mut self.plain,
        }
    }

    /// Lets the person leave the pager before the program ends.
    fn leave(self) {
        if let Some((mut child, stdin)) = self.pager {
            drop(stdin);
            // A pager that cannot be waited for is gone already.
            let _ = child.wait();
        }
    }
}

impl Write for Sheet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.pager {
            Some((_, stdin)) => stdin.flush(),
            None => self.plain.flush(),
        }
    }
}

/// The command line of a pager, as git reads `$PAGER`: `less` when unset, none when empty or `cat`, a shell where it is more than
/// words.
fn words(pager: Option<String>) -> Option<Vec<String>> {
    const SHELL: &str = "|&;<>()$`\\\"'*?[#~=%\n";
    let pager = pager.unwrap_or_else(|| "less".to_owned());
    match pager.trim() {
        "" | "cat" => None,
        line if line.contains(|c| SHELL.contains(c)) => {
            Some(["sh", "-c", line].map(str::to_owned).to_vec())
        }
        line => Some(line.split_whitespace().map(str::to_owned).collect()),
    }
}

/// A running pager; `None` where there is none of that name, so that the text comes without.
#[expect(
    clippy::disallowed_methods,
    reason = "the pager is the person's own, named by the person's own setting, never by an input"
)]
fn started(words: &[String]) -> Option<(Child, BufWriter<ChildStdin>)> {
    let (program, arguments) = words.split_first()?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped());
    for (name, value) in [("LESS", "FRX"), ("LV", "-c")] {
        if variable(name).is_none() {
            command.env(name, value);
        }
    }
    let mut child = command.spawn().ok()?;
    let stdin = BufWriter::new(child.stdin.take()?);
    // The first Ctrl-C is for the pager, which goes on; a second one ends this program too.
    let pressed = Arc::new(AtomicBool::new(false));
    for registered in [
        signal_hook::flag::register_conditional_shutdown(INTERRUPT, 130, Arc::clone(&pressed)),
        signal_hook::flag::register(INTERRUPT, pressed),
    ] {
        // Without it, Ctrl-C ends this program and leaves the pager to the shell.
        let _ = registered;
    }
    Some((child, stdin))
}

const INTERRUPT: i32 = signal_hook::consts::SIGINT;

#[expect(
    clippy::disallowed_methods,
    reason = "what terminal and pager a person has, only the environment says; no report depends on it"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pager_is_chosen_as_git_chooses() {
        let line = |pager: Option<&str>| words(pager.map(str::to_owned)).map(|all| all.join(" "));
        assert_eq!(line(None).as_deref(), Some("less"));
        assert_eq!(line(Some("")), None);
        assert_eq!(line(Some(" cat ")), None);
        assert_eq!(line(Some("less -S")).as_deref(), Some("less -S"));
        assert_eq!(
            line(Some("LESS=S less | cat")).as_deref(),
            Some("sh -c LESS=S less | cat")
        );
    }
}
