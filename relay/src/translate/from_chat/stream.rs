//! The chunks of a chat completion as the events of a message. A message has its blocks one after the other, a chat may mix
//! them: what belongs to another block than the open call is held until that call is complete, or the answer is. Pure.

use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::translate::{
    Output,
    chat::{Heard, arguments, identified, texts, thought},
    finish::{self, Called},
    spent,
};

/// Where an answer stands.
#[derive(Debug, Default)]
pub(in crate::translate) struct Stream {
    stage: Stage,
    id: Value,
    /// How many blocks have been begun.
    blocks: u64,
    open: Option<Open>,
    held: Held,
    /// How many calls have been heard of.
    calls: u64,
    finish_reason: Option<String>,
    usage: Value,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    #[default]
    Before,
    Within,
}

/// The block that is open.
#[derive(Debug)]
enum Open {
    Thinking,
    Text,
    Call { place: u64, arguments: String },
}

/// What cannot be told yet, while a call is open.
#[derive(Debug, Default)]
struct Held {
    text: String,
    calls: Vec<Call>,
}

#[derive(Debug)]
struct Call {
    place: u64,
    id: Value,
    name: String,
    arguments: String,
}

impl Stream {
    pub(in crate::translate) fn tell(&mut self, heard: &Heard, out: &mut Output) {
        match heard {
            Heard::Chunk(chunk) => self.chunk(chunk, out),
            Heard::Failed(refusal) => out.event("error", &refusal.to_messages()),
            Heard::Done => self.end(out),
        }
    }

    fn chunk(&mut self, chunk: &Value, out: &mut Output) {
        self.begin(chunk, out);
        if chunk["usage"].is_object() {
            self.usage = chunk["usage"].clone();
        }
        let choice = &chunk["choices"][0];
        self.hear(&choice["delta"], out);
        if let Some(reason) = choice["finish_reason"].as_str() {
            self.finish_reason = Some(reason.to_owned());
        }
    }

    fn begin(&mut self, chunk: &Value, out: &mut Output) {
        if self.stage != Stage::Before {
            return;
        }
        self.stage = Stage::Within;
        self.id = chunk["id"].clone();
        let message = json!({
            "id": self.id, "type": "message", "role": "assistant", "model": chunk["model"], "content": [],
            "stop_reason": null, "stop_sequence": null,
            // It is told at the end.
            "usage": spent::to_messages(&Value::Null),
        });
        out.event(
            "message_start",
            &json!({"type": "message_start", "message": message}),
        );
    }

    fn hear(&mut self, delta: &Value, out: &mut Output) {
        if let Some(thought) = thought(delta) {
            self.think(thought, out);
        }
        for text in texts(delta) {
            self.say(&text, out);
        }
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            self.call(call, out);
        }
    }

    /// A thought between calls is not told: blocks of it stand before what follows from it.
    fn think(&mut self, thought: &str, out: &mut Output) {
        match self.open {
            Some(Open::Thinking) => {}
            Some(Open::Call { .. }) => return,
            Some(Open::Text) | None => {
                let block = json!({"type": "thinking", "thinking": "", "signature": ""});
                self.open(Open::Thinking, &block, out);
            }
        }
        self.delta(&json!({"type": "thinking_delta", "thinking": thought}), out);
    }

    fn say(&mut self, text: &str, out: &mut Output) {
        match self.open {
            Some(Open::Text) => {}
            Some(Open::Call { .. }) => {
                self.held.text.push_str(text);
                return;
            }
            Some(Open::Thinking) | None => {
                self.open(Open::Text, &json!({"type": "text", "text": ""}), out);
            }
        }
        self.delta(&json!({"type": "text_delta", "text": text}), out);
    }

    fn call(&mut self, told: &Value, out: &mut Output) {
        // Some servers do not number their calls, and tell each in one piece.
        let place = told["index"].as_u64().unwrap_or(self.calls);
        self.calls = self.calls.max(place.saturating_add(1));
        let more = arguments(told);
        match &mut self.open {
            Some(Open::Call {
                place: open,
                arguments,
            }) if *open == place => {
                arguments.push_str(&more);
                self.input(&more, out);
            }
            _ => {
                let name = told["function"]["name"].as_str().unwrap_or_default();
                self.hold(place, &told["id"], name, &more);
                while self.may_release() {
                    self.release(out);
                }
            }
        }
    }

    /// Whether a call that is held may be told: what is complete cannot be gone on with.
    fn may_release(&self) -> bool {
        let is_complete = match &self.open {
            Some(Open::Call { arguments, .. }) => {
                serde_json::from_str::<IgnoredAny>(arguments).is_ok()
            }
            Some(Open::Thinking | Open::Text) | None => true,
        };
        is_complete && !self.held.calls.is_empty()
    }

    fn hold(&mut self, place: u64, id: &Value, name: &str, more: &str) {
        let known = self.held.calls.iter_mut().find(|call| call.place == place);
        match known {
            Some(call) => call.arguments.push_str(more),
            None => self.held.calls.push(Call {
                place,
                id: id.clone(),
                name: name.to_owned(),
                arguments: more.to_owned(),
            }),
        }
    }

    /// Closes the open block, and opens the first of the calls that are held.
    fn release(&mut self, out: &mut Output) {
        self.close(out);
        let Call {
            place,
            id,
            name,
            arguments,
        } = self.held.calls.remove(0);
        let at = usize::try_from(place).unwrap_or(usize::MAX);
        let id = identified(&id, &self.id, at);
        let block = json!({"type": "tool_use", "id": id, "name": name, "input": {}});
        let first = arguments.clone();
        self.open(Open::Call { place, arguments }, &block, out);
        self.input(&first, out);
    }

    fn input(&self, more: &str, out: &mut Output) {
        if !more.is_empty() {
            self.delta(
                &json!({"type": "input_json_delta", "partial_json": more}),
                out,
            );
        }
    }

    fn open(&mut self, open: Open, block: &Value, out: &mut Output) {
        self.close(out);
        self.open = Some(open);
        self.blocks += 1;
        let start = json!({"type": "content_block_start", "index": self.blocks - 1, "content_block": block});
        out.event("content_block_start", &start);
    }

    fn delta(&self, delta: &Value, out: &mut Output) {
        let index = self.blocks.saturating_sub(1);
        let more = json!({"type": "content_block_delta", "index": index, "delta": delta});
        out.event("content_block_delta", &more);
    }

    fn close(&mut self, out: &mut Output) {
        if self.open.take().is_some() {
            let stop = json!({"type": "content_block_stop", "index": self.blocks - 1});
            out.event("content_block_stop", &stop);
        }
    }

    fn end(&mut self, out: &mut Output) {
        self.begin(&Value::Null, out);
        self.close(out);
        while !self.held.calls.is_empty() {
            self.release(out);
        }
        self.close(out);
        let text = std::mem::take(&mut self.held.text);
        if !text.trim().is_empty() {
            self.say(&text, out);
            self.close(out);
        }
        let called = match self.calls {
            0 => Called::Nothing,
            _ => Called::Tool,
        };
        let reason = finish::to_messages(self.finish_reason.as_deref(), called);
        let delta = json!({
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": null},
            "usage": spent::to_messages(&self.usage),
        });
        out.event("message_delta", &delta);
        out.event("message_stop", &json!({"type": "message_stop"}));
    }
}

#[cfg(test)]
mod tests;
