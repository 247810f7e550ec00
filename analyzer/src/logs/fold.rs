//! Journal records that are spread over several lines: `-o export`, `-o verbose` and `-o json-pretty`.

use super::fields::{Fields, cursor_time};
use super::json::{Json, Object};

/// Collects the lines of one record.
#[derive(Debug, Default)]
pub(crate) struct Fold {
    open: Option<Open>,
}

/// A record of which some lines were read.
#[derive(Debug, Default)]
struct Open {
    form: Form,
    fields: Fields,
    /// The JSON text so far.
    json: String,
    /// Where its message stands.
    spot: Option<(u64, Vec<u8>)>,
    /// The last field was the message, which may go on.
    in_message: bool,
    /// A field whose value follows as bytes.
    binary: Option<Vec<u8>>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Form {
    #[default]
    Export,
    Verbose,
    Json,
}

/// A whole record.
#[derive(Debug, PartialEq)]
pub(crate) struct Folded {
    pub(crate) fields: Fields,
    /// The line that holds its message, and that line as it stands there.
    pub(crate) line: u64,
    pub(crate) raw: Vec<u8>,
}

/// What became of a line.
#[derive(Debug, PartialEq)]
pub(crate) enum Taken {
    /// It is none of ours.
    No,
    /// It is part of a record.
    Held,
    /// It names a field whose length and bytes follow.
    Binary,
}

/// Bytes of JSON text that are kept of one record.
const MOST_JSON: usize = 1 << 20;

impl Fold {
    /// Whether a record is being read.
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether a line can begin a record, from its first and last bytes: nearly all lines cannot.
    pub(crate) fn may_begin(line: &[u8]) -> bool {
        match line {
            [b'{'] => true,
            [b'_', b'_', ..] => {
                line.starts_with(b"__CURSOR=") || line.starts_with(b"__REALTIME_TIMESTAMP=")
            }
            [.., b']'] => verbose_time(line).is_some(),
            _ => false,
        }
    }

    /// Takes a line; a record that it ends, or that ended before it, comes first.
    pub(crate) fn take(&mut self, number: u64, line: &[u8]) -> (Option<Folded>, Taken) {
        let mut done = None;
        if let Some(open) = &mut self.open {
            match open.take(number, line) {
                Step::Held => return (None, Taken::Held),
                Step::Binary => return (None, Taken::Binary),
                Step::Last => return (self.finish(), Taken::Held),
                Step::Foreign => done = self.finish(),
            }
        }
        if !Self::may_begin(line) {
            return (done, Taken::No);
        }
        let mut open = Open::default();
        match line.first() {
            Some(b'{') => {
                open.form = Form::Json;
                open.json.push('{');
            }
            Some(b'_') => {
                open.take(number, line);
            }
            _ => {
                open.form = Form::Verbose;
                open.fields.time = verbose_time(line);
            }
        }
        self.open = Some(open);
        (done, Taken::Held)
    }

    /// Takes the bytes of a field that was named before.
    pub(crate) fn take_bytes(&mut self, number: u64, value: &[u8]) {
        let Some(open) = &mut self.open else { return };
        if let Some(key) = open.binary.take() {
            open.field(number, &key, value, value);
        }
    }

    /// Ends the record.
    pub(crate) fn finish(&mut self) -> Option<Folded> {
        let mut open = self.open.take()?;
        if open.form == Form::Json {
            open.read_json();
        }
        let (line, raw) = open.spot?;
        Some(Folded {
            fields: open.fields,
            line,
            raw,
        })
    }
}

enum Step {
    Held,
    Binary,
    Last,
    Foreign,
}

impl Open {
    fn take(&mut self, number: u64, line: &[u8]) -> Step {
        match self.form {
            Form::Export => self.export(number, line),
            Form::Verbose => self.verbose(number, line),
            Form::Json => self.pretty(number, line),
        }
    }

    fn export(&mut self, number: u64, line: &[u8]) -> Step {
        if line.is_empty() {
            return Step::Last;
        }
        let width = key_width(line);
        let (key, rest) = line.split_at_checked(width).unwrap_or_default();
        match rest.strip_prefix(b"=") {
            Some(_) if key == b"__CURSOR" && self.spot.is_some() => Step::Foreign,
            Some(value) if width > 0 => {
                self.field(number, key, value, line);
                Step::Held
            }
            None if width > 1 && rest.is_empty() => {
                self.binary = Some(key.to_vec());
                Step::Binary
            }
            _ => Step::Foreign,
        }
    }

    fn verbose(&mut self, number: u64, line: &[u8]) -> Step {
        let text = line.trim_ascii_start();
        let indent = line.len() - text.len();
        let width = key_width(text);
        let (key, rest) = text.split_at_checked(width).unwrap_or_default();
        match rest.strip_prefix(b"=").filter(|_| width > 0) {
            _ if indent == 0 => Step::Foreign,
            Some(value) if indent <= 8 => {
                self.field(number, key, value, line);
                Step::Held
            }
            _ => {
                if self.in_message {
                    self.fields.message.push(b'\n');
                    self.fields.message.extend_from_slice(text);
                }
                Step::Held
            }
        }
    }

    fn pretty(&mut self, number: u64, line: &[u8]) -> Step {
        let text = line.trim_ascii();
        let first = self.json.len() == 1;
        let key = text
            .strip_prefix(b"\"")
            .is_some_and(|key| key_width(key) > 0);
        if first && !key {
            return Step::Foreign;
        }
        if self.json.len() + text.len() > MOST_JSON {
            return Step::Foreign;
        }
        if text.starts_with(b"\"MESSAGE\"") {
            self.spot = Some((number, text.to_vec()));
        }
        self.json.push_str(&String::from_utf8_lossy(text));
        if line == b"}" { Step::Last } else { Step::Held }
    }

    fn field(&mut self, number: u64, key: &[u8], value: &[u8], raw: &[u8]) {
        self.in_message = key == b"MESSAGE";
        if self.in_message && self.spot.is_none() {
            let first = raw.split(|&byte| byte == b'\n').next().unwrap_or(raw);
            self.spot = Some((number, first.to_vec()));
        }
        self.fields.set(key, value);
    }

    fn read_json(&mut self) {
        let Some(object) = Object::parse(&self.json) else {
            self.spot = None;
            return;
        };
        for (key, value) in object.pairs() {
            match value {
                Json::Text(text) => self.fields.set(key.as_bytes(), text.as_bytes()),
                Json::Bytes(bytes) => self.fields.set(key.as_bytes(), bytes),
                Json::Number(_) | Json::Bool(_) | Json::Other => {}
            }
        }
        if self.fields.time.is_none() {
            self.spot = None;
        }
    }
}

/// Letters of a field name at the start of a text: capitals, digits and `_`.
fn key_width(text: &[u8]) -> usize {
    text.iter()
        .take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || **byte == b'_')
        .count()
}

/// `Wed 2025-11-12 12:19:21.490717 UTC [s=…;i=1;b=…;m=…;t=…;x=…]`: the cursor has the time that needs no zone.
fn verbose_time(line: &[u8]) -> Option<i64> {
    let cursor = line.get(memchr::memmem::find(line.get(..line.len().min(64))?, b" [s=")? + 2..)?;
    cursor_time(cursor.strip_suffix(b"]")?)
}
