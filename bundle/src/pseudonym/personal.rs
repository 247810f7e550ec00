//! What names a person: e-mail addresses, accounts, entries of a directory.

use super::find::{each, expression, stands_alone};
use super::{Pseudonyms, Swap, names};
use regex::bytes::Regex;
use std::sync::LazyLock;

impl Pseudonyms {
    pub(super) fn swap_personal(&mut self, text: &[u8], swaps: &mut Vec<Swap>) {
        let mails = MAIL
            .iter()
            .flat_map(|expression| expression.captures_iter(text));
        let mut people = Vec::new();
        people.extend(mails.filter_map(|found| {
            let domain = String::from_utf8_lossy(found.get(2)?.as_bytes()).to_ascii_lowercase();
            let is_mail = self.has_learned_domain(&domain) || names::is_internet(&domain, true);
            is_mail.then(|| found.get(1).map(|user| user.range()))?
        }));
        let directory = DIRECTORY.iter().flat_map(|expression| {
            each(expression, text, |range| {
                stands_alone(text, &range).then_some(range)
            })
        });
        for entry in directory {
            let whole = text.get(entry.clone()).unwrap_or_default();
            let values = VALUE.iter().flat_map(|value| value.captures_iter(whole));
            people.extend(values.filter_map(|found| {
                let value = found.get(1)?.range();
                Some(entry.start + value.start..entry.start + value.end)
            }));
        }
        for range in people {
            let original = text.get(range.clone()).unwrap_or_default();
            let original = String::from_utf8_lossy(original).into_owned();
            let with = self.named("user", &original).into_bytes();
            swaps.push(Swap { range, with });
        }
    }
}

/// Accounts of people that a text names as such: in logs of logins and of sudo, and as home folders.
pub(super) fn users_in(text: &[u8]) -> Vec<String> {
    let found = USER.iter().flat_map(|expression| {
        expression
            .captures_iter(text)
            .filter_map(|found| found.iter().skip(1).flatten().next())
            .map(|name| {
                let name = String::from_utf8_lossy(name.as_bytes());
                // The listing of a home folder is `<account>.json`.
                name.strip_suffix(".json").unwrap_or(&name).to_owned()
            })
    });
    let mut users: Vec<String> = found.collect();
    users.sort_unstable();
    users.dedup();
    users
}

static MAIL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    expression(r"(?-u)([A-Za-z0-9][A-Za-z0-9._%+-]*)@((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})\b")
});

/// A distinguished name of a directory has parts `DC=`; those of certificates have none.
static DIRECTORY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    expression(r"(?-u)(?i)(?:(?:cn|ou|uid|o|dc)=[A-Za-z0-9 ._-]+, ?)+dc=[A-Za-z0-9_-]+")
});
static VALUE: LazyLock<Option<Regex>> =
    LazyLock::new(|| expression(r"(?-u)(?i)(?:cn|ou|uid|o|dc)=([A-Za-z0-9 ._-]+)"));
static USER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    expression(concat!(
        r"(?-u)(?:Accepted|Failed) [a-z/-]+ for (?:invalid user )?([A-Za-z0-9._-]+) from",
        r"|[Ii]nvalid user ([A-Za-z0-9._-]+) from",
        r"|session (?:opened|closed) for user ([A-Za-z0-9._-]+)",
        r"|of user ([A-Za-z0-9._-]+)\.",
        r"|sudo(?:\[[0-9]+\])?: +([A-Za-z0-9._-]+) : ",
        r"|authenticating user ([A-Za-z0-9._-]+) ",
        r"|/home/([A-Za-z0-9._-]+)",
    ))
});
