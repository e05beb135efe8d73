//! Responses, as far as nothing is stored: a request in the words of chat completions, its settings here, what is said in
//! `input.rs`, what the model may call in `tools.rs`; and a chat's answers as a response, whole or event by event. Pure.
//! <https://platform.openai.com/docs/api-reference/responses>

mod answer;
mod input;
mod stream;
mod tools;

use serde_json::{Map, Value, json};

pub(super) use self::{answer::whole, stream::Stream};

use super::{
    Asking, AsksUsage,
    family::ChatFamily,
    hints::Part,
    members::{Fault, Members, Unfit, at},
    tools::Tools,
};

/// What a chat calls the settings, and what a response does.
pub(super) const NAMES: &[(&str, &str)] = &[
    ("reasoning_effort", "reasoning.effort"),
    ("response_format", "text.format"),
    ("max_tokens", "max_output_tokens"),
    ("messages", "input"),
];

pub(super) fn request(
    mut asked: Members,
    asking: &Asking,
    known: &mut Tools,
) -> Result<Value, Unfit> {
    let family = ChatFamily::of(&asking.model);
    drop(asked.take("model"));
    let instructions = asked.text("instructions")?;
    let messages = at("input", input::of(asked.take("input"), family, known))?;
    let mut chat = Map::new();
    chat.insert("model".into(), asking.model.as_str().into());
    let system = instructions.map(|text| json!({"role": "system", "content": text}));
    let messages = system.into_iter().chain(messages).collect();
    chat.insert("messages".into(), messages);
    let mut put = |name: &str, value: Option<Value>| {
        chat.extend(value.map(|value| (name.to_owned(), value)));
    };
    let limit = asked.number("max_output_tokens")?;
    put(family.limit(), limit.map(Value::Number));
    for name in ["temperature", "top_p"] {
        put(name, asked.number(name)?.map(Value::Number));
    }
    let tools = at("tools", tools::offered(asked.list("tools")?, known))?;
    let choice = at(
        "tool_choice",
        tools::chosen(asked.take("tool_choice"), known),
    )?;
    let parallel = asked.flag("parallel_tool_calls")?;
    if !tools.is_empty() {
        put("tools", Some(tools.into()));
        put("tool_choice", choice);
        put("parallel_tool_calls", parallel.map(Value::Bool));
    }
    let effort = at("reasoning", effort(asked.object("reasoning")?))?;
    let effort = effort.filter(|_| family != ChatFamily::Plain);
    put("reasoning_effort", effort.map(Value::String));
    put(
        "response_format",
        at("text", format(asked.object("text")?))?,
    );
    for name in ["safety_identifier", "user"] {
        put(name, asked.text(name)?.map(Value::String));
    }
    if asked.flag("stream")? == Some(true) {
        put("stream", Some(true.into()));
        let options = json!({"include_usage": true});
        put(
            "stream_options",
            Some(options).filter(|_| asking.usage == AsksUsage::Yes),
        );
    }
    if let Some(options) = asked.object("stream_options")? {
        at("stream_options", options.finish(Part::StreamOptions))?;
    }
    asked.finish(Part::Response)?;
    Ok(Value::Object(chat))
}

fn effort(reasoning: Option<Members>) -> Result<Option<String>, Unfit> {
    let Some(mut reasoning) = reasoning else {
        return Ok(None);
    };
    let effort = reasoning.text("effort")?;
    reasoning.finish(Part::Reasoning)?;
    Ok(effort)
}

/// The form of the answer, where it is to have one.
fn format(text: Option<Members>) -> Result<Option<Value>, Unfit> {
    let Some(mut text) = text else {
        return Ok(None);
    };
    let format = text.object("format")?;
    text.finish(Part::ResponseText)?;
    let Some(mut format) = format else {
        return Ok(None);
    };
    let asked = match at("format", format.needed_text("type"))?.as_str() {
        "text" => None,
        "json_object" => Some(json!({"type": "json_object"})),
        "json_schema" => {
            Some(json!({"type": "json_schema", "json_schema": at("format", schema(&mut format))?}))
        }
        other => return at("format", Err(Unfit::kind(other))),
    };
    at("format", format.finish(Part::Strict))?;
    Ok(asked)
}

/// There the members of the schema stand beside its type.
fn schema(format: &mut Members) -> Result<Value, Unfit> {
    let mut schema = Map::new();
    schema.insert("name".into(), format.needed_text("name")?.into());
    for name in ["description", "schema", "strict"] {
        schema.extend(format.take(name).map(|value| (name.to_owned(), value)));
    }
    match schema.contains_key("schema") {
        true => Ok(Value::Object(schema)),
        false => Err(Unfit::new("schema", Fault::Missing)),
    }
}

#[cfg(test)]
mod tests;
