//! The question to systemd, over whatever way it answers.

use super::wire::{Answer, Ask, Failure};
use super::{Host, unexpected};
use crate::bus::{About, SystemdAnswer, SystemdAsk};
use std::time::Duration;

impl Host {
    /// What systemd knows; `bus_runs` says that connecting to the system bus starts nothing.
    pub(crate) fn systemd(
        &mut self,
        about: About,
        bus_runs: bool,
    ) -> Result<SystemdAnswer, Failure> {
        let timeout = self.reach.item_timeout.min(self.stop.left());
        let ask = Ask::Systemd(SystemdAsk {
            about,
            bus_runs,
            timeout_ms: crate::clock::milliseconds(timeout.saturating_sub(LAST_ANSWER)),
        });
        match self.ask(&ask, "/run/systemd")? {
            (Answer::Systemd(answer), _) => Ok(answer),
            _ => Err(unexpected()),
        }
    }
}

/// How long the last answer of systemd may take.
const LAST_ANSWER: Duration = Duration::from_secs(2);
