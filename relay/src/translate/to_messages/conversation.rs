//! What was said in a chat, as Messages: what its system or developer says, wherever, comes before everything; results of
//! tools are the user's blocks. Neighbours of one role are one message, as the API takes them. Pure.

use serde_json::{Value, json};

use crate::translate::{
    effort::InLoop,
    hints::Part,
    members::{Fault, Members, Unfit, at, each},
};

#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) system: Vec<Value>,
    pub(super) messages: Vec<Value>,
    pub(super) in_loop: InLoop,
}

pub(super) fn of(messages: Vec<Value>) -> Result<Conversation, Unfit> {
    let mut said = Conversation {
        system: Vec::new(),
        messages: Vec::new(),
        in_loop: InLoop::No,
    };
    at("messages", each(messages, |message| said.tell(message)))?;
    Ok(said)
}

impl Conversation {
    fn tell(&mut self, message: Value) -> Result<(), Unfit> {
        let mut message = Members::of(message)?;
        let role = message.needed_text("role")?;
        let content = message.take("content");
        self.in_loop = InLoop::No;
        match role.as_str() {
            "system" | "developer" => {
                message.finish(Part::ChatMessage)?;
                self.system.extend(at("content", texts(content))?);
            }
            "user" => {
                message.finish(Part::ChatMessage)?;
                self.push("user", at("content", shown(content))?);
            }
            "assistant" => self.push("assistant", assistant(message, content)?),
            "tool" => {
                self.push("user", vec![result(message, content)?]);
                self.in_loop = InLoop::Yes;
            }
            other => return at("role", Err(Unfit::kind(other))),
        }
        Ok(())
    }

    fn push(&mut self, role: &str, mut blocks: Vec<Value>) {
        if blocks.is_empty() {
            return;
        }
        let last = self.messages.last_mut().filter(|last| last["role"] == role);
        match last.and_then(|last| last["content"].as_array_mut()) {
            Some(content) => content.append(&mut blocks),
            None => self.messages.push(json!({"role": role, "content": blocks})),
        }
    }
}

/// Content as a list of parts: a string is one of text.
fn parts(content: Option<Value>) -> Result<Vec<Value>, Unfit> {
    match content {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![json!({"type": "text", "text": text})]),
        Some(Value::Array(parts)) => Ok(parts),
        Some(_) => Err(Unfit::new("", Fault::Type)),
    }
}

/// A part, and what it is.
fn opened(part: Value) -> Result<(Members, String), Unfit> {
    let mut part = Members::of(part)?;
    let kind = part.needed_text("type")?;
    Ok((part, kind))
}

/// An empty text says nothing, and Anthropic refuses it.
fn text(mut part: Members, name: &str) -> Result<Option<Value>, Unfit> {
    let text = part.needed_text(name)?;
    part.finish(Part::ChatContent)?;
    Ok((!text.is_empty()).then(|| json!({"type": "text", "text": text})))
}

/// Of content that may be text alone.
fn texts(content: Option<Value>) -> Result<Vec<Value>, Unfit> {
    let blocks = each(parts(content)?, |part| {
        let (part, kind) = opened(part)?;
        match kind.as_str() {
            "text" => text(part, "text"),
            "refusal" => text(part, "refusal"),
            other => Err(Unfit::kind(other)),
        }
    })?;
    Ok(blocks.into_iter().flatten().collect())
}

/// Of a user's content.
fn shown(content: Option<Value>) -> Result<Vec<Value>, Unfit> {
    let blocks = each(parts(content)?, |part| {
        let (part, kind) = opened(part)?;
        match kind.as_str() {
            "text" => text(part, "text"),
            "image_url" => image(part).map(Some),
            other => Err(Unfit::kind(other)),
        }
    })?;
    Ok(blocks.into_iter().flatten().collect())
}

fn image(mut part: Members) -> Result<Value, Unfit> {
    let image = part.object("image_url")?;
    part.finish(Part::ChatContent)?;
    let mut image = image.ok_or_else(|| Unfit::new("image_url", Fault::Missing))?;
    let url = at("image_url", image.needed_text("url"))?;
    at("image_url", image.finish(Part::ChatContent))?;
    let source = match url.strip_prefix("data:") {
        None => json!({"type": "url", "url": url}),
        Some(inline) => {
            let Some((media_type, data)) = inline.split_once(";base64,") else {
                return Err(Unfit::new(
                    "image_url.url",
                    Fault::Other("is a data URL without base64"),
                ));
            };
            json!({"type": "base64", "media_type": media_type, "data": data})
        }
    };
    Ok(json!({"type": "image", "source": source}))
}

fn assistant(mut message: Members, content: Option<Value>) -> Result<Vec<Value>, Unfit> {
    let mut blocks = at("content", texts(content))?;
    if let Some(refusal) = message.text("refusal")?.filter(|text| !text.is_empty()) {
        blocks.push(json!({"type": "text", "text": refusal}));
    }
    let calls = message.list("tool_calls")?;
    message.finish(Part::ChatMessage)?;
    blocks.extend(at("tool_calls", each(calls, call))?);
    Ok(blocks)
}

fn call(value: Value) -> Result<Value, Unfit> {
    let (mut call, kind) = opened(value)?;
    let id = call.needed_text("id")?;
    let function = match kind.as_str() {
        "function" => call.object("function")?,
        other => return Err(Unfit::kind(other)),
    };
    call.finish(Part::ChatCall)?;
    let mut function = function.ok_or_else(|| Unfit::new("function", Fault::Missing))?;
    let name = at("function", function.needed_text("name"))?;
    let arguments = at("function", function.text("arguments"))?.unwrap_or_default();
    at("function", function.finish(Part::Strict))?;
    let input = match arguments.trim() {
        "" => Some(json!({})),
        text => serde_json::from_str(text).ok().filter(Value::is_object),
    };
    let wrong = || Unfit::new("function.arguments", Fault::Other("is not a JSON object"));
    let input = input.ok_or_else(wrong)?;
    Ok(json!({"type": "tool_use", "id": identifier(&id), "name": name, "input": input}))
}

fn result(mut message: Members, content: Option<Value>) -> Result<Value, Unfit> {
    let id = message.needed_text("tool_call_id")?;
    // Which tool it was, the id tells.
    drop(message.take("name"));
    message.finish(Part::ChatMessage)?;
    let mut result = json!({"type": "tool_result", "tool_use_id": identifier(&id)});
    let blocks = at("content", texts(content))?;
    if !blocks.is_empty() {
        result["content"] = blocks.into();
    }
    Ok(result)
}

/// Anthropic takes no other letters in them.
fn identifier(id: &str) -> String {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    let letters = id.chars();
    letters
        .map(|letter| if fits(letter) { letter } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests;
