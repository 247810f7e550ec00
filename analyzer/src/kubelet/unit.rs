//! The unit that runs the kubelet, merged from its file and drop-ins as systemd does it.

use crate::evidence::{Evidence, Sourced};
use crate::origin::Origin;
use crate::parse::environment_file::EnvironmentFile;
use crate::parse::unit_file::UnitFile;
use crate::presence::{self, Presence};
use crate::systemd::{self, Assignment, Expanded, Setting};

/// A unit with its drop-ins applied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unit {
    /// Full name; `None` where only the text was sent.
    pub name: Option<String>,
    /// Its unit file, where the path is known.
    pub fragment: Option<Sourced<String>>,
    /// Its drop-ins in the order in which they apply.
    pub drop_ins: Vec<Sourced<String>>,
    /// Drop-ins that another of the same name in a folder of higher rank hides.
    pub shadowed: Vec<Sourced<String>>,
    /// `ExecStart=` values that are left after resets.
    pub exec_starts: Vec<Sourced<String>>,
    /// `Environment=` assignments that are left after resets.
    pub environment: Vec<Sourced<Assignment>>,
    /// `EnvironmentFile=` values that are left after resets.
    pub environment_files: Vec<Sourced<NamedFile>>,
    /// Units that `After=`, `Wants=`, `Requires=` and `BindsTo=` name.
    pub follows: Vec<Sourced<String>>,
}

/// A file that `EnvironmentFile=` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// Its path, without the dash.
    pub path: String,
    /// Whether it may be missing (a dash before the path).
    pub optional: bool,
}

/// The command line of a unit after variables are replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Program and arguments, and variables that nothing defines.
    pub expanded: Expanded,
    /// Where `ExecStart=` stands.
    pub origin: Origin,
    /// The variables that were used, with their places.
    pub variables: Vec<Sourced<Assignment>>,
    /// Whether every environment file was read, or is known to be missing.
    pub complete: bool,
}

/// The kubelet's unit; `None` when no file of it was sent. `name` is the unit that is known to run it.
pub fn kubelet_unit(evidence: &Evidence, name: Option<&str>) -> Option<Unit> {
    let files = evidence.all::<UnitFile>();
    let name = match name.filter(|name| {
        files
            .iter()
            .any(|file| file.value.unit.as_deref() == Some(name))
    }) {
        Some(name) => Some(name.to_owned()),
        None => files
            .iter()
            .find(|file| runs_kubelet(&file.value))?
            .value
            .unit
            .clone(),
    };
    let mine: Vec<&Sourced<UnitFile>> = files
        .iter()
        .filter(|file| file.value.unit == name)
        .collect();
    Some(merge(name, mine))
}

fn runs_kubelet(file: &UnitFile) -> bool {
    file.all("Service", "ExecStart")
        .any(|setting| is_kubelet(&systemd::command(&setting.value)))
}

/// Whether a command line starts a kubelet.
pub fn is_kubelet(argv: &[String]) -> bool {
    let name = |word: &str| word.rsplit('/').next().unwrap_or_default().to_owned();
    match argv {
        [program, first, ..] if name(program) == "hyperkube" => first == "kubelet",
        // OpenShift binds the kubelet to processors by a wrapper.
        [program, first, ..] if name(program) == "kubenswrapper" => name(first) == "kubelet",
        [program, ..] => name(program) == "kubelet",
        [] => false,
    }
}

fn merge(name: Option<String>, mine: Vec<&Sourced<UnitFile>>) -> Unit {
    let mut unit = Unit {
        name,
        ..Unit::default()
    };
    for file in in_order(mine, &mut unit) {
        let placed = |path: &String| Sourced {
            value: path.clone(),
            origin: Origin {
                line: file.value.listed.and(file.origin.line),
                ..file.origin.clone()
            },
        };
        let path = file.value.path.as_ref().map(placed);
        if file.value.drop_in {
            unit.drop_ins.extend(path);
        } else {
            unit.fragment = unit.fragment.or(path);
        }
        for setting in &file.value.settings {
            apply(&mut unit, setting, &file.origin);
        }
    }
    unit
}

/// The files in the order in which systemd reads them. What it does not read goes to [`Unit::shadowed`].
fn in_order<'a>(mine: Vec<&'a Sourced<UnitFile>>, unit: &mut Unit) -> Vec<&'a Sourced<UnitFile>> {
    // What `systemctl cat` printed is what is loaded, in order.
    if let Some(printed) = mine.iter().find(|file| file.value.listed.is_some()) {
        let entry = printed.origin.entry.clone();
        let mut listed: Vec<_> = mine
            .into_iter()
            .filter(|file| file.value.listed.is_some() && file.origin.entry == entry)
            .collect();
        listed.sort_by_key(|file| file.value.listed);
        return listed;
    }
    let (mut drop_ins, mut fragments): (Vec<_>, Vec<_>) =
        mine.into_iter().partition(|file| file.value.drop_in);
    fragments.sort_by_key(|file| rank(&file.value));
    fragments.truncate(1);
    drop_ins.sort_by_key(|file| (file_name(&file.value).to_owned(), rank(&file.value)));
    let mut ordered = fragments;
    for file in drop_ins {
        let hides = ordered.last().is_some_and(|last| {
            last.value.drop_in && file_name(&last.value) == file_name(&file.value)
        });
        let same_folder = ordered
            .last()
            .is_some_and(|last| rank(&last.value) == rank(&file.value));
        match &file.value.path {
            Some(path) if hides && !same_folder => unit.shadowed.push(Sourced {
                value: path.clone(),
                origin: Origin {
                    line: None,
                    ..file.origin.clone()
                },
            }),
            // `/lib` and `/usr/lib` are one folder on most systems.
            Some(_) if hides => {}
            _ => ordered.push(file),
        }
    }
    ordered
}

fn file_name(file: &UnitFile) -> &str {
    let path = file.path.as_deref().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}

/// Rank of the folder of a file: the lowest wins.
fn rank(file: &UnitFile) -> usize {
    const FOLDERS: &[&str] = &["/etc/", "/run/", "/usr/local/"];
    let path = file.path.as_deref().unwrap_or_default();
    FOLDERS
        .iter()
        .position(|folder| path.starts_with(folder))
        .unwrap_or(FOLDERS.len())
}

fn apply(unit: &mut Unit, setting: &Setting, file: &Origin) {
    let origin = Origin {
        line: Some(setting.line),
        ..file.clone()
    };
    match setting.section.as_str() {
        "Service" => apply_service(unit, setting, origin),
        "Unit" => apply_order(unit, setting, &origin),
        _ => {}
    }
}

fn apply_order(unit: &mut Unit, setting: &Setting, origin: &Origin) {
    if ["After", "Wants", "Requires", "BindsTo"].contains(&setting.key.as_str()) {
        let names = setting.value.split_whitespace().map(|name| Sourced {
            value: name.to_owned(),
            origin: origin.clone(),
        });
        unit.follows.extend(names);
    }
}

fn apply_service(unit: &mut Unit, setting: &Setting, origin: Origin) {
    let resets = setting.value.is_empty();
    match setting.key.as_str() {
        "ExecStart" if resets => unit.exec_starts.clear(),
        "ExecStart" => unit.exec_starts.push(Sourced {
            value: setting.value.clone(),
            origin,
        }),
        "Environment" if resets => unit.environment.clear(),
        "Environment" => {
            unit.environment
                .extend(
                    systemd::environment(setting)
                        .into_iter()
                        .map(|value| Sourced {
                            value,
                            origin: origin.clone(),
                        }),
                );
        }
        "EnvironmentFile" if resets => unit.environment_files.clear(),
        "EnvironmentFile" => unit.environment_files.push(Sourced {
            value: named_file(&setting.value),
            origin,
        }),
        _ => {}
    }
}

fn named_file(value: &str) -> NamedFile {
    let bare = value.trim_matches('"');
    NamedFile {
        path: bare.strip_prefix('-').unwrap_or(bare).to_owned(),
        optional: bare.starts_with('-'),
    }
}

impl Unit {
    /// The command that starts it; `None` when it has no `ExecStart=`.
    pub fn command(&self, evidence: &Evidence) -> Option<Command> {
        let start = self.exec_starts.last()?;
        let words = systemd::command(&start.value);
        let (variables, complete) = self.variables(evidence);
        let find = |name: &str| variables.iter().rev().find(|one| one.value.name == name);
        let expanded = systemd::expand(&words, &|name| Some(find(name)?.value.value.as_str()));
        let used = variables
            .iter()
            .filter(|one| words.iter().any(|word| uses(word, &one.value.name)))
            .cloned()
            .collect();
        Some(Command {
            expanded,
            origin: start.origin.clone(),
            variables: used,
            complete,
        })
    }

    /// All variables in the order in which they override each other, and whether none can be missing here.
    pub fn variables(&self, evidence: &Evidence) -> (Vec<Sourced<Assignment>>, bool) {
        let mut variables = self.environment.clone();
        let mut complete = true;
        for file in &self.environment_files {
            match stored(evidence, &file.value.path) {
                Some(found) => {
                    variables.extend(found.value.assignments.iter().map(|value| Sourced {
                        value: value.clone(),
                        origin: Origin {
                            line: Some(value.line),
                            ..found.origin.clone()
                        },
                    }));
                }
                None => {
                    complete &=
                        presence::presence(evidence, &file.value.path).known() == Some(false);
                }
            }
        }
        (variables, complete)
    }

    /// Whether the input tells of every environment file that must exist.
    pub fn environment_files_are_known(&self, evidence: &Evidence) -> bool {
        self.required_environment_files().all(|file| {
            presence::presence(evidence, &file.value.path)
                .known()
                .is_some()
        })
    }

    fn required_environment_files(&self) -> impl Iterator<Item = &Sourced<NamedFile>> {
        self.environment_files
            .iter()
            .filter(|file| !file.value.optional && !file.value.path.contains(['*', '?', '%']))
    }

    /// Environment files that must exist and are known to be missing, with the setting and the proof.
    pub fn missing_environment_files(&self, evidence: &Evidence) -> Vec<(String, [Origin; 2])> {
        self.required_environment_files()
            .filter_map(
                |file| match presence::presence(evidence, &file.value.path) {
                    Presence::Absent(proof) => {
                        Some((file.value.path.clone(), [file.origin.clone(), proof]))
                    }
                    _ => None,
                },
            )
            .collect()
    }
}

fn stored<'a>(evidence: &'a Evidence, path: &str) -> Option<&'a Sourced<EnvironmentFile>> {
    evidence
        .all::<EnvironmentFile>()
        .iter()
        .find(|file| file.value.path.as_deref() == Some(path))
}

fn uses(word: &str, name: &str) -> bool {
    word.strip_prefix('$') == Some(name) || word.contains(&format!("${{{name}}}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Entry;
    use crate::parse;
    use crate::source::Source;

    fn with(files: &[(&str, &str)]) -> Evidence {
        let mut evidence = Evidence::default();
        for (path, text) in files {
            let entry = Entry {
                name: format!("files{path}").into(),
                source: Source::File((*path).to_owned()),
                bytes: text.as_bytes().to_vec(),
            };
            for parser in [&parse::unit_file::PARSER, &parse::environment_file::PARSER] {
                if (parser.accepts)(&entry) {
                    (parser.parse)(&entry, &mut evidence);
                }
            }
        }
        evidence
    }

    const BASE: (&str, &str) = (
        "/usr/lib/systemd/system/kubelet.service",
        "[Service]\nExecStart=/usr/bin/kubelet\nRestart=always\n",
    );
    const KUBEADM: (&str, &str) = (
        "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf",
        "[Service]\nEnvironment=\"A=--config=/c --v=2\"\nEnvironmentFile=-/etc/default/kubelet\nExecStart=\nExecStart=/usr/bin/kubelet $A $KUBELET_EXTRA_ARGS $GONE\n",
    );

    #[test]
    fn drop_ins_reset_and_variables_come_from_files() {
        let evidence = with(&[
            BASE,
            KUBEADM,
            (
                "/etc/default/kubelet",
                "KUBELET_EXTRA_ARGS=--node-ip=10.0.0.1\n",
            ),
        ]);
        let unit = kubelet_unit(&evidence, None).unwrap();
        assert_eq!(unit.exec_starts.len(), 1);
        let command = unit.command(&evidence).unwrap();
        assert_eq!(
            command.expanded.argv,
            [
                "/usr/bin/kubelet",
                "--config=/c",
                "--v=2",
                "--node-ip=10.0.0.1"
            ]
        );
        assert_eq!(command.expanded.unset, ["GONE"]);
        assert!(command.complete);
        assert_eq!(
            command.variables[1].origin.entry.as_ref(),
            "files/etc/default/kubelet"
        );
    }

    #[test]
    fn an_environment_file_that_was_not_sent_leaves_the_command_incomplete() {
        let evidence = with(&[BASE, KUBEADM]);
        let command = kubelet_unit(&evidence, None)
            .unwrap()
            .command(&evidence)
            .unwrap();
        assert!(!command.complete);
    }

    #[test]
    fn two_starts_without_a_reset_are_counted() {
        let evidence = with(&[
            BASE,
            (
                "/etc/systemd/system/kubelet.service.d/50-x.conf",
                "[Service]\nExecStart=/usr/bin/kubelet --v=9\n",
            ),
        ]);
        let unit = kubelet_unit(&evidence, Some("kubelet.service")).unwrap();
        assert_eq!(unit.exec_starts.len(), 2);
    }

    #[test]
    fn a_drop_in_of_the_same_name_in_etc_hides_the_one_of_the_vendor() {
        let evidence = with(&[
            BASE,
            KUBEADM,
            (
                "/etc/systemd/system/kubelet.service.d/10-kubeadm.conf",
                "[Service]\nExecStart=\nExecStart=/usr/local/bin/kubelet\n",
            ),
        ]);
        let unit = kubelet_unit(&evidence, None).unwrap();
        assert_eq!(unit.shadowed[0].value, KUBEADM.0);
        assert_eq!(unit.exec_starts[0].value, "/usr/local/bin/kubelet");
    }

    #[test]
    fn lib_and_usr_lib_are_one_folder() {
        let lib = (
            "/lib/systemd/system/kubelet.service.d/10-kubeadm.conf",
            KUBEADM.1,
        );
        let unit = kubelet_unit(&with(&[BASE, KUBEADM, lib]), None).unwrap();
        assert!(unit.shadowed.is_empty());
        assert_eq!(unit.drop_ins.len(), 1);
    }
}
