//! Gemini's schemas, which are those of OpenAPI with types in capitals, as JSON schemas. Pure.
//! <https://ai.google.dev/api/caching#Schema>

use serde_json::{Map, Value, json};

/// Of what a tool is called with.
pub(super) fn of_tool(schema: Value) -> Value {
    put(schema, Others::MayBe)
}

/// Of an answer: Gemini writes only what is listed.
pub(super) fn of_answer(schema: Value) -> Value {
    put(schema, Others::AreNot)
}

/// Whether an object may have members that are not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Others {
    MayBe,
    AreNot,
}

fn put(schema: Value, others: Others) -> Value {
    let Value::Object(members) = schema else {
        return schema;
    };
    let mut told = Map::new();
    for (name, value) in members {
        let (name, value) = member(&name, value, others);
        told.insert(name, value);
    }
    // The order in which members are written is that in which they stand.
    told.remove("propertyOrdering");
    if told.remove("nullable") == Some(Value::Bool(true))
        && let Some(kind) = told.get_mut("type")
    {
        *kind = json!([kind.take(), "null"]);
    }
    if others == Others::AreNot && told.contains_key("properties") {
        let unlisted = told.entry("additionalProperties");
        unlisted.or_insert(Value::Bool(false));
    }
    Value::Object(told)
}

fn member(name: &str, value: Value, others: Others) -> (String, Value) {
    let plain = match name {
        "property_ordering" => "propertyOrdering",
        "any_of" => "anyOf",
        "min_items" => "minItems",
        "max_items" => "maxItems",
        "min_length" => "minLength",
        "max_length" => "maxLength",
        "min_properties" => "minProperties",
        "max_properties" => "maxProperties",
        plain => plain,
    };
    let value = match (plain, value) {
        ("type", Value::String(kind)) => kind.to_ascii_lowercase().into(),
        ("properties", Value::Object(members)) => {
            let members = members.into_iter();
            let put = members.map(|(name, schema)| (name, put(schema, others)));
            Value::Object(put.collect())
        }
        ("items" | "additionalProperties" | "not", schema) => put(schema, others),
        ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(schemas)) => schemas
            .into_iter()
            .map(|schema| put(schema, others))
            .collect(),
        (bound, Value::String(number)) if is_bound(bound) => match number.parse::<u64>() {
            Ok(number) => number.into(),
            Err(_) => number.into(),
        },
        (_, value) => value,
    };
    (plain.to_owned(), value)
}

/// Large whole numbers are text in Google's JSON.
fn is_bound(name: &str) -> bool {
    ["Items", "Length", "Properties"]
        .iter()
        .any(|what| name == format!("min{what}") || name == format!("max{what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_told_in_json_schema_s_words() {
        let schema = json!({"type": "OBJECT", "nullable": true, "propertyOrdering": ["b", "a"], "required": ["a"],
        "properties": {
            "type": {"type": "STRING", "format": "enum", "enum": ["STRING"]},
            "a": {"type": "ARRAY", "min_items": "1", "items": {"type": "INTEGER"}},
            "b": {"anyOf": [{"type": "NUMBER"}, {"type": "object", "properties": {}}]},
        }});
        let told = |more: fn(&mut Value)| {
            let mut told = json!({"type": ["object", "null"], "required": ["a"],
            "properties": {
                "type": {"type": "string", "format": "enum", "enum": ["STRING"]},
                "a": {"type": "array", "minItems": 1, "items": {"type": "integer"}},
                "b": {"anyOf": [{"type": "number"}, {"type": "object", "properties": {}}]},
            }});
            more(&mut told);
            told
        };
        assert_eq!(of_tool(schema.clone()), told(|_| {}));
        let closed = told(|told| {
            told["additionalProperties"] = false.into();
            told["properties"]["b"]["anyOf"][1]["additionalProperties"] = false.into();
        });
        assert_eq!(of_answer(schema), closed);
    }

    #[test]
    fn what_is_no_schema_stays_as_it_is() {
        for odd in [json!(5), json!({"type": 5, "items": true, "maxItems": "x"})] {
            assert_eq!(of_tool(odd.clone()), odd);
        }
    }
}
