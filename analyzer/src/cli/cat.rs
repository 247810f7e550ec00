//! `cat`.

use super::arguments::{Display, Form, Opening};
use super::inputs::inputs_with;
use super::pager::{Sheet, paged};
use super::{Exit, Failure, complain};
use crate::analyze::AnalyzeError;
use crate::look::content::{ContentError, Shelf, content};
use crate::look::named::{Named, named};
use crate::look::opened::Opened;
use crate::terminal::escape_text;
use clap::Args;
use std::io::{self, BufRead, Write as _};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A bundle, folder, log file or journal file, or - for standard input.
    #[arg(value_name = "INPUT")]
    input: PathBuf,
    /// Entries: a name as ls prints it, a path on the node, a unit whose journal is meant, or a command whose output is.
    #[arg(value_name = "ENTRY", required = true)]
    entries: Vec<String>,
    /// Print journal files as they are instead of decoded to text.
    #[arg(long)]
    raw: bool,
    /// The node to look at, of an input that holds several: its name, with or without domain, or that of its bundle.
    #[arg(long, value_name = "NAME")]
    node: Option<String>,
    #[command(flatten)]
    opening: Opening,
    #[command(flatten)]
    display: Display,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let mut opened = Vec::new();
    for input in inputs_with(&arguments.input, &arguments.opening)? {
        opened.push(Opened::new(&input, arguments.node.as_deref())?);
    }
    let mut wanted = Vec::new();
    for asked in &arguments.entries {
        wanted.extend(found(&mut opened, asked)?);
    }
    paged(&arguments.display, |sheet| {
        let mut page = Page::new(sheet, arguments.display.format);
        let mut exit = Exit::Done;
        for (number, named) in &wanted {
            let Some(opened) = opened.get_mut(*number) else {
                continue;
            };
            match content(opened, named, arguments.raw, &mut page) {
                Ok(()) => {}
                Err(ContentError::Read(error)) => return Err(AnalyzeError::from(error).into()),
                Err(ContentError::Output(error)) => return Err(error.into()),
                Err(damage) => {
                    complain(&damage.to_string());
                    exit = Exit::Unusable;
                }
            }
        }
        page.end()?;
        Ok(exit)
    })
}

/// The inputs that hold an entry, by number, and what it stands for in each.
fn found(opened: &mut [Opened], asked: &str) -> Result<Vec<(usize, Named)>, Failure> {
    let mut all = Vec::new();
    let mut near = Vec::new();
    for (number, input) in opened.iter_mut().enumerate() {
        match named(input, asked).map_err(AnalyzeError::from)? {
            Named::Nothing(names) => near.extend(names),
            found => all.push((number, found)),
        }
    }
    if !all.is_empty() {
        return Ok(all);
    }
    let hint = if near.is_empty() {
        "nodebundle-analyzer ls prints the names that there are".to_owned()
    } else {
        format!("did you mean {}?", near.join(" or "))
    };
    Err(Failure::Usage(format!(
        "no entry is called {asked}: {hint}"
    )))
}

/// Writes entries one after the other.
struct Page<'a> {
    sheet: &'a mut Sheet,
    form: Form,
    /// In JSON: whether an entry, and a line of it, was written.
    begun: (bool, bool),
}

impl<'a> Page<'a> {
    fn new(sheet: &'a mut Sheet, form: Form) -> Self {
        Self {
            sheet,
            form,
            begun: (false, false),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        match (self.form, self.begun.0) {
            (Form::Text, _) => Ok(()),
            (Form::Json, true) => self.sheet.write_all(b"\n]}\n]}\n"),
            (Form::Json, false) => writeln!(self.sheet, "{HEAD}]}}"),
        }
    }

    fn lines(&mut self, body: &mut dyn BufRead) -> io::Result<()> {
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = io::Read::take(&mut *body, MAX_LINE).read_until(b'\n', &mut line)?;
            if read == 0 {
                return Ok(());
            }
            let text = line.strip_suffix(b"\n").unwrap_or(&line);
            let text = text.strip_suffix(b"\r").unwrap_or(text).to_vec();
            self.line(&text)?;
        }
    }
}

impl Shelf for Page<'_> {
    fn begin(&mut self, name: &str) -> io::Result<()> {
        if self.form == Form::Text {
            return Ok(());
        }
        let before = if self.begun.0 { "\n]},\n" } else { HEAD };
        self.begun = (true, false);
        let name = serde_json::to_string(name)?;
        write!(self.sheet, "{before}{{\"name\":{name},\"lines\":[")
    }

    fn bytes(&mut self, body: &mut dyn BufRead) -> io::Result<()> {
        if self.form == Form::Text && !self.sheet.terminal {
            return io::copy(body, self.sheet).map(drop);
        }
        self.lines(body)
    }

    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        let text = String::from_utf8_lossy(line);
        match self.form {
            Form::Text if self.sheet.terminal => writeln!(self.sheet, "{}", escape_text(&text)),
            Form::Text => {
                self.sheet.write_all(line)?;
                self.sheet.write_all(b"\n")
            }
            Form::Json => {
                let before = if self.begun.1 { ",\n" } else { "\n" };
                self.begun.1 = true;
                let text = serde_json::to_string(&text)?;
                write!(self.sheet, "{before}{text}")
            }
        }
    }
}

/// How the JSON form begins.
const HEAD: &str = "{\"schema_version\":1,\"entries\":[\n";
/// Bytes shown as one line.
const MAX_LINE: u64 = 1 << 20;
