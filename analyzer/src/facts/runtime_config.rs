//! How the container runtime is configured: containerd, CRI-O or Docker.

use crate::claim;
use crate::containerd::Containerd;
use crate::derived::{Context, Derived};
use crate::evidence::{Evidence, Sourced};
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::observed::DockerEngine;
use crate::origin::Origin;
use crate::parse::containerd_config::ContainerdConfig;
use crate::parse::crio_config::CrioConfig;
use crate::parse::docker_config::DockerConfig;
use crate::processes;
use crate::programs;
use crate::tree::Node;

pub(super) const DERIVED: Derived = Derived {
    name: "runtime_config",
    after: &["kubelet_settings"],
    facts: FACTS,
    derive,
};

const fn config(path: &'static str, ty: Type, meaning: &'static str) -> FactDecl {
    FactDecl::new(path, ty, meaning).needs(
        "configuration of the container runtime",
        "containerd config dump; cat /etc/containerd/config.toml",
    )
}

const FACTS: &[FactDecl] = &[
    FactDecl::new(
        "runtime.kind",
        Type::Text,
        "containerd, crio, docker or cri-dockerd",
    )
    .needs(
        "the kubelet's runtime endpoint, or the list of processes",
        "ps aux",
    ),
    FactDecl::new(
        "runtime.endpoint",
        Type::Text,
        "socket that the kubelet is told to use: unix:///run/containerd/containerd.sock",
    )
    .null_is("none is set and this version has no default")
    .needs(
        "the kubelet's configuration file and command line",
        "cat /var/lib/kubelet/config.yaml; ps auxww",
    ),
    config(
        "runtime.config_parses",
        Type::Bool,
        "the runtime's configuration can be read",
    ),
    config(
        "runtime.config_version",
        Type::Int,
        "version of containerd's configuration format; 1 where it states none",
    ),
    config(
        "runtime.cgroup_driver",
        Type::Text,
        "cgroupfs or systemd, for the runtime that pods get",
    ),
    config(
        "runtime.disabled_plugins",
        Type::Texts,
        "plugins that containerd is told not to load",
    ),
    config(
        "runtime.cri_disabled",
        Type::Bool,
        "the CRI plugin, which the kubelet needs, is among them",
    ),
    config(
        "runtime.sandbox_image",
        Type::Text,
        "image for pod sandboxes",
    )
    .null_is("the built-in one"),
    config(
        "runtime.cni_conf_dir",
        Type::Text,
        "folder of CNI configuration",
    ),
    config(
        "runtime.cni_bin_dir",
        Type::Text,
        "folder of CNI plugins, the first of several",
    ),
    config(
        "runtime.default_runtime",
        Type::Text,
        "name of the runtime that pods get",
    ),
    config(
        "runtime.default_runtime_defined",
        Type::Bool,
        "the configuration defines that runtime",
    ),
    FactDecl::new(
        "runtime.runc_exists",
        Type::Bool,
        "the program of the runtime that pods get exists",
    )
    .needs("listings of the folders of programs", "command -v runc"),
];

type Found = Vec<(&'static str, Fact)>;

fn derive(evidence: &mut Evidence, context: &Context<'_>) {
    let mut found = Found::new();
    let endpoint = endpoint(evidence, context);
    let kind = kind(evidence, endpoint.as_ref());
    found.extend(endpoint.map(|endpoint| ("endpoint", endpoint)));
    let name = kind
        .as_ref()
        .and_then(Fact::as_text)
        .unwrap_or_default()
        .to_owned();
    found.extend(kind.map(|kind| ("kind", kind)));
    match name.as_str() {
        "crio" => crio(evidence, &mut found),
        "docker" | "cri-dockerd" => docker(evidence, &mut found),
        _ => {}
    }
    if matches!(name.as_str(), "containerd" | "" | "docker") {
        containerd(evidence, &name, &mut found);
    }
    for (field, fact) in found {
        evidence.facts.set(&format!("runtime.{field}"), fact);
    }
}

/// As it is configured, else as the kubelet names it when nothing answers there.
fn endpoint(evidence: &Evidence, context: &Context<'_>) -> Option<Fact> {
    let facts = &evidence.facts;
    let configured = facts.get("kubelet.effective.container_runtime_endpoint");
    configured.cloned().or_else(|| {
        let (value, at) = context.logs.stated.get("runtime.endpoint")?;
        Some(Fact::text(value.as_str(), at.origin.clone()))
    })
}

/// The runtime behind the kubelet's socket, else the one that runs, else the one whose program answered.
fn kind(evidence: &Evidence, endpoint: Option<&Fact>) -> Option<Fact> {
    let by_socket = endpoint.and_then(|fact| {
        let socket = fact.as_text()?.rsplit('/').next()?;
        let kind = match socket {
            "containerd.sock" => "containerd",
            "crio.sock" => "crio",
            "cri-dockerd.sock" => "cri-dockerd",
            "dockershim.sock" | "docker.sock" => "docker",
            _ => return None,
        };
        Some(Fact {
            value: Value::from(kind),
            origins: fact.origins.clone(),
        })
    });
    by_socket
        .or_else(|| {
            let (running, program) = processes::runtime(evidence)?;
            let kind = if program == "dockerd" {
                "docker"
            } else {
                program
            };
            Some(Fact::text(kind, running.origin))
        })
        .or_else(|| claim::best(evidence, "runtime.kind"))
        .or_else(|| {
            let config = evidence.all::<ContainerdConfig>().first()?;
            Some(Fact::text("containerd", config.origin.clone()))
        })
}

fn containerd(evidence: &Evidence, kind: &str, found: &mut Found) {
    let Some(config) = Containerd::of(evidence) else {
        return;
    };
    plugin_facts(&config, found);
    if kind == "docker" {
        return;
    }
    if let Some((parses, origin)) = config.parses() {
        found.push(("config_parses", Fact::new(Value::Bool(parses), origin)));
    }
    if let Some(main) = config.main.filter(|main| main.value.content.is_ok()) {
        let stated = main.value.version();
        let origin = Origin {
            line: stated.map(|node| node.line),
            ..main.origin.clone()
        };
        let version = stated.map_or(Some(1), Node::int);
        let whole = stated.is_some() || main.value.path.is_some();
        found.extend(
            version
                .filter(|_| whole)
                .map(|version| ("config_version", Fact::new(Value::Int(version), origin))),
        );
    }
    runtime_facts(evidence, &config, found);
    folder_facts(&config, found);
}

fn plugin_facts(config: &Containerd<'_>, found: &mut Found) {
    const CRI: &[&str] = &[
        "cri",
        "io.containerd.grpc.v1.cri",
        "io.containerd.cri.v1.runtime",
    ];
    let named = config.top("disabled_plugins");
    let Some(origin) = named
        .as_ref()
        .map(|(_, origin)| origin.clone())
        .or_else(|| config.origin().filter(|_| config.is_known()))
    else {
        return;
    };
    let names: Vec<&str> = named
        .map(|(node, _)| node.items().iter().filter_map(Node::text).collect())
        .unwrap_or_default();
    let disabled = names.iter().any(|name| CRI.contains(name));
    found.push(("disabled_plugins", Fact::texts(names, &origin)));
    found.push(("cri_disabled", Fact::new(Value::Bool(disabled), origin)));
}

fn runtime_facts(evidence: &Evidence, config: &Containerd<'_>, found: &mut Found) {
    let whole = config.origin().filter(|_| config.is_known());
    let driver = config
        .systemd_cgroup()
        .or_else(|| whole.clone().map(|origin| (false, origin)));
    if let Some((systemd, origin)) = driver {
        let name = if systemd { "systemd" } else { "cgroupfs" };
        found.push(("cgroup_driver", Fact::text(name, origin)));
    }
    let name = config.default_runtime();
    let named = config.runtime(&["containerd", "default_runtime_name"]);
    if let Some(origin) = named.map(|(_, origin)| origin).or_else(|| whole.clone()) {
        found.push(("default_runtime", Fact::text(name, origin)));
    }
    if whole.is_some()
        && let Some((defined, origin)) = config.default_is_defined()
    {
        found.push((
            "default_runtime_defined",
            Fact::new(Value::Bool(defined), origin),
        ));
    }
    let options = ["containerd", "runtimes", name, "options", "BinaryName"];
    let program = config.runtime(&options).and_then(|(node, _)| node.text());
    let program = program.filter(|name| !name.is_empty()).unwrap_or("runc");
    if let Some((exists, origin)) = programs::exists(evidence, program) {
        found.push(("runc_exists", Fact::new(Value::Bool(exists), origin)));
    }
}

fn folder_facts(config: &Containerd<'_>, found: &mut Found) {
    let whole = config.origin().filter(|_| config.is_known());
    let image = config
        .images(&["pinned_images", "sandbox"])
        .or_else(|| config.runtime(&["sandbox_image"]));
    let text = |value: Option<(&Node, Origin)>, default: Value| match value {
        Some((node, origin)) => Some(Fact::text(node.text()?, origin)),
        None => Some(Fact::new(default, whole.clone()?)),
    };
    found.extend(text(image, Value::Null).map(|fact| ("sandbox_image", fact)));
    let conf = config.runtime(&["cni", "conf_dir"]);
    found.extend(text(conf, Value::from("/etc/cni/net.d")).map(|fact| ("cni_conf_dir", fact)));
    let several = config.runtime(&["cni", "bin_dirs"]).and_then(|(node, _)| {
        let first = node.items().first()?;
        Some((
            first,
            Origin {
                line: Some(first.line),
                ..config.origin()?
            },
        ))
    });
    let bin = several.or_else(|| config.runtime(&["cni", "bin_dir"]));
    found.extend(text(bin, Value::from("/opt/cni/bin")).map(|fact| ("cni_bin_dir", fact)));
}

fn crio(evidence: &Evidence, found: &mut Found) {
    let mut files: Vec<&Sourced<CrioConfig>> = evidence.all::<CrioConfig>().iter().collect();
    files.sort_by(|a, b| b.value.path.cmp(&a.value.path));
    let Some(first) = files.last() else {
        return;
    };
    let broken = files.iter().find_map(|file| {
        let error = file.value.content.as_ref().err()?;
        Some(Origin::line(file.origin.entry.clone(), error.line))
    });
    let parses = broken.is_none();
    let whole = first.origin.clone();
    let origin = broken.unwrap_or_else(|| whole.clone());
    found.push(("config_parses", Fact::new(Value::Bool(parses), origin)));
    if !parses {
        return;
    }
    let at = |path: &str| {
        files.iter().find_map(|file| {
            let node = file.value.content.as_ref().ok()?.at(path)?;
            let node = node.items().first().unwrap_or(node);
            Some(Fact::text(
                node.text()?,
                Origin::line(file.origin.entry.clone(), node.line),
            ))
        })
    };
    for (field, path, default) in [
        (
            "cgroup_driver",
            "crio.runtime.cgroup_manager",
            Value::from("systemd"),
        ),
        (
            "default_runtime",
            "crio.runtime.default_runtime",
            Value::Null,
        ),
        ("sandbox_image", "crio.image.pause_image", Value::Null),
        (
            "cni_conf_dir",
            "crio.network.network_dir",
            Value::from("/etc/cni/net.d"),
        ),
        (
            "cni_bin_dir",
            "crio.network.plugin_dirs",
            Value::from("/opt/cni/bin"),
        ),
    ] {
        let fact = at(path)
            .or_else(|| (default != Value::Null).then(|| Fact::new(default, whole.clone())));
        found.extend(fact.map(|fact| (field, fact)));
    }
}

/// What the running engine says counts before its file, which it read when it started.
fn docker(evidence: &Evidence, found: &mut Found) {
    let running = evidence.all::<DockerEngine>().iter();
    let mut running = running.filter_map(|piece| match &piece.value {
        DockerEngine::CgroupDriver(driver) => {
            Some(Fact::text(driver.as_str(), piece.origin.clone()))
        }
        DockerEngine::Version(_) => None,
    });
    let mut driver = running.next();
    if let Some(config) = evidence.all::<DockerConfig>().first() {
        let parses = config.value.content.is_some();
        let parses = Fact::new(Value::Bool(parses), config.origin.clone());
        found.push(("config_parses", parses));
        let set = config.value.cgroup_driver();
        driver = driver.or_else(|| {
            let (driver, line) = set?;
            let origin = Origin::line(config.origin.entry.clone(), line);
            Some(Fact::text(driver, origin))
        });
    }
    found.extend(driver.map(|driver| ("cgroup_driver", driver)));
}

#[cfg(test)]
mod tests;
