//! One JSON object on a line, its keys in order and repeated keys kept.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// The pairs of an object, in order.
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

/// A value, as far as logs need it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json<'a> {
    Text(Cow<'a, str>),
    /// An array of numbers is how the journal writes bytes that are not text.
    Bytes(Vec<u8>),
    Number(f64),
    Bool(bool),
    /// Null, or something nested.
    Other,
}

impl<'a> Object<'a> {
    /// Reads a line that holds one object and nothing else.
    pub(crate) fn parse(line: &'a str) -> Option<Self> {
        serde_json::from_str(line).ok()
    }

    /// The first value of a key.
    pub(crate) fn value(&self, key: &str) -> Option<&Json<'a>> {
        self.0
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    /// The bytes of the first value of a key, taken out of the object.
    pub(crate) fn take(&mut self, key: &str) -> Option<Cow<'a, [u8]>> {
        let (_, value) = self.0.iter_mut().find(|(name, _)| name == key)?;
        match std::mem::replace(value, Json::Other) {
            Json::Text(Cow::Borrowed(text)) => Some(Cow::Borrowed(text.as_bytes())),
            Json::Text(Cow::Owned(text)) => Some(Cow::Owned(text.into_bytes())),
            Json::Bytes(bytes) => Some(Cow::Owned(bytes)),
            Json::Number(_) | Json::Bool(_) | Json::Other => None,
        }
    }

    /// A text value.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match self.value(key)? {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// All pairs in order.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &Json<'a>)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), value))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Object<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::with_capacity(24);
                while let Some(Word(key)) = map.next_key()? {
                    pairs.push((key, map.next_value()?));
                }
                Ok(Object(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// Text that is borrowed wherever it has no escapes.
struct Word<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Word<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Word<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Word(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Word(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Value)
    }
}

struct Value;

impl<'de> Visitor<'de> for Value {
    type Value = Json<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "numbers of logs are far below 2^53"
    )]
    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Json::Number(number as f64))
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "numbers of logs are far below 2^53"
    )]
    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Json::Number(number as f64))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Json::Number(number))
    }
    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Json::Bool(value))
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Json::Other)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Json::Other)
    }
    /// Bytes, or the values of a field that an entry holds several times: the first counts.
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut bytes = Vec::new();
        let mut first = None;
        while let Some(item) = seq.next_element::<Json<'de>>()? {
            match item {
                Json::Number(number) if (0.0..=255.0).contains(&number) => {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "the range was checked"
                    )]
                    bytes.push(number as u8);
                }
                other => {
                    first.get_or_insert(other);
                }
            }
        }
        Ok(first.unwrap_or(Json::Bytes(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_all_shapes_are_read_and_repeated_keys_kept() {
        let line = r#"{"a":"x","MESSAGE":[72,105],"n":1.5,"two":["first","second"],"err":"1","err":"2","deep":{"k":[1,{}]},"z":null}"#;
        let mut object = Object::parse(line).unwrap();
        assert_eq!(object.text("two"), Some("first"));
        assert_eq!(object.value("n"), Some(&Json::Number(1.5)));
        assert_eq!(object.pairs().filter(|(key, _)| *key == "err").count(), 2);
        assert_eq!(object.take("MESSAGE").unwrap().as_ref(), b"Hi");
        assert!(Object::parse(r#"{"cut":"of"#).is_none());
        assert!(Object::parse("{} tail").is_none());
    }
}
