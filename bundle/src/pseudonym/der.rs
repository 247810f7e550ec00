//! As much DER as it takes to write a certificate again.

use crate::keys::tlv;

/// Tag, content and what follows of the first DER value.
pub(super) fn first(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81..=0x83 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(length - 0x80))?;
            let length = bytes
                .iter()
                .fold(0, |length, byte| length << 8 | usize::from(*byte));
            (length, rest)
        }
        _ => return None,
    };
    let (content, after) = rest.split_at_checked(length)?;
    Some((*tag, content, after))
}

/// The fields of the signed part, from the serial number on.
fn fields(der: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let (_, certificate, _) = first(der)?;
    let (_, mut rest, _) = first(certificate)?;
    let mut fields = Vec::new();
    while let Some((tag, content, after)) = first(rest) {
        fields.push((tag, content));
        rest = after;
    }
    if fields.first().is_some_and(|(tag, _)| *tag == 0xa0) {
        fields.remove(0);
    }
    Some(fields)
}

pub(super) fn raw_algorithm(der: &[u8]) -> Option<Vec<u8>> {
    fields(der)?.get(1).map(|(tag, content)| tlv(*tag, content))
}

pub(super) fn raw_validity(der: &[u8]) -> Option<Vec<u8>> {
    fields(der)?.get(3).map(|(tag, content)| tlv(*tag, content))
}

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
pub(super) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
