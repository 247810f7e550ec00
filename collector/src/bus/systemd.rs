//! What systemd is asked: states of units, failed units, jobs, and what the kubelet's unit waits for.

use super::connection::{Connection, Reply, refused};
use super::value::Value;
use crate::host::door::Door;
use crate::host::wire::Failure;
use crate::node::units::patterns;
use crate::spec::matches;
use chrono::{DateTime, SecondsFormat};
use nodebundle_bundle::Outcome;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// What is wanted of systemd.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SystemdAsk {
    /// What about.
    pub(crate) about: About,
    /// Whether the system bus runs: connecting to it would start it otherwise.
    pub(crate) bus_runs: bool,
    /// How long all questions together may take.
    pub(crate) timeout_ms: u64,
}

/// What systemd is asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum About {
    /// These units, and loaded ones that are of interest.
    Units(Vec<String>),
    /// The manager, failed units, jobs, and what this unit needs.
    Manager(String),
}

/// What systemd said. Property names are its own, times are RFC 3339 in UTC.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct SystemdAnswer {
    /// `bus`, or `systemd` where it was asked without a bus.
    pub(crate) from: String,
    /// Properties of the manager.
    pub(crate) manager: Map<String, Json>,
    /// Units by name; of the manager's answer the failed ones.
    pub(crate) units: Vec<Json>,
    /// Jobs that run or wait.
    pub(crate) jobs: Vec<Json>,
    /// What the unit needs or follows, nearest first.
    pub(crate) needs: Vec<Json>,
    /// Why the answer is not whole.
    pub(crate) incomplete: Option<String>,
}

/// Asks over the system bus; where that does not run or does not answer, root asks systemd itself.
pub(crate) fn ask(door: &Door, ask: &SystemdAsk) -> Result<SystemdAnswer, Failure> {
    let deadline = Instant::now() + Duration::from_millis(ask.timeout_ms);
    let over_bus = if ask.bus_runs {
        Connection::bus(door).and_then(|bus| answer(bus, "bus", ask, deadline))
    } else {
        Err(Failure::new(
            Outcome::Skipped,
            "the system bus does not run",
        ))
    };
    match over_bus {
        Err(_) if rustix::process::geteuid().is_root() => {
            let systemd = Connection::private(door)?;
            answer(systemd, "systemd", ask, deadline)
        }
        other => other,
    }
}

fn answer(
    connection: Connection,
    from: &str,
    ask: &SystemdAsk,
    deadline: Instant,
) -> Result<SystemdAnswer, Failure> {
    let mut systemd = Systemd {
        connection,
        deadline,
        answer: SystemdAnswer {
            from: from.to_owned(),
            ..SystemdAnswer::default()
        },
    };
    let done = match &ask.about {
        About::Units(names) => systemd.states(names),
        About::Manager(unit) => systemd.manager(unit),
    };
    let mut answer = systemd.answer;
    match done {
        Ok(()) => {}
        Err(failure) if answer.units.is_empty() && answer.manager.is_empty() => {
            return Err(failure);
        }
        Err(failure) => answer.incomplete = failure.reason,
    }
    Ok(answer)
}

struct Systemd {
    connection: Connection,
    deadline: Instant,
    answer: SystemdAnswer,
}

type Properties = BTreeMap<String, Value>;

impl Systemd {
    fn states(&mut self, names: &[String]) -> Result<(), Failure> {
        let mut wanted: BTreeSet<String> = names.iter().cloned().collect();
        let loaded = self.loaded()?;
        let loaded = loaded.iter().filter_map(|unit| text(unit, 0));
        wanted.extend(
            loaded
                .filter(|name| patterns().any(|pattern| matches(pattern, name)))
                .map(str::to_owned),
        );
        // A template is no unit.
        for name in wanted.iter().filter(|name| !name.contains("@.")) {
            // An empty interface asks for the properties of all of them.
            if let Some(properties) = self.properties(&unit_path(name), "")? {
                let state = chosen(&properties, UNIT_PROPERTIES);
                self.answer.units.push(Json::Object(state));
            }
        }
        Ok(())
    }

    fn manager(&mut self, unit: &str) -> Result<(), Failure> {
        if let Some(properties) = self.properties(MANAGER_PATH, MANAGER)? {
            self.answer.manager = chosen(&properties, MANAGER_PROPERTIES);
        }
        let loaded = self.loaded()?;
        let failed = loaded.iter().filter(|unit| text(unit, 3) == Some("failed"));
        self.answer.units = failed.map(|unit| object(unit, LISTED_UNIT)).collect();
        if let Ok(jobs) = self.call(MANAGER_PATH, MANAGER, "ListJobs", &[])? {
            let jobs = jobs.first().map(Value::items).unwrap_or_default();
            self.answer.jobs = jobs.iter().map(|job| object(job, LISTED_JOB)).collect();
        }
        self.needs(unit)
    }

    /// What the unit needs or follows; of what is not up also what that follows in turn.
    fn needs(&mut self, unit: &str) -> Result<(), Failure> {
        let mut seen = BTreeSet::from([unit.to_owned()]);
        let mut queue = VecDeque::from([(unit.to_owned(), None)]);
        while let Some((name, needed)) = queue.pop_front() {
            let Some(properties) = self.properties(&unit_path(&name), UNIT)? else {
                continue;
            };
            let is_up = properties.get("ActiveState").and_then(Value::as_text) == Some("active");
            let is_root = needed.is_none();
            if let Some((relation, of)) = needed {
                let mut state = chosen(&properties, NEED_PROPERTIES);
                state.insert("Relation".into(), json!(relation));
                state.insert("Of".into(), Json::String(of));
                self.answer.needs.push(Json::Object(state));
            }
            if is_up && !is_root {
                continue;
            }
            for relation in RELATIONS {
                let others = properties.get(*relation).map(Value::items);
                for other in others.unwrap_or_default().iter().filter_map(Value::as_text) {
                    if seen.len() < MAX_NEEDS && seen.insert(other.to_owned()) {
                        queue.push_back((other.to_owned(), Some((*relation, name.clone()))));
                    }
                }
            }
        }
        Ok(())
    }

    fn loaded(&mut self) -> Result<Vec<Value>, Failure> {
        match self.call(MANAGER_PATH, MANAGER, "ListUnits", &[])? {
            Ok(units) => Ok(units
                .first()
                .map(|list| list.items().to_vec())
                .unwrap_or_default()),
            Err(name) => Err(refused(&name)),
        }
    }

    /// Properties of an object; `None` when systemd has no such object, or it cannot be loaded.
    fn properties(&mut self, path: &str, interface: &str) -> Result<Option<Properties>, Failure> {
        let Ok(reply) = self.call(path, PROPERTIES, "GetAll", &[interface])? else {
            return Ok(None);
        };
        let pairs = reply.first().map(Value::items).unwrap_or_default();
        let named = pairs.iter().filter_map(|pair| {
            let name = pair.items().first()?.as_text()?.to_owned();
            Some((name, pair.items().get(1)?.clone()))
        });
        Ok(Some(named.collect()))
    }

    fn call(
        &mut self,
        path: &str,
        interface: &str,
        member: &str,
        arguments: &[&str],
    ) -> Result<Reply, Failure> {
        if Instant::now() > self.deadline {
            return Err(Failure::timeout("systemd answered too slowly"));
        }
        self.connection.call(path, interface, member, arguments)
    }
}

/// Object path of a unit: whatever is no letter, and no digit after the first character, in hexadecimal.
fn unit_path(name: &str) -> String {
    let mut path = "/org/freedesktop/systemd1/unit/".to_owned();
    for (at, byte) in name.bytes().enumerate() {
        if byte.is_ascii_alphabetic() || (at > 0 && byte.is_ascii_digit()) {
            path.push(char::from(byte));
        } else {
            write!(path, "_{byte:02x}").ok();
        }
    }
    path
}

fn chosen(properties: &Properties, names: &[&str]) -> Map<String, Json> {
    // Conditions that were never checked are said to have failed.
    let checked = |name: &str| match name {
        "ConditionResult" => properties.get("ConditionTimestamp") != Some(&Value::Int(0)),
        "AssertResult" => properties.get("AssertTimestamp") != Some(&Value::Int(0)),
        _ => true,
    };
    let names = names.iter().filter(|name| checked(name));
    let chosen = names.filter_map(|name| {
        let value = json_value(name, properties.get(*name)?)?;
        Some(((*name).to_owned(), value))
    });
    chosen.collect()
}

/// Fields of a struct under names; an empty name leaves a field out.
fn object(value: &Value, names: &[&str]) -> Json {
    let named = names.iter().zip(value.items());
    let named = named.filter(|(name, _)| !name.is_empty());
    let fields =
        named.filter_map(|(name, value)| Some(((*name).to_owned(), json_value(name, value)?)));
    Json::Object(fields.collect())
}

/// `None` for what is not set.
fn json_value(name: &str, value: &Value) -> Option<Json> {
    Some(match value {
        Value::Int(0) if name.ends_with("Timestamp") => return None,
        Value::Int(time) if name.ends_with("Timestamp") => {
            let time = DateTime::from_timestamp_micros(*time)?;
            json!(time.to_rfc3339_opts(SecondsFormat::Micros, true))
        }
        Value::Int(number) => json!(number),
        Value::Bool(truth) => json!(truth),
        Value::Text(text) if text.is_empty() => return None,
        Value::Text(text) => json!(text),
        Value::List(items) => {
            let texts: Vec<&str> = items.iter().filter_map(Value::as_text).collect();
            json!(texts)
        }
        Value::Unset | Value::Double | Value::Struct(_) => return None,
    })
}

fn text(unit: &Value, at: usize) -> Option<&str> {
    unit.items().get(at)?.as_text()
}

const MANAGER_PATH: &str = "/org/freedesktop/systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const UNIT: &str = "org.freedesktop.systemd1.Unit";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// What is stored of a unit, also where `systemctl show` is asked.
pub(crate) const UNIT_PROPERTIES: &[&str] = &[
    "Id",
    "Names",
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "NRestarts",
    "UnitFileState",
    "FragmentPath",
    "DropInPaths",
    "NeedDaemonReload",
    "ExecMainCode",
    "ExecMainStatus",
    "ExecMainPID",
    "MainPID",
    "ConditionResult",
    "AssertResult",
    "Type",
    "StateChangeTimestamp",
    "ActiveEnterTimestamp",
    "ActiveExitTimestamp",
    "InactiveEnterTimestamp",
    "InactiveExitTimestamp",
    "ConditionTimestamp",
    "AssertTimestamp",
    "ExecMainStartTimestamp",
    "ExecMainExitTimestamp",
    "MemoryCurrent",
    "MemoryMax",
    "TasksCurrent",
    "TasksMax",
    "LimitNOFILE",
    "Slice",
];

const MANAGER_PROPERTIES: &[&str] = &[
    "Version",
    "SystemState",
    "Tainted",
    "Virtualization",
    "NNames",
    "NFailedUnits",
    "NJobs",
    "UserspaceTimestamp",
    "FinishTimestamp",
];

const NEED_PROPERTIES: &[&str] = &[
    "Id",
    "LoadState",
    "ActiveState",
    "SubState",
    "ConditionResult",
    "ActiveEnterTimestamp",
];

/// Fields of `ListUnits`.
const LISTED_UNIT: &[&str] = &["Id", "Description", "LoadState", "ActiveState", "SubState"];
/// Fields of `ListJobs`.
const LISTED_JOB: &[&str] = &["Job", "Unit", "JobType", "State"];
/// Strong relations first: a unit is named under the first that holds.
const RELATIONS: &[&str] = &["Requires", "Requisite", "BindsTo", "Wants", "After"];
/// More units are not followed.
const MAX_NEEDS: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unit_names_are_escaped_as_systemd_does() {
        assert_eq!(
            unit_path("cri-docker.service"),
            "/org/freedesktop/systemd1/unit/cri_2ddocker_2eservice"
        );
        assert_eq!(unit_path("9p@a"), "/org/freedesktop/systemd1/unit/_39p_40a");
    }

    #[test]
    fn what_is_not_set_is_left_out_and_times_are_written_out() {
        let properties = Properties::from([
            ("Id".into(), Value::Text("kubelet.service".into())),
            ("MemoryMax".into(), Value::Unset),
            ("NRestarts".into(), Value::Int(3)),
            ("ActiveExitTimestamp".into(), Value::Int(0)),
            (
                "ActiveEnterTimestamp".into(),
                Value::Int(1_700_000_000_000_000),
            ),
            (
                "DropInPaths".into(),
                Value::List(vec![Value::Text("/a".into())]),
            ),
            ("ExecStart".into(), Value::List(Vec::new())),
            ("ConditionResult".into(), Value::Bool(false)),
            ("ConditionTimestamp".into(), Value::Int(0)),
        ]);
        let expected = json!({
            "Id": "kubelet.service", "NRestarts": 3, "DropInPaths": ["/a"],
            "ActiveEnterTimestamp": "2023-11-14T22:13:20.000000Z",
        });
        assert_eq!(Json::Object(chosen(&properties, UNIT_PROPERTIES)), expected);
    }

    #[test]
    fn listed_jobs_get_names() {
        let job = Value::Struct(vec![
            Value::Int(7),
            Value::Text("kubelet.service".into()),
            Value::Text("start".into()),
            Value::Text("waiting".into()),
            Value::Text("/job".into()),
            Value::Text("/unit".into()),
        ]);
        assert_eq!(
            object(&job, LISTED_JOB),
            json!({"Job": 7, "Unit": "kubelet.service", "JobType": "start", "State": "waiting"})
        );
    }
}
