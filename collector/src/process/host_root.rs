//! `--host`: from a debug container into the root of the running host that it has mounted.

use rustix::fs::{self, Mode, OFlags};
use rustix::process;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Makes the folder this process's root and begins the program again there, without the option. Returns only when that fails.
///
/// The program is opened before the change and executed through `/proc` after it, so it need not exist on the host.
#[allow(
    clippy::disallowed_methods,
    reason = "this process becomes its own program again: there is no child to watch"
)]
pub(crate) fn enter(folder: &str, arguments: &[String]) -> String {
    let program = match fs::open(
        "/proc/self/exe",
        OFlags::PATH | OFlags::CLOEXEC,
        Mode::empty(),
    ) {
        Ok(program) => program,
        Err(errno) => return format!("/proc of this container cannot be read: {errno}"),
    };
    if let Err(errno) = process::chdir(folder).and_then(|()| process::chroot(".")) {
        return format!(
            "--host {folder}: {errno}; mount the host's / there and run the container privileged"
        );
    }
    let path = format!("/proc/self/fd/{}", program.as_raw_fd());
    let error = Command::new(path)
        .arg0(crate::NAME)
        .args(without_option(arguments))
        .exec();
    match error.kind() {
        io::ErrorKind::NotFound => format!(
            "--host {folder}: its /proc does not show this process; give the container the host's processes (hostPID: true)"
        ),
        _ => format!("--host {folder}: {error}"),
    }
}

/// The arguments without `--host DIR` and `--host=DIR`.
fn without_option(arguments: &[String]) -> Vec<&String> {
    let mut kept = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--host" {
            arguments.next();
        } else if !argument.starts_with("--host=") {
            kept.push(argument);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_goes_and_everything_else_stays() {
        let given = ["--host", "/host", "-o", "-", "--host=/x", "--quiet"].map(str::to_owned);
        assert_eq!(without_option(&given), ["-o", "-", "--quiet"]);
    }

    #[test]
    fn a_folder_that_is_none_is_named() {
        let said = enter("/no/such/folder", &[]);
        assert!(said.contains("/no/such/folder"), "{said}");
    }
}
