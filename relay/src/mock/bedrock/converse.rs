//! Converse: the form that all models share. What Bedrock refuses in a body is refused.

use hyper::http::request::Parts;
use serde_json::{Value, json};

use super::super::answer::{Answer, Ask, Call, Tool, Usage, blocks};
use super::super::dialect::{Failure, parse};
use super::super::script::Script;
use super::{Form, frame, model};

const KNOWN: [&str; 4] = ["messages", "system", "inferenceConfig", "toolConfig"];

pub(in super::super) fn read(form: Form, head: &Parts, body: &[u8]) -> Result<Ask, Failure> {
    let ask = read_body(&parse(body)?)?;
    Ok(Ask {
        stream: form == Form::Stream,
        body_bytes: body.len(),
        model: model(head),
        ..ask
    })
}

pub(super) fn read_body(request: &Value) -> Result<Ask, Failure> {
    let refused = |why: &str| Err(Failure::new(400, why));
    let mut keys = request.as_object().into_iter().flat_map(|all| all.keys());
    if keys.any(|key| !KNOWN.contains(&key.as_str())) {
        return refused("extraneous key is not permitted");
    }
    let messages: Vec<&Value> = blocks(&request["messages"]).collect();
    let Some(last) = messages.last() else {
        return refused("A conversation must start with a user message.");
    };
    let alternate = messages
        .windows(2)
        .all(|pair| pair[0]["role"] != pair[1]["role"]);
    if !alternate {
        return refused("A conversation must alternate between user and assistant roles.");
    }
    let said: Vec<&Value> = messages
        .iter()
        .flat_map(|message| blocks(&message["content"]))
        .collect();
    if said.iter().any(|block| {
        block["text"]
            .as_str()
            .is_some_and(|text| text.trim().is_empty())
    }) {
        return refused("The text field in the ContentBlock object is blank.");
    }
    let has_result = said.iter().any(|block| block["toolResult"].is_object());
    let offered = blocks(&request["toolConfig"]["tools"])
        .map(|tool| &tool["toolSpec"])
        .filter(|spec| spec.is_object())
        .map(|spec| Tool {
            name: spec["name"].as_str().unwrap_or_default().into(),
            input_schema: spec["inputSchema"]["json"].clone(),
        });
    let named = request["toolConfig"]["toolChoice"]["tool"]["name"].as_str();
    let text = blocks(&last["content"]).filter_map(|block| block["text"].as_str());
    Ok(Ask {
        tool: Tool::chosen(offered, named).filter(|_| !has_result),
        said: text.collect(),
        ..Ask::default()
    })
}

pub(in super::super) fn whole(answer: &Answer) -> Value {
    let mut content = Vec::new();
    if let Some(thought) = answer.thought {
        let reasoned = json!({"text": thought, "signature": "mock"});
        content.push(json!({"reasoningContent": {"reasoningText": reasoned}}));
    }
    if answer.has_text() {
        content.push(json!({"text": answer.text()}));
    }
    for call in &answer.calls {
        let (id, input) = (tool_id(answer, call), &call.input);
        content.push(json!({"toolUse": {"toolUseId": id, "name": call.name, "input": input}}));
    }
    json!({
        "metrics": {"latencyMs": 1175},
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop_reason(answer),
        "usage": usage(answer.usage),
    })
}

/// A stream so far, and the place of the block that is told.
struct Blocks {
    script: Script,
    index: usize,
}

impl Blocks {
    fn delta(&mut self, delta: Value) {
        let delta = json!({"contentBlockIndex": self.index, "delta": delta});
        self.script.paced_event(event("contentBlockDelta", &delta));
    }

    fn stop(&mut self) {
        let stop = json!({"contentBlockIndex": self.index});
        self.script.event(event("contentBlockStop", &stop));
        self.index += 1;
    }
}

/// That a block of text begins is not said.
pub(in super::super) fn stream(answer: &Answer) -> Script {
    let mut script = Script::default();
    script.event(event("messageStart", &json!({"role": "assistant"})));
    let mut blocks = Blocks { script, index: 0 };
    if let Some(thought) = answer.thought {
        blocks.delta(json!({"reasoningContent": {"text": thought}}));
        blocks.delta(json!({"reasoningContent": {"signature": "mock"}}));
        blocks.stop();
    }
    if answer.has_text() {
        for text in &answer.pieces {
            blocks.delta(json!({ "text": text }));
        }
        blocks.stop();
    }
    for call in &answer.calls {
        let tool = json!({"toolUse": {"toolUseId": tool_id(answer, call), "name": call.name}});
        let start = json!({"contentBlockIndex": blocks.index, "start": tool});
        blocks.script.event(event("contentBlockStart", &start));
        for input in call.input_pieces() {
            blocks.delta(json!({"toolUse": {"input": input}}));
        }
        blocks.stop();
    }
    let mut script = blocks.script;
    script.event(event(
        "messageStop",
        &json!({"stopReason": stop_reason(answer)}),
    ));
    let metadata = json!({"usage": usage(answer.usage), "metrics": {"latencyMs": 1175}, "p": "ab"});
    script.event(event("metadata", &metadata));
    script
}

fn event(name: &'static str, data: &Value) -> impl FnOnce(&mut Vec<u8>) {
    let payload = data.to_string();
    move |bytes| frame::event(name, &payload, bytes)
}

fn tool_id(answer: &Answer, call: &Call) -> String {
    format!("tooluse_mock_{:016x}{}", answer.serial, call.suffix())
}

fn stop_reason(answer: &Answer) -> &'static str {
    match answer.calls.is_empty() {
        false => "tool_use",
        true => "end_turn",
    }
}

fn usage(usage: Usage) -> Value {
    let written = usage.cache_write_5m + usage.cache_write_1h;
    json!({
        "inputTokens": usage.input,
        "outputTokens": usage.output,
        "totalTokens": usage.prompt() + usage.output,
        "cacheReadInputTokens": usage.cache_read,
        "cacheWriteInputTokens": written,
    })
}
