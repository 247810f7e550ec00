//! Generated documents: what only the types know comes from the programs, the reference of rules and facts from what is declared.

use crate::run::{printed, programs};
use crate::{fact_pages, rule_pages};
use anyhow::{Context as _, Result, bail};
use std::fs;
use std::path::Path;

/// A document that a program prints.
struct Printed {
    path: &'static str,
    program: &'static str,
    arguments: &'static [&'static str],
}

const PRINTED: &[Printed] = &[
    Printed {
        path: "docs/schema/report.schema.json",
        program: "nodebundle-analyzer",
        arguments: &["dump", "schema"],
    },
    Printed {
        path: "docs/schema/look.schema.json",
        program: "nodebundle-analyzer",
        arguments: &["dump", "look-schema"],
    },
    Printed {
        path: "docs/schema/bundle.schema.json",
        program: "nodebundle-analyzer",
        arguments: &["dump", "bundle-schema"],
    },
    Printed {
        path: "docs/schema/manifest.schema.json",
        program: "nodebundle-analyzer",
        arguments: &["dump", "manifest-schema"],
    },
    Printed {
        path: "docs/schema/user-spec.schema.json",
        program: "nodebundle-collector",
        arguments: &["dump", "user-spec-schema"],
    },
    Printed {
        path: "docs/help-analyzer.md",
        program: "nodebundle-analyzer",
        arguments: &["dump", "help"],
    },
    Printed {
        path: "docs/help-collector.md",
        program: "nodebundle-collector",
        arguments: &["dump", "help"],
    },
];

/// Writes every generated document, or with `check` fails when one is stale.
pub(crate) fn run(root: &Path, check: bool) -> Result<()> {
    let folder = programs(root)?;
    let mut wanted = rule_pages::render(root)?;
    let facts = printed(&folder.join("nodebundle-analyzer"), ["dump", "facts"])?;
    wanted.push(("docs/facts.md".to_owned(), fact_pages::render(&facts)?));
    for document in PRINTED {
        wanted.push((
            document.path.to_owned(),
            printed(&folder.join(document.program), document.arguments)?,
        ));
    }
    let mut stale = Vec::new();
    for (path, text) in wanted {
        let target = root.join(&path);
        if fs::read_to_string(&target).ok().as_deref() == Some(text.as_str()) {
            continue;
        }
        if check {
            stale.push(path);
            continue;
        }
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&target, text).with_context(|| format!("writing {path}"))?;
    }
    if !stale.is_empty() {
        bail!("stale, run `cargo xtask docs`: {}", stale.join(", "));
    }
    Ok(())
}
