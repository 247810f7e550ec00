//! Times of lines that follow each other: the second of the line before is not read again.

use super::clock::{Clock, fraction, in_second, iso_second};
use super::klog;
use super::transport::short_clock;

/// What the seconds read last mean.
#[derive(Debug, Default)]
pub(crate) struct Dial {
    /// Of what carried the line.
    pub(crate) carried: Iso,
    /// Of the message.
    pub(crate) own: Iso,
    /// `1122 07:30:22`.
    klog: Option<([u8; 13], Clock)>,
    /// `Nov 22 07:30:22`.
    short: Option<([u8; 15], Clock)>,
}

impl Dial {
    /// Reads what [`klog::clock`] reads.
    pub(crate) fn klog(&mut self, text: &[u8]) -> Option<Clock> {
        let after = text.get(1..)?;
        if let (Some((known, second)), Some((printed, rest))) =
            (&self.klog, after.split_first_chunk())
            && known == printed
        {
            return Some(second.later(fraction(rest).0));
        }
        let clock = klog::clock(text)?;
        let printed = after.first_chunk::<13>();
        self.klog = printed.and_then(|printed| {
            let second = klog::clock(text.get(..14)?)?;
            Some((*printed, second))
        });
        Some(clock)
    }

    /// Reads what [`short_clock`] reads.
    pub(crate) fn short(&mut self, text: &[u8]) -> Option<Clock> {
        if let (Some((known, second)), Some((printed, rest))) =
            (&self.short, text.split_first_chunk())
            && known == printed
        {
            return Some(second.later(fraction(rest).0));
        }
        let clock = short_clock(text)?.0?;
        let printed = text.first_chunk::<15>();
        self.short = printed.and_then(|printed| Some((*printed, short_clock(printed)?.0?)));
        Some(clock)
    }
}

/// The second `2026-11-22T07:30:22`.
#[derive(Debug, Default)]
pub(crate) struct Iso(Option<([u8; 19], i64)>);

impl Iso {
    /// Reads what [`super::clock::iso`] reads.
    pub(crate) fn read(&mut self, text: &[u8]) -> Option<Clock> {
        let (printed, rest) = text.split_first_chunk()?;
        let second = match &self.0 {
            Some((known, second)) if known == printed => *second,
            _ => {
                let (second, _) = iso_second(printed)?;
                self.0 = Some((*printed, second));
                second
            }
        };
        Some(in_second(second, rest).0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::clock::iso;

    #[test]
    fn times_are_the_same_whatever_was_read_before() {
        let mut dial = Dial::default();
        for text in [
            "2026-11-22T07:30:22.304123Z n",
            "2026-11-22T07:30:22.5+0100 n",
            "2026-11-22T07:30:22 n",
            "2026-13-22T07:30:22Z n",
            "2026-11-22T07:30:23Z n",
            "2026-11-22T07:30:23Z n",
            "",
        ] {
            let text = text.as_bytes();
            assert_eq!(dial.own.read(text), iso(text).map(|(clock, _)| clock));
        }
        for text in [
            "E1122 07:22:29.934915      76 run.go:72] x",
            "E1122 07:22:29.934916      76 run.go:72] x",
            "I20261122 07:22:29.934916      76 run.go:72] x",
            "I20261122 07:22:29.934917      76 run.go:72] x",
            "E1322 07:22:29.934916      76 run.go:72] x",
            "E1122 07:22:29",
            "E1122 07:22",
        ] {
            let text = text.as_bytes();
            assert_eq!(dial.klog(text), klog::clock(text));
        }
        for text in [
            "Nov 22 07:22:29 n kubelet[61]: x",
            "Nov 22 07:22:29.123 n kubelet[61]: x",
            "Nov  2 07:22:29 n kubelet[61]: x",
            "janv. 12 07:22:29 n kubelet[61]: x",
            "Nov 2 07:22:29 n kubelet[61]: x",
            "Nov 22 07:22:29",
        ] {
            let text = text.as_bytes();
            assert_eq!(
                dial.short(text),
                short_clock(text).and_then(|(clock, _)| clock)
            );
        }
    }
}
