//! Sizes as tools print them.

/// Bytes of `252G`, `1.5Gi`, `512MB`, `0B`, `42`; suffixes count in powers of 1024, as `df -h` and `free -h` do. `None` for anything else.
pub fn bytes(text: &str) -> Option<i64> {
    let text = text.trim();
    let end = text
        .find(|digit: char| !digit.is_ascii_digit() && digit != '.')
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at_checked(end)?;
    let shift = match suffix.trim_end_matches('B').trim_end_matches('i') {
        "" => 0,
        "K" | "k" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        "P" => 50,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let unit = 1_i128 << shift;
    if fraction.len() > MAX_FRACTION {
        return None;
    }
    let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    let fraction: i128 = if fraction.is_empty() {
        0
    } else {
        fraction.parse().ok()?
    };
    let total = whole.parse::<i64>().map(i128::from).ok()? * unit + fraction * unit / scale;
    i64::try_from(total).ok()
}

const MAX_FRACTION: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_common_tools_are_read() {
        assert_eq!(bytes("252G"), Some(252 << 30));
        assert_eq!(bytes("1.5Gi"), Some(3 << 29));
        assert_eq!(bytes("0B"), Some(0));
        assert_eq!(bytes("42"), Some(42));
        for text in ["", "-", "G", "1.2.3G", "9999999999T", "12x"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
