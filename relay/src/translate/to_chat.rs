//! A Messages request in the words of chat completions: its settings. What is said is in `conversation.rs`, what the model
//! may call in `tools.rs`. Pure.

mod conversation;
mod tools;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    Asking, AsksUsage, effort,
    family::ChatFamily,
    hints::Part,
    members::{Fault, Members, Unfit, at},
};

/// The longest name of a user that OpenAI takes.
const LONGEST_USER: usize = 64;

pub(super) fn request(mut asked: Members, asking: &Asking) -> Result<Value, Unfit> {
    let Asking { model, usage, .. } = asking;
    let family = ChatFamily::of(model);
    drop(asked.take("model"));
    let mut chat = Map::new();
    chat.insert("model".into(), model.as_str().into());
    let messages = asked.list("messages")?;
    check_last(&messages)?;
    let messages = conversation::of(asked.take("system"), messages, family)?;
    chat.insert("messages".into(), messages.into());
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            chat.insert(name.into(), value);
        }
    };
    put(
        family.limit(),
        asked.number("max_tokens")?.map(Value::Number),
    );
    for name in ["temperature", "top_p"] {
        put(name, asked.number(name)?.map(Value::Number));
    }
    let stops = asked.list("stop_sequences")?;
    put(
        "stop",
        Some(stops)
            .filter(|stops| !stops.is_empty())
            .map(Value::Array),
    );
    let (tools, choice) = (asked.list("tools")?, asked.object("tool_choice")?);
    let tools = at("tools", tools::offered(tools))?;
    put(
        "tools",
        Some(tools)
            .filter(|tools| !tools.is_empty())
            .map(Value::Array),
    );
    let (choice, parallel) = at("tool_choice", tools::chosen(choice))?;
    put("tool_choice", choice);
    put("parallel_tool_calls", parallel);
    let (effort, format) = output(&mut asked)?;
    let effort = at(
        "thinking",
        effort::to_chat(asked.object("thinking")?, effort),
    )?;
    let effort = effort.filter(|_| family != ChatFamily::Plain);
    put("reasoning_effort", effort.map(Value::String));
    put("response_format", format);
    put("user", user(&mut asked)?);
    if asked.flag("stream")? == Some(true) {
        put("stream", Some(true.into()));
        let options = json!({"include_usage": true});
        put(
            "stream_options",
            Some(options).filter(|_| *usage == AsksUsage::Yes),
        );
    }
    asked.finish(Part::Messages)?;
    Ok(Value::Object(chat))
}

/// The beginning of an answer is gone on with by Anthropic's models. A chat would answer anew.
fn check_last(messages: &[Value]) -> Result<(), Unfit> {
    let mut said = messages.iter().enumerate().rev();
    match said.find(|(_, message)| message["role"] != "system") {
        Some((place, last)) if last["role"] == "assistant" => {
            let why = "is the beginning of an answer, with which the account that would serve this cannot go on";
            Err(Unfit::new(
                format_args!("messages.{place}"),
                Fault::Other(why),
            ))
        }
        _ => Ok(()),
    }
}

/// The effort, and the form of the answer, which older clients name elsewhere.
fn output(asked: &mut Members) -> Result<(Option<String>, Option<Value>), Unfit> {
    let (mut effort, mut format) = (None, None);
    if let Some(mut config) = asked.object("output_config")? {
        effort = at("output_config", config.text("effort"))?;
        let asked = at("output_config", config.object("format"))?;
        format = at("output_config.format", schema(asked))?;
        at("output_config", config.finish(Part::Strict))?;
    }
    let older = asked.object("output_format")?;
    let older = at("output_format", schema(older))?;
    Ok((effort, format.or(older)))
}

fn schema(format: Option<Members>) -> Result<Option<Value>, Unfit> {
    let Some(mut format) = format else {
        return Ok(None);
    };
    match format.needed_text("type")?.as_str() {
        "json_schema" => {}
        other => return Err(Unfit::kind(other)),
    }
    let schema = format.take("schema");
    let schema = schema.ok_or_else(|| Unfit::new("schema", Fault::Missing))?;
    format.finish(Part::Strict)?;
    let schema = json!({"name": "answer", "schema": schema, "strict": true});
    Ok(Some(json!({"type": "json_schema", "json_schema": schema})))
}

/// A name that is too long is told by its digest: it is to be the same each time, no more.
fn user(asked: &mut Members) -> Result<Option<Value>, Unfit> {
    let Some(mut metadata) = asked.object("metadata")? else {
        return Ok(None);
    };
    let user = at("metadata", metadata.text("user_id"))?;
    at("metadata", metadata.finish(Part::Strict))?;
    let user = user.map(|user| match user.len() <= LONGEST_USER {
        true => user,
        false => hex::encode(Sha256::digest(user)),
    });
    Ok(user.map(Value::String))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::translate::Comes;

    fn translated(rest: Value, model: &str) -> Result<Value, String> {
        let mut body = json!({"model": "claude-x", "max_tokens": 100, "messages": []});
        body.as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        let asking = Asking {
            model: model.into(),
            usage: AsksUsage::Yes,
            comes: Comes::Whole,
        };
        request(Members::of(body).unwrap(), &asking).map_err(|unfit| unfit.to_string())
    }

    #[test]
    fn settings_are_carried_over() {
        let rest = json!({
            "temperature": 0.5, "top_p": 0.9, "stop_sequences": ["END"], "stream": true,
            "metadata": {"user_id": "ada"}, "service_tier": "auto",
            "thinking": {"type": "enabled", "budget_tokens": 2000},
            "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}},
        });
        let expected = json!({
            "model": "gpt-5", "messages": [], "max_completion_tokens": 100, "temperature": 0.5, "top_p": 0.9,
            "stop": ["END"], "reasoning_effort": "low", "user": "ada", "stream": true,
            "stream_options": {"include_usage": true},
            "response_format": {"type": "json_schema",
                "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": true}},
        });
        assert_eq!(translated(rest, "gpt-5"), Ok(expected));
    }

    #[test]
    fn each_family_is_asked_in_its_own_way() {
        let effort = || json!({"output_config": {"effort": "high"}, "output_format": null});
        let of = |model| translated(effort(), model).unwrap();
        let reasoning = of("o3");
        assert_eq!(
            (
                &reasoning["max_completion_tokens"],
                &reasoning["reasoning_effort"]
            ),
            (&json!(100), &json!("high"))
        );
        let plain = of("gpt-4o");
        assert_eq!(
            (&plain["max_completion_tokens"], &plain["reasoning_effort"]),
            (&json!(100), &Value::Null)
        );
        let compatible = of("qwen3");
        assert_eq!(
            (&compatible["max_tokens"], &compatible["reasoning_effort"]),
            (&json!(100), &json!("high"))
        );
    }

    #[test]
    fn a_long_name_of_a_user_is_told_by_its_digest() {
        let long = json!({"metadata": {"user_id": "u".repeat(65)}});
        let user = translated(long, "gpt-5").unwrap()["user"].clone();
        assert_eq!(user.as_str().map(str::len), Some(64));
    }

    #[test]
    fn what_has_no_equal_is_refused_by_name() {
        for (rest, place) in [
            (json!({"top_k": 5}), "`top_k`"),
            (
                json!({"messages": [{"role": "user"}, {"role": "assistant", "content": "{"}]}),
                "`messages.1` is the beginning of an answer",
            ),
            (json!({"container": "c"}), "`container`"),
            (json!({"mcp_servers": [{}]}), "`mcp_servers`"),
            (json!({"inference_geo": "eu"}), "`inference_geo`"),
            (json!({"something_new": 1}), "`something_new`"),
            (json!({"metadata": {"team": "x"}}), "`metadata.team`"),
            (
                json!({"output_config": {"task_budget": {}}}),
                "`output_config.task_budget`",
            ),
            (
                json!({"thinking": {"type": "enabled", "budget_tokens": "x"}}),
                "`thinking.budget_tokens`",
            ),
            (
                json!({"system": [{"type": "image"}]}),
                "`system.0` is of type `image`",
            ),
        ] {
            let refusal = translated(rest, "gpt-5").unwrap_err();
            assert!(refusal.starts_with(place), "{refusal}");
        }
    }
}
