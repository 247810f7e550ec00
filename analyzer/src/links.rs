//! Symbolic links that the input itself holds: a copied tree of a node, or an archive of one.
//!
//! The reader follows none; what they tell is where they lead, and for units that they are masked or start at boot.

use crate::evidence::Evidence;
use crate::observed::{FileKind, Listed, Listing, UnitState};
use crate::origin::Origin;

/// Takes note that `path` of the node is a link to `target`, which is written as in the link.
pub(crate) fn note(evidence: &mut Evidence, path: &str, target: &str, origin: &Origin) {
    let Some((folder, name)) = path.rsplit_once('/') else {
        return;
    };
    let link = Listed {
        name: name.to_owned(),
        kind: FileKind::Link,
        mode: None,
        size: None,
        link: Some(target.to_owned()),
        line: None,
    };
    let folder_path = if folder.is_empty() { "/" } else { folder };
    let listing = Listing {
        path: folder_path.to_owned(),
        complete: false,
        entries: vec![link],
    };
    evidence.push(listing, origin.clone());
    if let Some(state) = unit(folder, name, target, origin) {
        evidence.push(state, origin.clone());
    }
}

/// What a link among the unit files says of its unit.
fn unit(folder: &str, name: &str, target: &str, origin: &Origin) -> Option<UnitState> {
    let below = UNIT_FOLDERS
        .iter()
        .find_map(|units| folder.strip_prefix(units))?;
    let mut state = UnitState::new(name, RANK);
    match below {
        "" if target == "/dev/null" => {
            state.text("load_state", "masked", origin.clone());
            state.text("unit_file_state", "masked", origin.clone());
        }
        _ if matches!(below.rsplit('.').next(), Some("wants" | "requires")) => {
            state.text("unit_file_state", "enabled", origin.clone());
        }
        _ => return None,
    }
    Some(state)
}

/// Where an administrator's links to units are; those that packages bring are not enabled by anybody.
const UNIT_FOLDERS: &[&str] = &["/etc/systemd/system", "/run/systemd/system"];
/// Every tool that asks systemd knows more.
const RANK: u8 = 9;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presence::listed;

    fn unit_states(links: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut evidence = Evidence::default();
        for (path, target) in links {
            note(&mut evidence, path, target, &Origin::entry(*path));
        }
        let states = evidence.all::<UnitState>().iter();
        let told = |state: &UnitState| state.fields["unit_file_state"].as_text().map(str::to_owned);
        states
            .map(|state| (state.value.name.clone(), told(&state.value).unwrap()))
            .collect()
    }

    #[test]
    fn a_link_to_nothing_masks_a_unit_and_one_among_the_wanted_enables_it() {
        let told = |name: &str, state: &str| vec![(name.to_owned(), state.to_owned())];
        let links = [("/etc/systemd/system/kubelet.service", "/dev/null")];
        assert_eq!(unit_states(&links), told("kubelet.service", "masked"));
        let wanted = "/etc/systemd/system/multi-user.target.wants/k3s.service";
        let links = [(wanted, "/etc/systemd/system/k3s.service")];
        assert_eq!(unit_states(&links), told("k3s.service", "enabled"));
        let alias = [(
            "/etc/systemd/system/sshd.service",
            "/lib/systemd/system/ssh.service",
        )];
        assert_eq!(unit_states(&alias), []);
    }

    #[test]
    fn a_link_is_known_by_its_path() {
        let mut evidence = Evidence::default();
        let path = "/var/lib/kubelet/pki/kubelet-client-current.pem";
        note(
            &mut evidence,
            path,
            "dated.pem",
            &Origin::entry("current.pem"),
        );
        let (entry, _) = listed(&evidence, path).unwrap();
        assert_eq!(entry.link.as_deref(), Some("dated.pem"));
    }
}
