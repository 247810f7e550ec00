//! One file per derived fact. Written by `cargo xtask index`; do not edit.

pub mod bundle_state;
pub mod host_disks;
pub mod host_distribution;
pub mod host_identity;
pub mod host_kernel;
pub mod host_memory;
pub mod host_network;
pub mod host_time;
pub mod running;
pub mod units;

/// Every derived fact, by file name.
pub const ALL: &[&crate::derived::Derived] = &[
    &bundle_state::DERIVED,
    &host_disks::DERIVED,
    &host_distribution::DERIVED,
    &host_identity::DERIVED,
    &host_kernel::DERIVED,
    &host_memory::DERIVED,
    &host_network::DERIVED,
    &host_time::DERIVED,
    &running::DERIVED,
    &units::DERIVED,
];
