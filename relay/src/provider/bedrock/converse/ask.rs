//! A request of the Messages API for Converse.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::blocks::{Blocks, no_words_for};
use crate::provider::bedrock::{Form, Wanted};

type Fields = Map<String, Value>;

pub(in crate::provider::bedrock) fn body(wanted: &Wanted<'_>, form: Form) -> Result<Bytes, String> {
    let body: Fields =
        serde_json::from_slice(wanted.body).map_err(|_| "the body is no JSON object")?;
    let asked = converse(&body, wanted.model)?;
    let asked = match form {
        Form::Message | Form::Stream => asked,
        // Nothing else has tokens.
        Form::Count => {
            let counted = ["messages", "system", "toolConfig"];
            let counted = asked
                .into_iter()
                .filter(|(key, _)| counted.contains(&key.as_str()));
            let input = json!({"converse": Value::Object(counted.collect())});
            Fields::from_iter([("input".to_owned(), input)])
        }
    };
    Ok(Value::Object(asked).to_string().into())
}

fn converse(body: &Fields, model: &str) -> Result<Fields, String> {
    let mut blocks = Blocks::of(model);
    let (mut asked, mut inference) = (Fields::new(), Fields::new());
    for (key, value) in body.iter().filter(|(_, value)| !value.is_null()) {
        let mut infer = |name: &str| drop(inference.insert(name.into(), value.clone()));
        match key.as_str() {
            // The path and the address say it; whom the caller serves is nobody's business there.
            "model" | "stream" | "metadata" => {}
            "messages" => drop(asked.insert(key.clone(), messages(value, &mut blocks)?)),
            "system" => drop(asked.insert(key.clone(), system(value, &mut blocks)?)),
            "max_tokens" => infer("maxTokens"),
            "temperature" => infer("temperature"),
            "top_p" => infer("topP"),
            "stop_sequences" => infer("stopSequences"),
            "tools" => {
                let tools = tools(value, &blocks)?;
                let choice = tool_choice(body.get("tool_choice"))?;
                if !tools.is_empty() {
                    let mut config = json!({ "tools": tools });
                    if let Some(choice) = choice {
                        config["toolChoice"] = choice;
                    }
                    asked.insert("toolConfig".into(), config);
                }
            }
            "tool_choice" => drop(tool_choice(Some(value))?),
            "thinking" if value["type"] == "disabled" => {}
            "service_tier" if value == "auto" => {}
            _ => return Err(no_words_for(key)),
        }
    }
    if !inference.is_empty() {
        asked.insert("inferenceConfig".into(), inference.into());
    }
    Ok(asked)
}

fn system(system: &Value, blocks: &mut Blocks) -> Result<Value, String> {
    blocks.all(system, "system", |kind| kind == "text")
}

/// Converse wants turns; Anthropic takes several messages of one side as one.
fn messages(messages: &Value, blocks: &mut Blocks) -> Result<Value, String> {
    let mut turns: Vec<(&str, Vec<Value>)> = Vec::new();
    for (place, message) in messages.as_array().into_iter().flatten().enumerate() {
        let at = format!("messages.{place}");
        let role = match message["role"].as_str() {
            Some(role @ ("user" | "assistant")) => role,
            _ => return Err(no_words_for(&format!("{at}.role"))),
        };
        let content = blocks.all(&message["content"], &format!("{at}.content"), |_| true)?;
        let Value::Array(content) = content else {
            continue;
        };
        match turns.last_mut() {
            Some((last, said)) if *last == role => said.extend(content),
            _ => turns.push((role, content)),
        }
    }
    let turn = |(role, content)| json!({"role": role, "content": content});
    Ok(turns.into_iter().map(turn).collect())
}

fn tools(tools: &Value, blocks: &Blocks) -> Result<Vec<Value>, String> {
    let mut asked = Vec::new();
    for (place, tool) in tools.as_array().into_iter().flatten().enumerate() {
        let known = [
            "name",
            "description",
            "input_schema",
            "type",
            "cache_control",
        ];
        for (key, value) in tool.as_object().into_iter().flatten() {
            let is_other = key == "type" && value != "custom";
            if !value.is_null() && (is_other || !known.contains(&key.as_str())) {
                return Err(no_words_for(&format!("tools.{place}.{key}")));
            }
        }
        let mut spec = json!({"name": tool["name"], "inputSchema": {"json": tool["input_schema"]}});
        // An empty one is refused.
        if tool["description"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
        {
            spec["description"] = tool["description"].clone();
        }
        asked.push(json!({ "toolSpec": spec }));
        asked.extend(blocks.cache_point(tool));
    }
    Ok(asked)
}

fn tool_choice(choice: Option<&Value>) -> Result<Option<Value>, String> {
    let Some(choice) = choice.filter(|choice| !choice.is_null()) else {
        return Ok(None);
    };
    if choice["disable_parallel_tool_use"] == true {
        return Err(no_words_for("tool_choice.disable_parallel_tool_use"));
    }
    match choice["type"].as_str() {
        Some("auto") => Ok(Some(json!({"auto": {}}))),
        Some("any") => Ok(Some(json!({"any": {}}))),
        Some("tool") => Ok(Some(json!({"tool": {"name": choice["name"]}}))),
        _ => Err(no_words_for("tool_choice.type")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(body: Value) -> Result<Value, String> {
        converse(body.as_object().unwrap(), "amazon.nova-pro-v1:0").map(Value::Object)
    }

    #[test]
    fn a_request_is_said_in_converse_s_words() {
        let body = json!({
            "model": "m", "stream": true, "max_tokens": 9, "temperature": 0.5, "top_p": 0.9,
            "stop_sequences": ["x"], "metadata": {"user_id": "u"}, "thinking": {"type": "disabled"},
            "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}],
            "tools": [{"name": "t", "description": "d", "input_schema": {"type": "object"}}],
            "tool_choice": {"type": "tool", "name": "t"},
            "messages": [
                {"role": "user", "content": "a"},
                {"role": "user", "content": [{"type": "text", "text": "b"}]},
                {"role": "assistant", "content": [{"type": "tool_use", "id": "i", "name": "t", "input": {"x": 1}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "i", "content": "r", "is_error": true}]},
            ],
        });
        let expected = json!({
            "inferenceConfig": {"maxTokens": 9, "temperature": 0.5, "topP": 0.9, "stopSequences": ["x"]},
            "system": [{"text": "s"}, {"cachePoint": {"type": "default"}}],
            "toolConfig": {
                "tools": [{"toolSpec": {"name": "t", "description": "d", "inputSchema": {"json": {"type": "object"}}}}],
                "toolChoice": {"tool": {"name": "t"}},
            },
            "messages": [
                {"role": "user", "content": [{"text": "a"}, {"text": "b"}]},
                {"role": "assistant", "content": [{"toolUse": {"toolUseId": "i", "name": "t", "input": {"x": 1}}}]},
                {"role": "user", "content": [{"toolResult": {"toolUseId": "i", "content": [{"text": "r"}], "status": "error"}}]},
            ],
        });
        assert_eq!(asked(body), Ok(expected));
    }

    #[test]
    fn what_converse_has_no_words_for_is_named() {
        for (body, what) in [
            (json!({"top_k": 5}), "top_k"),
            (
                json!({"thinking": {"type": "enabled", "budget_tokens": 1024}}),
                "thinking",
            ),
            (
                json!({"tools": [{"type": "web_search_20250305", "name": "w"}]}),
                "tools.0.type",
            ),
            (
                json!({"tools": [{"name": "w", "strict": true}]}),
                "tools.0.strict",
            ),
            (json!({"tool_choice": {"type": "none"}}), "tool_choice.type"),
            (
                json!({"messages": [{"role": "system", "content": "x"}]}),
                "messages.0.role",
            ),
            (
                json!({"messages": [{"role": "user", "content": [{"type": "search_result"}]}]}),
                "messages.0.content.0.type",
            ),
            (json!({"new_thing": 1}), "new_thing"),
        ] {
            assert_eq!(asked(body), Err(no_words_for(what)), "{what}");
        }
        assert_eq!(asked(json!({"top_k": null})), Ok(json!({})));
    }
}
