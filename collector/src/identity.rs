//! Who collects, from which node, for whom.

use crate::cli::Options;
use crate::collect::CollectError;
use crate::host::Host;
use crate::output::OutputFile;
use nodebundle_bundle::redact::CaseKey;
use rustix::fs::{self, Mode, OFlags};
use std::fs::File;
use std::io::Read as _;

/// A user and perhaps a group, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    uid: u32,
    gid: Option<u32>,
}

/// The node's name made safe for file names: `[a-z0-9.-]{1,63}`.
///
/// A running host is asked by a system call. A tree's `etc/hostname` is the only file read before `bundle.json` is
/// written, because the top folder needs the name. A worker reads it within the time of an item, so a file that does not
/// answer costs the name alone; whoever is killed meanwhile leaves no file, as before every `bundle.json`.
pub(crate) fn node_name(host: &mut Host) -> String {
    let name = if host.is_live() {
        rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned()
    } else {
        host.line("/etc/hostname").unwrap_or_default()
    };
    safe_name(name.lines().next().unwrap_or_default())
}

fn safe_name(name: &str) -> String {
    let safe: String = name
        .to_ascii_lowercase()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '.' {
                c
            } else {
                '-'
            }
        })
        .take(63)
        .collect();
    let safe = safe.trim_matches(['-', '.']);
    if safe.is_empty() {
        "node".to_owned()
    } else {
        safe.to_owned()
    }
}

/// Seconds since boot.
pub(crate) fn uptime_seconds() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    u64::try_from(time.tv_sec).unwrap_or(0)
}

/// Id of the running kernel's boot.
pub(crate) fn boot_id() -> Option<String> {
    let text = own_file("/proc/sys/kernel/random/boot_id", 64).ok()?;
    Some(String::from_utf8_lossy(&text).trim().replace('-', ""))
}

/// The text of a new key file: 32 random bytes in base64.
pub(crate) fn new_key_text() -> Result<String, CollectError> {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(random_bytes()?);
    Ok(format!("{text}\n"))
}

fn random_bytes() -> Result<[u8; 32], CollectError> {
    let mut bytes = [0u8; 32];
    let flags = rustix::rand::GetRandomFlags::empty();
    rustix::rand::getrandom(&mut bytes, flags)
        .map_err(|errno| CollectError::Usage(format!("no random numbers: {errno}")))?;
    Ok(bytes)
}

/// The key of placeholder ids: that of `--case-key`, else a new one.
pub(crate) fn case_key(options: &Options) -> Result<CaseKey, CollectError> {
    let Some(path) = &options.case_key else {
        return Ok(CaseKey::from_random(random_bytes()?));
    };
    let content = own_file(path, 4096).map_err(|error| {
        CollectError::Usage(format!(
            "--case-key {path}: {error}; make one with: (umask 077; head -c 32 /dev/urandom | base64 > {path})"
        ))
    })?;
    CaseKey::from_file_content(&content)
        .map_err(|error| CollectError::Usage(format!("--case-key {path}: {error}")))
}

/// A file of the caller, not of the node. A key file must be readable by its owner only.
pub(crate) fn own_file(path: &str, cap: u64) -> std::io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = fs::open(path, flags, Mode::empty())?;
    let stat = fs::fstat(&file)?;
    if !path.starts_with("/proc/") && stat.st_mode & 0o077 != 0 {
        return Err(std::io::Error::other(
            "others can read it: chmod 600 it first",
        ));
    }
    let mut content = Vec::new();
    File::from(file).take(cap).read_to_end(&mut content)?;
    Ok(content)
}

/// `--owner USER[:GROUP]` by name or number. Names are looked up in `/etc/passwd` and `/etc/group` themselves.
pub(crate) fn owner(options: &Options) -> Result<Option<Owner>, CollectError> {
    let Some(text) = &options.owner else {
        return Ok(None);
    };
    let (user, group) = match text.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (text.as_str(), None),
    };
    let unknown = |what: &str, file: &str| {
        CollectError::Usage(format!(
            "--owner {text}: {what} is not in {file}; give its number"
        ))
    };
    let uid = number_of(user, "/proc/self/root/etc/passwd")
        .ok_or_else(|| unknown(user, "/etc/passwd"))?;
    let gid = match group {
        Some(group) => Some(
            number_of(group, "/proc/self/root/etc/group")
                .ok_or_else(|| unknown(group, "/etc/group"))?,
        ),
        None => None,
    };
    Ok(Some(Owner { uid, gid }))
}

fn number_of(name: &str, file: &str) -> Option<u32> {
    if let Ok(number) = name.parse() {
        return Some(number);
    }
    let text = own_file(file, 4 << 20).ok()?;
    number_in(&String::from_utf8_lossy(&text), name)
}

fn number_in(table: &str, name: &str) -> Option<u32> {
    let line = table
        .lines()
        .find(|line| line.split(':').next() == Some(name))?;
    line.split(':').nth(2)?.parse().ok()
}

/// A command by which a person gets files that are still root's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fetch {
    before: String,
    after: &'static str,
}

impl Fetch {
    /// The command for these files.
    pub(crate) fn command(&self, files: &[String]) -> String {
        let files: Vec<String> = files.iter().map(|file| shell_word(file)).collect();
        format!("{} {}{}", self.before, files.join(" "), self.after)
    }
}

/// A path as a word of the shell.
pub(crate) fn shell_word(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+,=@%:".contains(&byte);
    if !path.is_empty() && path.bytes().all(plain) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', "'\\''"))
    }
}

/// Gives a file of the bundle to whom it is for; else says how that person can fetch it.
pub(crate) fn hand_over(file: &OutputFile, owner: Option<Owner>) -> Option<Fetch> {
    if let Some(owner) = owner {
        let given = file.give_to(owner.uid, owner.gid);
        return given.is_err().then(|| Fetch {
            before: format!("sudo chown {}", owner.uid),
            after: "",
        });
    }
    let caller = sudo_caller()?;
    if file.is_private_to(caller) && file.give_to(caller, None).is_ok() {
        return None;
    }
    Some(Fetch {
        before: format!("sudo install -o {caller} -m 600"),
        after: " .",
    })
}

/// The person behind sudo, when this process is root.
#[allow(
    clippy::disallowed_methods,
    reason = "sudo tells its caller only here; it decides who owns the file, not what is in it"
)]
fn sudo_caller() -> Option<u32> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    std::env::var("SUDO_UID")
        .ok()?
        .parse()
        .ok()
        .filter(|uid| *uid != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_safe_for_files() {
        assert_eq!(safe_name("Worker_1.Example"), "worker-1.example");
        assert_eq!(safe_name("../../etc"), "etc");
        assert_eq!(safe_name(""), "node");
        assert_eq!(safe_name(&"x".repeat(100)).len(), 63);
    }

    #[test]
    fn a_path_is_one_word_of_the_shell() {
        assert_eq!(shell_word("/tmp/b.tar.gz"), "/tmp/b.tar.gz");
        assert_eq!(shell_word("my b's"), r"'my b'\''s'");
        let fetch = Fetch {
            before: "sudo chown 7".to_owned(),
            after: " .",
        };
        let files = ["a".to_owned(), "b c".to_owned()];
        assert_eq!(fetch.command(&files), "sudo chown 7 a 'b c' .");
    }

    #[test]
    fn users_are_found_in_their_table() {
        let table = "root:x:0:0::/:/bin/sh\nada:x:1001:1002::/:/bin/sh\n";
        assert_eq!(number_in(table, "ada"), Some(1001));
        assert_eq!(number_in(table, "eve"), None);
    }
}
