//! The functions that a request to Gemini declares, and which of them it wants called. Pure.

use serde_json::{Map, Value, json};

use super::schema;
use crate::translate::{
    hints::Part,
    members::{Fault, Members, Unfit, at, each},
};

pub(super) fn offered(tools: Vec<Value>) -> Result<Vec<Value>, Unfit> {
    let declared = each(tools, |tool| {
        let mut tool = Members::of(tool)?.camel();
        let declared = tool.list("functionDeclarations")?;
        // Whatever else stands there runs at Google.
        tool.finish(Part::Strict)?;
        at("functionDeclarations", each(declared, function))
    })?;
    Ok(declared.concat())
}

fn function(declared: Value) -> Result<Value, Unfit> {
    let mut declared = Members::of(declared)?.camel();
    let mut function = Map::new();
    function.insert("name".into(), declared.needed_text("name")?.into());
    if let Some(description) = declared.text("description")? {
        function.insert("description".into(), description.into());
    }
    let own = declared.take("parameters").map(schema::of_tool);
    let plain = declared.take("parametersJsonSchema");
    if let Some(schema) = own.or(plain) {
        function.insert("parameters".into(), schema);
    }
    declared.finish(Part::Declaration)?;
    Ok(json!({"type": "function", "function": function}))
}

pub(super) fn chosen(config: Option<Members>) -> Result<Option<Value>, Unfit> {
    let Some(config) = config else {
        return Ok(None);
    };
    let mut config = config.camel();
    let calling = config.object("functionCallingConfig")?;
    config.finish(Part::Strict)?;
    at("functionCallingConfig", mode(calling))
}

fn mode(calling: Option<Members>) -> Result<Option<Value>, Unfit> {
    let Some(calling) = calling else {
        return Ok(None);
    };
    let mut calling = calling.camel();
    let mode = calling.text("mode")?.unwrap_or_default();
    let allowed = calling.list("allowedFunctionNames")?;
    calling.finish(Part::Strict)?;
    match (mode.as_str(), allowed.as_slice()) {
        ("" | "AUTO" | "VALIDATED" | "MODE_UNSPECIFIED", []) => Ok(Some(json!("auto"))),
        ("NONE", _) => Ok(Some(json!("none"))),
        ("ANY", []) => Ok(Some(json!("required"))),
        ("ANY", [only]) => Ok(Some(
            json!({"type": "function", "function": {"name": only}}),
        )),
        ("" | "AUTO" | "VALIDATED" | "MODE_UNSPECIFIED" | "ANY", _) => {
            Err(Unfit::new("allowedFunctionNames", Fault::NoEqual))
        }
        (other, _) => at("mode", Err(Unfit::kind(other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_functions_are_offered_with_their_schemas() {
        let tools = vec![
            json!({"functionDeclarations": [
                {"name": "one", "description": "d", "parametersJsonSchema": {"type": "object", "properties": {"z": {}}}},
                {"name": "two", "parameters": {"type": "OBJECT"}, "behavior": "BLOCKING", "response": {"type": "STRING"}},
            ]}),
            json!({"function_declarations": [{"name": "three"}]}),
        ];
        let expected = [
            json!({"name": "one", "description": "d", "parameters": {"type": "object", "properties": {"z": {}}}}),
            json!({"name": "two", "parameters": {"type": "object"}}),
            json!({"name": "three"}),
        ];
        let expected = expected.map(|function| json!({"type": "function", "function": function}));
        assert_eq!(offered(tools).unwrap(), expected);
    }

    #[test]
    fn what_runs_at_google_is_refused_by_name() {
        for (tool, refusal) in [
            (json!({"googleSearch": {}}), "`0.googleSearch` has no equal"),
            (json!({"code_execution": {}}), "`0.codeExecution`"),
            (
                json!({"functionDeclarations": [{"description": "x"}]}),
                "`0.functionDeclarations.0.name` is missing",
            ),
            (
                json!({"functionDeclarations": [{"name": "x", "behavior": "NON_BLOCKING"}]}),
                "`0.functionDeclarations.0.behavior`",
            ),
        ] {
            let unfit = offered(vec![tool]).unwrap_err().to_string();
            assert!(unfit.starts_with(refusal), "{unfit}");
        }
    }

    #[test]
    fn every_mode_has_its_equal() {
        let of = |calling: Value| {
            let config = json!({"functionCallingConfig": calling});
            chosen(Some(Members::of(config).unwrap())).map_err(|unfit| unfit.to_string())
        };
        for (calling, expected) in [
            (json!({}), json!("auto")),
            (json!({"mode": "VALIDATED"}), json!("auto")),
            (json!({"mode": "ANY"}), json!("required")),
            (json!({"mode": "NONE"}), json!("none")),
            (
                json!({"mode": "ANY", "allowed_function_names": ["one"]}),
                json!({"type": "function", "function": {"name": "one"}}),
            ),
        ] {
            assert_eq!(of(calling), Ok(Some(expected)));
        }
        let some = json!({"mode": "ANY", "allowedFunctionNames": ["one", "two"]});
        let place = "`functionCallingConfig.allowedFunctionNames`";
        assert!(of(some).unwrap_err().starts_with(place));
        assert!(of(json!({"mode": "ODD"})).is_err());
    }
}
