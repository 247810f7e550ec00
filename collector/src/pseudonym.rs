//! `--pseudonymize`: what the node is called is learned before anything is stored, and the way back stays with the customer.

use crate::cli::Options;
use crate::collect::CollectError;
use crate::deny;
use crate::expand;
use crate::host::Host;
use crate::identity;
use crate::node::Node;
use crate::output::{Folder, OutputError};
use crate::specs;
use nodebundle_bundle::Pseudonyms;
use nodebundle_bundle::pseudonym::reveal;
use nodebundle_bundle::redact::CaseKey;
use rustix::fs::{self, Mode, OFlags};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// The key of a case, and with `--pseudonymize` what it makes.
pub(crate) struct Case {
    /// Makes ids and pseudonyms.
    pub(crate) key: CaseKey,
    /// `None` without `--pseudonymize`.
    pub(crate) cloak: Option<Cloak>,
    /// The text of a key that was made for this run and is not stored yet.
    fresh: Option<String>,
}

/// Pseudonyms of one run. A clone is another hold on the same.
#[derive(Clone)]
pub(crate) struct Cloak {
    pseudonyms: Rc<RefCell<Pseudonyms>>,
    /// The map beside the key; set before the bundle begins.
    map: Rc<RefCell<String>>,
    saved: Rc<RefCell<Saved>>,
}

/// What became of the map so far.
#[derive(Default)]
struct Saved {
    file: Option<File>,
    /// Why the last attempt failed, and what it would have written.
    failed: Option<io::Error>,
    owed: Vec<u8>,
}

impl Case {
    /// The key of `--case-key`, else a new one.
    pub(crate) fn of(options: &Options) -> Result<Self, CollectError> {
        if !options.pseudonymize || options.case_key.is_some() {
            let key = identity::case_key(options)?;
            let cloak = options.pseudonymize.then(|| Cloak::new(&key));
            if let (Some(cloak), Some(path)) = (&cloak, &options.case_key) {
                cloak.map.replace(map_of(path));
            }
            let fresh = None;
            return Ok(Self { key, cloak, fresh });
        }
        if options.to_stdout() {
            return Err(CollectError::Usage(
                "--pseudonymize with -o - needs --case-key FILE: the way back has no place beside the bundle; make a key with: (umask 077; head -c 32 /dev/urandom | base64 > FILE)".to_owned(),
            ));
        }
        let text = identity::new_key_text()?;
        let key = CaseKey::from_file_content(text.as_bytes())
            .map_err(|error| CollectError::Usage(error.to_string()))?;
        let cloak = Some(Cloak::new(&key));
        let fresh = Some(text);
        Ok(Self { key, cloak, fresh })
    }

    /// Stores a key that was made for this run beside the bundle.
    pub(crate) fn keep(&mut self, folder: &Folder, bundle: &str) -> Result<(), OutputError> {
        let Some(text) = self.fresh.take() else {
            return Ok(());
        };
        let name = format!("{bundle}.case-key");
        let mut file = folder.file(&name)?;
        let written = file.write_all(text.as_bytes()).and_then(|()| file.flush());
        written.map_err(|why| OutputError::Create {
            path: file.path(),
            why,
        })?;
        let path = file.finish_as(&[name])?;
        if let Some(cloak) = &self.cloak {
            cloak.map.replace(map_of(&path));
        }
        Ok(())
    }

    /// The node's name as it may be told.
    pub(crate) fn shown(&self, name: &str) -> String {
        match &self.cloak {
            Some(cloak) => {
                let mut pseudonyms = cloak.pseudonyms.borrow_mut();
                pseudonyms.learn_host(name);
                pseudonyms.text(name)
            }
            None => name.to_owned(),
        }
    }
}

impl Cloak {
    fn new(key: &CaseKey) -> Self {
        Self {
            pseudonyms: Rc::new(RefCell::new(Pseudonyms::new(key.clone()))),
            map: Rc::new(RefCell::new(String::new())),
            saved: Rc::default(),
        }
    }

    /// Bytes as they may be stored. The way back is on the disk before they are.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let cloaked = self.pseudonyms.borrow_mut().bytes(bytes);
        self.add_to_map();
        cloaked
    }

    /// The name of an entry as it may be stored.
    pub(crate) fn name(&self, name: &str) -> String {
        let cloaked = self.pseudonyms.borrow_mut().text(name);
        self.add_to_map();
        cloaked
    }

    /// Reads everything that names the node, its network and its people, also what is not stored. Returns what it could not
    /// read in time.
    pub(crate) fn learn(&self, host: &mut Host, node: &Node) -> Vec<String> {
        let mut pseudonyms = self.pseudonyms.borrow_mut();
        for name in node
            .hostname
            .iter()
            .cloned()
            .chain(node.flag("hostname-override"))
        {
            pseudonyms.learn_host(&name);
        }
        let mut missed = Vec::new();
        let deadline = Instant::now() + MAX_TIME;
        let mut bytes = 0;
        for path in sources(host, node) {
            if bytes > MAX_BYTES || Instant::now() >= deadline {
                missed.push(path);
                continue;
            }
            let taken = if deny::by_path(&path).is_some() {
                continue;
            } else {
                host.read(&path, MAX_SOURCE)
            };
            if let Ok(taken) = taken {
                bytes += taken.bytes.len();
                learn_file(&mut pseudonyms, &path, &taken.bytes);
            }
        }
        missed
    }

    /// Path of the map, when everything is in it.
    pub(crate) fn save(&self) -> io::Result<String> {
        self.add_to_map();
        match self.saved.borrow_mut().failed.take() {
            Some(error) => Err(error),
            None => Ok(self.map.borrow().clone()),
        }
    }

    /// Adds to the map beside the key what is new, and what could not be added before.
    fn add_to_map(&self) {
        let mut saved = self.saved.borrow_mut();
        for pair in self.pseudonyms.borrow_mut().take_fresh() {
            let line = serde_json::json!([pair.0, pair.1]).to_string();
            saved.owed.extend(line.bytes());
            saved.owed.push(b'\n');
        }
        if !saved.owed.is_empty() {
            saved.failed = saved.write(&self.map.borrow()).err();
        }
    }
}

impl Saved {
    fn write(&mut self, path: &str) -> io::Result<()> {
        let flags =
            OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(File::from(fs::open(path, flags, Mode::RUSR | Mode::WUSR)?)),
        };
        while !self.owed.is_empty() {
            let written = file.write(&self.owed)?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.owed.drain(..written);
        }
        Ok(())
    }
}

fn learn_file(pseudonyms: &mut Pseudonyms, path: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let lines = || {
        text.lines()
            .map(|line| line.split('#').next().unwrap_or_default())
    };
    match path {
        "/etc/hosts" => lines()
            .flat_map(|line| line.split_whitespace().skip(1))
            .for_each(|name| pseudonyms.learn_host(name)),
        "/etc/hostname" => pseudonyms.learn_host(text.trim()),
        "/etc/resolv.conf" | "/run/systemd/resolve/resolv.conf" => lines()
            .filter(|line| line.starts_with("search") || line.starts_with("domain"))
            .flat_map(|line| line.split_whitespace().skip(1))
            .for_each(|domain| pseudonyms.learn_domain(domain)),
        "/etc/passwd" => people(&text).for_each(|user| pseudonyms.learn_user(user)),
        _ if path.starts_with("/sys/class/dmi/id/") => pseudonyms.learn_serial(&text),
        _ => {}
    }
    pseudonyms.learn_text(bytes);
}

/// Accounts of people, by their number.
fn people(passwd: &str) -> impl Iterator<Item = &str> {
    passwd.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let (name, uid) = (fields.next()?, fields.nth(1)?.parse::<u32>().ok()?);
        ((1000..60_000).contains(&uid)).then_some(name)
    })
}

/// Files to learn from: those that name things, then every file that is taken.
fn sources(host: &mut Host, node: &Node) -> Vec<String> {
    let mut paths: Vec<String> = NAMING.iter().map(|path| (*path).to_owned()).collect();
    paths.extend(node.kubeconfigs.iter().cloned());
    paths.extend(node.pem_files.iter().cloned());
    for spec in specs::ALL {
        for item in spec.items {
            paths.extend(expand::files(host, node, item).unwrap_or_default());
        }
    }
    let mut seen = BTreeSet::new();
    paths.retain(|path| seen.insert(path.clone()));
    paths
}

/// `reveal`: text with pseudonyms in, text with originals out.
pub(crate) fn reveal_main(case_key: &str, text: Option<&str>) -> ExitCode {
    let map = match read_map(case_key) {
        Ok(map) => map,
        Err(error) => {
            let path = map_of(case_key);
            let message = format!(
                "nodebundle-collector: {path}: {error}; give the --case-key FILE of the collection, its map lies beside it\n"
            );
            io::stderr().write_all(message.as_bytes()).ok();
            return ExitCode::from(3);
        }
    };
    let input = match text {
        Some(text) if text != "-" => format!("{text}\n").into_bytes(),
        _ => {
            let mut input = Vec::new();
            if let Err(error) = io::stdin().read_to_end(&mut input) {
                let message = format!("nodebundle-collector: standard input: {error}\n");
                io::stderr().write_all(message.as_bytes()).ok();
                return ExitCode::from(3);
            }
            input
        }
    };
    io::stdout().write_all(&reveal(&input, &map)).ok();
    ExitCode::SUCCESS
}

fn read_map(case_key: &str) -> io::Result<BTreeMap<String, String>> {
    let text = identity::own_file(&map_of(case_key), 256 << 20)?;
    let lines = text.split(|byte| *byte == b'\n');
    Ok(lines
        .filter_map(|line| serde_json::from_slice::<(String, String)>(line).ok())
        .collect())
}

fn map_of(case_key: &str) -> String {
    format!("{case_key}.map")
}

/// Files that say what things are called, whether they are taken or not.
const NAMING: &[&str] = &[
    "/etc/hostname",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/run/systemd/resolve/resolv.conf",
    "/etc/passwd",
    "/etc/machine-id",
    "/sys/class/dmi/id/product_serial",
    "/sys/class/dmi/id/board_serial",
    "/sys/class/dmi/id/chassis_serial",
    "/sys/class/dmi/id/board_asset_tag",
    "/sys/class/dmi/id/chassis_asset_tag",
    "/etc/kubernetes/pki/ca.crt",
    "/var/lib/kubelet/pki/kubelet-client-current.pem",
];

/// The pass is over after this.
const MAX_TIME: Duration = Duration::from_secs(5);
/// All sources together.
const MAX_BYTES: usize = 16 << 20;
/// One source.
const MAX_SOURCE: u64 = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_of_people_are_told_by_their_number() {
        let passwd = "root:x:0:0::/:\nada:x:1001:1001::/:\nnobody:x:65534:65534::/:\n";
        assert_eq!(people(passwd).collect::<Vec<_>>(), ["ada"]);
    }
}
