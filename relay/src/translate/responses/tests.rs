//! Settings of a request for a response, as a chat has them and as Messages do.

use super::*;
use crate::translate::{Asked, Comes, Served, Translation};

fn put(rest: Value, model: &str, served: Served) -> Result<Value, String> {
    let mut body = json!({"model": "gpt-x", "input": "hi"});
    body.as_object_mut()
        .unwrap()
        .extend(rest.as_object().unwrap().clone());
    let translation = Translation {
        asked: Asked::Responses,
        served,
    };
    let asking = Asking {
        model: model.into(),
        usage: AsksUsage::Yes,
        comes: Comes::Whole,
    };
    let put = translation.request(body.to_string().as_bytes(), &asking);
    put.map(|put| serde_json::from_slice(&put.body).unwrap())
        .map_err(|unfit| unfit.to_string())
}

fn to_chat(rest: Value, model: &str) -> Result<Value, String> {
    put(rest, model, Served::Chat)
}

fn settings() -> Value {
    json!({
        "instructions": "Be brief.", "max_output_tokens": 100, "temperature": 0.5, "top_p": 0.9, "stream": true,
        "store": false, "include": ["reasoning.encrypted_content"], "prompt_cache_key": "k", "client_metadata": {"a": "b"},
        "reasoning": {"effort": "high", "summary": "auto"}, "safety_identifier": "ada", "parallel_tool_calls": false,
        "tools": [{"type": "function", "name": "look", "parameters": {"type": "object"}, "strict": false}],
        "tool_choice": "required", "truncation": "disabled", "service_tier": "auto",
        "text": {"verbosity": "medium", "format": {"type": "json_schema", "name": "x", "schema": {"type": "object"}, "strict": true}},
    })
}

#[test]
fn settings_are_those_of_a_chat() {
    let expected = json!({
        "model": "gpt-5",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}],
        "max_completion_tokens": 100, "temperature": 0.5, "top_p": 0.9,
        "tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}, "strict": false}}],
        "tool_choice": "required", "parallel_tool_calls": false, "reasoning_effort": "high",
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}, "strict": true}},
        "safety_identifier": "ada", "stream": true, "stream_options": {"include_usage": true},
    });
    assert_eq!(to_chat(settings(), "gpt-5"), Ok(expected));
}

#[test]
fn settings_are_those_of_messages() {
    let expected = json!({
        "model": "claude-opus-4-8", "max_tokens": 100, "system": [{"type": "text", "text": "Be brief."}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}], "temperature": 0.5, "top_p": 0.9,
        "tools": [{"name": "look", "input_schema": {"type": "object"}, "strict": false}],
        "tool_choice": {"type": "any", "disable_parallel_tool_use": true}, "thinking": {"type": "adaptive"},
        "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": {"type": "object"}}},
        "metadata": {"user_id": "ada"}, "stream": true,
    });
    let put = put(settings(), "claude-opus-4-8", Served::Messages);
    assert_eq!(put, Ok(expected));
}

#[test]
fn each_family_is_asked_in_its_own_way() {
    let rest = || json!({"max_output_tokens": 5, "reasoning": {"effort": "low"}});
    let plain = to_chat(rest(), "gpt-4o").unwrap();
    assert_eq!(plain["reasoning_effort"], Value::Null);
    let compatible = to_chat(rest(), "qwen3").unwrap();
    assert_eq!(
        (&compatible["max_tokens"], &compatible["reasoning_effort"]),
        (&json!(5), &json!("low"))
    );
    // Who offers no tools may say nothing of them.
    let without = to_chat(
        json!({"tool_choice": "auto", "parallel_tool_calls": true}),
        "qwen3",
    );
    assert_eq!(without.unwrap().get("parallel_tool_calls"), None);
}

#[test]
fn what_has_no_equal_is_refused_by_name() {
    for (rest, place) in [
        (
            json!({"previous_response_id": "resp_1"}),
            "`previous_response_id`",
        ),
        (json!({"conversation": "conv_1"}), "`conversation`"),
        (json!({"background": true}), "`background`"),
        (json!({"store": true}), "`store`"),
        (
            json!({"include": ["message.output_text.logprobs"]}),
            "`include`",
        ),
        (json!({"prompt": {"id": "p"}}), "`prompt`"),
        (json!({"max_tool_calls": 3}), "`max_tool_calls`"),
        (json!({"truncation": "auto"}), "`truncation`"),
        (json!({"something_new": 1}), "`something_new`"),
        (json!({"input": null}), "`input` is missing"),
        (json!({"text": {"verbosity": "low"}}), "`text.verbosity`"),
        (
            json!({"text": {"format": {"type": "grammar"}}}),
            "`text.format` is of type `grammar`",
        ),
        (
            json!({"tools": [{"type": "file_search"}]}),
            "`tools.0` is of type `file_search`",
        ),
        (
            json!({"tool_choice": {"type": "web_search"}}),
            "`tool_choice` is of type `web_search`",
        ),
    ] {
        let refusal = to_chat(rest, "gpt-5").unwrap_err();
        assert!(refusal.starts_with(place), "{refusal}");
    }
}

#[test]
fn what_only_messages_lack_is_called_as_the_caller_calls_it() {
    for (rest, place) in [
        (
            json!({"text": {"format": {"type": "json_object"}}}),
            "`text.format` is of type `json_object`",
        ),
        (json!({"temperature": 2}), "`temperature` is above 1"),
        (
            json!({"reasoning": {"effort": "odd"}}),
            "`reasoning.effort` is of type `odd`",
        ),
        (
            json!({"max_output_tokens": -1}),
            "`max_output_tokens` has another type",
        ),
    ] {
        assert!(to_chat(rest.clone(), "gpt-5").is_ok());
        let refusal = put(rest, "claude-x", Served::Messages).unwrap_err();
        assert!(refusal.starts_with(place), "{refusal}");
    }
}
