//! What a container runtime says of itself over the container runtime interface: read-only questions only.

mod messages;
mod settings;

use crate::host::Host;
use crate::host::wire::Failure;
use messages::{
    Container, ContainerStatusAsk, ContainerStatusReply, Containers, ImageFilesystems, Images,
    RuntimeConfig, Sandboxes, StatusAsk, StatusReply, VersionAsk, VersionReply,
};
use nodebundle_bundle::Outcome;
use prost::Message;
use serde_json::{Value, json};
use std::time::Duration;

/// Everything that one runtime said, list by list, one item a line later.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// Name and version, or why it does not answer.
    pub(crate) runtimes: Vec<Value>,
    /// `RuntimeReady`, `NetworkReady`, …
    pub(crate) conditions: Vec<Value>,
    /// Settings of its own configuration, by key.
    pub(crate) settings: Vec<Value>,
    /// Pods that it holds.
    pub(crate) sandboxes: Vec<Value>,
    /// Containers with their state; of ended ones the exit code.
    pub(crate) containers: Vec<Value>,
    /// Images.
    pub(crate) images: Vec<Value>,
    /// Where images lie, and how much they take.
    pub(crate) filesystems: Vec<Value>,
    /// Questions without an answer, and why; a list above is whole only where its question is not here.
    pub(crate) unanswered: Vec<Value>,
}

/// Asks the program behind a socket that was found to have a listener other than PID 1.
pub(crate) fn ask(host: &mut Host, socket: &str, said: &mut Said) {
    let mut line = Runtime { host, socket };
    let version = VersionAsk::default();
    match line.call::<VersionReply>(&runtime("Version"), &version) {
        Ok(version) => {
            said.runtimes.push(json!({
                "socket": socket, "api": "v1", "name": version.name,
                "version": version.version, "runtime_api_version": version.api,
            }));
            line.details(said);
        }
        Err(refused) => {
            let unknown = refused.status == Some(UNIMPLEMENTED);
            let older = unknown.then(|| line.call::<VersionReply>(OLD_VERSION, &version));
            let refusal = line.refusal(&refused, older.and_then(Result::ok));
            said.runtimes.push(refusal);
        }
    }
}

/// Why a question got no answer.
struct Refused {
    /// The gRPC status, where there was one.
    status: Option<u32>,
    outcome: Outcome,
    message: String,
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        let message = failure.reason.or(failure.errno).unwrap_or_default();
        Self {
            status: None,
            outcome: failure.outcome,
            message,
        }
    }
}

/// One runtime that is being asked.
struct Runtime<'a> {
    host: &'a mut Host,
    socket: &'a str,
}

impl Runtime<'_> {
    fn call<A: Message + Default>(
        &mut self,
        method: &str,
        ask: &impl Message,
    ) -> Result<A, Refused> {
        let reply = self
            .host
            .call(self.socket, (method, ask.encode_to_vec()), TIME)?;
        if reply.status != 0 {
            let message = reply.message.chars().take(MAX_MESSAGE).collect();
            return Err(Refused {
                status: Some(reply.status),
                outcome: Outcome::Error,
                message,
            });
        }
        A::decode(reply.body.as_slice()).map_err(|error| Refused {
            status: None,
            outcome: Outcome::Error,
            message: format!("its answer cannot be decoded: {error}"),
        })
    }

    /// Asks, and notes when no answer came.
    fn list<A: Message + Default>(
        &mut self,
        method: &str,
        ask: &impl Message,
        said: &mut Said,
    ) -> Option<A> {
        match self.call(method, ask) {
            Ok(answer) => Some(answer),
            Err(refused) => {
                let mut line = self.refusal(&refused, None);
                if let Some(fields) = line.as_object_mut() {
                    let name = method.rsplit('/').next().unwrap_or(method);
                    fields.insert("question".into(), json!(name));
                }
                said.unanswered.push(line);
                None
            }
        }
    }

    fn refusal(&self, refused: &Refused, older: Option<VersionReply>) -> Value {
        let mut line =
            json!({"socket": self.socket, "outcome": refused.outcome, "message": refused.message});
        if let Some(fields) = line.as_object_mut() {
            if let Some(status) = refused.status {
                fields.insert("grpc_status".into(), json!(status));
            }
            if let Some(older) = older {
                fields.insert("api".into(), json!("v1alpha2"));
                fields.insert("name".into(), json!(older.name));
                fields.insert("version".into(), json!(older.version));
            }
        }
        line
    }

    fn details(&mut self, said: &mut Said) {
        self.status(said);
        self.cgroup_driver(said);
        self.sandboxes(said);
        self.containers(said);
        self.images(said);
    }

    fn status(&mut self, said: &mut Said) {
        let status =
            match self.call::<StatusReply>(&runtime("Status"), &StatusAsk { verbose: true }) {
                Ok(status) => status,
                Err(refused) => return said.runtimes.push(self.refusal(&refused, None)),
            };
        for condition in status.status.unwrap_or_default().conditions {
            said.conditions.push(json!({
                "socket": self.socket, "type": condition.kind, "status": condition.status,
                "reason": condition.reason, "message": condition.message,
            }));
        }
        for (key, value) in settings::of(&status.info) {
            said.settings
                .push(json!({"socket": self.socket, "key": key, "value": value}));
        }
        let mut handlers: Vec<String> = status.handlers.into_iter().map(|one| one.name).collect();
        handlers.sort();
        if !handlers.is_empty() {
            said.settings
                .push(json!({"socket": self.socket, "key": "runtime_handlers", "value": handlers}));
        }
    }

    /// Runtimes before containerd 2.0 and CRI-O 1.28 do not know the question.
    fn cgroup_driver(&mut self, said: &mut Said) {
        if let Some(config) = self.list::<RuntimeConfig>(&runtime("RuntimeConfig"), &(), said)
            && let Some(linux) = config.linux
        {
            let driver = match linux.cgroup_driver() {
                messages::CgroupDriver::Systemd => "systemd",
                messages::CgroupDriver::Cgroupfs => "cgroupfs",
            };
            said.settings
                .push(json!({"socket": self.socket, "key": "cgroup_driver", "value": driver}));
        }
    }

    fn sandboxes(&mut self, said: &mut Said) {
        let Some(list) = self.list::<Sandboxes>(&runtime("ListPodSandbox"), &(), said) else {
            return;
        };
        for sandbox in list.items.into_iter().take(MAX_ITEMS) {
            let metadata = sandbox.metadata.unwrap_or_default();
            said.sandboxes.push(json!({
                "socket": self.socket, "id": short(&sandbox.id), "namespace": metadata.namespace,
                "name": metadata.name, "attempt": metadata.attempt, "ready": sandbox.state == 0,
                "created": time(sandbox.created_at),
            }));
        }
    }

    fn containers(&mut self, said: &mut Said) {
        let Some(list) = self.list::<Containers>(&runtime("ListContainers"), &(), said) else {
            return;
        };
        let mut asked = 0;
        for container in list.containers.into_iter().take(MAX_ITEMS) {
            let ended = CONTAINER_STATES
                .get(usize::try_from(container.state).unwrap_or(usize::MAX))
                == Some(&"exited");
            let status = (ended && asked < MAX_STATUSES).then(|| {
                asked += 1;
                let ask = ContainerStatusAsk {
                    container_id: container.id.clone(),
                };
                self.call::<ContainerStatusReply>(&runtime("ContainerStatus"), &ask)
            });
            let status = status.and_then(Result::ok).and_then(|reply| reply.status);
            said.containers.push(self.container(container, status));
        }
    }

    fn container(&self, container: Container, ended: Option<messages::ContainerStatus>) -> Value {
        let metadata = container.metadata.unwrap_or_default();
        let image = container.image.unwrap_or_default();
        let named = [image.user_specified_image, image.image];
        let state = usize::try_from(container.state).ok();
        let mut line = json!({
            "socket": self.socket, "id": short(&container.id), "sandbox": short(&container.pod_sandbox_id),
            "name": metadata.name, "attempt": metadata.attempt,
            "image": named.into_iter().find(|name| !name.is_empty()),
            "state": state.and_then(|at| CONTAINER_STATES.get(at)).unwrap_or(&"unknown"),
            "created": time(container.created_at),
        });
        if let (Some(fields), Some(ended)) = (line.as_object_mut(), ended) {
            fields.insert("exit_code".into(), json!(ended.exit_code));
            fields.insert("reason".into(), json!(ended.reason));
            fields.insert("finished".into(), json!(time(ended.finished_at)));
        }
        line
    }

    fn images(&mut self, said: &mut Said) {
        if let Some(list) = self.list::<Images>(&image("ListImages"), &(), said) {
            for image in list.images.into_iter().take(MAX_ITEMS) {
                said.images.push(json!({
                    "socket": self.socket, "id": short(&image.id), "tags": image.repo_tags,
                    "digests": image.repo_digests, "bytes": image.size, "pinned": image.pinned,
                }));
            }
        }
        if let Some(list) = self.list::<ImageFilesystems>(&image("ImageFsInfo"), &(), said) {
            for filesystem in list.image_filesystems {
                said.filesystems.push(json!({
                    "socket": self.socket,
                    "mountpoint": filesystem.fs_id.unwrap_or_default().mountpoint,
                    "used_bytes": filesystem.used_bytes.map(|number| number.value),
                    "inodes_used": filesystem.inodes_used.map(|number| number.value),
                }));
            }
        }
    }
}

fn runtime(method: &str) -> String {
    format!("/runtime.v1.RuntimeService/{method}")
}

fn image(method: &str) -> String {
    format!("/runtime.v1.ImageService/{method}")
}

/// The first characters of an id, as `crictl` prints it; an algorithm before it stays.
fn short(id: &str) -> String {
    let begin = id.find(':').map_or(0, |colon| colon + 1);
    id.chars().take(begin + SHORT_ID).collect()
}

/// `None` where the runtime states no time.
fn time(nanoseconds: i64) -> Option<String> {
    (nanoseconds > 0)
        .then(|| chrono::DateTime::from_timestamp_nanos(nanoseconds))
        .map(crate::clock::rfc3339)
}

/// What kubelets before 1.26 spoke; a runtime that knows only this is too old.
const OLD_VERSION: &str = "/runtime.v1alpha2.RuntimeService/Version";
/// The gRPC status of a service or method that the program does not know.
const UNIMPLEMENTED: u32 = 12;
/// By the number of the state.
const CONTAINER_STATES: [&str; 4] = ["created", "running", "exited", "unknown"];
const SHORT_ID: usize = 13;
/// Items of one list.
const MAX_ITEMS: usize = 1000;
/// Ended containers whose exit code is asked for.
const MAX_STATUSES: usize = 30;
/// Characters of a runtime's refusal.
const MAX_MESSAGE: usize = 1000;
/// For one question; the kubelet itself allows two minutes, but a healthy runtime needs milliseconds.
const TIME: Duration = Duration::from_secs(3);
