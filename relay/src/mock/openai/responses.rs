//! Responses: an object in one piece, or named events that count on and end with the whole object.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::answer::{Answer, Ask, Call, Tool, Usage, blocks, text_of};
use super::super::dialect::{Failure, parse};
use super::super::script::Script;
use super::{cause, check_model};

#[derive(Deserialize)]
struct Body {
    model: Option<String>,
    #[serde(default)]
    input: Value,
    #[serde(default)]
    stream: bool,
    #[serde(default = "yes")]
    store: bool,
    #[serde(default)]
    background: bool,
    #[serde(default)]
    include: Vec<String>,
    #[serde(default)]
    tools: Vec<Value>,
    #[serde(default)]
    tool_choice: Value,
}

pub(in super::super) fn read(body: &[u8]) -> Result<Ask, Failure> {
    let request: Body = parse(body)?;
    let last = match &request.input {
        Value::String(text) => json!({"role": "user", "content": text}),
        Value::Array(items) => items.last().cloned().unwrap_or_default(),
        _ => return Err(Failure::new(400, "Missing required parameter: 'input'.")),
    };
    Ok(Ask {
        stream: request.stream,
        stored: request.store,
        background: request.background,
        encrypted: request
            .include
            .iter()
            .any(|it| it == "reasoning.encrypted_content"),
        tool: chosen_tool(&request, &last),
        said: text_of(&last["content"]),
        body_bytes: body.len(),
        model: check_model(request.model)?,
        ..Ask::default()
    })
}

fn yes() -> bool {
    true
}

/// A tool is called once in a conversation, unless the caller wants none.
fn chosen_tool(request: &Body, last: &Value) -> Option<Tool> {
    let called = blocks(&request.input).any(|item| item["type"] == "function_call_output");
    if called || last["role"] != "user" || request.tool_choice == "none" {
        return None;
    }
    let functions = request
        .tools
        .iter()
        .filter(|tool| tool["type"] == "function");
    let offered = functions.map(|tool| Tool {
        name: tool["name"].as_str().unwrap_or_default().into(),
        input_schema: tool["parameters"].clone(),
    });
    Tool::chosen(offered, request.tool_choice["name"].as_str())
}

pub(in super::super) fn whole(answer: &Answer) -> Value {
    let reasoning = answer.encrypted.then(|| reasoning(answer));
    let message = answer
        .has_text()
        .then(|| message(answer, &answer.text(), "completed"));
    let calls = answer.calls.iter();
    let calls = calls.map(|call| function_call(answer, call, &call.input.to_string(), "completed"));
    let output: Vec<Value> = reasoning.into_iter().chain(message).chain(calls).collect();
    envelope(answer, "completed", json!(output), usage(answer.usage))
}

/// The answer to a request that is to be served in the background.
pub(in super::super) fn queued(answer: &Answer) -> Value {
    envelope(answer, "queued", json!([]), Value::Null)
}

pub(in super::super) fn stream(answer: &Answer) -> Script {
    let mut events = Events::default();
    let opening = envelope(answer, "in_progress", json!([]), Value::Null);
    events.push("response.created", json!({ "response": opening }));
    events.push("response.in_progress", json!({ "response": opening }));
    if answer.encrypted {
        let item = json!({"output_index": 0, "item": reasoning(answer)});
        events.push("response.output_item.added", item.clone());
        events.push("response.output_item.done", item);
    }
    if answer.has_text() {
        push_message(&mut events, answer);
    }
    for call in &answer.calls {
        push_call(&mut events, answer, call);
    }
    events.push("response.completed", json!({ "response": whole(answer) }));
    events.script
}

fn push_message(events: &mut Events, answer: &Answer) {
    let (item, index) = (&json!(message_id(answer)), usize::from(answer.encrypted));
    let place = |rest: Value| {
        let mut fields = json!({"item_id": item, "output_index": index, "content_index": 0});
        let more = rest.as_object().expect("it is one").clone();
        fields.as_object_mut().expect("it is one").extend(more);
        fields
    };
    let mut opened = message(answer, "", "in_progress");
    opened["content"] = json!([]);
    events.push(
        "response.output_item.added",
        json!({"output_index": index, "item": opened}),
    );
    let text = answer.text();
    events.push(
        "response.content_part.added",
        place(json!({"part": part("")})),
    );
    for delta in &answer.pieces {
        let fields = place(json!({"delta": delta, "logprobs": []}));
        events.push_paced("response.output_text.delta", fields);
    }
    let fields = place(json!({"text": text, "logprobs": []}));
    events.push("response.output_text.done", fields);
    events.push(
        "response.content_part.done",
        place(json!({"part": part(&text)})),
    );
    let item = message(answer, &text, "completed");
    events.push(
        "response.output_item.done",
        json!({"output_index": index, "item": item}),
    );
}

fn push_call(events: &mut Events, answer: &Answer, call: &Call) {
    let before = usize::from(answer.encrypted) + usize::from(answer.has_text());
    let index = before + call.place;
    let item = function_call(answer, call, "", "in_progress");
    let id = item["id"].clone();
    events.push(
        "response.output_item.added",
        json!({"output_index": index, "item": item}),
    );
    for delta in call.input_pieces() {
        let fields = json!({"item_id": id, "output_index": index, "delta": delta});
        events.push_paced("response.function_call_arguments.delta", fields);
    }
    let arguments = call.input.to_string();
    let fields =
        json!({"item_id": id, "output_index": index, "name": call.name, "arguments": arguments});
    events.push("response.function_call_arguments.done", fields);
    let item = function_call(answer, call, &arguments, "completed");
    events.push(
        "response.output_item.done",
        json!({"output_index": index, "item": item}),
    );
}

pub(in super::super) fn append_failure(script: &mut Script, failure: &Failure) {
    let error = cause(failure);
    let data = json!({"type": "error", "code": error["code"], "message": error["message"],
        "param": null, "sequence_number": 0, "error": error});
    script.event(|bytes| bytes.extend(format!("event: error\ndata: {data}\n\n").into_bytes()));
}

/// Events in their order, each with its number.
#[derive(Default)]
struct Events {
    script: Script,
    next: u64,
}

impl Events {
    fn push(&mut self, name: &str, fields: Value) {
        let block = self.block(name, fields);
        self.script.event(|bytes| bytes.extend(block.into_bytes()));
    }

    fn push_paced(&mut self, name: &str, fields: Value) {
        let block = self.block(name, fields);
        self.script
            .paced_event(|bytes| bytes.extend(block.into_bytes()));
    }

    fn block(&mut self, name: &str, mut data: Value) -> String {
        data["type"] = name.into();
        data["sequence_number"] = self.next.into();
        self.next += 1;
        format!("event: {name}\ndata: {data}\n\n")
    }
}

pub(super) fn id(answer: &Answer) -> String {
    format!("resp_mock_{:016x}", answer.serial)
}

fn envelope(answer: &Answer, status: &str, output: Value, usage: Value) -> Value {
    json!({
        "id": id(answer),
        "object": "response",
        "created_at": 0,
        "status": status,
        "background": answer.background,
        "error": null,
        "incomplete_details": null,
        "instructions": null,
        "metadata": {},
        "model": answer.model,
        "output": output,
        "parallel_tool_calls": true,
        "tool_choice": "auto",
        "tools": [],
        "usage": usage,
    })
}

fn reasoning(answer: &Answer) -> Value {
    let serial = answer.serial;
    json!({"id": format!("rs_mock_{serial:016x}"), "type": "reasoning", "summary": [],
        "encrypted_content": format!("gAAAA_mock_{serial:016x}")})
}

fn message_id(answer: &Answer) -> String {
    format!("msg_mock_{:016x}", answer.serial)
}

fn message(answer: &Answer, text: &str, status: &str) -> Value {
    json!({"id": message_id(answer), "type": "message", "role": "assistant", "status": status,
        "content": [part(text)]})
}

fn part(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

fn function_call(answer: &Answer, call: &Call, arguments: &str, status: &str) -> Value {
    let serial = format!("{:016x}{}", answer.serial, call.suffix());
    json!({"id": format!("fc_mock_{serial}"), "type": "function_call", "status": status,
        "call_id": format!("call_mock_{serial}"), "name": call.name, "arguments": arguments})
}

fn usage(usage: Usage) -> Value {
    json!({
        "input_tokens": usage.prompt(),
        "input_tokens_details": {"cached_tokens": usage.cache_read},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.prompt() + usage.output,
    })
}
