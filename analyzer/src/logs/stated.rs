//! What kubelet lines state about the process itself.

/// A name and a value: `version`, `flag.<name>`, `node`, `runtime.name`, `runtime.version`, `runtime.endpoint`, `client_ca`,
/// and of containerd `containerd.version`.
pub(crate) type Statement = (String, String);

/// Reads the statements of a normalised kubelet text. Most texts begin like none of them.
pub(crate) fn statements(text: &[u8]) -> Vec<Statement> {
    let Ok(text) = std::str::from_utf8(text) else {
        return Vec::new();
    };
    let bare = text.strip_prefix('"').unwrap_or(text);
    match bare.as_bytes().first() {
        Some(b'F') => flag(bare).into_iter().collect(),
        Some(b'K' | b'V' | b'S' | b'k' | b's') => {
            let own = version(bare).or_else(|| client_ca(bare));
            let own = own.or_else(|| containerd(bare));
            own.into_iter().chain(node(bare)).collect()
        }
        Some(b'A' | b'U') => node(bare).into_iter().collect(),
        Some(b'C') => runtime(bare),
        Some(b'c') => endpoint(bare).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// `FLAG: --cgroup-driver="systemd"`.
fn flag(text: &str) -> Option<Statement> {
    let (name, value) = text.strip_prefix("FLAG: --")?.split_once('=')?;
    let value = value.trim_end().strip_prefix('"')?.strip_suffix('"')?;
    Some((format!("flag.{name}"), value.to_owned()))
}

/// `Kubelet version" kubeletVersion="v1.36.2"`, `Version: v1.15.3`, `Starting k3s v1.28.4+k3s2 (6ba6c1b6)`.
fn version(text: &str) -> Option<Statement> {
    let version = text
        .strip_prefix("Kubelet version\" kubeletVersion=\"")
        .or_else(|| text.strip_prefix("Version: "))
        .or_else(|| text.strip_prefix("Starting k3s agent "))
        .or_else(|| text.strip_prefix("Starting k3s "))
        .or_else(|| text.strip_prefix("Starting rke2 agent "))
        .or_else(|| text.strip_prefix("Starting rke2 "))?;
    let end = version.find(['"', ' ', '(']).unwrap_or(version.len());
    let version = version.get(..end)?;
    // Programs that were built without one print zeros.
    version
        .strip_prefix('v')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()) && rest != "0.0.0")
        .then(|| ("version".to_owned(), version.to_owned()))
}

/// `Attempting to register node n`, `Attempting to register node" node="n"`, and the other lines about registering.
fn node(text: &str) -> Option<Statement> {
    let rest = [
        "Attempting to register node",
        "Successfully registered node",
        "Unable to register node",
    ]
    .iter()
    .find_map(|start| text.strip_prefix(start))?;
    let name = match rest.rsplit_once(" node=\"") {
        Some((_, tail)) => tail.split('"').next()?,
        None => rest.strip_prefix(' ')?.split(' ').next()?.trim_matches('"'),
    };
    let sane = !name.is_empty()
        && name != "with"
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    sane.then(|| ("node".to_owned(), name.to_owned()))
}

/// `Container runtime initialized" containerRuntime="containerd" version="1.6.20"`, `Container runtime docker initialized, version: 19.03.8, apiVersion: 1.40.0`.
fn runtime(text: &str) -> Vec<Statement> {
    let between = |start: &str, end: char| {
        let (_, tail) = text.split_once(start)?;
        Some(tail.split(end).next().unwrap_or(tail).to_owned())
    };
    let found = if text.starts_with("Container runtime initialized\"") {
        between("containerRuntime=\"", '"').zip(between(" version=\"", '"'))
    } else if text.starts_with("Container runtime ") {
        between("Container runtime ", ' ').zip(between("initialized, version: ", ','))
    } else {
        None
    };
    found
        .map(|(name, version)| {
            vec![
                ("runtime.name".to_owned(), name),
                ("runtime.version".to_owned(), version),
            ]
        })
        .unwrap_or_default()
}

/// `Starting controller" name="client-ca-bundle::/etc/kubernetes/pki/ca.crt"`.
fn client_ca(text: &str) -> Option<Statement> {
    let path = text.strip_prefix("Starting controller\" name=\"client-ca-bundle::")?;
    let path = path.split('"').next()?;
    path.starts_with('/')
        .then(|| ("client_ca".to_owned(), path.to_owned()))
}

/// `starting containerd" revision=83031836 version=1.7.22`.
fn containerd(text: &str) -> Option<Statement> {
    let rest = text.strip_prefix("starting containerd")?;
    let (_, version) = rest.split_once("version=")?;
    let version = version.trim_start_matches(['"', 'v']);
    let end = version.find(['"', ' ']).unwrap_or(version.len());
    let version = version.get(..end)?;
    version
        .starts_with(|c: char| c.is_ascii_digit())
        .then(|| ("containerd.version".to_owned(), version.to_owned()))
}

/// `command failed" err="failed to run Kubelet: validate service connection: validate CRI v1 runtime API for endpoint "unix:///run/x.sock": …`.
fn endpoint(text: &str) -> Option<Statement> {
    let rest = text.strip_prefix("command failed\" err=\"")?;
    let (_, tail) = rest.split_once("runtime API for endpoint \"")?;
    let (value, _) = tail.split_once('"')?;
    (!value.is_empty()).then(|| ("runtime.endpoint".to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_new_wordings_state_the_same() {
        for (text, want) in [
            (
                "FLAG: --cgroup-driver=\"systemd\"",
                vec![("flag.cgroup-driver", "systemd")],
            ),
            (
                "\"Kubelet version\" kubeletVersion=\"v1.36.2\"",
                vec![("version", "v1.36.2")],
            ),
            ("Version: v1.15.3", vec![("version", "v1.15.3")]),
            (
                "\"Starting k3s agent v1.28.4+k3s2 (6ba6c1b6)\"",
                vec![("version", "v1.28.4+k3s2")],
            ),
            ("Attempting to register node n-1", vec![("node", "n-1")]),
            (
                "\"Attempting to register node\" node=\"n-1\"",
                vec![("node", "n-1")],
            ),
            (
                "\"Unable to register node with API server\" err=\"node \"x\" is\" node=\"n-1\"",
                vec![("node", "n-1")],
            ),
            (
                "Unable to register node \"n-1\" with API server: x",
                vec![("node", "n-1")],
            ),
            (
                "\"Container runtime initialized\" containerRuntime=\"containerd\" version=\"1.6.20~ds1\" apiVersion=\"v1\"",
                vec![
                    ("runtime.name", "containerd"),
                    ("runtime.version", "1.6.20~ds1"),
                ],
            ),
            (
                "Container runtime docker initialized, version: 19.03.8, apiVersion: 1.40.0",
                vec![("runtime.name", "docker"), ("runtime.version", "19.03.8")],
            ),
            ("\"Starting kubelet main sync loop\"", vec![]),
            (
                "\"Unable to register node with API server\" err=\"cut",
                vec![],
            ),
        ] {
            let want: Vec<Statement> = want
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            assert_eq!(statements(text.as_bytes()), want, "{text}");
        }
    }

    #[test]
    fn what_a_start_says_by_the_way_is_stated_too() {
        for (text, name, value) in [
            (
                "\"command failed\" err=\"failed to run Kubelet: validate service connection: validate CRI v1 runtime API for endpoint \"unix:///run/x.sock\": rpc error\"",
                "runtime.endpoint",
                "unix:///run/x.sock",
            ),
            (
                "\"Starting controller\" name=\"client-ca-bundle::/etc/kubernetes/pki/ca.crt\"",
                "client_ca",
                "/etc/kubernetes/pki/ca.crt",
            ),
            (
                "starting containerd\" revision=83031836 version=1.7.22",
                "containerd.version",
                "1.7.22",
            ),
        ] {
            let want = vec![(name.to_owned(), value.to_owned())];
            assert_eq!(statements(text.as_bytes()), want);
        }
    }
}
