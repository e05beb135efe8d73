//! What was said so far, item by item, as the messages of a chat: what an assistant thinks, says and calls in one go is one
//! message there; what a tool has shown, the user shows after all results. Pure.

use serde_json::{Map, Value, json};

use crate::translate::{
    family::ChatFamily,
    hints::Part,
    members::{Fault, Members, Unfit, at, each},
    tools::Tools,
};

#[derive(Debug)]
struct Conversation<'a> {
    messages: Vec<Value>,
    family: ChatFamily,
    known: &'a mut Tools,
    /// What an assistant is saying.
    said: Map<String, Value>,
    thoughts: Vec<String>,
    /// What tools have shown.
    shown: Vec<Value>,
}

pub(super) fn of(
    input: Option<Value>,
    family: ChatFamily,
    known: &mut Tools,
) -> Result<Vec<Value>, Unfit> {
    let items = match input {
        None => return Err(Unfit::new("", Fault::Missing)),
        Some(Value::String(text)) => return Ok(vec![json!({"role": "user", "content": text})]),
        Some(Value::Array(items)) => items,
        Some(_) => return Err(Unfit::new("", Fault::Type)),
    };
    let mut conversation = Conversation {
        messages: Vec::with_capacity(items.len()),
        family,
        known,
        said: Map::new(),
        thoughts: Vec::new(),
        shown: Vec::new(),
    };
    each(items, |item| conversation.tell(item))?;
    conversation.end_answer();
    conversation.end_results();
    Ok(conversation.messages)
}

impl Conversation<'_> {
    fn tell(&mut self, item: Value) -> Result<(), Unfit> {
        let mut item = Members::of(item)?;
        let kind = item.text("type")?;
        match kind.as_deref().unwrap_or("message") {
            "message" => self.message(item),
            "reasoning" => self.reasoning(item),
            "function_call" => self.call(item),
            "function_call_output" => self.result(item),
            other => Err(Unfit::kind(other)),
        }
    }

    fn message(&mut self, mut message: Members) -> Result<(), Unfit> {
        let role = message.needed_text("role")?;
        let content = at("content", content(message.take("content")))?;
        message.finish(Part::ResponseItem)?;
        match role.as_str() {
            "assistant" => return self.say(content),
            "user" | "system" | "developer" => {}
            other => return at("role", Err(Unfit::kind(other))),
        }
        self.end_answer();
        self.end_results();
        // Compatible servers know no other word for it.
        let role = if role == "developer" { "system" } else { &role };
        if !content.is_empty() {
            self.messages
                .push(json!({"role": role, "content": plain(content)}));
        }
        Ok(())
    }

    fn say(&mut self, content: Vec<Value>) -> Result<(), Unfit> {
        self.end_results();
        // It has called already, and speaks again.
        if self.said.contains_key("tool_calls") {
            self.end_answer();
        }
        let mut text = String::new();
        for (place, part) in content.iter().enumerate() {
            let said = part["text"].as_str();
            let other = || at("content", at(place, Err(Unfit::kind("input_image"))));
            text.push_str(said.map_or_else(other, Ok)?);
        }
        match self.said.get_mut("content") {
            Some(Value::String(before)) => {
                before.push_str("\n\n");
                before.push_str(&text);
            }
            _ if text.is_empty() => {}
            _ => drop(self.said.insert("content".into(), text.into())),
        }
        Ok(())
    }

    /// What only its maker can read was refused its way here (`interpret.rs`), or is refused now.
    fn reasoning(&mut self, mut item: Members) -> Result<(), Unfit> {
        let summary = item.list("summary")?;
        let content = item.list("content")?;
        item.finish(Part::ResponseReasoning)?;
        self.end_results();
        if self.said.contains_key("tool_calls") {
            self.end_answer();
        }
        let of = |parts: Vec<Value>| each(parts, |part| Members::of(part)?.needed_text("text"));
        let (summary, content) = (at("summary", of(summary))?, at("content", of(content))?);
        let thoughts = if content.is_empty() { summary } else { content };
        self.thoughts.extend(thoughts);
        Ok(())
    }

    fn call(&mut self, mut item: Members) -> Result<(), Unfit> {
        self.end_results();
        let id = item.needed_text("call_id")?;
        let (namespace, name) = (item.text("namespace")?, item.needed_text("name")?);
        let arguments = item.text("arguments")?.unwrap_or_default();
        item.finish(Part::ResponseItem)?;
        let is_object = match arguments.trim() {
            "" => true,
            text => serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object()),
        };
        if !is_object {
            let why = Fault::Other("is not a JSON object");
            return Err(Unfit::new("arguments", why));
        }
        let function = json!({"name": self.known.plain(namespace, name), "arguments": arguments});
        let call = json!({"id": id, "type": "function", "function": function});
        let calls = self.said.entry("tool_calls").or_insert_with(|| json!([]));
        calls.as_array_mut().expect("it is a list").push(call);
        Ok(())
    }

    fn result(&mut self, mut item: Members) -> Result<(), Unfit> {
        self.end_answer();
        let id = item.needed_text("call_id")?;
        let output = at("output", content(item.take("output")))?;
        item.finish(Part::ResponseItem)?;
        let (texts, mut images): (Vec<_>, Vec<_>) =
            output.into_iter().partition(|part| part["type"] == "text");
        let mut texts: Vec<&str> = texts
            .iter()
            .filter_map(|part| part["text"].as_str())
            .collect();
        let told = format!("(Images: {}, shown by the user.)", images.len());
        if !images.is_empty() {
            texts.push(&told);
            let text = format!("The images of the result of `{id}`:");
            self.shown.push(json!({"type": "text", "text": text}));
            self.shown.append(&mut images);
        }
        let text = texts.join("\n\n");
        self.messages
            .push(json!({"role": "tool", "tool_call_id": id, "content": text}));
        Ok(())
    }

    /// Thoughts alone are no message.
    fn end_answer(&mut self) {
        let thoughts = std::mem::take(&mut self.thoughts);
        let said = std::mem::take(&mut self.said);
        if said.is_empty() {
            return;
        }
        let mut message = Map::new();
        message.insert("role".into(), "assistant".into());
        if !said.contains_key("content") {
            message.insert("content".into(), Value::Null);
        }
        let has_called = said.contains_key("tool_calls");
        message.extend(said);
        if self.family.hears(&thoughts, has_called) {
            message.insert("reasoning_content".into(), thoughts.join("\n\n").into());
        }
        self.messages.push(Value::Object(message));
    }

    fn end_results(&mut self) {
        let shown = std::mem::take(&mut self.shown);
        if !shown.is_empty() {
            self.messages
                .push(json!({"role": "user", "content": shown}));
        }
    }
}

/// Content as the parts of a chat: a string is one of text.
fn content(content: Option<Value>) -> Result<Vec<Value>, Unfit> {
    let parts = match content {
        None => return Ok(Vec::new()),
        Some(Value::String(text)) => return Ok(vec![json!({"type": "text", "text": text})]),
        Some(Value::Array(parts)) => parts,
        Some(_) => return Err(Unfit::new("", Fault::Type)),
    };
    each(parts, |part| {
        let mut part = Members::of(part)?;
        let told = match part.needed_text("type")?.as_str() {
            "input_text" | "output_text" | "text" => {
                json!({"type": "text", "text": part.needed_text("text")?})
            }
            "refusal" => json!({"type": "text", "text": part.needed_text("refusal")?}),
            "input_image" => {
                let url = part.needed_text("image_url")?;
                json!({"type": "image_url", "image_url": {"url": url}})
            }
            other => return Err(Unfit::kind(other)),
        };
        part.finish(Part::ResponseContent)?;
        Ok(told)
    })
}

/// One text needs no list.
fn plain(mut content: Vec<Value>) -> Value {
    match content.as_mut_slice() {
        [only] if only["type"] == "text" => only["text"].take(),
        _ => Value::Array(content),
    }
}

#[cfg(test)]
mod tests;
