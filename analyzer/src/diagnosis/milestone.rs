//! How far the node came, which reports draw as a ladder, as findings.

use super::Case;
use super::judge::judge;
use crate::finding::Finding;

/// What the rule of this number found, past or present; empty where it found nothing.
pub fn milestones(case: &Case<'_>, number: usize) -> Vec<Finding> {
    let judged = judge(case);
    let all = judged.present.into_iter().chain(judged.past);
    all.filter(|one| one.rule == number)
        .map(|one| one.finding)
        .collect()
}
