//! The config map `aws-auth`, and the text that makes it: which roles an EKS cluster takes for nodes.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::parser::Parser;
use crate::source::Source;

/// Reads mappings of AWS roles, as YAML and as Terraform writes them.
pub const PARSER: Parser = Parser {
    name: "aws_auth",
    kind: "mapping of AWS roles to users of the cluster",
    facts: &[],
    accepts,
    parse,
};

/// Words that begin a list of mapped roles.
const HEADS: &[&str] = &["mapRoles", "map_roles", "aws_auth_roles"];

/// Something in the mapping that keeps it from working.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingProblem(pub String);

/// A mapping was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleMapping;

fn accepts(entry: &Entry) -> bool {
    let may = matches!(&entry.source, Source::Named(_) | Source::Command(_));
    may && entry.head().lines().any(|line| begins(line).is_some())
}

/// The word that begins a list, where the line begins one.
fn begins(line: &str) -> Option<&'static str> {
    let key = line.trim_start();
    HEADS.iter().copied().find(|head| {
        key.strip_prefix(head)
            .is_some_and(|rest| rest.trim_start().starts_with([':', '=']))
    })
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let mut inside = false;
    for (line, content) in numbered(&text) {
        if begins(content).is_some() {
            inside = true;
            evidence.push(RoleMapping, entry.at(line));
        } else if inside && let Some(problem) = problem(content) {
            evidence.push(MappingProblem(problem), entry.at(line));
        }
        inside &= !ends(content);
    }
}

/// Whether another part of the document begins: users and accounts have keys of their own.
fn ends(line: &str) -> bool {
    let key = line.trim_start();
    ["mapUsers", "mapAccounts", "map_users", "map_accounts"]
        .iter()
        .any(|other| key.starts_with(other))
}

/// What is wrong with one line of a mapping.
fn problem(line: &str) -> Option<String> {
    let bare = line.trim_start().trim_start_matches("- ").trim_start();
    let (key, value) = bare.split_once([':', '='])?;
    let key = key.trim().trim_matches('"');
    let value = value.trim().trim_matches(['"', ',', '\'', ' ']);
    match key {
        "role_arn" | "roleARN" | "roleArn" | "RoleArn" | "role" => {
            Some(format!("the key {key} is not known, it must be rolearn"))
        }
        "group" | "Groups" => Some(format!("the key {key} is not known, it must be groups")),
        "user" | "user_name" | "userName" => {
            Some(format!("the key {key} is not known, it must be username"))
        }
        "rolearn" => arn_problem(value),
        _ => None,
    }
}

/// What is wrong with the ARN of a role: a path in it, another kind of object, no account.
fn arn_problem(arn: &str) -> Option<String> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, object] = parts.as_slice() else {
        return None;
    };
    if !partition.starts_with("aws") || arn.contains(['$', '<', '{']) {
        return None;
    }
    let (kind, name) = object.split_once('/').unwrap_or((object, ""));
    if kind != "role" {
        return Some(format!("{arn} names no role but: {kind}"));
    }
    if name.contains('/') {
        return Some(format!("{arn} has a path, which must be left out"));
    }
    account
        .is_empty()
        .then(|| format!("{arn} names no account"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::named;

    fn problems(text: &str) -> Vec<String> {
        let evidence = named(&PARSER, text);
        assert_eq!(evidence.all::<RoleMapping>().len(), 1);
        let found = evidence.all::<MappingProblem>().iter();
        found.map(|piece| piece.value.0.clone()).collect()
    }

    #[test]
    fn a_right_mapping_has_no_problem() {
        let text = "data:\n  mapRoles: |\n    - rolearn: arn:aws:iam::111122223333:role/nodes\n      username: system:node:{{EC2PrivateDNSName}}\n      groups:\n        - system:bootstrappers\n        - system:nodes\n";
        assert!(problems(text).is_empty());
    }

    #[test]
    fn wrong_keys_and_wrong_arns_are_named_where_they_stand() {
        assert_eq!(
            problems("  mapRoles: |\n    - rolearn: arn:aws:iam::111122223333:role/team/nodes\n"),
            ["arn:aws:iam::111122223333:role/team/nodes has a path, which must be left out"]
        );
        assert_eq!(
            problems(
                "  mapRoles: |\n    - rolearn: arn:aws:iam::111122223333:instance-profile/nodes\n"
            ),
            [
                "arn:aws:iam::111122223333:instance-profile/nodes names no role but: instance-profile"
            ]
        );
        assert_eq!(
            problems("map_roles = [\n  {\n    role_arn = \"${x}\"\n    group = \"a\"\n  }\n]\n")
                .len(),
            2
        );
    }

    #[test]
    fn the_users_of_the_same_map_are_not_judged() {
        assert!(problems("mapRoles: |\n  - rolearn: arn:aws:iam::111122223333:role/a\nmapUsers: |\n  - user: x\n").is_empty());
    }
}
