//! Why a rule found nothing.

use super::applies::{Applies, applies, kubelet_version};
use super::judge::judge;
use super::unknown::needs;
use super::{Case, evidence};
use crate::condition::Missing;
use crate::finding::Evidence;
use schemars::JsonSchema;
use serde::Serialize;

/// Why a rule found nothing on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "because")]
pub enum WhyNot {
    /// It is for other kubelet versions, or for several nodes compared.
    NotForThisNode {
        /// Versions that it is for; `null` for a rule that compares nodes.
        versions: Option<String>,
        /// The kubelet's version.
        kubelet: Option<String>,
    },
    /// A line suggests it and facts speak against it.
    RuledOut {
        /// What speaks against it.
        by: Vec<Evidence>,
    },
    /// Facts speak against it.
    Against {
        /// What does.
        by: Vec<Evidence>,
    },
    /// Something that it asks for is not in the input.
    Unknown {
        /// What.
        missing: Vec<NotSeen>,
    },
    /// Its condition could not be judged.
    Fault {
        /// What went wrong.
        what: String,
    },
    /// Nothing speaks for it.
    Nothing,
}

/// Something that a rule asks for and the input does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NotSeen {
    /// Path of the fact, or the log.
    pub what: String,
    /// Command that collects what would tell; `null` where no one command does.
    pub collect_with: Option<String>,
}

/// Why the rule of this number found nothing.
pub fn why_not(case: &Case<'_>, number: usize) -> WhyNot {
    let Some((rule, compiled)) = case.rules.get(number) else {
        return WhyNot::Nothing;
    };
    if applies(case, rule, compiled) == Applies::No {
        return WhyNot::NotForThisNode {
            versions: rule.versions.clone(),
            kubelet: kubelet_version(case).map(|version| version.to_string()),
        };
    }
    let judged = judge(case);
    if let Some(out) = judged.ruled_out.iter().find(|one| one.id == rule.id) {
        return WhyNot::RuledOut { by: out.by.clone() };
    }
    if let Some((_, fault)) = judged.faults.iter().find(|(at, _)| *at == number) {
        return WhyNot::Fault {
            what: fault.to_string(),
        };
    }
    if let Some((_, by)) = judged.cleared.iter().find(|(at, _)| *at == number) {
        let by = evidence::collect(case, &[], by);
        return WhyNot::Against { by };
    }
    match judged.unknown.iter().find(|(at, _)| *at == number) {
        Some((_, missing)) => WhyNot::Unknown {
            missing: missing.iter().map(|one| not_seen(case, one)).collect(),
        },
        None => WhyNot::Nothing,
    }
}

fn not_seen(case: &Case<'_>, missing: &Missing) -> NotSeen {
    let what = match missing {
        Missing::Fact(path) => path.clone(),
        Missing::Log(programs) => format!("the log of {}", programs.join(" or ")),
        Missing::Now => "the node's time".to_owned(),
    };
    NotSeen {
        what,
        collect_with: needs(case, missing).map(|(_, command)| command),
    }
}
