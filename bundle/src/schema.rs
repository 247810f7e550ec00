//! The JSON Schemas of what a bundle says of itself.

use crate::{BundleInfo, Manifest, Record};
use schemars::{Schema, schema_for};
use std::collections::BTreeMap;

/// File name of a schema → the schema of `bundle.json`, of `manifest.json`, and of a line of `manifest/NNNN.jsonl`.
pub fn schema() -> BTreeMap<&'static str, Schema> {
    BTreeMap::from([
        ("bundle.schema.json", schema_for!(BundleInfo)),
        ("manifest.schema.json", schema_for!(Manifest)),
        ("record.schema.json", schema_for!(Record)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;
    use serde_json::Value;

    fn of(name: &str) -> Value {
        schema()[name].as_value().clone()
    }

    #[test]
    fn every_outcome_is_in_the_schema_as_it_is_written() {
        let schema = of("record.schema.json").to_string();
        for outcome in [Outcome::Ok, Outcome::NotApplicable, Outcome::Skipped] {
            assert!(
                schema.contains(&format!("\"const\":\"{outcome}\"")),
                "{schema}"
            );
        }
    }

    #[test]
    fn fields_that_may_be_left_out_are_not_required() {
        let schema = of("manifest.schema.json");
        let required = schema["$defs"]["Record"]["required"].to_string();
        assert!(required.contains("\"outcome\""), "{required}");
        assert!(!required.contains("errno"), "{required}");
        assert_eq!(schema["$defs"]["EntryPath"]["type"], "string", "{schema}");
    }
}
