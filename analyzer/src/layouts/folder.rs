//! A plain folder of files: outputs named after their commands, copies of files, logs.

use crate::layout::Layout;
use crate::names;

pub(super) const LAYOUT: Layout = Layout {
    name: "folder",
    detect,
    source: names::source,
    node: None,
};

fn detect(names: &[&str]) -> u8 {
    u8::from(names.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_folder_will_do_when_nobody_else_wants_it() {
        assert_eq!(detect(&["a.txt", "b.txt"]), 1);
        assert_eq!(detect(&["a.txt"]), 0);
    }
}
