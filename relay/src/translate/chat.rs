//! The form through which every translated stream goes: the chunks of a chat, and how they end. Pure.

use serde_json::Value;

use super::{Garbled, refusal::Refusal};
use crate::sse::Event;

/// One thing that a stream says.
#[derive(Debug)]
pub(super) enum Heard {
    Chunk(Value),
    /// Nothing comes after it.
    Failed(Refusal),
    /// It is complete.
    Done,
}

/// What one event has said.
pub(super) type Said = Vec<Heard>;

/// Reads an event of a stream of chat completions.
pub(super) fn hear(event: &Event<'_>, said: &mut Said) -> Result<(), Garbled> {
    if event.data.trim_ascii() == b"[DONE]" {
        said.push(Heard::Done);
        return Ok(());
    }
    let chunk: Value = serde_json::from_slice(event.data).map_err(|_| Garbled)?;
    let failed = chunk["error"].is_object() || chunk["error"].is_string();
    said.push(match failed {
        true => Heard::Failed(Refusal::of_event(&chunk)),
        false => Heard::Chunk(chunk),
    });
    Ok(())
}

/// What is said in a chunk, or in a whole completion under `name`.
pub(super) fn choice(of: &Value) -> &Value {
    &of["choices"][0]
}

/// What was thought, as compatible servers tell it, whole or in part.
pub(super) fn thought(message: &Value) -> Option<&str> {
    let told = ["reasoning_content", "reasoning"];
    let mut told = told.iter().filter_map(|name| message[*name].as_str());
    told.find(|thought| !thought.is_empty())
}

/// Content is text; some servers make parts of it.
pub(super) fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts
            .iter()
            .filter_map(|part| part["text"].as_str())
            .collect(),
        _ => String::new(),
    }
}

/// What is said to the user in a message or a part of one, in its order: answers and refusals are both text.
pub(super) fn texts(message: &Value) -> impl Iterator<Item = String> {
    let texts = ["content", "refusal"].map(|name| text(&message[name]));
    texts.into_iter().filter(|text| !text.is_empty())
}

/// The arguments of a call, as far as they are told. Some servers do not write them down as text.
pub(super) fn arguments(call: &Value) -> String {
    match &call["function"]["arguments"] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        whole => whole.to_string(),
    }
}

/// The same, of a whole call; none where they are no object.
pub(super) fn input(arguments: &str) -> Option<Value> {
    match arguments.trim() {
        "" => Some(Value::Object(serde_json::Map::new())),
        text => serde_json::from_str(text).ok().filter(Value::is_object),
    }
}

/// Some servers do not name their calls; a result must name what it is the result of.
pub(super) fn identified(id: &Value, answer: &Value, place: usize) -> String {
    match id.as_str() {
        Some(id) if !id.is_empty() => id.to_owned(),
        _ => format!("call_{}_{place}", answer.as_str().unwrap_or_default()),
    }
}
