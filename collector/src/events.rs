//! What the collector tells its supervisor, one JSON object a line.

use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::os::unix::net::UnixStream;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum Event {
    /// `bundle.json` is on disk: from here on a kill leaves something usable.
    Begun {
        /// Where the bundle grows; `-` for standard output.
        path: String,
    },
    /// An item is finished.
    Item {
        /// Its id.
        id: String,
        /// What became of it.
        outcome: String,
        /// Items finished.
        done: u64,
        /// Items planned.
        total: u64,
    },
    /// A log is being read.
    Log {
        /// Its id.
        id: String,
    },
    /// Collection is over.
    Done {
        /// Exit code of the program.
        exit: u8,
        /// Summary for a person; for exit 2 and 3 the error.
        summary: String,
    },
}

/// The collector's end of the line to its supervisor.
#[derive(Debug)]
pub(crate) struct Events {
    socket: Option<UnixStream>,
}

impl Events {
    /// Sends to a socket, or to nobody.
    pub(crate) fn new(socket: Option<UnixStream>) -> Self {
        Self { socket }
    }

    /// Sends one event; a supervisor that went away is no reason to stop.
    pub(crate) fn send(&mut self, event: &Event) {
        if let Some(socket) = &mut self.socket
            && let Ok(mut line) = serde_json::to_vec(event)
        {
            line.push(b'\n');
            socket.write_all(&line).ok();
        }
    }
}
