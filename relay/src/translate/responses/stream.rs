//! The chunks of a chat as the events of a response. Thoughts and text are told as they come, one item after the other; calls,
//! which a chat may mix, are all open until the answer ends. Pure.
//! <https://platform.openai.com/docs/api-reference/responses-streaming>

use std::mem::discriminant;

use serde_json::{Value, json};

use super::answer::{Call, Envelope, Item, Status, part, summary};
use crate::translate::{
    Output, Telling,
    chat::{Heard, arguments, choice, identified, texts, thought},
    refusal::Refusal,
    spent,
};

/// Where an answer stands.
#[derive(Debug)]
pub(in crate::translate) struct Stream {
    telling: Telling,
    envelope: Option<Envelope>,
    items: Vec<Item>,
    /// Whether the last item is a thought or text that may go on.
    goes_on: bool,
    /// Which items are calls, by the places that the chat has given them.
    calls: Vec<(u64, usize)>,
    finish_reason: Option<String>,
    usage: Value,
    /// How many events were told.
    told: u64,
}

/// What the events about a thought or a text are called, and what stands in it.
struct Names {
    part: fn(&str) -> Value,
    part_added: &'static str,
    delta: &'static str,
    text_done: &'static str,
    part_done: &'static str,
}

const THOUGHT: Names = Names {
    part: summary,
    part_added: "response.reasoning_summary_part.added",
    delta: "response.reasoning_summary_text.delta",
    text_done: "response.reasoning_summary_text.done",
    part_done: "response.reasoning_summary_part.done",
};

const TEXT: Names = Names {
    part,
    part_added: "response.content_part.added",
    delta: "response.output_text.delta",
    text_done: "response.output_text.done",
    part_done: "response.content_part.done",
};

/// What an item says, if it says something.
fn spoken(item: &mut Item) -> Option<(&mut String, &'static Names)> {
    match item {
        Item::Thought(said) => Some((said, &THOUGHT)),
        Item::Text(said) => Some((said, &TEXT)),
        Item::Call(_) => None,
    }
}

impl Stream {
    pub(in crate::translate) fn new(telling: Telling) -> Self {
        Self {
            telling,
            envelope: None,
            items: Vec::new(),
            goes_on: false,
            calls: Vec::new(),
            finish_reason: None,
            usage: Value::Null,
            told: 0,
        }
    }

    pub(in crate::translate) fn told(&self) -> u64 {
        self.told
    }

    pub(in crate::translate) fn tell(&mut self, heard: &Heard, out: &mut Output) {
        match heard {
            Heard::Chunk(chunk) => self.chunk(chunk, out),
            Heard::Failed(refusal) => self.fail(refusal, out),
            Heard::Done => self.end(out),
        }
    }

    fn chunk(&mut self, chunk: &Value, out: &mut Output) {
        self.begin(chunk, out);
        if chunk["usage"].is_object() {
            self.usage = chunk["usage"].clone();
        }
        let choice = choice(chunk);
        let delta = &choice["delta"];
        if let Some(thought) = thought(delta) {
            self.more(Item::Thought, thought, out);
        }
        for text in texts(delta) {
            self.more(Item::Text, &text, out);
        }
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            self.call(call, out);
        }
        if let Some(reason) = choice["finish_reason"].as_str() {
            self.finish_reason = Some(reason.to_owned());
        }
    }

    fn begin(&mut self, chunk: &Value, out: &mut Output) {
        if self.envelope.is_some() {
            return;
        }
        self.envelope = Some(Envelope {
            id: chunk["id"].clone(),
            model: chunk["model"].clone(),
            created: self.telling.now.0 / 1000,
        });
        let response = self.response(Status::InProgress, Value::Null);
        self.event("response.created", json!({"response": response}), out);
        self.event("response.in_progress", json!({"response": response}), out);
    }

    /// More of a thought or of text.
    fn more(&mut self, kind: fn(String) -> Item, text: &str, out: &mut Output) {
        let empty = kind(String::new());
        let is_like = |last: &Item| discriminant(last) == discriminant(&empty);
        if !(self.goes_on && self.items.last().is_some_and(is_like)) {
            self.close(out);
            self.open(empty, out);
        }
        let place = self.items.len() - 1;
        if let Some((said, names)) = spoken(&mut self.items[place]) {
            said.push_str(text);
            self.event_of(names.delta, place, json!({"delta": text}), out);
        }
    }

    /// Tells that there is a thought or a text; nothing of it yet.
    fn open(&mut self, mut empty: Item, out: &mut Output) {
        let place = self.items.len();
        let names = spoken(&mut empty).map(|(_, names)| names);
        self.items.push(empty);
        self.goes_on = true;
        self.added(place, out);
        if let Some(names) = names {
            let told = json!({"part": (names.part)("")});
            self.event_of(names.part_added, place, told, out);
        }
    }

    /// A thought or a text that is open comes to its end.
    fn close(&mut self, out: &mut Output) {
        if !std::mem::take(&mut self.goes_on) {
            return;
        }
        let place = self.items.len() - 1;
        if let Some((said, names)) = spoken(&mut self.items[place]) {
            let (text, part) = (json!({"text": said}), json!({"part": (names.part)(said)}));
            self.event_of(names.text_done, place, text, out);
            self.event_of(names.part_done, place, part, out);
            self.done(place, Status::Completed, out);
        }
    }

    fn call(&mut self, told: &Value, out: &mut Output) {
        // Some servers do not number their calls, and tell each in one piece.
        let next = self.calls.last().map_or(0, |(last, _)| last + 1);
        let number = told["index"].as_u64().unwrap_or(next);
        let known = self.calls.iter().find(|(known, _)| *known == number);
        let place = match known {
            Some((_, place)) => *place,
            None => self.opened_call(number, told, out),
        };
        let more = arguments(told);
        if let Some(Item::Call(call)) = self.items.get_mut(place) {
            call.arguments.push_str(&more);
        }
        if !more.is_empty() {
            let name = "response.function_call_arguments.delta";
            self.event_of(name, place, json!({"delta": more}), out);
        }
    }

    fn opened_call(&mut self, number: u64, told: &Value, out: &mut Output) -> usize {
        self.close(out);
        let place = self.items.len();
        let answer = self
            .envelope
            .as_ref()
            .map_or(&Value::Null, |envelope| &envelope.id);
        let call = Call {
            id: identified(&told["id"], answer, self.calls.len()),
            name: told["function"]["name"].as_str().unwrap_or_default().into(),
            arguments: String::new(),
        };
        self.items.push(Item::Call(call));
        self.calls.push((number, place));
        self.added(place, out);
        place
    }

    fn end(&mut self, out: &mut Output) {
        self.begin(&Value::Null, out);
        self.close(out);
        let status = Status::of(self.finish_reason.as_deref());
        for (_, place) in std::mem::take(&mut self.calls) {
            self.end_call(place, status, out);
        }
        let response = self.response(status, spent::to_response(&self.usage));
        let name = match status {
            Status::Incomplete(_) => "response.incomplete",
            Status::InProgress | Status::Completed => "response.completed",
        };
        self.event(name, json!({"response": response}), out);
    }

    fn end_call(&mut self, place: usize, status: Status, out: &mut Output) {
        let item = self.item(place, status);
        let told = json!({"name": item["name"], "arguments": item["arguments"]});
        self.event_of("response.function_call_arguments.done", place, told, out);
        self.done(place, status, out);
    }

    fn fail(&mut self, refusal: &Refusal, out: &mut Output) {
        let mut told = refusal.to_chat();
        for name in ["code", "message", "param"] {
            told[name] = told["error"][name].clone();
        }
        self.event("error", told, out);
    }

    fn added(&mut self, place: usize, out: &mut Output) {
        let item = self.item(place, Status::InProgress);
        let told = json!({"output_index": place, "item": item});
        self.event("response.output_item.added", told, out);
    }

    fn done(&mut self, place: usize, status: Status, out: &mut Output) {
        let item = self.item(place, status);
        let told = json!({"output_index": place, "item": item});
        self.event("response.output_item.done", told, out);
    }

    fn item(&self, place: usize, status: Status) -> Value {
        let envelope = self.envelope.as_ref().expect("it has begun");
        self.items[place].told(envelope, place, status, &self.telling.tools)
    }

    fn response(&self, status: Status, usage: Value) -> Value {
        let places = 0..self.items.len();
        let output = places.map(|place| self.item(place, status)).collect();
        let envelope = self.envelope.as_ref().expect("it has begun");
        envelope.told(status, output, usage)
    }

    /// An event about an item that is told in parts.
    fn event_of(&mut self, name: &str, place: usize, mut told: Value, out: &mut Output) {
        let envelope = self.envelope.as_ref().expect("it has begun");
        let item = &self.items[place];
        told["item_id"] = item.id(envelope, place).into();
        told["output_index"] = place.into();
        match item {
            Item::Thought(_) => told["summary_index"] = 0.into(),
            Item::Text(_) => told["content_index"] = 0.into(),
            Item::Call(_) => {}
        }
        if let (Item::Text(_), true) = (item, told["part"].is_null()) {
            told["logprobs"] = json!([]);
        }
        self.event(name, told, out);
    }

    fn event(&mut self, name: &str, mut told: Value, out: &mut Output) {
        told["type"] = name.into();
        told["sequence_number"] = self.told.into();
        self.told += 1;
        out.event(name, &told);
    }
}

#[cfg(test)]
mod tests;
