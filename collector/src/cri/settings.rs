//! Settings out of the free-form JSON that a runtime adds to its status: what a diagnosis needs, by key, and nothing else.

use serde_json::Value;
use std::collections::BTreeMap;

/// Dotted key → value. The JSON holds registry credentials too, so a key that is not listed is left out.
pub(super) fn of(info: &BTreeMap<String, String>) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for (name, text) in info {
        match serde_json::from_str::<Value>(text) {
            Ok(value) => walk(name, name, &value, &mut found),
            Err(_) => keep(name, name, &Value::from(text.as_str()), &mut found),
        }
    }
    found
}

fn walk(path: &str, key: &str, value: &Value, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields.iter().filter(|(name, _)| *name != "registry") {
                walk(&format!("{path}.{name}"), name, inner, found);
            }
        }
        other => keep(path, key, other, found),
    }
}

fn keep(path: &str, key: &str, value: &Value, found: &mut BTreeMap<String, Value>) {
    let simple = !value.is_null() && !value.is_object();
    let short = value.to_string().len() <= MAX_VALUE;
    if simple && short && found.len() < MAX_SETTINGS && KEPT.contains(&key) {
        found.insert(path.to_owned(), value.clone());
    }
}

/// Keys of containerd's and CRI-O's configuration and state.
const KEPT: &[&str] = &[
    "SystemdCgroup",
    "binDir",
    "binDirs",
    "cgroupDriver",
    "confDir",
    "confTemplate",
    "configPath",
    "config_path",
    "containerdRootDir",
    "defaultRuntimeName",
    "disableApparmor",
    "disableCgroup",
    "enableCDI",
    "enableSelinux",
    "enableUnprivilegedPorts",
    "golang",
    "lastCNILoadStatus",
    "maxConfNum",
    "rootDir",
    "runtimeType",
    "sandbox",
    "sandboxImage",
    "sandboxer",
    "snapshotter",
    "stateDir",
    "systemdCgroup",
];
const MAX_VALUE: usize = 1000;
const MAX_SETTINGS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_taken_by_key_and_credentials_never() {
        let info = BTreeMap::from([
            (
                "config".to_owned(),
                r#"{"sandboxImage":"registry.k8s.io/pause:3.8","registry":{"configs":{"r":{"auth":{"password":"hunter2"}}},"configPath":"/x"},
                    "containerd":{"runtimes":{"runc":{"options":{"SystemdCgroup":true},"unknown":"hunter3"}}}}"#
                    .to_owned(),
            ),
            ("golang".to_owned(), "go1.22.1".to_owned()),
            ("lastCNILoadStatus".to_owned(), "\"cni config load failed\"".to_owned()),
        ]);
        let settings = of(&info);
        assert_eq!(settings["config.sandboxImage"], "registry.k8s.io/pause:3.8");
        assert_eq!(
            settings["config.containerd.runtimes.runc.options.SystemdCgroup"],
            true
        );
        assert_eq!(settings["golang"], "go1.22.1");
        assert_eq!(settings["lastCNILoadStatus"], "cni config load failed");
        assert!(!format!("{settings:?}").contains("hunter"));
    }
}
