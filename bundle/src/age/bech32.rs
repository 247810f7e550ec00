//! Bech32 (BIP 173), as far as the keys of age need it.

/// Human-readable part and data of a Bech32 text; `None` where it is none or its checksum is wrong.
pub fn decode(text: &str) -> Option<(String, Vec<u8>)> {
    let lower = text.to_ascii_lowercase();
    if lower != text && text.to_ascii_uppercase() != text {
        return None;
    }
    let (prefix, rest) = lower.rsplit_once('1')?;
    if prefix.is_empty() || !prefix.bytes().all(|byte| (33..127).contains(&byte)) {
        return None;
    }
    let digits = rest.bytes().map(digit).collect::<Option<Vec<u8>>>()?;
    let (data, checksum) = digits.split_at_checked(digits.len().checked_sub(CHECKSUM)?)?;
    let high = prefix.bytes().map(|byte| byte >> 5);
    let low = prefix.bytes().map(|byte| byte & 31);
    let all = high.chain([0]).chain(low);
    let all = all.chain(data.iter().chain(checksum).copied());
    if polymod(all) != 1 {
        return None;
    }
    Some((prefix.to_owned(), bytes(data)?))
}

fn digit(letter: u8) -> Option<u8> {
    let place = ALPHABET.iter().position(|known| *known == letter)?;
    u8::try_from(place).ok()
}

fn polymod(digits: impl Iterator<Item = u8>) -> u32 {
    digits.fold(1, |sum: u32, digit| {
        let top = sum >> 25;
        let next = (sum & 0x01ff_ffff) << 5 ^ u32::from(digit);
        GENERATOR
            .iter()
            .enumerate()
            .filter(|(bit, _)| top >> bit & 1 == 1)
            .fold(next, |next, (_, factor)| next ^ factor)
    })
}

/// Five bits a digit to eight bits a byte; what is left over must be short and zero.
fn bytes(digits: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut held, mut bits) = (0_u16, 0_u32);
    for digit in digits {
        held = held << 5 | u16::from(*digit);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    (bits < 5 && held == 0).then_some(bytes)
}

const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const CHECKSUM: usize = 6;
const GENERATOR: [u32; 5] = [
    0x3b6a_57b2,
    0x2650_8e6d,
    0x1ea1_19fa,
    0x3d42_33dd,
    0x2a14_62b3,
];

#[cfg(test)]
mod tests {
    use super::*;

    const RECIPIENT: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

    #[test]
    fn a_recipient_is_32_bytes_in_either_case() {
        let (prefix, data) = decode(RECIPIENT).unwrap();
        assert_eq!((prefix.as_str(), data.len()), ("age", 32));
        let upper = decode(&RECIPIENT.to_ascii_uppercase()).unwrap();
        assert_eq!(upper.1, data);
    }

    #[test]
    fn one_wrong_letter_is_noticed_wherever_it_is() {
        for at in 0..RECIPIENT.len() {
            let mut letters = RECIPIENT.as_bytes().to_vec();
            letters[at] = if letters[at] == b'q' { b'p' } else { b'q' };
            let text = String::from_utf8(letters).unwrap();
            assert_eq!(decode(&text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_bech32_is_none() {
        for text in [
            "",
            "age",
            "1",
            "age1",
            "1qqqqqq",
            "age1Zvkyg2lqzraa2",
            "ägé1qqqqqq",
        ] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
