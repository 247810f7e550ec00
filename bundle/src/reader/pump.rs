//! A decoder that is fed by hand, as a stream: nothing that it gave before an error is lost.

use super::guard::cut_short;
use bzip2::{Decompress, Status};
use std::io::{self, BufRead, Read};

/// A decoder that takes and gives what it can.
pub(super) trait Machine {
    /// One step. An empty input is the end of the stream.
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step;
}

/// What one step did.
pub(super) struct Step {
    pub(super) taken: usize,
    pub(super) given: usize,
    /// Whether the stream is at its proper end, or why nothing more can come.
    pub(super) state: Result<bool, io::Error>,
}

/// A decoder at work.
pub(super) struct Pump<R, M> {
    stream: R,
    machine: M,
    ended: bool,
    failed: Option<(io::ErrorKind, String)>,
}

impl<R: BufRead, M: Machine> Pump<R, M> {
    pub(super) fn new(stream: R, machine: M) -> Self {
        Self {
            stream,
            machine,
            ended: false,
            failed: None,
        }
    }
}

impl<R: BufRead, M: Machine> Read for Pump<R, M> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while !buf.is_empty() && !self.ended {
            if let Some((kind, why)) = &self.failed {
                return Err(io::Error::new(*kind, why.clone()));
            }
            let input = self.stream.fill_buf()?;
            let at_end = input.is_empty();
            let step = self.machine.step(input, buf);
            self.stream.consume(step.taken);
            match step.state {
                Ok(ended) => self.ended = ended,
                // At the end of the input any complaint means that more must follow.
                Err(_) if at_end => self.fail(&cut_short()),
                Err(error) => self.fail(&error),
            }
            if step.given > 0 {
                return Ok(step.given);
            }
            if !self.ended && at_end && step.taken == 0 && self.failed.is_none() {
                self.fail(&cut_short());
            }
        }
        Ok(0)
    }
}

impl<R, M> Pump<R, M> {
    fn fail(&mut self, error: &io::Error) {
        self.failed = Some((error.kind(), error.to_string()));
    }
}

/// bzip2, with streams that follow one another.
pub(super) struct Bzip2 {
    decoder: Decompress,
    /// Between two streams.
    between: bool,
}

impl Bzip2 {
    pub(super) fn new() -> Self {
        Self {
            decoder: Decompress::new(false),
            between: false,
        }
    }
}

impl Machine for Bzip2 {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let nothing = |state| Step {
            taken: 0,
            given: 0,
            state,
        };
        if self.between {
            if input.is_empty() {
                return nothing(Ok(true));
            }
            *self = Self::new();
        }
        let before = (self.decoder.total_in(), self.decoder.total_out());
        let status = self.decoder.decompress(input, output);
        let moved = |before, after: u64| usize::try_from(after - before).unwrap_or_default();
        let state = match status {
            Ok(Status::StreamEnd) => {
                self.between = true;
                Ok(false)
            }
            Ok(_) => Ok(false),
            Err(error) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("the bzip2 data is damaged ({error})"),
            )),
        };
        Step {
            taken: moved(before.0, self.decoder.total_in()),
            given: moved(before.1, self.decoder.total_out()),
            state,
        }
    }
}
