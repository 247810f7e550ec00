//! Which programs of the node are run: those that only root can have put there.

use super::door::{Door, parent};
use super::wire::Failure;
use nodebundle_bundle::Outcome;
use rustix::fs::{self, Stat};

/// Why a program is not run; `Ok` where it may be.
///
/// In the folders of the system any program of root that nobody else can write may be run. Elsewhere only what a unit or a running
/// process of this node names, and only for its version: root's, in folders of root, none of it writable by others. Whoever could
/// exchange such a program could do so to the kubelet, which root starts from there anyway.
pub(super) fn check(door: &Door, argv: &[String], named: bool) -> Result<(), Failure> {
    let untrusted = || Failure::new(Outcome::Skipped, "untrusted binary");
    let program = argv.first().ok_or_else(untrusted)?;
    let mut folders = SYSTEM_FOLDERS.iter();
    let of_the_system = folders.any(|folder| program.starts_with(folder));
    if !(of_the_system || named && asks_for_version(argv)) {
        return Err(untrusted());
    }
    let explain = |errno| door.explain(program, errno);
    let node = door.open_node(program, true).map_err(explain)?;
    let stat = fs::fstat(&node).map_err(explain)?;
    if stat.st_mode & 0o111 == 0 || stat.st_mode & 0o020 != 0 || !is_roots(&stat) {
        return Err(untrusted());
    }
    if of_the_system {
        return Ok(());
    }
    let real = door.place(&node).map_err(explain)?;
    let safe = [program, &real]
        .iter()
        .all(|path| in_roots_folders(door, path));
    if safe { Ok(()) } else { Err(untrusted()) }
}

fn asks_for_version(argv: &[String]) -> bool {
    matches!(argv, [_, word] if word == "--version" || word == "version")
}

fn in_roots_folders(door: &Door, path: &str) -> bool {
    let mut folder = parent(path);
    loop {
        let node = door.open_node(folder, true);
        let stat = node.and_then(|node| fs::fstat(&node));
        if !stat.is_ok_and(|stat| is_roots(&stat)) {
            return false;
        }
        if folder == "/" {
            return true;
        }
        folder = parent(folder);
    }
}

/// Owned by root, and not writable by everybody.
fn is_roots(stat: &Stat) -> bool {
    stat.st_uid == 0 && stat.st_mode & 0o002 == 0
}

const SYSTEM_FOLDERS: &[&str] = &["/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/"];

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::scratch::Scratch;
    use std::os::unix::fs::{PermissionsExt as _, chown};

    /// A tree with `/opt/bin/kubelet`, both with these permissions; `None` without root, whom the files must belong to.
    fn tree(folder: u32, file: u32) -> Option<Scratch> {
        let scratch = Scratch::new();
        let bin = scratch.path().join("opt/bin");
        std::fs::create_dir_all(&bin).unwrap();
        let program = bin.join("kubelet");
        std::fs::write(&program, "").unwrap();
        for (path, mode) in [
            (&program, file),
            (&bin, folder),
            (&scratch.path().join("opt"), 0o755),
            (&scratch.path().to_owned(), 0o755),
        ] {
            chown(path, Some(0), Some(0)).ok()?;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        Some(scratch)
    }

    fn checked(scratch: &Scratch, argv: &[&str], named: bool) -> bool {
        let door = Door::new(&scratch.path().to_string_lossy(), false).unwrap();
        let argv: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
        check(&door, &argv, named).is_ok()
    }

    #[test]
    fn outside_the_system_folders_a_program_is_asked_for_its_version_only_where_the_node_names_it()
    {
        let Some(scratch) = tree(0o755, 0o755) else {
            return;
        };
        let asked = ["/opt/bin/kubelet", "--version"];
        assert!(checked(&scratch, &asked, true));
        assert!(!checked(&scratch, &asked, false));
        assert!(!checked(&scratch, &["/opt/bin/kubelet", "--v=9"], true));
        assert!(!checked(&scratch, &["/opt/bin/kubelet"], true));
        assert!(!checked(&scratch, &[], true));
    }

    #[test]
    fn a_program_that_others_could_exchange_is_not_run() {
        for (folder, file) in [
            (0o777, 0o755),
            (0o1777, 0o755),
            (0o755, 0o757),
            (0o755, 0o775),
            (0o755, 0o644),
        ] {
            let Some(scratch) = tree(folder, file) else {
                return;
            };
            assert!(
                !checked(&scratch, &["/opt/bin/kubelet", "--version"], true),
                "{folder:o} {file:o}"
            );
        }
    }

    #[test]
    fn a_link_into_a_folder_of_others_is_not_followed() {
        let Some(scratch) = tree(0o777, 0o755) else {
            return;
        };
        let local = scratch.path().join("usr/local/bin");
        std::fs::create_dir_all(&local).unwrap();
        std::os::unix::fs::symlink("/opt/bin/kubelet", local.join("kubelet")).unwrap();
        assert!(!checked(
            &scratch,
            &["/usr/local/bin/kubelet", "--version"],
            true
        ));
    }
}
