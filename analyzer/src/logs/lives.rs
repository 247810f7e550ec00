//! Cuts one stream into lives of the kubelet.

use super::place::Place;
use std::sync::Arc;

/// A run of the kubelet process as one stream shows it.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) boot: Option<Arc<str>>,
    pub(crate) pid: Option<u32>,
    pub(crate) start_seen: bool,
    pub(crate) end_seen: bool,
    pub(crate) cut: bool,
    pub(crate) first: Place,
    pub(crate) last: Place,
    pub(crate) records: u64,
    /// Its version line, which a process prints once.
    banner: Option<Place>,
}

/// What systemd says about the unit that runs the kubelet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnitEvent {
    Starting,
    Started,
    Ended,
    /// The journal dropped lines of it.
    Suppressed,
}

/// What a kubelet line says about the start of its process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// Nothing.
    None,
    /// It belongs to what comes before the version line.
    Preamble,
    /// The version line.
    Banner,
}

/// Lives of one stream, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Cutter {
    lives: Vec<Draft>,
    boot: Option<Arc<str>>,
    /// systemd started the unit while a process of it seemed to be running.
    pending: Option<Place>,
    /// systemd said "Starting", so that its "Started" belongs to the same run.
    starting: bool,
    /// Lives were folded since somebody asked.
    folded: bool,
}

/// Lives kept per stream. A crash loop of days has more: then the oldest [`FOLDED`] become one.
const MAX_LIVES: usize = 2048;
/// Lives that become one.
const FOLDED: usize = MAX_LIVES / 2;

/// The number that a life has after folding.
pub(crate) fn after_folding(life: usize) -> usize {
    (life + 1).saturating_sub(FOLDED)
}

/// How many lives back a late line may belong.
pub(crate) const LATE: usize = 4;

impl Cutter {
    /// The boot that the following lines belong to; `None` where only the boundary is known.
    pub(crate) fn boot(&mut self, boot: Option<&str>) {
        if boot.is_some() && self.boot.as_deref() == boot {
            return;
        }
        self.end();
        self.boot = boot.map(Arc::from);
        self.pending = None;
        self.starting = false;
    }

    /// Takes in what systemd says.
    pub(crate) fn unit(&mut self, event: UnitEvent, place: Place) {
        match event {
            UnitEvent::Starting | UnitEvent::Started => self.started(event, place),
            UnitEvent::Ended => {
                if let Some(life) = self.lives.last_mut().filter(|life| !life.end_seen) {
                    life.last = place;
                }
                self.end();
                self.pending = None;
                self.starting = false;
            }
            UnitEvent::Suppressed => self.hole(),
        }
    }

    /// Records are missing here.
    pub(crate) fn hole(&mut self) {
        if let Some(life) = self.lives.last_mut() {
            life.cut = true;
        }
    }

    fn started(&mut self, event: UnitEvent, place: Place) {
        let open = self.lives.last().is_some_and(|life| !life.end_seen);
        if event == UnitEvent::Started && self.starting && open {
            self.starting = false;
            return;
        }
        self.starting = event == UnitEvent::Starting;
        if open {
            self.pending = Some(place);
        } else {
            self.begin(None, place, true);
        }
    }

    /// The life that a kubelet record belongs to.
    pub(crate) fn record(&mut self, pid: Option<u32>, opening: Opening, place: Place) -> usize {
        let life = self.owner(pid, opening).unwrap_or_else(|| {
            let pending = self.pending.take();
            let start_seen = pending.is_some() || opening != Opening::None;
            self.end();
            self.begin(pid, pending.unwrap_or(place), start_seen)
        });
        if let Some(draft) = self.lives.get_mut(life) {
            draft.pid = draft.pid.or(pid);
            draft.start_seen |= opening == Opening::Banner;
            if opening == Opening::Banner {
                draft.banner.get_or_insert(place);
            }
            draft.records += 1;
            if draft.last.ordinal < place.ordinal {
                draft.last = place;
            }
        }
        if Some(life) == self.current() {
            self.pending = None;
        }
        life
    }

    /// The life that a line of systemd next to the kubelet's belongs to.
    pub(crate) fn current(&self) -> Option<usize> {
        self.lives.len().checked_sub(1)
    }

    pub(crate) fn lives(&self) -> &[Draft] {
        &self.lives
    }

    /// Whether lives were folded since the last question, so that each one's number is now [`after_folding`].
    pub(crate) fn take_folded(&mut self) -> bool {
        std::mem::take(&mut self.folded)
    }

    /// Makes one life of the oldest. Its first and last records, its boots and what was cut stay true of all of them.
    fn fold(&mut self) {
        let rest = self.lives.split_off(FOLDED);
        let oldest = std::mem::replace(&mut self.lives, rest);
        let records = oldest.iter().map(|life| life.records).sum();
        let mut oldest = oldest.into_iter();
        let (Some(mut life), Some(last)) = (oldest.next(), oldest.next_back()) else {
            return;
        };
        life.pid = None;
        life.end_seen = true;
        life.cut = true;
        life.last = last.last;
        life.records = records;
        self.lives.insert(0, life);
        self.folded = true;
    }

    /// The life among the latest to which a record of this process belongs.
    fn owner(&self, pid: Option<u32>, opening: Opening) -> Option<usize> {
        let (last, draft) = self.lives.iter().enumerate().next_back()?;
        // In containers every process has the same id.
        let again =
            draft.banner.is_some() && opening != Opening::None && pid.is_none_or(|pid| pid == 1);
        if draft.boot != self.boot {
            return None;
        }
        match (pid, draft.pid) {
            (Some(pid), Some(own)) if pid != own => self
                .lives
                .iter()
                .enumerate()
                .rev()
                .take(LATE)
                .find(|(_, life)| {
                    life.pid == Some(pid) && life.boot == self.boot && opening == Opening::None
                })
                .map(|(at, _)| at),
            // A process that is known by nothing else shows itself by its first lines.
            _ if again => None,
            (None, _) if self.pending.is_some() || draft.end_seen && opening != Opening::None => {
                None
            }
            _ => Some(last),
        }
    }

    fn begin(&mut self, pid: Option<u32>, place: Place, start_seen: bool) -> usize {
        if self.lives.len() >= MAX_LIVES {
            self.fold();
        }
        self.lives.push(Draft {
            boot: self.boot.clone(),
            pid,
            start_seen,
            end_seen: false,
            cut: false,
            first: place,
            last: place,
            records: 0,
            banner: None,
        });
        self.lives.len() - 1
    }

    fn end(&mut self) {
        if let Some(life) = self.lives.last_mut() {
            life.end_seen = true;
        }
    }
}

/// A unit whose news cut lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Its main process is the kubelet or holds it.
    Kubelet,
    /// Its main process has the kubelet as a child.
    Supervisor,
}

/// What a systemd message says about a unit that runs the kubelet; `None` for other units and other news.
pub(crate) fn unit_event(text: &[u8]) -> Option<(Unit, UnitEvent)> {
    let text = std::str::from_utf8(text).ok()?;
    let event = event(text)?;
    Some((unit(text)?, event))
}

/// Whether a systemd message is of the kind that [`unit_event`] looks at, whatever numbers are in it.
pub(crate) fn is_unit_event(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| event(text).is_some())
}

fn event(text: &str) -> Option<UnitEvent> {
    if text.starts_with("Starting ") {
        Some(UnitEvent::Starting)
    } else if text.starts_with("Started ") {
        Some(UnitEvent::Started)
    } else if text.starts_with("Suppressed ") {
        Some(UnitEvent::Suppressed)
    } else {
        is_end(text).then_some(UnitEvent::Ended)
    }
}

fn is_end(text: &str) -> bool {
    text.starts_with("Stopped ")
        || text.starts_with("Failed to start ")
        || [
            "ain process exited",
            ": Failed with result",
            ": Deactivated successfully",
            "entered failed state",
            ": Succeeded.",
        ]
        .iter()
        .any(|phrase| text.contains(phrase))
}

fn unit(text: &str) -> Option<Unit> {
    const KUBELET: [&str; 7] = [
        "kubelet",
        "Kubelet",
        "k3s",
        "Lightweight Kubernetes",
        "daemon-kubelite",
        "icroShift",
        "microshift",
    ];
    const SUPERVISOR: [&str; 3] = ["rke2", "Rancher Kubernetes Engine", "k0s"];
    let names = |list: &[&str]| list.iter().any(|name| text.contains(name));
    if names(&KUBELET) {
        Some(Unit::Kubelet)
    } else {
        names(&SUPERVISOR).then_some(Unit::Supervisor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ordinal: u64) -> Place {
        Place {
            stream: 0,
            ordinal,
            is_timed: false,
            order: None,
            entry: 0,
            line: 0,
        }
    }

    fn summary(cutter: &Cutter) -> Vec<(Option<u32>, bool, bool, u64)> {
        cutter
            .lives()
            .iter()
            .map(|life| (life.pid, life.start_seen, life.end_seen, life.records))
            .collect()
    }

    #[test]
    fn a_crash_loop_is_one_life_per_process() {
        let mut cutter = Cutter::default();
        cutter.record(Some(7), Opening::None, at(1));
        cutter.unit(UnitEvent::Ended, at(2));
        cutter.unit(UnitEvent::Ended, at(3));
        cutter.unit(UnitEvent::Started, at(4));
        cutter.record(Some(8), Opening::Preamble, at(5));
        cutter.record(Some(8), Opening::Banner, at(6));
        cutter.unit(UnitEvent::Ended, at(7));
        cutter.unit(UnitEvent::Started, at(8));
        cutter.unit(UnitEvent::Ended, at(9));
        assert_eq!(
            summary(&cutter),
            [
                (Some(7), false, true, 1),
                (Some(8), true, true, 2),
                (None, true, true, 0)
            ]
        );
    }

    #[test]
    fn started_after_starting_is_the_same_run() {
        let mut cutter = Cutter::default();
        cutter.unit(UnitEvent::Starting, at(1));
        cutter.record(Some(7), Opening::None, at(2));
        cutter.unit(UnitEvent::Started, at(3));
        cutter.record(Some(7), Opening::None, at(4));
        assert_eq!(summary(&cutter), [(Some(7), true, false, 2)]);
    }

    #[test]
    fn a_pid_that_is_used_again_after_a_reboot_is_another_life() {
        let mut cutter = Cutter::default();
        cutter.boot(Some("a"));
        cutter.record(Some(61), Opening::Banner, at(1));
        cutter.boot(Some("b"));
        cutter.record(Some(61), Opening::None, at(2));
        cutter.boot(Some("b"));
        cutter.record(Some(61), Opening::None, at(3));
        assert_eq!(
            summary(&cutter),
            [(Some(61), true, true, 1), (Some(61), false, false, 2)]
        );
    }

    #[test]
    fn a_late_line_goes_to_its_own_process() {
        let mut cutter = Cutter::default();
        cutter.record(Some(7), Opening::None, at(1));
        cutter.record(Some(8), Opening::Banner, at(2));
        assert_eq!(cutter.record(Some(7), Opening::None, at(3)), 0);
        assert_eq!(cutter.record(Some(8), Opening::None, at(4)), 1);
    }

    #[test]
    fn without_pids_the_version_line_cuts() {
        let mut cutter = Cutter::default();
        for (ordinal, opening) in [
            (1, Opening::Preamble),
            (2, Opening::Banner),
            (3, Opening::None),
            (4, Opening::Preamble),
            (5, Opening::Banner),
        ] {
            cutter.record(None, opening, at(ordinal));
        }
        assert_eq!(
            summary(&cutter),
            [(None, true, true, 3), (None, true, false, 2)]
        );
    }

    #[test]
    fn a_crash_loop_of_days_keeps_its_latest_lives() {
        let mut cutter = Cutter::default();
        for n in 0..10_000_u32 {
            cutter.record(Some(n + 2), Opening::Banner, at(n.into()));
        }
        let lives = cutter.lives();
        assert!(lives.len() <= MAX_LIVES && lives.len() > FOLDED);
        assert_eq!(lives.iter().map(|life| life.records).sum::<u64>(), 10_000);
        assert_eq!(lives.last().unwrap().pid, Some(10_001));
        assert!(lives[0].cut && lives[0].first == at(0));
        assert_eq!([0, 1023, 1024, 2047].map(after_folding), [0, 0, 1, 1024]);
    }

    #[test]
    fn only_units_that_run_the_kubelet_count() {
        for (text, want) in [
            (
                "Started kubelet.service - kubelet: The Kubernetes Node Agent.",
                Some(UnitEvent::Started),
            ),
            (
                "Starting Lightweight Kubernetes...",
                Some(UnitEvent::Starting),
            ),
            (
                "kubelet.service: Main process exited, code=exited, status=255/n/a",
                Some(UnitEvent::Ended),
            ),
            (
                "Unit kubelet.service entered failed state.",
                Some(UnitEvent::Ended),
            ),
            (
                "Suppressed 12 messages from kubelet.service",
                Some(UnitEvent::Suppressed),
            ),
            ("Started containerd container runtime.", None),
            (
                "kubelet.service: Scheduled restart job, restart counter is at 2.",
                None,
            ),
        ] {
            assert_eq!(
                unit_event(text.as_bytes()).map(|(_, event)| event),
                want,
                "{text}"
            );
        }
    }
}
