//! One file, or standard input.

use crate::layout::Layout;
use crate::names;

pub(super) const LAYOUT: Layout = Layout {
    name: "single",
    detect,
    source: names::source,
    node: None,
};

fn detect(names: &[&str]) -> u8 {
    u8::from(names.len() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_is_one_file() {
        assert_eq!(detect(&["kubelet.log"]), 1);
        assert_eq!(detect(&["a", "b"]), 0);
    }
}
