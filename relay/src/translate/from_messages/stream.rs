//! The events of a message as the chunks of a chat completion. Signatures of thoughts have no place there, and events that
//! nobody has heard of say nothing. Pure.

use serde_json::{Map, Value, json};

use crate::{
    sse::Event,
    time::UnixMillis,
    translate::{
        Garbled, TellsUsage,
        chat::{Heard, Said},
        finish,
        refusal::Refusal,
        spent,
    },
};

/// Where an answer stands.
#[derive(Debug)]
pub(in crate::translate) struct Stream {
    tells_usage: TellsUsage,
    created: u64,
    id: Value,
    model: Value,
    usage: Value,
    /// How many calls have been begun.
    calls: u64,
    /// The input of the open block, if it is a call and no piece of it has come.
    untold: Option<Value>,
}

impl Stream {
    pub(in crate::translate) fn new(tells_usage: TellsUsage, now: UnixMillis) -> Self {
        Self {
            tells_usage,
            created: now.0 / 1000,
            id: Value::Null,
            model: Value::Null,
            usage: json!({}),
            calls: 0,
            untold: None,
        }
    }

    pub(in crate::translate) fn event(
        &mut self,
        event: &Event<'_>,
        out: &mut Said,
    ) -> Result<(), Garbled> {
        let said: Value = serde_json::from_slice(event.data).map_err(|_| Garbled)?;
        // Compatible endpoints leave out the event's name: the data tells it as well.
        let kind = said["type"].as_str().unwrap_or_default();
        match kind {
            "message_start" => self.begin(&said["message"], out),
            "content_block_start" => self.open(&said["content_block"], out),
            "content_block_delta" => self.more(&said["delta"], out),
            "content_block_stop" => self.close(out),
            "message_delta" => self.finish(&said, out),
            "message_stop" => self.end(out),
            "error" => out.push(Heard::Failed(Refusal::of_event(&said))),
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, message: &Value, out: &mut Said) {
        self.id = message["id"].clone();
        self.model = message["model"].clone();
        spent::update(&mut self.usage, &message["usage"]);
        self.delta(
            json!({"role": "assistant", "content": "", "refusal": null}),
            out,
        );
    }

    fn open(&mut self, block: &Value, out: &mut Said) {
        match block["type"].as_str() {
            Some("text") => self.text("content", &block["text"], out),
            Some("thinking") => self.text("reasoning_content", &block["thinking"], out),
            Some("tool_use") => {
                self.untold = Some(block["input"].clone());
                self.calls += 1;
                let function = json!({"name": block["name"], "arguments": ""});
                let call = json!({"index": self.calls - 1, "id": block["id"], "type": "function", "function": function});
                self.delta(json!({"tool_calls": [call]}), out);
            }
            _ => {}
        }
    }

    fn more(&mut self, delta: &Value, out: &mut Said) {
        match delta["type"].as_str() {
            Some("text_delta") => self.text("content", &delta["text"], out),
            Some("thinking_delta") => self.text("reasoning_content", &delta["thinking"], out),
            Some("input_json_delta") => self.input(&delta["partial_json"], out),
            _ => {}
        }
    }

    fn text(&self, name: &str, text: &Value, out: &mut Said) {
        if let Some(text) = text.as_str().filter(|text| !text.is_empty()) {
            let delta = Map::from_iter([(name.to_owned(), text.into())]);
            self.delta(Value::Object(delta), out);
        }
    }

    fn input(&mut self, more: &Value, out: &mut Said) {
        let Some(more) = more.as_str().filter(|more| !more.is_empty()) else {
            return;
        };
        self.untold = None;
        let index = self.calls.saturating_sub(1);
        let call = json!({"index": index, "function": {"arguments": more}});
        self.delta(json!({"tool_calls": [call]}), out);
    }

    /// A call without a piece of input has that with which it began.
    fn close(&mut self, out: &mut Said) {
        if let Some(input) = self.untold.take() {
            let input = match input {
                Value::Object(members) => Value::Object(members),
                _ => json!({}),
            };
            self.input(&input.to_string().into(), out);
        }
    }

    fn finish(&mut self, said: &Value, out: &mut Said) {
        spent::update(&mut self.usage, &said["usage"]);
        if let Some(reason) = said["delta"]["stop_reason"].as_str() {
            let reason = finish::to_chat(Some(reason));
            self.chunk(json!([choice(json!({}), reason.into())]), Value::Null, out);
        }
    }

    fn end(&self, out: &mut Said) {
        if self.tells_usage == TellsUsage::Yes {
            self.chunk(json!([]), spent::to_chat(&self.usage), out);
        }
        out.push(Heard::Done);
    }

    fn delta(&self, delta: Value, out: &mut Said) {
        self.chunk(json!([choice(delta, Value::Null)]), Value::Null, out);
    }

    fn chunk(&self, choices: Value, usage: Value, out: &mut Said) {
        let mut chunk = json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": choices,
        });
        if self.tells_usage == TellsUsage::Yes {
            chunk["usage"] = usage;
        }
        out.push(Heard::Chunk(chunk));
    }
}

fn choice(delta: Value, finish_reason: Value) -> Value {
    json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason})
}

#[cfg(test)]
mod tests;
