//! Settings of a request to Gemini, as a chat has them and as Messages do.

use super::*;
use crate::translate::{Asked, Served, Translation};

fn put(rest: Value, model: &str, served: Served) -> Result<Value, String> {
    let mut body = json!({"contents": [{"parts": [{"text": "hi"}]}]});
    body.as_object_mut()
        .unwrap()
        .extend(rest.as_object().unwrap().clone());
    let translation = Translation {
        asked: Asked::Gemini,
        served,
    };
    let asking = Asking {
        model: model.into(),
        usage: AsksUsage::Yes,
        comes: Comes::AsStream,
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
        "systemInstruction": {"role": "user", "parts": [{"text": "Be brief."}]},
        "generationConfig": {"temperature": 0.5, "topP": 0.9, "topK": 64, "maxOutputTokens": 100, "stopSequences": ["END"],
            "candidateCount": 1, "thinkingConfig": {"includeThoughts": true, "thinkingBudget": 8192},
            "responseMimeType": "application/json",
            "responseSchema": {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}},
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        "tools": [{"functionDeclarations": [{"name": "look", "parametersJsonSchema": {"type": "object"}}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY"}}, "labels": {"a": "b"},
    })
}

#[test]
fn settings_are_those_of_a_chat() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false});
    let expected = json!({
        "model": "gpt-5",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}],
        "temperature": 0.5, "max_completion_tokens": 100, "stop": ["END"],
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}},
        "reasoning_effort": "medium",
        "tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}],
        "tool_choice": "required", "stream": true, "stream_options": {"include_usage": true},
    });
    assert_eq!(to_chat(settings(), "gpt-5"), Ok(expected));
}

#[test]
fn settings_are_those_of_messages() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false});
    let expected = json!({
        "model": "claude-opus-4-8", "max_tokens": 100, "system": [{"type": "text", "text": "Be brief."}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}], "temperature": 0.5,
        "stop_sequences": ["END"], "tools": [{"name": "look", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "any"}, "thinking": {"type": "adaptive"},
        "output_config": {"effort": "medium", "format": {"type": "json_schema", "schema": schema}}, "stream": true,
    });
    let put = put(settings(), "claude-opus-4-8", Served::Messages);
    assert_eq!(put, Ok(expected));
}

/// As Gemini CLI asks each time.
#[test]
fn what_is_usual_need_not_be_said() {
    let usual = json!({"generationConfig": {"temperature": 1, "topP": 0.95, "topK": 64}});
    let chat = to_chat(usual, "gpt-5").unwrap();
    for name in ["temperature", "top_p"] {
        assert_eq!(chat.get(name), None, "{name}");
    }
    let alone = to_chat(json!({"generation_config": {"top_p": 0.9}}), "gpt-5");
    assert_eq!(alone.unwrap()["top_p"], json!(0.9));
}

#[test]
fn thinking_is_told_by_a_word() {
    for (config, effort) in [
        (json!({"thinkingBudget": 1024}), json!("low")),
        (json!({"thinkingBudget": -1}), Value::Null),
        (json!({"thinkingBudget": 0}), Value::Null),
        (json!({"thinkingLevel": "HIGH"}), json!("high")),
        (json!({"includeThoughts": true}), Value::Null),
    ] {
        let rest = json!({"generationConfig": {"thinkingConfig": config}});
        assert_eq!(to_chat(rest, "gpt-5").unwrap()["reasoning_effort"], effort);
    }
}

#[test]
fn what_has_no_equal_is_refused_by_name() {
    for (rest, place) in [
        (
            json!({"cachedContent": "cachedContents/x"}),
            "`cachedContent`",
        ),
        (json!({"somethingNew": 1}), "`somethingNew`"),
        (json!({"contents": []}), "`contents` is missing"),
        (
            json!({"tools": [{"googleSearch": {}}]}),
            "`tools.0.googleSearch`",
        ),
        (
            json!({"toolConfig": {"retrievalConfig": {}}}),
            "`toolConfig.retrievalConfig`",
        ),
        (
            json!({"generationConfig": {"candidateCount": 2}}),
            "`generationConfig.candidateCount`",
        ),
        (
            json!({"generationConfig": {"responseModalities": ["IMAGE"]}}),
            "`generationConfig.responseModalities`",
        ),
        (
            json!({"generationConfig": {"responseLogprobs": true}}),
            "`generationConfig.responseLogprobs`",
        ),
        (
            json!({"generationConfig": {"responseMimeType": "text/x.enum"}}),
            "`generationConfig.responseMimeType` is of type `text/x.enum`",
        ),
        (
            json!({"generationConfig": {"responseSchema": {}}}),
            "`generationConfig.responseSchema` is for",
        ),
        (
            json!({"generationConfig": {"thinkingConfig": {"deeply": 1}}}),
            "`generationConfig.thinkingConfig.deeply`",
        ),
    ] {
        let refusal = to_chat(rest, "gpt-5").unwrap_err();
        assert!(refusal.starts_with(place), "{refusal}");
    }
}

#[test]
fn what_only_messages_lack_is_called_as_the_caller_calls_it() {
    for (config, place) in [
        (
            json!({"temperature": 1.5}),
            "`generationConfig.temperature` is above 1",
        ),
        (
            json!({"presencePenalty": 0.5}),
            "`generationConfig.presencePenalty`",
        ),
        (
            json!({"responseMimeType": "application/json"}),
            "`generationConfig.responseMimeType` is of type `json_object`",
        ),
        (
            json!({"thinkingConfig": {"thinkingLevel": "ODD"}}),
            "`generationConfig.thinkingConfig` is of type `odd`",
        ),
    ] {
        let rest = json!({"generationConfig": config});
        assert!(to_chat(rest.clone(), "gpt-5").is_ok());
        let refusal = put(rest, "claude-x", Served::Messages).unwrap_err();
        assert!(refusal.starts_with(place), "{refusal}");
    }
}
