//! Header fields out of a header block (RFC 7541), as far as a call needs them.
//!
//! The other end is told to keep no table, so it can refer to the standard's fixed table only. gRPC's own fields are
//! not in that table: every field that matters comes with its name.

use httlib_huffman::DecoderSpeed;

/// Name and value of each field that is spelt out; `None` where the block is not well formed.
pub(super) fn decode(mut block: &[u8]) -> Option<Vec<(String, String)>> {
    let mut fields = Vec::new();
    while let Some(&first) = block.first() {
        match first {
            // A field of the fixed table, or the size of the other one: nothing to learn.
            0x80.. => integer(&mut block, 7).map(drop)?,
            0x20..=0x3f => integer(&mut block, 5).map(drop)?,
            0x40..=0x7f => literal(&mut block, 6, &mut fields)?,
            0x00..=0x1f => literal(&mut block, 4, &mut fields)?,
        }
    }
    Some(fields)
}

fn literal(block: &mut &[u8], prefix: u32, fields: &mut Vec<(String, String)>) -> Option<()> {
    let name = match integer(block, prefix)? {
        0 => Some(string(block)?),
        _ => None,
    };
    let value = string(block)?;
    fields.extend(name.map(|name| (name, value)));
    Some(())
}

/// A number that begins in the low bits of the first byte.
fn integer(block: &mut &[u8], prefix: u32) -> Option<usize> {
    let (first, mut rest) = block.split_first()?;
    let full = (1_usize << prefix) - 1;
    let mut number = usize::from(*first) & full;
    if number == full {
        for shift in (0..28).step_by(7) {
            let (byte, after) = rest.split_first()?;
            rest = after;
            number += (usize::from(*byte) & 0x7f) << shift;
            if byte & 0x80 == 0 {
                *block = rest;
                return Some(number);
            }
        }
        return None;
    }
    *block = rest;
    Some(number)
}

fn string(block: &mut &[u8]) -> Option<String> {
    let coded = block.first()? & 0x80 != 0;
    let length = integer(block, 7)?;
    let (bytes, rest) = block.split_at_checked(length)?;
    *block = rest;
    if !coded {
        return Some(String::from_utf8_lossy(bytes).into_owned());
    }
    let mut decoded = Vec::new();
    httlib_huffman::decode(bytes, &mut decoded, DecoderSpeed::FiveBits).ok()?;
    Some(String::from_utf8_lossy(&decoded).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelt_fields_are_read_and_references_are_passed_over() {
        let mut block = vec![0x88, 0x5f, 0x01, b'x', 0x20];
        block.extend(b"\x40\x0bgrpc-status\x0212");
        // RFC 7541, C.4.3: custom-key: custom-value, Huffman coded.
        block.extend([0x40, 0x88, 0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xa9, 0x7d, 0x7f]);
        block.extend([0x89, 0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xb8, 0xe8, 0xb4, 0xbf]);
        let fields = decode(&block).unwrap();
        let named = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            fields,
            [
                named("grpc-status", "12"),
                named("custom-key", "custom-value")
            ]
        );
    }

    #[test]
    fn a_long_value_has_a_length_of_several_bytes() {
        let mut block = b"\x00\x01n\x7f\x49".to_vec();
        block.extend([b'v'; 200]);
        assert_eq!(decode(&block).unwrap()[0].1.len(), 200);
    }

    #[test]
    fn what_is_not_well_formed_is_nothing() {
        for block in [
            &b"\xff\xff\xff"[..],
            b"\x00\x05ab",
            b"\x40",
            b"\x00\x81\xff\x01x",
            b"\xff\xff\xff\xff\xff\xff\x01",
        ] {
            assert!(decode(block).is_none(), "{block:?}");
        }
    }

    #[test]
    fn no_bytes_are_too_odd() {
        let mut state = 1_u64;
        for length in 0..2000 {
            let block: Vec<u8> = (0..length % 64)
                .map(|_| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    u8::try_from(state >> 56).unwrap()
                })
                .collect();
            decode(&block);
        }
    }
}
