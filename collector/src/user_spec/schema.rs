//! `docs/schema/user-spec.schema.json`, from the table of keys.

use super::keys::{COMMON, Key, MAX_ITEMS, SECTIONS, Shape};
use serde_json::{Map, Value, json};

/// The JSON schema of a spec file, for editors.
pub(crate) fn schema() -> String {
    let mut sections = Map::new();
    sections.insert(
        "version".to_owned(),
        json!({"const": 1, "description": "Version of this format"}),
    );
    for section in SECTIONS {
        let keys: Vec<&Key> = COMMON.iter().chain([&section.own]).collect();
        let properties: Map<String, Value> = keys
            .iter()
            .map(|key| (key.name.to_owned(), describe(key)))
            .collect();
        let required = keys.iter().filter(|key| key.required);
        let required: Vec<&str> = required.map(|key| key.name).collect();
        let list = json!({
            "description": section.about,
            "type": "array",
            "maxItems": MAX_ITEMS,
            "items": {
                "type": "object",
                "additionalProperties": false,
                "required": required,
                "properties": properties,
            },
        });
        sections.insert(section.name.to_owned(), list);
    }
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "More items for nodebundle-collector --spec",
        "type": "object",
        "additionalProperties": false,
        "properties": sections,
    });
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

fn describe(key: &Key) -> Value {
    let mut value = match key.shape {
        Shape::Pattern(pattern) => json!({"type": ["string", "integer"], "pattern": pattern}),
        Shape::OneOf(words) => json!({"enum": words}),
        Shape::Text => json!({"type": "string"}),
        Shape::Words => json!({"type": "array", "items": {"type": "string"}, "minItems": 1}),
    };
    if let Value::Object(fields) = &mut value {
        fields.insert("description".to_owned(), json!(key.about));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_knows_every_section_and_forbids_other_keys() {
        let schema: Value = serde_json::from_str(&schema()).unwrap();
        for section in SECTIONS {
            let items = &schema["properties"][section.name]["items"];
            assert_eq!(items["additionalProperties"], false);
            assert!(items["properties"][section.own.name].is_object());
        }
    }
}
