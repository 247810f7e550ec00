//! From a bundle to a report: why did this kubelet not register, or why is this node not Ready?
//!
//! Data moves forward, once: reader → layout → parse → evidence and log digest → derived facts → rules → findings →
//! diagnosis → report → format. Each arrow is a plain function from one owned value to the next.

pub mod age;
pub mod analyze;
pub mod certificate;
pub mod chain;
pub mod claim;
pub mod cli;
pub mod clock;
pub mod condition;
pub mod containerd;
pub mod declarations;
pub mod derived;
pub mod diagnosis;
pub mod duration;
pub mod entry;
pub mod evidence;
pub mod fact;
pub mod facts;
pub mod finding;
pub mod fleet;
pub mod format;
pub mod formats;
pub mod json;
pub mod kubeconfig;
pub mod kubelet;
pub mod layout;
pub mod layouts;
pub mod logs;
pub mod look;
pub mod names;
pub mod observed;
pub mod origin;
pub mod parse;
pub mod parser;
pub mod parts;
pub mod pem;
pub mod presence;
pub mod processes;
pub mod programs;
pub mod proxy;
pub mod quantity;
mod rendered;
pub mod report;
pub mod rule;
pub mod rule_page;
pub mod ruleset;
mod shorten;
pub mod source;
pub mod systemd;
pub mod template;
pub mod terminal;
pub mod text;
pub mod timeline;
pub mod times;
pub mod toml;
pub mod tree;
pub mod version;
pub mod yaml;

mod bottlerocket;
mod cluster;
mod desk;
mod intake;
mod links;
mod node_names;
mod objects;
mod outputs;
mod own_events;
mod packet_filter;
mod pasted;
mod run_info;
mod several_authors;
mod several_hosts;
mod table;
mod upgrade;
mod utf16;

#[cfg(test)]
mod testing;
