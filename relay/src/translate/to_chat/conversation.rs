//! What was said in a Messages request, as the messages of a chat: results of tools are messages of their own there, before
//! what else the user says; what they show, the user shows. Pure.

use serde_json::{Map, Value, json};

use crate::translate::{
    family::ChatFamily,
    hints::Part,
    members::{Fault, Members, Unfit, at, each},
};

/// How Claude Code tells Anthropic whom to bill; it changes from turn to turn, and is no instruction.
const BILLING: &str = "x-anthropic-billing-header:";

pub(super) fn of(
    system: Option<Value>,
    messages: Vec<Value>,
    family: ChatFamily,
) -> Result<Vec<Value>, Unfit> {
    let mut said = Vec::with_capacity(messages.len() + 1);
    if let Some(system) = system {
        push_system(&mut said, at("system", texts(system))?);
    }
    let mut messages = messages.into_iter().enumerate();
    messages.try_for_each(|(place, message)| {
        let told = tell(&mut said, message, family);
        at("messages", at(place, told))
    })?;
    Ok(said)
}

fn tell(said: &mut Vec<Value>, message: Value, family: ChatFamily) -> Result<(), Unfit> {
    let mut message = Members::of(message)?;
    let role = message.needed_text("role")?;
    let content = message.take("content").unwrap_or_default();
    message.finish(Part::Message)?;
    match role.as_str() {
        "system" => push_system(said, at("content", texts(content))?),
        "user" => at("content", user(said, content))?,
        "assistant" => said.extend(at("content", assistant(content, family))?),
        other => return at("role", Err(Unfit::kind(other))),
    }
    Ok(())
}

fn push_system(said: &mut Vec<Value>, texts: Vec<String>) {
    let counts = |text: &String| !text.starts_with(BILLING);
    let texts: Vec<String> = texts.into_iter().filter(counts).collect();
    if !texts.is_empty() {
        said.push(json!({"role": "system", "content": texts.join("\n\n")}));
    }
}

/// Content as a list of blocks: a string is one of text.
fn blocks(content: Value) -> Result<Vec<Value>, Unfit> {
    match content {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => Ok(vec![json!({"type": "text", "text": text})]),
        Value::Array(blocks) => Ok(blocks),
        _ => Err(Unfit::new("", Fault::Type)),
    }
}

/// A block, and what it is.
fn opened(block: Value) -> Result<(Members, String), Unfit> {
    let mut block = Members::of(block)?;
    let kind = block.needed_text("type")?;
    Ok((block, kind))
}

/// Of content that may be text alone.
fn texts(content: Value) -> Result<Vec<String>, Unfit> {
    each(blocks(content)?, |block| {
        let (block, kind) = opened(block)?;
        match kind.as_str() {
            "text" => text(block),
            other => Err(Unfit::kind(other)),
        }
    })
}

fn text(mut block: Members) -> Result<String, Unfit> {
    let text = block.needed_text("text")?;
    block.finish(Part::Block)?;
    Ok(text)
}

fn image(mut block: Members) -> Result<Value, Unfit> {
    let source = block.object("source")?;
    let mut source = source.ok_or_else(|| Unfit::kind("image without a source"))?;
    let url = match at("source", source.needed_text("type"))?.as_str() {
        "base64" => {
            let media_type = at("source", source.needed_text("media_type"))?;
            let data = at("source", source.needed_text("data"))?;
            format!("data:{media_type};base64,{data}")
        }
        "url" => at("source", source.needed_text("url"))?,
        other => return at("source", Err(Unfit::kind(other))),
    };
    at("source", source.finish(Part::Strict))?;
    block.finish(Part::Block)?;
    Ok(json!({"type": "image_url", "image_url": {"url": url}}))
}

fn text_part(text: impl Into<String>) -> Value {
    json!({"type": "text", "text": text.into()})
}

fn user(said: &mut Vec<Value>, content: Value) -> Result<(), Unfit> {
    let (mut shown, mut parts) = (Vec::new(), Vec::new());
    each(blocks(content)?, |block| {
        let (block, kind) = opened(block)?;
        match kind.as_str() {
            "text" => parts.push(text_part(text(block)?)),
            "image" => parts.push(image(block)?),
            "tool_result" => said.push(result(block, &mut shown)?),
            other => return Err(Unfit::kind(other)),
        }
        Ok(())
    })?;
    shown.append(&mut parts);
    let content = match shown.as_mut_slice() {
        [] => return Ok(()),
        [only] if only["type"] == "text" => only["text"].take(),
        _ => Value::Array(shown),
    };
    said.push(json!({"role": "user", "content": content}));
    Ok(())
}

/// A tool's result is text there: its images are left in `shown`, for the user to show.
fn result(mut block: Members, shown: &mut Vec<Value>) -> Result<Value, Unfit> {
    let id = block.needed_text("tool_use_id")?;
    let failed = block.flag("is_error")? == Some(true);
    let content = blocks(block.take("content").unwrap_or_default())?;
    block.finish(Part::Block)?;
    let (mut texts, mut images) = (Vec::new(), Vec::new());
    let read = each(content, |block| {
        let (mut block, kind) = opened(block)?;
        match kind.as_str() {
            "text" => texts.push(text(block)?),
            "image" => images.push(image(block)?),
            // The tool is there already, since none is kept back.
            "tool_reference" => {
                texts.push(format!(
                    "The tool `{}` is there.",
                    block.needed_text("tool_name")?
                ));
                block.finish(Part::Block)?;
            }
            other => return Err(Unfit::kind(other)),
        }
        Ok(())
    });
    at("content", read)?;
    if !images.is_empty() {
        texts.push(format!("(Images: {}, shown by the user.)", images.len()));
        shown.push(text_part(format!("The images of the result of `{id}`:")));
        shown.append(&mut images);
    }
    let text = texts.join("\n\n");
    let text = match failed {
        true => format!("Error: {text}"),
        false => text,
    };
    Ok(json!({"role": "tool", "tool_call_id": id, "content": text}))
}

/// None where it said nothing that can be told.
fn assistant(content: Value, family: ChatFamily) -> Result<Option<Value>, Unfit> {
    let (mut texts, mut thoughts, mut calls) = (Vec::new(), Vec::new(), Vec::new());
    each(blocks(content)?, |block| {
        let (mut block, kind) = opened(block)?;
        match kind.as_str() {
            "text" => texts.push(text(block)?),
            "thinking" => thoughts.push(block.needed_text("thinking")?),
            // Nobody but its maker can read it.
            "redacted_thinking" => {}
            "tool_use" => calls.push(call(block)?),
            other => return Err(Unfit::kind(other)),
        }
        Ok(())
    })?;
    let mut message = Map::new();
    message.insert("role".into(), "assistant".into());
    let content = Some(texts.join("\n\n")).filter(|text| !text.is_empty());
    if content.is_none() && calls.is_empty() {
        return Ok(None);
    }
    message.insert("content".into(), content.into());
    if family.hears(&thoughts, !calls.is_empty()) {
        message.insert("reasoning_content".into(), thoughts.join("\n\n").into());
    }
    if !calls.is_empty() {
        message.insert("tool_calls".into(), calls.into());
    }
    Ok(Some(Value::Object(message)))
}

fn call(mut block: Members) -> Result<Value, Unfit> {
    let (id, name) = (block.needed_text("id")?, block.needed_text("name")?);
    let input = block.take("input").unwrap_or_else(|| json!({}));
    block.finish(Part::Block)?;
    let function = json!({"name": name, "arguments": input.to_string()});
    Ok(json!({"id": id, "type": "function", "function": function}))
}

#[cfg(test)]
mod tests;
