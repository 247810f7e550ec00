//! Messages as D-Bus frames them: a head of typed fields, then a body.

use super::value::{Reader, Value};

/// A method to call, all of whose arguments are strings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Method<'a> {
    /// Who answers; `None` on a connection without a bus.
    pub(super) destination: Option<&'a str>,
    /// Object path.
    pub(super) path: &'a str,
    /// Interface.
    pub(super) interface: &'a str,
    /// Name.
    pub(super) member: &'a str,
    /// Arguments.
    pub(super) arguments: &'a [&'a str],
}

/// The first bytes of a message: what follows, and how it is written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Start {
    big_endian: bool,
    kind: u8,
    body: usize,
    fields: usize,
}

/// A message that came in.
#[derive(Debug, PartialEq)]
pub(super) struct Incoming {
    /// The serial that it answers; `None` of signals.
    pub(super) reply_to: Option<i64>,
    /// Values, or the error's name.
    pub(super) content: Result<Vec<Value>, String>,
}

/// The call's bytes, little-endian.
pub(super) fn encode(method: &Method<'_>, serial: u32) -> Vec<u8> {
    let mut body = Vec::new();
    for argument in method.arguments {
        text(&mut body, argument);
    }
    let mut fields = Vec::new();
    let signature = "s".repeat(method.arguments.len());
    for (code, kind, value) in [
        (PATH, b'o', Some(method.path)),
        (INTERFACE, b's', Some(method.interface)),
        (MEMBER, b's', Some(method.member)),
        (DESTINATION, b's', method.destination),
    ] {
        if let Some(value) = value {
            pad(&mut fields, 8);
            fields.extend([code, 1, kind, 0]);
            text(&mut fields, value);
        }
    }
    if !signature.is_empty() {
        pad(&mut fields, 8);
        fields.extend([SIGNATURE, 1, b'g', 0, size(&signature).to_le_bytes()[0]]);
        fields.extend(signature.as_bytes());
        fields.push(0);
    }
    let mut message = vec![b'l', METHOD_CALL, NO_AUTO_START, VERSION];
    for word in [size(&body), serial, size(&fields)] {
        message.extend(word.to_le_bytes());
    }
    message.extend(fields);
    pad(&mut message, 8);
    message.extend(body);
    message
}

impl Start {
    /// How many bytes it has.
    pub(super) const LENGTH: usize = 16;

    /// Reads it; `None` when it is not the start of a message, or of one that is too long.
    pub(super) fn parse(bytes: &[u8; Self::LENGTH]) -> Option<Self> {
        let big_endian = match bytes.first()? {
            b'l' => false,
            b'B' => true,
            _ => return None,
        };
        let words = Reader::new(bytes, big_endian).all(b"yyyyuuu")?;
        let word = |at: usize| match words.get(at) {
            Some(Value::Int(word)) => usize::try_from(*word).ok(),
            _ => None,
        };
        let start = Self {
            big_endian,
            kind: *bytes.get(1)?,
            body: word(4)?,
            fields: word(6)?,
        };
        let fits = word(3)? == usize::from(VERSION) && start.rest() <= MAX_MESSAGE;
        fits.then_some(start)
    }

    /// How many bytes follow.
    pub(super) fn rest(&self) -> usize {
        self.fields.next_multiple_of(8).saturating_add(self.body)
    }

    /// Reads what follows; `None` when it is not what D-Bus says.
    pub(super) fn message(&self, rest: &[u8]) -> Option<Incoming> {
        let (fields, body) = rest.split_at_checked(self.fields.next_multiple_of(8))?;
        // The fields are an array whose length was the last word of the start.
        let length = u32::try_from(self.fields).ok()?;
        let mut array = if self.big_endian {
            length.to_be_bytes().to_vec()
        } else {
            length.to_le_bytes().to_vec()
        };
        array.extend([0; 4]);
        array.extend_from_slice(fields);
        let fields = Reader::new(&array, self.big_endian).all(b"a(yv)")?;
        let fields = fields.first()?.items();
        let field = |code: u8| {
            let found = fields
                .iter()
                .find(|field| field.items().first() == Some(&Value::Int(i64::from(code))));
            found.and_then(|field| field.items().get(1))
        };
        let reply_to = match field(REPLY_SERIAL) {
            Some(Value::Int(serial)) => Some(*serial),
            _ => None,
        };
        let content = if self.kind == ERROR {
            let name = field(ERROR_NAME).and_then(Value::as_text);
            Err(name.unwrap_or("an error without a name").to_owned())
        } else {
            let signature = field(SIGNATURE).and_then(Value::as_text).unwrap_or("");
            Ok(Reader::new(body, self.big_endian).all(signature.as_bytes())?)
        };
        Some(Incoming { reply_to, content })
    }
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    pad(bytes, 4);
    bytes.extend(size(text).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.push(0);
}

fn pad(bytes: &mut Vec<u8>, to: usize) {
    bytes.resize(bytes.len().next_multiple_of(to), 0);
}

fn size(bytes: impl AsRef<[u8]>) -> u32 {
    u32::try_from(bytes.as_ref().len()).unwrap_or(u32::MAX)
}

const METHOD_CALL: u8 = 1;
const ERROR: u8 = 3;
/// The bus must not start whoever is not there.
const NO_AUTO_START: u8 = 2;
const VERSION: u8 = 1;
const PATH: u8 = 1;
const INTERFACE: u8 = 2;
const MEMBER: u8 = 3;
const ERROR_NAME: u8 = 4;
const REPLY_SERIAL: u8 = 5;
const DESTINATION: u8 = 6;
const SIGNATURE: u8 = 8;
/// All units of a node with thousands of pods are less.
const MAX_MESSAGE: usize = 8 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_asks_for_no_start_and_is_framed_as_the_protocol_says() {
        let method = Method {
            destination: Some("org.freedesktop.systemd1"),
            path: "/a",
            interface: "org.x.Y",
            member: "Get",
            arguments: &["one", "two"],
        };
        let bytes = encode(&method, 7);
        assert_eq!(&bytes[..4], b"l\x01\x02\x01");
        let start = Start::parse(bytes.first_chunk().unwrap()).unwrap();
        assert_eq!(bytes.len(), Start::LENGTH + start.rest());
        let message = start.message(&bytes[Start::LENGTH..]).unwrap();
        let arguments = ["one", "two"].map(|text| Value::Text(text.into()));
        assert_eq!(message.content.unwrap(), arguments);
        assert_eq!(message.reply_to, None);
    }

    #[test]
    fn an_error_keeps_its_name_and_a_wild_start_is_refused() {
        let mut fields = vec![ERROR_NAME, 1, b's', 0];
        text(&mut fields, "org.x.NoSuchUnit");
        pad(&mut fields, 8);
        fields.extend([REPLY_SERIAL, 1, b'u', 0, 9, 0, 0, 0]);
        let mut bytes = vec![b'l', ERROR, 0, VERSION];
        for word in [0, 1, size(&fields)] {
            bytes.extend(u32::to_le_bytes(word));
        }
        bytes.extend(&fields);
        pad(&mut bytes, 8);
        let start = Start::parse(bytes.first_chunk().unwrap()).unwrap();
        let message = start.message(&bytes[Start::LENGTH..]).unwrap();
        assert_eq!(message.reply_to, Some(9));
        assert_eq!(message.content, Err("org.x.NoSuchUnit".to_owned()));
        assert_eq!(Start::parse(&[0xff; 16]), None);
        assert_eq!(
            Start::parse(b"l\x01\x02\x01\xff\xff\xff\x7f\0\0\0\0\0\0\0\0"),
            None
        );
    }
}
