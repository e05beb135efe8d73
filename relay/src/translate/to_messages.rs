//! A request for a chat completion in the words of Messages: its settings. What is said is in `conversation.rs`, what the
//! model may call in `tools.rs`. Pure.

mod conversation;
mod tools;

use serde_json::{Map, Value, json};

use self::conversation::Conversation;
use super::{
    effort::{self, Thought},
    family::Thinks,
    hints::Part,
    members::{Fault, Members, Unfit, at},
};

/// The highest that Anthropic takes; OpenAI takes 2.
const HOTTEST: f64 = 1.0;

pub(super) fn request(mut asked: Members, model: &str) -> Result<Value, Unfit> {
    drop(asked.take("model"));
    let Conversation {
        system,
        messages,
        in_loop,
    } = conversation::of(asked.list("messages")?)?;
    let limit = limit(&mut asked)?;
    let effort = asked.text("reasoning_effort")?;
    let Thought {
        thinking,
        effort,
        limit,
    } = effort::to_messages(effort, limit, Thinks::of(model), in_loop)?;
    let mut request = Map::new();
    request.insert("model".into(), model.into());
    request.insert("max_tokens".into(), limit.into());
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            request.insert(name.into(), value);
        }
    };
    put(
        "system",
        Some(system)
            .filter(|blocks| !blocks.is_empty())
            .map(Value::Array),
    );
    put("messages", Some(messages.into()));
    put("temperature", temperature(&mut asked)?);
    put("top_p", asked.number("top_p")?.map(Value::Number));
    put("stop_sequences", stops(&mut asked)?);
    let tools = at("tools", tools::offered(asked.list("tools")?))?;
    let some_tools = !tools.is_empty();
    put(
        "tools",
        Some(tools).filter(|_| some_tools).map(Value::Array),
    );
    let (choice, parallel) = (
        asked.take("tool_choice"),
        asked.flag("parallel_tool_calls")?,
    );
    let choice = at(
        "tool_choice",
        tools::chosen(choice, parallel.filter(|_| some_tools)),
    )?;
    put("tool_choice", choice);
    put("thinking", thinking);
    let format = at("response_format", format(asked.object("response_format")?))?;
    put("output_config", output(effort, format));
    let user = [asked.text("safety_identifier")?, asked.text("user")?];
    let user = user.into_iter().flatten().next();
    put("metadata", user.map(|user| json!({"user_id": user})));
    put("stream", asked.flag("stream")?.map(Value::Bool));
    if let Some(mut options) = asked.object("stream_options")? {
        // Anthropic tells it unasked; whether the caller hears of it is decided where the answer is put into its words.
        options.flag("include_usage")?;
        at("stream_options", options.finish(Part::StreamOptions))?;
    }
    asked.finish(Part::Chat)?;
    Ok(Value::Object(request))
}

/// By its newer or its older name.
fn limit(asked: &mut Members) -> Result<Option<u64>, Unfit> {
    for name in ["max_completion_tokens", "max_tokens"] {
        if let Some(limit) = asked.number(name)? {
            drop(asked.take("max_tokens"));
            let limit = limit.as_u64();
            return limit.map(Some).ok_or_else(|| Unfit::new(name, Fault::Type));
        }
    }
    Ok(None)
}

fn temperature(asked: &mut Members) -> Result<Option<Value>, Unfit> {
    let temperature = asked.number("temperature")?;
    let too_hot = temperature.as_ref().and_then(serde_json::Number::as_f64) > Some(HOTTEST);
    match too_hot {
        true => Err(Unfit::new(
            "temperature",
            Fault::Other(
                "is above 1, the most that the API of the account takes that would serve this request",
            ),
        )),
        false => Ok(temperature.map(Value::Number)),
    }
}

fn stops(asked: &mut Members) -> Result<Option<Value>, Unfit> {
    match asked.take("stop") {
        None => Ok(None),
        Some(Value::String(one)) => Ok(Some(json!([one]))),
        Some(Value::Array(list)) => {
            Ok(Some(list).filter(|list| !list.is_empty()).map(Value::Array))
        }
        Some(_) => Err(Unfit::new("stop", Fault::Type)),
    }
}

/// The form of the answer, where it is to have one.
fn format(format: Option<Members>) -> Result<Option<Value>, Unfit> {
    let Some(mut format) = format else {
        return Ok(None);
    };
    match format.needed_text("type")?.as_str() {
        "text" => {
            format.finish(Part::Strict)?;
            return Ok(None);
        }
        "json_schema" => {}
        other => return Err(Unfit::kind(other)),
    }
    let named = format.object("json_schema")?;
    format.finish(Part::Strict)?;
    let missing = || Unfit::new("json_schema", Fault::Missing);
    let mut named = named.ok_or_else(missing)?;
    let schema = named.take("schema");
    at("json_schema", named.finish(Part::ChatSchema))?;
    let missing = || Unfit::new("json_schema.schema", Fault::Missing);
    let schema = schema.ok_or_else(missing)?;
    Ok(Some(json!({"type": "json_schema", "schema": schema})))
}

fn output(effort: Option<String>, format: Option<Value>) -> Option<Value> {
    let mut config = Map::new();
    config.extend(effort.map(|effort| ("effort".to_owned(), effort.into())));
    config.extend(format.map(|format| ("format".to_owned(), format)));
    (!config.is_empty()).then_some(Value::Object(config))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::translate::effort::DEFAULT_LIMIT;

    fn translated(rest: Value, model: &str) -> Result<Value, String> {
        let mut body = json!({"model": "gpt-x", "messages": [{"role": "user", "content": "hi"}]});
        body.as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        request(Members::of(body).unwrap(), model).map_err(|unfit| unfit.to_string())
    }

    #[test]
    fn settings_are_carried_over() {
        let rest = json!({
            "max_tokens": 50, "max_completion_tokens": 100, "temperature": 1, "top_p": 0.9, "stop": "END", "n": 1,
            "stream": true, "stream_options": {"include_usage": true, "include_obfuscation": false},
            "user": "ada", "store": false, "seed": 5, "logprobs": false, "frequency_penalty": 0.0,
            "reasoning_effort": "medium", "verbosity": "medium", "parallel_tool_calls": true,
            "response_format": {"type": "json_schema",
                "json_schema": {"name": "x", "strict": true, "schema": {"type": "object"}}},
        });
        let expected = json!({
            "model": "claude-opus-4-8", "max_tokens": 100,
            "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
            "temperature": 1, "top_p": 0.9, "stop_sequences": ["END"], "thinking": {"type": "adaptive"},
            "output_config": {"effort": "medium", "format": {"type": "json_schema", "schema": {"type": "object"}}},
            "metadata": {"user_id": "ada"}, "stream": true,
        });
        assert_eq!(translated(rest, "claude-opus-4-8"), Ok(expected));
    }

    #[test]
    fn a_limit_is_always_named() {
        let limit = |rest, model| translated(rest, model).unwrap()["max_tokens"].clone();
        assert_eq!(limit(json!({}), "claude-x"), DEFAULT_LIMIT);
        assert_eq!(limit(json!({"max_tokens": 7}), "claude-x"), 7);
        let thinking = json!({"reasoning_effort": "high"});
        assert_eq!(limit(thinking, "claude-sonnet-4-5"), 16_384 + DEFAULT_LIMIT);
    }

    #[test]
    fn what_has_no_equal_is_refused_by_name() {
        for (rest, place) in [
            (json!({"n": 2}), "`n` has no equal"),
            (json!({"logprobs": true}), "`logprobs`"),
            (json!({"top_logprobs": 3}), "`top_logprobs`"),
            (json!({"logit_bias": {"5": 1}}), "`logit_bias`"),
            (json!({"modalities": ["text", "audio"]}), "`modalities`"),
            (json!({"audio": {"voice": "x"}}), "`audio`"),
            (json!({"presence_penalty": 0.5}), "`presence_penalty`"),
            (json!({"store": true}), "`store`"),
            (json!({"web_search_options": {}}), "`web_search_options`"),
            (json!({"functions": [{}]}), "`functions`"),
            (json!({"something_new": 1}), "`something_new`"),
            (json!({"temperature": 1.5}), "`temperature` is above 1"),
            (json!({"max_tokens": -1}), "`max_tokens` has another type"),
            (json!({"stop": 5}), "`stop` has another type"),
            (
                json!({"response_format": {"type": "json_object"}}),
                "`response_format` is of type `json_object`",
            ),
            (
                json!({"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}}),
                "`response_format.json_schema.schema` is missing",
            ),
            (
                json!({"stream_options": {"more": 1}}),
                "`stream_options.more`",
            ),
        ] {
            let refusal = translated(rest, "claude-x").unwrap_err();
            assert!(refusal.starts_with(place), "{refusal}");
        }
    }
}
