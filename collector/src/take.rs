//! Takes the items of the specs one by one, logs last.

use crate::events::{Event, Events};
use crate::host::Host;
use crate::host::wire::{Failure, Ran};
use crate::node::Node;
use crate::probe::{Probe, ProbeContext};
use crate::profile::{self, Narrowed};
use crate::spec::{self, Item, Source, Spec, Tier, command_entry};
use crate::user_spec::UserItem;
use crate::vault::{FULL, Open, Vault};
use crate::verdict::Seen;
use nodebundle_bundle::Outcome;
use nodebundle_bundle::writer::WriteError;
use std::collections::BTreeSet;
use std::io::Write;

/// One collection under way.
pub(crate) struct Taking<'a, W: Write> {
    pub(crate) host: &'a mut Host,
    pub(crate) node: &'a Node,
    pub(crate) vault: &'a mut Vault<W>,
    pub(crate) events: &'a mut Events,
    pub(crate) choice: &'a Choice,
    /// Text of `plan.json` until it is stored.
    pub(crate) plan: Option<String>,
    pub(crate) claimed: BTreeSet<String>,
    pub(crate) journals: Vec<crate::take_journal::TakenJournal>,
    pub(crate) seen: &'a mut Seen,
    pub(crate) done: u64,
    pub(crate) total: u64,
}

/// Which items are wanted.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line or of the place"
)]
#[derive(Debug, Clone, Default)]
pub(crate) struct Choice {
    /// Specs or items by name that are left out.
    pub(crate) without: Vec<String>,
    /// T2 items by name that are taken too.
    pub(crate) with: Vec<String>,
    /// Microseconds since 1970; older log records are left out.
    pub(crate) since: Option<u64>,
    /// Only T0, for lack of space.
    pub(crate) least: bool,
    /// What a person says the node is.
    pub(crate) profile: Narrowed,
    /// Ask the node and its API server: a running host, and not `--no-probes`.
    pub(crate) probes: bool,
    /// Probes may use the node's credential.
    pub(crate) credential: bool,
    /// Items of `--spec`.
    pub(crate) user_items: Vec<UserItem>,
    /// Their commands may run.
    pub(crate) spec_commands: bool,
}

impl Choice {
    /// Whether an item is taken.
    pub(crate) fn wants(&self, spec: &Spec, item: &Item) -> bool {
        let id = id(spec, item);
        let named = |names: &[String]| names.iter().any(|name| *name == spec.name || *name == id);
        let other = |only: &profile::Profile| {
            only.spec.name != spec.name && profile::named(spec.name).is_some()
        };
        if self.profile.is_some_and(other) {
            return false;
        }
        let tier = match item.tier {
            Tier::T0 => true,
            Tier::T1 => !self.least,
            Tier::T2 => named(&self.with),
        };
        tier && !named(&self.without)
    }

    /// Whether a probe is asked for: each of its own accord, some only by name.
    pub(crate) fn wants_probe(&self, probe: &Probe) -> bool {
        let id = format!("probe/{}", probe.name);
        !probe.on_request || self.with.contains(&id)
    }

    /// Whether a probe was left out by name: `probe` for all, `probe/<name>` for one.
    pub(crate) fn leaves_out(&self, probe: &str) -> bool {
        let mut names = self.without.iter();
        names.any(|name| name == "probe" || name == probe)
    }

    /// Whether an item of `--spec` is taken.
    pub(crate) fn wants_user(&self, item: &UserItem) -> bool {
        !self.without.contains(&item.record_id())
    }
}

/// Names that neither a spec, an item, a probe nor an item of `--spec` has.
pub(crate) fn unknown_names(names: &[String], user_items: &[UserItem]) -> Vec<String> {
    let mut known: BTreeSet<String> = user_items.iter().map(UserItem::record_id).collect();
    for spec in spec::all() {
        known.insert(spec.name.to_owned());
        known.extend(spec.items.iter().map(|item| id(spec, item)));
    }
    known.insert("probe".to_owned());
    known.extend(
        crate::probes::ALL
            .iter()
            .map(|probe| format!("probe/{}", probe.name)),
    );
    let names = names.iter().filter(|name| !known.contains(*name));
    names.cloned().collect()
}

/// `<spec>/<item>`
pub(crate) fn id(spec: &Spec, item: &Item) -> String {
    format!("{}/{}", spec.name, item.name)
}

/// Items in the order in which they are taken: the first tier, then the others; in each facts, files, logs, and
/// what needs time to pass. So half a bundle holds what decides.
pub(crate) fn in_order(choice: &Choice) -> Vec<(&'static Spec, &'static Item)> {
    let mut items: Vec<(&Spec, &Item)> = spec::all()
        .flat_map(|spec| spec.items.iter().map(move |item| (spec, item)))
        .filter(|(spec, item)| choice.wants(spec, item))
        .collect();
    items.sort_by_key(|(_, item)| {
        let is_fact = matches!(item.source, Source::Fact { .. });
        (
            item.tier != Tier::T0,
            item.source.turn(),
            item.tier,
            !is_fact,
        )
    });
    items
}

impl<W: Write> Taking<'_, W> {
    /// Takes everything; stops early, with the reason, when time, space or a signal says so.
    pub(crate) fn all(&mut self) -> Result<Option<String>, WriteError> {
        let items = in_order(self.choice);
        self.total = items.len() as u64;
        let (mut cut, mut short) = (None, None);
        let mut probed = false;
        for (spec, item) in items {
            if item.tier != Tier::T0 {
                self.end_first_tier()?;
            }
            if item.source.turn() > 0 && !std::mem::replace(&mut probed, true) {
                self.vault.tell_undetected("files")?;
                self.user_items()?;
                self.probes()?;
            }
            self.vault.mind_the_room();
            if cut.is_none() {
                cut = self.reason_to_stop();
            }
            let spared = self.spared(item).map(str::to_owned);
            if let Some(why) = cut.clone().or(spared) {
                let source = item.source.describe();
                let open = self.vault.open_item(id(spec, item), item, &source);
                self.vault
                    .fail(open, &Failure::new(Outcome::Skipped, why.clone()))?;
                short.get_or_insert(why);
                continue;
            }
            self.vault.look_for(self.undetected(spec));
            self.item(spec, item)?;
            self.done += 1;
        }
        self.end_first_tier()?;
        self.journal_facts("journals-more")?;
        self.vault.tell_undetected("logs")?;
        if self.vault.passed_over() {
            short.get_or_insert_with(|| FULL.to_owned());
        }
        Ok(cut.or_else(|| self.reason_to_stop()).or(short))
    }

    /// Stores what belongs behind the first tier, once: facts on its journals, and the plan.
    fn end_first_tier(&mut self) -> Result<(), WriteError> {
        let Some(plan) = self.plan.take() else {
            return Ok(());
        };
        self.journal_facts("journals")?;
        self.vault.plan(&plan)
    }

    /// The distribution that a spec is of, when all are looked for and this one was not found.
    fn undetected(&self, spec: &Spec) -> Option<&'static str> {
        let name = profile::named(spec.name)?.spec.name;
        let mut found = self.node.profiles.iter();
        let is_found = found.any(|found| found.profile.spec.name == name);
        (self.choice.profile.is_none() && !is_found).then_some(name)
    }

    /// Why the rest is left out.
    pub(crate) fn reason_to_stop(&self) -> Option<String> {
        if let Some(why) = self.host.stop().why() {
            return Some(why.to_owned());
        }
        self.vault.is_full().then(|| FULL.to_owned())
    }

    fn probes(&mut self) -> Result<(), WriteError> {
        let probes = crate::probes::ALL.iter();
        for probe in probes.filter(|probe| self.choice.wants_probe(probe)) {
            let id = format!("probe/{}", probe.name);
            let open = self
                .vault
                .open(id.clone(), "probe", &format!("probe: {}", probe.name));
            let result = match (self.choice.probes, self.reason_to_stop()) {
                (false, _) => Err(Failure::new(Outcome::Skipped, "probes are off")),
                _ if self.choice.leaves_out(&id) => {
                    Err(Failure::new(Outcome::Skipped, "left out by --without"))
                }
                (_, Some(why)) => Err(Failure::new(Outcome::Skipped, why)),
                _ => (probe.run)(&mut ProbeContext {
                    host: self.host,
                    node: self.node,
                    may_use_credential: self.choice.credential,
                }),
            };
            self.seen.answer(probe.name, &result);
            let outcome = match result {
                Ok(text) => self
                    .vault
                    .text(open, &format!("probes/{}.json", probe.name), &text)?,
                Err(failure) => self.vault.fail(open, &failure)?,
            };
            self.finished(id, outcome);
        }
        Ok(())
    }

    fn item(&mut self, spec: &Spec, item: &Item) -> Result<(), WriteError> {
        let id = id(spec, item);
        match &item.source {
            Source::File(path)
            | Source::Log(path)
            | Source::Folder { path, .. }
            | Source::Logs { path, .. } => self.files(&id, item, path),
            Source::Named { paths, .. } => {
                for path in paths(self.node) {
                    self.file(format!("{id}:{path}"), item, &path)?;
                }
                Ok(())
            }
            Source::NamedListing { paths, .. } => {
                for path in paths(self.node) {
                    self.listing(format!("{id}:{path}"), item, &path)?;
                }
                Ok(())
            }
            Source::Rewritten { make, .. } => {
                for (path, taken) in make(self.host, self.node) {
                    self.store(format!("{id}:{path}"), item, &path, taken)?;
                }
                Ok(())
            }
            Source::Listing(path) => self.listings(&id, item, path),
            Source::Fact { topic, make } | Source::LateFact { topic, make } => {
                self.fact(id, item, topic, *make)
            }
            Source::Command(argv) => self.command(id, item, argv, str::to_owned),
            Source::CarefulCommand { argv, unless, keep } => match self.why_not(*unless) {
                None => self.command(id, item, argv, *keep),
                Some(why) => self.refuse(id, item, &why),
            },
            Source::NamedCommands { argvs, .. } => {
                for argv in argvs(self.node) {
                    self.version(&id, item, &argv)?;
                }
                Ok(())
            }
            Source::Journal { unit, programs } => self.journals(&id, item, unit, programs),
            Source::Kernel => self.kernel(id, item),
            Source::FoundLogs { find, .. } => {
                let files = find(self.host, self.node);
                self.logs(&id, item, &files)
            }
        }
    }

    fn fact(
        &mut self,
        id: String,
        item: &Item,
        topic: &str,
        make: fn(&mut Host, &Node) -> Result<String, Failure>,
    ) -> Result<(), WriteError> {
        let mut open = self
            .vault
            .open_item(id.clone(), item, &item.source.describe());
        let unanswered = self.host.unanswered();
        let made = make(self.host, self.node);
        if self.host.unanswered() > unanswered {
            open.record.outcome = Outcome::Truncated;
            open.record.reason = Some("some sources did not answer in time".to_owned());
        }
        if let Ok(text) = &made {
            self.seen.fact(topic, text);
        }
        let outcome = match made {
            Ok(text) => self
                .vault
                .text(open, &format!("facts/{topic}.json"), &text)?,
            Err(failure) => self.vault.fail(open, &failure)?,
        };
        self.finished(id, outcome);
        Ok(())
    }

    fn command(
        &mut self,
        id: String,
        item: &Item,
        argv: &[&str],
        keep: fn(&str) -> String,
    ) -> Result<(), WriteError> {
        let source = format!("command: {}", argv.join(" "));
        let open = self.vault.open_item(id.clone(), item, &source);
        let ran = self.host.run(argv, item.cap).map(|(ran, output)| {
            let kept = keep(&String::from_utf8_lossy(&output));
            (ran, kept.into_bytes())
        });
        let outcome = self.output(open, &command_entry(argv), ran)?;
        self.finished(id, outcome);
        Ok(())
    }

    /// Stores what a program printed, also when the time limit ended it.
    pub(crate) fn output(
        &mut self,
        mut open: Open,
        entry: &str,
        ran: Result<(Ran, Vec<u8>), Failure>,
    ) -> Result<Outcome, WriteError> {
        match ran {
            Err(failure) => self.vault.fail(open, &failure),
            Ok((ran, output)) => {
                open.record.exit = ran.exit;
                open.record.outcome = match (ran.timed_out, ran.cut, ran.exit) {
                    (true, ..) => Outcome::Timeout,
                    (_, true, _) => Outcome::Truncated,
                    (_, _, Some(0)) if output.is_empty() => Outcome::Empty,
                    (_, _, Some(0)) => Outcome::Ok,
                    _ => Outcome::Error,
                };
                let text = String::from_utf8_lossy(&output);
                self.vault.text(open, entry, &text)
            }
        }
    }

    /// Tells the supervisor.
    pub(crate) fn finished(&mut self, id: String, outcome: Outcome) {
        self.events.send(&Event::Item {
            id,
            outcome: outcome.as_str().to_owned(),
            done: self.done,
            total: self.total,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique() {
        let choice = Choice::default();
        let items = in_order(&choice);
        let ids: BTreeSet<String> = items.iter().map(|(spec, item)| id(spec, item)).collect();
        assert_eq!(ids.len(), items.len());
    }

    #[test]
    fn the_first_tier_comes_first_and_in_each_tier_logs_come_behind_files() {
        let items = in_order(&Choice::default());
        let others = items.iter().position(|(_, item)| item.tier != Tier::T0);
        let (first, others) = items.split_at(others.unwrap());
        assert!(others.iter().all(|(_, item)| item.tier != Tier::T0));
        for tier in [first, others] {
            let log = tier.iter().position(|(_, item)| item.source.is_log());
            let behind = &tier[log.unwrap()..];
            assert!(behind.iter().all(|(_, item)| item.source.turn() > 0));
        }
    }
}
