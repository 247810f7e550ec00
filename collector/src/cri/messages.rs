//! The messages of the container runtime interface that are asked for, as far as their fields are used.
//!
//! Field numbers are those of `runtime.v1` (`k8s.io/cri-api/pkg/apis/runtime/v1/api.proto`).

use prost::{Enumeration, Message};
use std::collections::BTreeMap;

#[derive(Clone, PartialEq, Message)]
pub(super) struct VersionAsk {
    #[prost(string, tag = "1")]
    pub(super) version: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct VersionReply {
    #[prost(string, tag = "2")]
    pub(super) name: String,
    #[prost(string, tag = "3")]
    pub(super) version: String,
    #[prost(string, tag = "4")]
    pub(super) api: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct StatusAsk {
    #[prost(bool, tag = "1")]
    pub(super) verbose: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct StatusReply {
    #[prost(message, optional, tag = "1")]
    pub(super) status: Option<Conditions>,
    /// Free-form JSON by name; read by key only.
    #[prost(btree_map = "string, string", tag = "2")]
    pub(super) info: BTreeMap<String, String>,
    #[prost(message, repeated, tag = "3")]
    pub(super) handlers: Vec<RuntimeHandler>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Conditions {
    #[prost(message, repeated, tag = "1")]
    pub(super) conditions: Vec<Condition>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Condition {
    #[prost(string, tag = "1")]
    pub(super) kind: String,
    #[prost(bool, tag = "2")]
    pub(super) status: bool,
    #[prost(string, tag = "3")]
    pub(super) reason: String,
    #[prost(string, tag = "4")]
    pub(super) message: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct RuntimeHandler {
    #[prost(string, tag = "1")]
    pub(super) name: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct RuntimeConfig {
    #[prost(message, optional, tag = "1")]
    pub(super) linux: Option<LinuxRuntimeConfig>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct LinuxRuntimeConfig {
    #[prost(enumeration = "CgroupDriver", tag = "1")]
    pub(super) cgroup_driver: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Enumeration)]
#[repr(i32)]
pub(super) enum CgroupDriver {
    Systemd = 0,
    Cgroupfs = 1,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Sandboxes {
    #[prost(message, repeated, tag = "1")]
    pub(super) items: Vec<Sandbox>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Sandbox {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(message, optional, tag = "2")]
    pub(super) metadata: Option<SandboxMetadata>,
    /// 0 is ready.
    #[prost(int32, tag = "3")]
    pub(super) state: i32,
    /// Nanoseconds since 1970.
    #[prost(int64, tag = "4")]
    pub(super) created_at: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SandboxMetadata {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "3")]
    pub(super) namespace: String,
    #[prost(uint32, tag = "4")]
    pub(super) attempt: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Containers {
    #[prost(message, repeated, tag = "1")]
    pub(super) containers: Vec<Container>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Container {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(string, tag = "2")]
    pub(super) pod_sandbox_id: String,
    #[prost(message, optional, tag = "3")]
    pub(super) metadata: Option<ContainerMetadata>,
    #[prost(message, optional, tag = "4")]
    pub(super) image: Option<ImageSpec>,
    /// Index into [`super::CONTAINER_STATES`].
    #[prost(int32, tag = "6")]
    pub(super) state: i32,
    /// Nanoseconds since 1970.
    #[prost(int64, tag = "7")]
    pub(super) created_at: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ContainerMetadata {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(uint32, tag = "2")]
    pub(super) attempt: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ImageSpec {
    #[prost(string, tag = "1")]
    pub(super) image: String,
    #[prost(string, tag = "18")]
    pub(super) user_specified_image: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ContainerStatusAsk {
    #[prost(string, tag = "1")]
    pub(super) container_id: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ContainerStatusReply {
    #[prost(message, optional, tag = "1")]
    pub(super) status: Option<ContainerStatus>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ContainerStatus {
    /// Nanoseconds since 1970.
    #[prost(int64, tag = "6")]
    pub(super) finished_at: i64,
    #[prost(int32, tag = "7")]
    pub(super) exit_code: i32,
    #[prost(string, tag = "10")]
    pub(super) reason: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Images {
    #[prost(message, repeated, tag = "1")]
    pub(super) images: Vec<Image>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Image {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(string, repeated, tag = "2")]
    pub(super) repo_tags: Vec<String>,
    #[prost(string, repeated, tag = "3")]
    pub(super) repo_digests: Vec<String>,
    /// Bytes.
    #[prost(uint64, tag = "4")]
    pub(super) size: u64,
    #[prost(bool, tag = "8")]
    pub(super) pinned: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ImageFilesystems {
    #[prost(message, repeated, tag = "1")]
    pub(super) image_filesystems: Vec<Filesystem>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Filesystem {
    #[prost(message, optional, tag = "2")]
    pub(super) fs_id: Option<FilesystemId>,
    #[prost(message, optional, tag = "3")]
    pub(super) used_bytes: Option<Number>,
    #[prost(message, optional, tag = "4")]
    pub(super) inodes_used: Option<Number>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct FilesystemId {
    #[prost(string, tag = "1")]
    pub(super) mountpoint: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Number {
    #[prost(uint64, tag = "1")]
    pub(super) value: u64,
}
