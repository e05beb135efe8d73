//! The tools that a request for a response offers, and which of them it wants called. Those of a namespace become plain
//! functions. Pure.

use serde_json::{Map, Value, json};

use crate::translate::{
    hints::{Part, is_harmless},
    members::{Members, Unfit, at, each},
    tools::Tools,
};

pub(super) fn offered(tools: Vec<Value>, known: &mut Tools) -> Result<Vec<Value>, Unfit> {
    let offered = each(tools, |tool| {
        let mut tool = Members::of(tool)?;
        match tool.needed_text("type")?.as_str() {
            "function" => Ok(vec![function(tool, None, known)?]),
            "namespace" => namespace(tool, known),
            // What it says it is, is its one member that counts.
            other if is_harmless(Part::ResponseTool, other, &tool.into_value()) => Ok(Vec::new()),
            other => Err(Unfit::kind(other)),
        }
    })?;
    Ok(offered.concat())
}

fn namespace(mut namespace: Members, known: &mut Tools) -> Result<Vec<Value>, Unfit> {
    let name = namespace.needed_text("name")?;
    let tools = namespace.list("tools")?;
    namespace.finish(Part::Namespace)?;
    let of_it = |tool| {
        let mut tool = Members::of(tool)?;
        match tool.needed_text("type")?.as_str() {
            "function" => function(tool, Some(name.clone()), known),
            other => Err(Unfit::kind(other)),
        }
    };
    at("tools", each(tools, of_it))
}

fn function(
    mut tool: Members,
    namespace: Option<String>,
    known: &mut Tools,
) -> Result<Value, Unfit> {
    let mut function = Map::new();
    let name = known.plain(namespace, tool.needed_text("name")?);
    function.insert("name".into(), name.into());
    let description = tool.text("description")?.map(Value::String);
    let strict = tool.flag("strict")?.map(Value::Bool);
    for (name, value) in [
        ("description", description),
        ("parameters", tool.take("parameters")),
        ("strict", strict),
    ] {
        function.extend(value.map(|value| (name.to_owned(), value)));
    }
    tool.finish(Part::ResponseFunction)?;
    Ok(json!({"type": "function", "function": function}))
}

pub(super) fn chosen(choice: Option<Value>, known: &mut Tools) -> Result<Option<Value>, Unfit> {
    let mut named = match choice {
        None => return Ok(None),
        Some(Value::String(word)) => match word.as_str() {
            "auto" | "none" | "required" => return Ok(Some(word.into())),
            other => return Err(Unfit::kind(other)),
        },
        Some(named) => Members::of(named)?,
    };
    match named.needed_text("type")?.as_str() {
        "function" => {}
        other => return Err(Unfit::kind(other)),
    }
    let (namespace, name) = (named.text("namespace")?, named.needed_text("name")?);
    named.finish(Part::Strict)?;
    let name = known.plain(namespace, name);
    Ok(Some(
        json!({"type": "function", "function": {"name": name}}),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(tool: Value) -> Result<Vec<Value>, String> {
        offered(vec![tool], &mut Tools::default()).map_err(|unfit| unfit.to_string())
    }

    #[test]
    fn functions_keep_their_schemas_and_namespaces_their_names() {
        let schema = json!({"type": "object", "properties": {"z": {}, "a": {}}});
        let look = json!({"type": "function", "name": "look", "description": "d", "parameters": schema, "strict": false});
        let plain = json!({"type": "function",
            "function": {"name": "look", "description": "d", "parameters": schema, "strict": false}});
        assert_eq!(put(look.clone()), Ok(vec![plain]));
        let crew = json!({"type": "namespace", "name": "crew", "description": "All of us.", "tools": [look]});
        let mut known = Tools::default();
        let tools = offered(vec![crew], &mut known).unwrap();
        assert_eq!(tools[0]["function"]["name"], "crew__look");
        let named = known.known("crew__look").unwrap();
        assert_eq!((&*named.namespace, &*named.name), ("crew", "look"));
    }

    #[test]
    fn what_runs_at_the_provider_is_refused_unless_an_answer_needs_nothing_of_it() {
        let cached = json!({"type": "web_search", "external_web_access": false});
        assert_eq!(put(cached), Ok(vec![]));
        for (tool, refusal) in [
            (json!({"type": "web_search"}), "`0` is of type `web_search`"),
            (
                json!({"type": "web_search", "external_web_access": true}),
                "`0` is of type `web_search`",
            ),
            (
                json!({"type": "custom", "name": "x"}),
                "`0` is of type `custom`",
            ),
            (json!({"type": "mcp"}), "`0` is of type `mcp`"),
            (json!({"type": "function"}), "`0.name` is missing"),
            (
                json!({"type": "function", "name": "x", "more": 1}),
                "`0.more`",
            ),
            (
                json!({"type": "namespace", "name": "n", "tools": [{"type": "custom"}]}),
                "`0.tools.0` is of type `custom`",
            ),
        ] {
            let unfit = put(tool).unwrap_err();
            assert!(unfit.starts_with(refusal), "{unfit}");
        }
    }

    #[test]
    fn every_choice_has_its_equal() {
        let of = |choice| chosen(choice, &mut Tools::default());
        assert_eq!(of(None), Ok(None));
        for word in ["auto", "none", "required"] {
            assert_eq!(of(Some(json!(word))), Ok(Some(json!(word))));
        }
        let named = of(Some(json!({"type": "function", "name": "look"})));
        let expected = json!({"type": "function", "function": {"name": "look"}});
        assert_eq!(named, Ok(Some(expected)));
        for refused in [json!("some"), json!({"type": "allowed_tools"}), json!(5)] {
            assert!(of(Some(refused)).is_err());
        }
    }
}
