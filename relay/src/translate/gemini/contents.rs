//! What was said so far, as the messages of a chat. Calls without ids get some, and results are found by them, or by the
//! names of the functions in their order; a result that is told twice is told once. Pure.

use serde_json::{Map, Value, json};

use crate::translate::{
    family::ChatFamily,
    hints::Part,
    members::{Fault, Members, Unfit, at, each},
};

pub(super) fn system(instruction: Option<Value>) -> Result<Option<Value>, Unfit> {
    let text = match instruction {
        None => return Ok(None),
        Some(Value::String(text)) => text,
        Some(content) => {
            let mut content = Members::of(content)?.camel();
            drop(content.take("role"));
            let parts = content.list("parts")?;
            content.finish(Part::Strict)?;
            let texts = each(parts, |part| {
                let mut part = Members::of(part)?.camel();
                let text = part.needed_text("text")?;
                part.finish(Part::GeminiContent)?;
                Ok(text)
            });
            at("parts", texts)?.join("\n\n")
        }
    };
    Ok((!text.is_empty()).then(|| json!({"role": "system", "content": text})))
}

pub(super) fn of(contents: Vec<Value>, family: ChatFamily) -> Result<Vec<Value>, Unfit> {
    if contents.is_empty() {
        return Err(Unfit::new("", Fault::Missing));
    }
    let mut conversation = Conversation {
        messages: Vec::with_capacity(contents.len()),
        family,
        calls: 0,
        open: Vec::new(),
        results: Vec::new(),
    };
    each(contents, |content| conversation.tell(content))?;
    Ok(conversation.messages)
}

#[derive(Debug)]
struct Conversation {
    messages: Vec<Value>,
    family: ChatFamily,
    /// How many there were.
    calls: u64,
    /// Those that wait for their results.
    open: Vec<Call>,
    /// By the ids of their calls, where the results are that were told last.
    results: Vec<(String, usize)>,
}

#[derive(Debug)]
struct Call {
    id: String,
    name: String,
}

impl Conversation {
    fn tell(&mut self, content: Value) -> Result<(), Unfit> {
        let mut content = Members::of(content)?.camel();
        let role = content.text("role")?;
        let parts = content.list("parts")?;
        content.finish(Part::Strict)?;
        match role.as_deref() {
            None | Some("user" | "function") => at("parts", self.user(parts)),
            Some("model") => at("parts", self.model(parts)),
            Some(other) => at("role", Err(Unfit::kind(other))),
        }
    }

    fn user(&mut self, parts: Vec<Value>) -> Result<(), Unfit> {
        let (mut shown, mut said) = (Vec::new(), Vec::new());
        each(parts, |part| {
            let mut part = Members::of(part)?.camel();
            if let Some(result) = part.object("functionResponse")? {
                at("functionResponse", self.result(result.camel(), &mut shown))?;
            } else if let Some(image) = part.object("inlineData")? {
                said.push(at("inlineData", inline(image.camel()))?);
            } else {
                let text = part.needed_text("text")?;
                said.push(json!({"type": "text", "text": text}));
            }
            part.finish(Part::GeminiContent)
        })?;
        shown.append(&mut said);
        let content = match shown.as_mut_slice() {
            [] => return Ok(()),
            [only] if only["type"] == "text" => only["text"].take(),
            _ => Value::Array(shown),
        };
        self.messages
            .push(json!({"role": "user", "content": content}));
        Ok(())
    }

    /// What it shows is left in `shown`, for the user to show.
    fn result(&mut self, mut result: Members, shown: &mut Vec<Value>) -> Result<(), Unfit> {
        let (id, name) = (result.text("id")?, result.needed_text("name")?);
        let response = result.take("response").unwrap_or_default();
        let parts = result.list("parts")?;
        result.finish(Part::FunctionResponse)?;
        let mut images = at("parts", each(parts, image))?;
        let mut text = said(response);
        let Some(id) = self.answered(id, &name) else {
            let why = Fault::Other("is the result of no call that waits for one");
            return Err(Unfit::new("name", why));
        };
        if !images.is_empty() {
            text.push_str(&format!(
                "\n\n(Images: {}, shown by the user.)",
                images.len()
            ));
            let intro = format!("The images of the result of `{id}`:");
            shown.push(json!({"type": "text", "text": intro}));
            shown.append(&mut images);
        }
        let known = self.results.iter().find(|(known, _)| *known == id);
        match known.map(|(_, at)| &mut self.messages[*at]["content"]) {
            None => {
                self.results.push((id.clone(), self.messages.len()));
                let told = json!({"role": "tool", "tool_call_id": id, "content": text});
                self.messages.push(told);
            }
            Some(before) if before.as_str() == Some(&text) => {}
            Some(before) => {
                let both = [before.as_str().unwrap_or_default(), &text].join("\n\n");
                *before = both.into();
            }
        }
        Ok(())
    }

    /// The id of the call that a result belongs to. It waits no more.
    fn answered(&mut self, id: Option<String>, name: &str) -> Option<String> {
        if let Some(id) = &id
            && self.results.iter().any(|(known, _)| known == id)
        {
            return Some(id.clone());
        }
        let is_its = |call: &Call| id.as_ref().is_some_and(|id| *id == call.id);
        let by_id = self.open.iter().position(is_its);
        let by_name = || self.open.iter().position(|call| call.name == name);
        let place = by_id.or_else(by_name)?;
        Some(self.open.remove(place).id)
    }

    fn model(&mut self, parts: Vec<Value>) -> Result<(), Unfit> {
        let (mut text, mut thoughts, mut calls) = (String::new(), Vec::new(), Vec::new());
        self.results.clear();
        each(parts, |part| {
            let mut part = Members::of(part)?.camel();
            let is_thought = part.flag("thought")? == Some(true);
            if let Some(call) = part.object("functionCall")? {
                calls.push(at("functionCall", self.call(call.camel()))?);
            } else {
                let said = part.needed_text("text")?;
                match is_thought {
                    true => thoughts.push(said),
                    false => text.push_str(&said),
                }
            }
            part.finish(Part::GeminiContent)
        })?;
        if text.is_empty() && calls.is_empty() {
            return Ok(());
        }
        let mut message = Map::new();
        message.insert("role".into(), "assistant".into());
        let content = Some(text).filter(|text| !text.is_empty());
        message.insert("content".into(), content.into());
        if self.family.hears(&thoughts, !calls.is_empty()) {
            message.insert("reasoning_content".into(), thoughts.concat().into());
        }
        if !calls.is_empty() {
            message.insert("tool_calls".into(), calls.into());
        }
        self.messages.push(Value::Object(message));
        Ok(())
    }

    fn call(&mut self, mut call: Members) -> Result<Value, Unfit> {
        let (id, name) = (call.text("id")?, call.needed_text("name")?);
        let arguments = call.take("args").unwrap_or_else(|| json!({}));
        call.finish(Part::Strict)?;
        if !arguments.is_object() {
            return Err(Unfit::new("args", Fault::Type));
        }
        self.calls += 1;
        let id = id.unwrap_or_else(|| format!("call_{}", self.calls));
        self.open.push(Call {
            id: id.clone(),
            name: name.clone(),
        });
        let function = json!({"name": name, "arguments": arguments.to_string()});
        Ok(json!({"id": id, "type": "function", "function": function}))
    }
}

/// What a function gave: by the API's own convention its `output`, or its `error`, or all of it.
fn said(response: Value) -> String {
    let only = |name: &str| {
        let members = response.as_object().filter(|members| members.len() == 1)?;
        members.get(name)?.as_str()
    };
    match (only("output"), only("error")) {
        (Some(output), _) => output.to_owned(),
        (None, Some(error)) => format!("Error: {error}"),
        (None, None) => response.to_string(),
    }
}

fn image(part: Value) -> Result<Value, Unfit> {
    let mut part = Members::of(part)?.camel();
    let image = part.object("inlineData")?;
    part.finish(Part::GeminiContent)?;
    let image = image.ok_or_else(|| Unfit::new("inlineData", Fault::Missing))?;
    at("inlineData", inline(image.camel()))
}

fn inline(mut image: Members) -> Result<Value, Unfit> {
    let kind = image.needed_text("mimeType")?;
    let data = image.needed_text("data")?;
    image.finish(Part::InlineData)?;
    match kind.starts_with("image/") {
        true => {
            let url = format!("data:{kind};base64,{data}");
            Ok(json!({"type": "image_url", "image_url": {"url": url}}))
        }
        false => at("mimeType", Err(Unfit::kind(&kind))),
    }
}

#[cfg(test)]
mod tests;
