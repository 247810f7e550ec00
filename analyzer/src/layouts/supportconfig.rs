//! SUSE `supportconfig` (`scc_HOST_DATE_TIME.txz`, older `nts_HOST_DATE_TIME.tbz`): outputs and files one after the other in one text for
//! each subject, below titles. Follows supportutils 3.0 to 3.2, with plugins.

use crate::layout::Layout;
use crate::source::Source;

pub(super) const LAYOUT: Layout = Layout {
    name: "supportconfig",
    detect,
    source,
    node: None,
};

/// Entries that together nobody else writes.
const TELLING: [&str; 12] = [
    "basic-environment.txt",
    "basic-health-check.txt",
    "boot.txt",
    "env.txt",
    "fs-diskio.txt",
    "messages.txt",
    "modules.txt",
    "network.txt",
    "rpm.txt",
    "supportconfig.txt",
    "systemd.txt",
    "systemd-status.txt",
];

/// Lists of what is installed, built in and open: long, and no rule asks for them.
const LISTS: [&str; 9] = [
    "hardware.txt",
    "lsof.txt",
    "open-files.txt",
    "pam.txt",
    "rpm.txt",
    "security-apparmor.txt",
    "supportconfig.txt",
    "updates.txt",
    "y2log.txt",
];

fn detect(names: &[&str]) -> u8 {
    let basic = names.iter().any(|name| name.starts_with("basic-"));
    match (
        TELLING.iter().filter(|name| names.contains(name)).count(),
        basic,
    ) {
        (0..=2, _) => 0,
        (3, false) => 40,
        (3, true) => 70,
        _ => 95,
    }
}

fn source(name: &str) -> Source {
    let is_text = name.rsplit('.').next() == Some("txt");
    if is_text && !LISTS.contains(&name) {
        Source::Named(name.to_owned())
    } else {
        Source::meta(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_and_cut_archives_are_told() {
        let whole = [
            "basic-environment.txt",
            "boot.txt",
            "network.txt",
            "rpm.txt",
        ];
        assert_eq!(detect(&whole), 95);
        assert_eq!(
            detect(&["basic-health-check.txt", "env.txt", "systemd.txt"]),
            70
        );
        assert_eq!(detect(&["network.txt", "boot.txt", "messages.txt"]), 40);
        assert_eq!(detect(&["basic.txt", "boot.txt"]), 0);
    }

    #[test]
    fn texts_are_read_by_their_titles_and_lists_are_not() {
        for name in ["boot.txt", "plugin-rke2.txt"] {
            assert_eq!(source(name), Source::Named(name.into()));
        }
        for name in ["rpm.txt", "sar/sa20251122", "supportconfig.txt"] {
            assert_eq!(source(name), Source::meta(name));
        }
    }
}
