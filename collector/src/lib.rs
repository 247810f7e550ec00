//! Takes a support bundle from a Kubernetes node, alive or dead. One program, three kinds of process:
//! a supervisor that touches no file of the node, the collector that writes the bundle, and workers that read the node.

mod clock;
mod host;
mod journal;
mod node;
mod process;
#[cfg(test)]
mod scratch;
mod spec;
mod stop;
