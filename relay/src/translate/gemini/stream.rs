//! The chunks of a chat as Gemini's, each an answer of its own: events, or elements of one array. Thoughts and text are told
//! as they come, calls with the last chunk, since each is told in one piece. Pure.

use serde_json::{Value, json};

use super::answer::{call_part, chunk, finish_reason, text_part, thought_part};
use crate::translate::{
    Output,
    chat::{Heard, arguments, choice, identified, texts, thought},
    spent,
};

/// How a stream is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::translate) enum Form {
    Events,
    Array,
}

/// Where an answer stands.
#[derive(Debug)]
pub(in crate::translate) struct Stream {
    form: Form,
    /// How many chunks were told.
    told: u64,
    /// The first chunk that has named the answer and the model.
    named: Value,
    calls: Vec<Call>,
    finish_reason: Option<String>,
    usage: Value,
}

#[derive(Debug)]
struct Call {
    place: u64,
    id: Value,
    name: Value,
    arguments: String,
}

impl Stream {
    pub(in crate::translate) fn new(form: Form) -> Self {
        Self {
            form,
            told: 0,
            named: Value::Null,
            calls: Vec::new(),
            finish_reason: None,
            usage: Value::Null,
        }
    }

    pub(in crate::translate) fn tell(&mut self, heard: &Heard, out: &mut Output) {
        match heard {
            Heard::Chunk(chunk) => self.chunk(chunk, out),
            Heard::Failed(refusal) => {
                self.push(&refusal.to_gemini(), out);
                self.close(out);
            }
            Heard::Done => self.end(out),
        }
    }

    /// An element that ends the stream, as it is to be sent.
    pub(in crate::translate) fn last(&self, element: &[u8]) -> Vec<u8> {
        match self.form {
            Form::Events => element.to_vec(),
            Form::Array => [self.before(), element, b"]"].concat(),
        }
    }

    fn chunk(&mut self, said: &Value, out: &mut Output) {
        if self.named.is_null() {
            self.named = json!({"id": said["id"], "model": said["model"]});
        }
        if said["usage"].is_object() {
            self.usage = said["usage"].clone();
        }
        let choice = choice(said);
        let delta = &choice["delta"];
        if let Some(thought) = thought(delta) {
            self.push(&chunk(&self.named, vec![thought_part(thought)]), out);
        }
        for text in texts(delta) {
            self.push(&chunk(&self.named, vec![text_part(&text)]), out);
        }
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            self.call(call);
        }
        if let Some(reason) = choice["finish_reason"].as_str() {
            self.finish_reason = Some(reason.to_owned());
        }
    }

    fn call(&mut self, told: &Value) {
        // Some servers do not number their calls, and tell each in one piece.
        let next = self.calls.last().map_or(0, |last| last.place + 1);
        let place = told["index"].as_u64().unwrap_or(next);
        let more = arguments(told);
        match self.calls.iter_mut().find(|call| call.place == place) {
            Some(call) => call.arguments.push_str(&more),
            None => self.calls.push(Call {
                place,
                id: told["id"].clone(),
                name: told["function"]["name"].clone(),
                arguments: more,
            }),
        }
    }

    fn end(&mut self, out: &mut Output) {
        let reason = self.finish_reason.as_deref();
        let mut parts = Vec::new();
        for (place, call) in self.calls.iter().enumerate() {
            let id = identified(&call.id, &self.named["id"], place);
            match call_part(&id, &call.name, &call.arguments, reason) {
                Ok(part) => parts.extend(part),
                Err(_) => return out.garble(),
            }
        }
        // Readers want a part in each.
        if parts.is_empty() {
            parts.push(text_part(""));
        }
        let mut last = chunk(&self.named, parts);
        last["candidates"][0]["finishReason"] = finish_reason(reason).into();
        last["usageMetadata"] = spent::to_gemini(&self.usage);
        self.push(&last, out);
        self.close(out);
    }

    fn push(&mut self, chunk: &Value, out: &mut Output) {
        match self.form {
            Form::Events => out.data(chunk),
            Form::Array => out.element(self.before(), chunk),
        }
        self.told += 1;
    }

    fn before(&self) -> &'static [u8] {
        match self.told {
            0 => b"[",
            _ => b",\n",
        }
    }

    fn close(&self, out: &mut Output) {
        if self.form == Form::Array {
            out.close();
        }
    }
}

#[cfg(test)]
mod tests;
