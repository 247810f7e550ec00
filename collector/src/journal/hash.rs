//! The hashes by which a journal finds its fields: keyed `SipHash-2-4` in newer files, Jenkins' `lookup3` in older ones.

use siphasher::sip::SipHasher24;
use std::hash::Hasher as _;

/// Hash of a field under the file's id.
pub(super) fn keyed(key: &[u8; 16], data: &[u8]) -> u64 {
    let mut hasher = SipHasher24::new_with_key(key);
    hasher.write(data);
    hasher.finish()
}

/// Hash of a field in files without keyed hashes.
pub(super) fn jenkins(data: &[u8]) -> u64 {
    let start = 0xdead_beef_u32.wrapping_add(u32::try_from(data.len()).unwrap_or(u32::MAX));
    let mut state = [start; 3];
    let mut rest = data;
    while let Some((block, after)) = rest
        .split_first_chunk::<12>()
        .filter(|(_, after)| !after.is_empty())
    {
        add(&mut state, block);
        mix(&mut state);
        rest = after;
    }
    if !rest.is_empty() {
        let mut last = [0; 12];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        add(&mut state, &last);
        finish(&mut state);
    }
    let [_, b, c] = state;
    (u64::from(c) << 32) | u64::from(b)
}

fn add(state: &mut [u32; 3], block: &[u8; 12]) {
    let (words, _) = block.as_chunks::<4>();
    for (sum, word) in state.iter_mut().zip(words) {
        *sum = sum.wrapping_add(u32::from_le_bytes(*word));
    }
}

fn mix(state: &mut [u32; 3]) {
    let [mut a, mut b, mut c] = *state;
    for turns in [[4, 6, 8], [16, 19, 4]] {
        let [first, second, third] = turns;
        a = a.wrapping_sub(c) ^ c.rotate_left(first);
        c = c.wrapping_add(b);
        b = b.wrapping_sub(a) ^ a.rotate_left(second);
        a = a.wrapping_add(c);
        c = c.wrapping_sub(b) ^ b.rotate_left(third);
        b = b.wrapping_add(a);
    }
    *state = [a, b, c];
}

fn finish(state: &mut [u32; 3]) {
    let [mut a, mut b, mut c] = *state;
    c = (c ^ b).wrapping_sub(b.rotate_left(14));
    a = (a ^ c).wrapping_sub(c.rotate_left(11));
    b = (b ^ a).wrapping_sub(a.rotate_left(25));
    c = (c ^ b).wrapping_sub(b.rotate_left(16));
    a = (a ^ c).wrapping_sub(c.rotate_left(4));
    b = (b ^ a).wrapping_sub(a.rotate_left(14));
    c = (c ^ b).wrapping_sub(b.rotate_left(24));
    *state = [a, b, c];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_texts_have_their_known_hashes() {
        // The published test of lookup3: "Four score and seven years ago", both seeds 0.
        let text = b"Four score and seven years ago";
        assert_eq!(jenkins(text), (0x1777_0551 << 32) | 0xce72_26e6);
        assert_eq!(jenkins(b""), (0xdead_beef << 32) | 0xdead_beef);
        // The published test of SipHash-2-4: key 00..0f, text 00..0e.
        let key = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let text: Vec<u8> = (0..15).collect();
        assert_eq!(keyed(&key, &text), 0xa129_ca61_49be_45e5);
    }
}
