//! The tools that a chat offers, and which of them it wants called. Pure.

use serde_json::{Map, Value, json};

use crate::translate::{
    hints::Part,
    members::{Fault, Members, Unfit, at, each},
};

pub(super) fn offered(tools: Vec<Value>) -> Result<Vec<Value>, Unfit> {
    each(tools, |tool| {
        let mut tool = Members::of(tool)?;
        match tool.needed_text("type")?.as_str() {
            "function" => {}
            other => return Err(Unfit::kind(other)),
        }
        let function = tool.object("function")?;
        tool.finish(Part::Strict)?;
        let function = function.ok_or_else(|| Unfit::new("function", Fault::Missing))?;
        at("function", named(function))
    })
}

fn named(mut function: Members) -> Result<Value, Unfit> {
    let mut tool = Map::new();
    tool.insert("name".into(), function.needed_text("name")?.into());
    if let Some(description) = function.text("description")? {
        tool.insert("description".into(), description.into());
    }
    // A function without parameters needs to say nothing of them; Anthropic wants to hear that.
    let none = || json!({"type": "object", "properties": {}});
    let schema = function.take("parameters").unwrap_or_else(none);
    tool.insert("input_schema".into(), schema);
    if let Some(strict) = function.flag("strict")? {
        tool.insert("strict".into(), strict.into());
    }
    function.finish(Part::Strict)?;
    Ok(Value::Object(tool))
}

/// That only one may be called at once is part of the choice there.
pub(super) fn chosen(
    choice: Option<Value>,
    parallel: Option<bool>,
) -> Result<Option<Value>, Unfit> {
    let alone = parallel == Some(false);
    let mut chosen = match choice {
        None if alone => json!({"type": "auto"}),
        None => return Ok(None),
        Some(Value::String(word)) => match word.as_str() {
            "auto" => json!({"type": "auto"}),
            "required" => json!({"type": "any"}),
            "none" => return Ok(Some(json!({"type": "none"}))),
            other => return Err(Unfit::kind(other)),
        },
        Some(named) => json!({"type": "tool", "name": name(Members::of(named)?)?}),
    };
    if alone {
        chosen["disable_parallel_tool_use"] = true.into();
    }
    Ok(Some(chosen))
}

fn name(mut choice: Members) -> Result<String, Unfit> {
    match choice.needed_text("type")?.as_str() {
        "function" => {}
        other => return Err(Unfit::kind(other)),
    }
    let function = choice.object("function")?;
    choice.finish(Part::Strict)?;
    let mut function = function.ok_or_else(|| Unfit::new("function", Fault::Missing))?;
    let name = at("function", function.needed_text("name"))?;
    at("function", function.finish(Part::Strict))?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_keep_their_schemas_as_they_stand() {
        let schema = json!({"type": "object", "properties": {"z": {}, "a": {}}});
        let tools = offered(vec![
            json!({"type": "function", "function": {"name": "one", "description": "d", "parameters": schema, "strict": true}}),
            json!({"type": "function", "function": {"name": "two"}}),
        ]);
        let expected = [
            json!({"name": "one", "description": "d", "input_schema": schema, "strict": true}),
            json!({"name": "two", "input_schema": {"type": "object", "properties": {}}}),
        ];
        assert_eq!(tools.unwrap(), expected);
        for (tool, refusal) in [
            (
                json!({"type": "custom", "custom": {}}),
                "`0` is of type `custom`",
            ),
            (json!({"type": "function"}), "`0.function` is missing"),
            (
                json!({"type": "function", "function": {"name": "x", "more": 1}}),
                "`0.function.more` has no equal",
            ),
        ] {
            let unfit = offered(vec![tool]).unwrap_err().to_string();
            assert!(unfit.starts_with(refusal), "{unfit}");
        }
    }

    #[test]
    fn every_choice_has_its_equal() {
        let named = json!({"type": "function", "function": {"name": "one"}});
        for (choice, parallel, expected) in [
            (None, None, None),
            (None, Some(true), None),
            (
                None,
                Some(false),
                Some(json!({"type": "auto", "disable_parallel_tool_use": true})),
            ),
            (Some(json!("auto")), None, Some(json!({"type": "auto"}))),
            (
                Some(json!("required")),
                Some(false),
                Some(json!({"type": "any", "disable_parallel_tool_use": true})),
            ),
            (
                Some(json!("none")),
                Some(false),
                Some(json!({"type": "none"})),
            ),
            (
                Some(named),
                None,
                Some(json!({"type": "tool", "name": "one"})),
            ),
        ] {
            assert_eq!(chosen(choice, parallel), Ok(expected));
        }
        for refused in [json!("some"), json!({"type": "allowed_tools"}), json!(5)] {
            assert!(chosen(Some(refused), None).is_err());
        }
    }
}
