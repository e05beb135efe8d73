//! The tools that a Messages request offers, and which of them it wants called. Pure.

use serde_json::{Map, Value, json};

use crate::translate::{
    hints::Part,
    members::{Fault, Members, Unfit, at, each},
};

pub(super) fn offered(tools: Vec<Value>) -> Result<Vec<Value>, Unfit> {
    each(tools, |tool| {
        let mut tool = Members::of(tool)?;
        match tool.text("type")?.as_deref() {
            None | Some("custom") => {}
            // A tool of Anthropic's own, which runs there.
            Some(other) => return Err(Unfit::kind(other)),
        }
        let mut function = Map::new();
        function.insert("name".into(), tool.needed_text("name")?.into());
        if let Some(description) = tool.text("description")? {
            function.insert("description".into(), description.into());
        }
        let schema = tool.take("input_schema");
        let schema = schema.ok_or_else(|| Unfit::new("input_schema", Fault::Missing))?;
        function.insert("parameters".into(), schema);
        if let Some(strict) = tool.flag("strict")? {
            function.insert("strict".into(), strict.into());
        }
        tool.finish(Part::Tool)?;
        Ok(json!({"type": "function", "function": function}))
    })
}

/// The choice, and whether several may be called at once.
pub(super) fn chosen(choice: Option<Members>) -> Result<(Option<Value>, Option<Value>), Unfit> {
    let Some(mut choice) = choice else {
        return Ok((None, None));
    };
    let chosen = match choice.needed_text("type")?.as_str() {
        "auto" => json!("auto"),
        "any" => json!("required"),
        "none" => json!("none"),
        "tool" => {
            let name = choice.needed_text("name")?;
            json!({"type": "function", "function": {"name": name}})
        }
        other => return at("type", Err(Unfit::kind(other))),
    };
    let alone = choice.flag("disable_parallel_tool_use")? == Some(true);
    choice.finish(Part::Strict)?;
    Ok((Some(chosen), alone.then_some(Value::Bool(false))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_keep_their_schemas_as_they_stand() {
        let schema = json!({"type": "object", "properties": {"z": {}, "a": {}}, "required": ["z"]});
        let tools = offered(vec![
            json!({"name": "one", "description": "d", "input_schema": schema, "cache_control": {}, "defer_loading": true}),
            json!({"type": "custom", "name": "two", "input_schema": {}, "strict": true}),
        ]);
        let expected = [
            json!({"type": "function", "function": {"name": "one", "description": "d", "parameters": schema}}),
            json!({"type": "function", "function": {"name": "two", "parameters": {}, "strict": true}}),
        ];
        let tools = tools.unwrap();
        assert_eq!(tools, expected);
        let order = tools[0].to_string();
        assert!(order.contains(r#""properties":{"z":{},"a":{}}"#), "{order}");
    }

    #[test]
    fn a_tool_that_runs_at_the_provider_is_refused() {
        for (tool, refusal) in [
            (
                json!({"type": "web_search_20250305", "name": "web_search"}),
                "`0` is of type `web_search_20250305`",
            ),
            (json!({"name": "x"}), "`0.input_schema` is missing"),
            (
                json!({"name": "x", "input_schema": {}, "input_examples": [{}]}),
                "`0.input_examples` has no equal",
            ),
            (
                json!({"name": "x", "input_schema": {}, "allowed_callers": ["code_execution"]}),
                "`0.allowed_callers` has no equal",
            ),
        ] {
            let unfit = offered(vec![tool]).unwrap_err().to_string();
            assert!(unfit.starts_with(refusal), "{unfit}");
        }
    }

    #[test]
    fn every_choice_has_its_equal() {
        let of = |choice| chosen(Some(Members::of(choice).unwrap()));
        let alone = Some(json!(false));
        for (choice, expected) in [
            (json!({"type": "auto"}), (Some(json!("auto")), None)),
            (
                json!({"type": "any", "disable_parallel_tool_use": true}),
                (Some(json!("required")), alone),
            ),
            (
                json!({"type": "none", "disable_parallel_tool_use": false}),
                (Some(json!("none")), None),
            ),
            (
                json!({"type": "tool", "name": "one"}),
                (
                    Some(json!({"type": "function", "function": {"name": "one"}})),
                    None,
                ),
            ),
        ] {
            assert_eq!(of(choice), Ok(expected));
        }
        assert!(of(json!({"type": "some"})).is_err());
        assert!(of(json!({"type": "tool"})).is_err());
    }
}
