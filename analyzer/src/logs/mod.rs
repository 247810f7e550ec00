//! Logs: bytes → lines → messages → matches of rules, streamed; a log is never held whole.

mod ahead;
#[cfg(test)]
mod all_rules;
mod attribute;
mod carry;
mod clean;
mod clock;
pub mod digest;
mod example;
mod fields;
mod fold;
mod form;
#[cfg(test)]
mod forms;
mod hash;
mod heading;
mod journal;
mod json;
mod judge;
mod kernel;
mod klog;
mod life_of;
mod lines;
mod literals;
mod lives;
mod memo;
mod merge;
mod message;
mod patterns;
mod place;
mod prefilter;
mod program;
mod programs;
mod recall;
mod scanner;
mod seen;
mod settle;
mod shapes;
mod sniff;
mod stated;
mod steps;
mod stream;
mod tally;
mod templates;
mod transport;
mod unwrap;
mod window;

pub use ahead::read_ahead;
pub use digest::{ClockStep, Hit, Life, LogDigest, Occurrence, Span, Stamp, Template};
pub use example::matching_patterns;
pub use form::form;
pub use journal::{is_journal, journal_text};
pub use patterns::{Literals, PatternError, PatternSet};
pub use scanner::{Options, Scanner};
pub use sniff::{is_binary, is_log};
