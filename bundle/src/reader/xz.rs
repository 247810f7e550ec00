//! xz, with several blocks and streams.

use super::codec::MAX_WINDOW_MIB;
use super::pump::{Machine, Step};
use lzma_rust2::{Action, Status, XzStream};
use std::io;

/// Kibibytes that a decoder may need: the largest dictionary and what it needs besides.
const MAX_KIB: u32 = (MAX_WINDOW_MIB + 1) << 10;

/// The decoder.
pub(super) struct Xz(XzStream);

impl Xz {
    pub(super) fn new() -> Self {
        Self(XzStream::new_mem_limit(true, MAX_KIB))
    }
}

impl Machine for Xz {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let action = if input.is_empty() {
            Action::Finish
        } else {
            Action::Run
        };
        let before = (self.0.total_in(), self.0.total_out());
        let state = match self.0.process(input, output, action) {
            Ok(done) => Ok(done.status == Status::StreamEnd),
            Err(error) => Err(explained(&error)),
        };
        let moved = |before, after: u64| usize::try_from(after - before).unwrap_or_default();
        Step {
            taken: moved(before.0, self.0.total_in()),
            given: moved(before.1, self.0.total_out()),
            state,
        }
    }
}

fn explained(error: &io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::OutOfMemory {
        return io::Error::new(
            io::ErrorKind::OutOfMemory,
            format!(
                "its xz dictionary is larger than {MAX_WINDOW_MIB} MiB: unpack it first with `xz -d`"
            ),
        );
    }
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the xz data is damaged ({error})"),
    )
}
