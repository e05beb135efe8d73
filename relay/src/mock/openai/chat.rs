//! Chat completions: a message in one piece, or chunks that end with `[DONE]`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::answer::{Answer, Ask, Call, Tool, Usage, text_of};
use super::super::dialect::{Failure, parse};
use super::super::script::Script;
use super::{check_model, failure as failure_form};

#[derive(Deserialize)]
struct Body {
    model: Option<String>,
    messages: Option<Vec<Value>>,
    #[serde(default)]
    stream: bool,
    #[serde(default)]
    stream_options: Value,
    #[serde(default)]
    tools: Vec<Value>,
    #[serde(default)]
    tool_choice: Value,
}

pub(in super::super) fn read(body: &[u8]) -> Result<Ask, Failure> {
    let request: Body = parse(body)?;
    let missing = || Failure::new(400, "Missing required parameter: 'messages'.");
    let instructs =
        |message: &&Value| message["role"] == "system" || message["role"] == "developer";
    let mut said = request.messages.iter().flatten().rev();
    let last = said.find(|message| !instructs(message));
    let last = last.ok_or_else(missing)?;
    if !request.stream && !request.stream_options.is_null() {
        let refusal = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(Failure::new(400, refusal));
    }
    Ok(Ask {
        stream: request.stream,
        tool: chosen_tool(&request, last),
        said: text_of(&last["content"]),
        usage_asked: request.stream_options["include_usage"] == true,
        body_bytes: body.len(),
        model: check_model(request.model)?,
        ..Ask::default()
    })
}

/// A tool is called once in a conversation, unless the caller wants none.
fn chosen_tool(request: &Body, last: &Value) -> Option<Tool> {
    let mut messages = request.messages.iter().flatten();
    let called = messages.any(|message| message["role"] == "tool");
    if called || last["role"] != "user" || request.tool_choice == "none" {
        return None;
    }
    let offered = request.tools.iter().map(|tool| Tool {
        name: tool["function"]["name"].as_str().unwrap_or_default().into(),
        input_schema: tool["function"]["parameters"].clone(),
    });
    Tool::chosen(offered, request.tool_choice["function"]["name"].as_str())
}

pub(in super::super) fn whole(answer: &Answer) -> Value {
    let mut message = json!({"role": "assistant", "refusal": null, "annotations": []});
    message["content"] = answer.has_text().then(|| answer.text()).into();
    if let Some(thought) = answer.thought {
        message["reasoning_content"] = thought.into();
    }
    if !answer.calls.is_empty() {
        let call = |call: &Call| tool_call(answer.serial, call, &call.input.to_string());
        message["tool_calls"] = answer.calls.iter().map(call).collect();
    }
    let choice = json!({"index": 0, "message": message, "logprobs": null,
        "finish_reason": finish_reason(answer)});
    envelope(
        answer,
        "chat.completion",
        json!([choice]),
        usage(answer.usage),
    )
}

pub(in super::super) fn stream(answer: &Answer) -> Script {
    let mut script = Script::default();
    let chunk = |choices, usage| {
        let mut chunk = envelope(answer, "chat.completion.chunk", choices, usage);
        if !answer.usage_asked {
            chunk.as_object_mut().expect("it is one").remove("usage");
        }
        chunk
    };
    let delta = |delta| chunk(choices(delta, None), Value::Null);
    script.event(data(&delta(
        json!({"role": "assistant", "content": "", "refusal": null}),
    )));
    if let Some(thought) = answer.thought {
        script.event(data(&delta(json!({ "reasoning_content": thought }))));
    }
    for text in &answer.pieces {
        script.paced_event(data(&delta(json!({ "content": text }))));
    }
    for call in &answer.calls {
        let mut opening = tool_call(answer.serial, call, "");
        opening["index"] = call.place.into();
        script.event(data(&delta(json!({ "tool_calls": [opening] }))));
        for arguments in call.input_pieces() {
            let more = json!({"index": call.place, "function": {"arguments": arguments}});
            script.paced_event(data(&delta(json!({ "tool_calls": [more] }))));
        }
    }
    let last = choices(json!({}), Some(finish_reason(answer)));
    script.event(data(&chunk(last, Value::Null)));
    if answer.usage_asked {
        script.event(data(&chunk(json!([]), usage(answer.usage))));
    }
    script.event(|bytes| bytes.extend(b"data: [DONE]\n\n"));
    script
}

pub(in super::super) fn append_failure(script: &mut Script, failure: &Failure) {
    script.event(data(&failure_form(failure)));
}

fn data(chunk: &Value) -> impl FnOnce(&mut Vec<u8>) {
    let block = format!("data: {chunk}\n\n");
    move |bytes| bytes.extend(block.into_bytes())
}

fn envelope(answer: &Answer, object: &str, choices: Value, usage: Value) -> Value {
    json!({
        "id": format!("chatcmpl-mock-{:016x}", answer.serial),
        "object": object,
        "created": 0,
        "model": answer.model,
        "choices": choices,
        "usage": usage,
        "service_tier": "default",
    })
}

fn choices(delta: Value, finish_reason: Option<&str>) -> Value {
    json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason}])
}

fn tool_call(serial: u64, call: &Call, arguments: &str) -> Value {
    let id = format!("call_mock_{serial:016x}{}", call.suffix());
    json!({"id": id, "type": "function", "function": {"name": call.name, "arguments": arguments}})
}

fn finish_reason(answer: &Answer) -> &'static str {
    match answer.calls.is_empty() {
        false => "tool_calls",
        true => "stop",
    }
}

fn usage(usage: Usage) -> Value {
    json!({
        "prompt_tokens": usage.prompt(),
        "completion_tokens": usage.output,
        "total_tokens": usage.prompt() + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning, "audio_tokens": 0},
    })
}
