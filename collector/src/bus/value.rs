//! Values as D-Bus writes them: read by signature, never beyond the bytes that are there.

/// One value. Numbers of all widths are one kind; file descriptors are the number in the message.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// `b`
    Bool(bool),
    /// `y n q i u x h`, and `t` up to `i64::MAX`.
    Int(i64),
    /// A `t` beyond `i64::MAX`: systemd's word for "no limit" or "not set".
    Unset,
    /// `d`, whose value nobody here needs.
    Double,
    /// `s o g`
    Text(String),
    /// `a…`; a dictionary is a list of structs of two.
    List(Vec<Self>),
    /// `(…)`
    Struct(Vec<Self>),
}

impl Value {
    /// The text, of a text.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Items of a list, fields of a struct; else none.
    pub(super) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) | Self::Struct(items) => items,
            _ => &[],
        }
    }
}

/// Reads values one after the other; offsets count from the start of the message's body or head.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    big_endian: bool,
}

impl<'a> Reader<'a> {
    /// A reader at the start of the bytes.
    pub(super) fn new(bytes: &'a [u8], big_endian: bool) -> Self {
        Self {
            bytes,
            at: 0,
            big_endian,
        }
    }

    /// Every value of a signature; `None` when the bytes are not what it says.
    pub(super) fn all(&mut self, signature: &[u8]) -> Option<Vec<Value>> {
        let mut rest = signature;
        let mut values = Vec::new();
        while !rest.is_empty() {
            let (kind, after) = split_type(rest, MAX_DEPTH)?;
            values.push(self.one(kind, MAX_DEPTH)?);
            rest = after;
        }
        Some(values)
    }

    fn one(&mut self, kind: &[u8], depth: u8) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        self.align(alignment(*kind.first()?))?;
        Some(match kind {
            b"y" => Value::Int(i64::from(*self.take(1)?.first()?)),
            b"b" => Value::Bool(self.unsigned(4)? != 0),
            b"n" => Value::Int(i64::from(
                self.unsigned(2)?
                    .to_le_bytes()
                    .first_chunk()
                    .map(|two| i16::from_le_bytes(*two))?,
            )),
            b"i" => Value::Int(i64::from(
                self.unsigned(4)?
                    .to_le_bytes()
                    .first_chunk()
                    .map(|four| i32::from_le_bytes(*four))?,
            )),
            b"x" => Value::Int(self.unsigned(8)?.cast_signed()),
            b"q" => self.number(2)?,
            b"u" | b"h" => self.number(4)?,
            b"t" => self.number(8)?,
            b"d" => self.take(8).map(|_| Value::Double)?,
            b"s" | b"o" => {
                let length = self.length()?;
                self.text(length)?
            }
            b"g" => Value::Text(String::from_utf8_lossy(self.signature()?).into_owned()),
            b"v" => {
                let inner = self.signature()?;
                let (kind, rest) = split_type(inner, depth)?;
                return rest.is_empty().then(|| self.one(kind, depth))?;
            }
            [b'a', element @ ..] => self.list(element, depth)?,
            [b'(' | b'{', fields @ .., _] => self.fields(fields, depth)?,
            _ => return None,
        })
    }

    fn list(&mut self, element: &[u8], depth: u8) -> Option<Value> {
        let length = self.length()?;
        self.align(alignment(*element.first()?))?;
        let end = self.at.checked_add(length)?;
        if end > self.bytes.len() {
            return None;
        }
        let mut items = Vec::new();
        while self.at < end {
            items.push(self.one(element, depth)?);
        }
        (self.at == end).then_some(Value::List(items))
    }

    fn fields(&mut self, mut fields: &[u8], depth: u8) -> Option<Value> {
        let mut values = Vec::new();
        while !fields.is_empty() {
            let (kind, rest) = split_type(fields, depth)?;
            values.push(self.one(kind, depth)?);
            fields = rest;
        }
        Some(Value::Struct(values))
    }

    fn text(&mut self, length: usize) -> Option<Value> {
        let text = String::from_utf8_lossy(self.take(length)?).into_owned();
        self.take(1)?;
        Some(Value::Text(text))
    }

    fn signature(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(*self.take(1)?.first()?);
        let signature = self.take(length)?;
        self.take(1)?;
        Some(signature)
    }

    fn number(&mut self, width: usize) -> Option<Value> {
        let number = self.unsigned(width)?;
        Some(i64::try_from(number).map_or(Value::Unset, Value::Int))
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.unsigned(4)?).ok()
    }

    fn unsigned(&mut self, width: usize) -> Option<u64> {
        let big_endian = self.big_endian;
        let bytes = self.take(width)?;
        let join = |number: u64, byte: &u8| (number << 8) | u64::from(*byte);
        Some(if big_endian {
            bytes.iter().fold(0, join)
        } else {
            bytes.iter().rev().fold(0, join)
        })
    }

    fn align(&mut self, to: usize) -> Option<()> {
        let padding = self.at.next_multiple_of(to) - self.at;
        self.take(padding).map(|_| ())
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(length)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }
}

/// The first complete type of a signature, and the rest.
fn split_type(signature: &[u8], depth: u8) -> Option<(&[u8], &[u8])> {
    signature.split_at_checked(type_length(signature, depth)?)
}

fn type_length(signature: &[u8], depth: u8) -> Option<usize> {
    let depth = depth.checked_sub(1)?;
    let close = match signature.first()? {
        b'a' => return Some(1 + type_length(signature.get(1..)?, depth)?),
        b'(' => b')',
        b'{' => b'}',
        _ => return Some(1),
    };
    let mut length = 1;
    while *signature.get(length)? != close {
        length += type_length(signature.get(length..)?, depth)?;
    }
    Some(length + 1)
}

fn alignment(kind: u8) -> usize {
    match kind {
        b'n' | b'q' => 2,
        b'b' | b'i' | b'u' | b'h' | b's' | b'o' | b'a' => 4,
        b'x' | b't' | b'd' | b'(' | b'{' => 8,
        _ => 1,
    }
}

/// Deeper values are refused; systemd's deepest is five.
const MAX_DEPTH: u8 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(signature: &str, bytes: &[u8]) -> Option<Vec<Value>> {
        Reader::new(bytes, false).all(signature.as_bytes())
    }

    #[test]
    fn properties_are_read_by_their_own_signatures() {
        let bytes = b"\x28\0\0\0\0\0\0\0\x01\0\0\0A\0\x01s\0\0\0\0\x02\0\0\0up\0\0\0\0\0\0\x01\0\0\0B\0\x01u\0\0\0\0\x07\0\0\0";
        let entry = |name: &str, value| Value::Struct(vec![Value::Text(name.into()), value]);
        let expected = Value::List(vec![
            entry("A", Value::Text("up".into())),
            entry("B", Value::Int(7)),
        ]);
        let length = u32::try_from(bytes.len() - 8).unwrap().to_le_bytes();
        let mut message = bytes.to_vec();
        message[..4].copy_from_slice(&length);
        assert_eq!(read("a{sv}", &message), Some(vec![expected]));
    }

    #[test]
    fn both_byte_orders_and_signs_are_read() {
        assert_eq!(
            Reader::new(&[0, 0, 0, 5], true).all(b"u"),
            Some(vec![Value::Int(5)])
        );
        assert_eq!(
            read("i", &(-2_i32).to_le_bytes()),
            Some(vec![Value::Int(-2)])
        );
        assert_eq!(
            read("n", &(-2_i16).to_le_bytes()),
            Some(vec![Value::Int(-2)])
        );
        assert_eq!(read("t", &[0xff; 8]), Some(vec![Value::Unset]));
    }

    #[test]
    fn bytes_that_do_not_fit_the_signature_are_refused() {
        assert_eq!(read("s", b"\xff\xff\xff\xffabc\0"), None);
        assert_eq!(read("as", b"\x03\0\0\0\x01\0\0\0a\0"), None);
        assert_eq!(read("(su", b"\0\0\0\0\0"), None);
        let endless: Vec<u8> = b"\x01v\0".repeat(100);
        assert_eq!(read("v", &endless), None);
        assert_eq!(read(&"a".repeat(60), &[0; 64]), None);
    }
}
