//! The reference of facts, from what the analyzer declares.

use anyhow::{Context as _, Result};
use serde::Deserialize;
use std::fmt::Write as _;

/// A fact as `nodebundle-analyzer dump facts` prints it.
#[derive(Deserialize)]
struct Declared {
    path: String,
    ty: String,
    meaning: String,
    /// What its absence means; empty where it only means that nothing is known.
    null: String,
    needs: String,
    collect_with: String,
}

const INTRODUCTION: &str = "\
# Facts

What rules ask in `when`, `unless` and `let`, by the part of the node that it is of. `nodebundle-analyzer facts INPUT` prints those of an
input with the file and line that each comes from. A fact that the input does not tell is unknown: a condition on it neither holds nor fails.
`null` is a value: what it means stands behind the meaning. `[]` marks records of a list.
";

/// One table for each part of the node.
pub(crate) fn render(json: &str) -> Result<String> {
    let facts: Vec<Declared> = serde_json::from_str(json).context("reading the declared facts")?;
    let mut page = INTRODUCTION.to_owned();
    let mut part = "";
    for fact in &facts {
        let own = fact.path.split(['.', '[']).next().unwrap_or_default();
        if own != part {
            part = own;
            write!(
                page,
                "\n## {part}\n\n| Fact | Type | Meaning | Comes from | Collect it with |\n|---|---|---|---|---|\n"
            )?;
        }
        let null = match fact.null.as_str() {
            "" => String::new(),
            null => format!("; `null`: {null}"),
        };
        let command = match fact.collect_with.as_str() {
            "" => String::new(),
            command => format!("`{command}`"),
        };
        writeln!(
            page,
            "| `{}` | {} | {} | {} | {} |",
            fact.path,
            fact.ty,
            cell(&format!("{}{null}", fact.meaning)).replace('<', "&lt;"),
            cell(&fact.needs),
            cell(&command)
        )?;
    }
    Ok(page)
}

/// A text that ends no cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_node_has_a_table_and_no_text_breaks_it() {
        let json = r#"[
            {"path": "a.one", "ty": "bool", "meaning": "x|y", "null": "none", "needs": "", "collect_with": "p | q"},
            {"path": "b[].two", "ty": "text", "meaning": "z", "null": "", "needs": "log", "collect_with": ""}
        ]"#;
        let page = render(json).unwrap();
        assert!(page.contains("## a\n"), "{page}");
        assert!(
            page.contains("| `a.one` | bool | x\\|y; `null`: none |  | `p \\| q` |\n"),
            "{page}"
        );
        assert!(
            page.ends_with("| `b[].two` | text | z | log |  |\n"),
            "{page}"
        );
    }
}
