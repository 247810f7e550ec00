//! Netlink messages and their attributes, as bytes.

/// One message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message<'a> {
    /// Type of the message.
    pub(crate) kind: u16,
    /// What follows its header.
    pub(crate) body: &'a [u8],
}

/// Messages that stand back to back; what is cut off ends the list.
pub(crate) fn messages(bytes: &[u8]) -> impl Iterator<Item = Message<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let length = usize::try_from(word(rest, 0)?).ok()?;
        let message = rest.get(..length).filter(|_| length >= HEADER)?;
        rest = rest.get(aligned(length)..).unwrap_or_default();
        Some(Message {
            kind: half(message, 4)?,
            body: message.get(HEADER..)?,
        })
    })
}

/// Attributes behind a message's fixed part: type and value.
pub(crate) fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let length = usize::from(half(rest, 0)?);
        let value = rest.get(4..length)?;
        let kind = half(rest, 2)? & 0x3fff;
        rest = rest.get(aligned(length)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// Four bytes in the machine's order.
pub(crate) fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_ne_bytes(bytes))
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?.try_into().ok()?;
    Some(u16::from_ne_bytes(bytes))
}

fn aligned(length: usize) -> usize {
    length.next_multiple_of(4)
}

const HEADER: usize = 16;

/// A message of a kind with a fixed part and attributes, as the kernel writes it.
#[cfg(test)]
pub(crate) fn written(kind: u16, fixed: &[u8], attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut body = fixed.to_vec();
    for (kind, value) in attributes {
        let length = u16::try_from(4 + value.len()).unwrap();
        body.extend_from_slice(&length.to_ne_bytes());
        body.extend_from_slice(&kind.to_ne_bytes());
        body.extend_from_slice(value);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    let mut bytes = Vec::new();
    let length = u32::try_from(HEADER + body.len()).unwrap();
    bytes.extend_from_slice(&length.to_ne_bytes());
    bytes.extend_from_slice(&kind.to_ne_bytes());
    bytes.resize(HEADER, 0);
    bytes.extend_from_slice(&body);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_and_attributes_are_walked_and_a_cut_one_ends_the_walk() {
        let mut bytes = written(24, &[2; 12], &[(15, &7u32.to_ne_bytes()), (1, b"abc")]);
        bytes.extend(written(25, &[], &[]));
        bytes.extend_from_slice(&[40, 0, 0, 0, 1]);
        let found: Vec<u16> = messages(&bytes).map(|message| message.kind).collect();
        assert_eq!(found, [24, 25]);
        let first = messages(&bytes).next().unwrap();
        let attributes: Vec<_> = attributes(&first.body[12..]).collect();
        assert_eq!(
            attributes,
            [(15, &7u32.to_ne_bytes()[..]), (1, &b"abc"[..])]
        );
    }

    #[test]
    fn a_message_that_claims_no_length_is_no_endless_loop() {
        assert_eq!(messages(&[0; 64]).count(), 0);
        assert_eq!(attributes(&[0; 64]).count(), 0);
    }
}
