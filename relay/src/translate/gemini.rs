//! Gemini's generateContent: a request in the words of chat completions, its settings here, what is said in `contents.rs`,
//! what the model may call in `tools.rs`; and a chat's answers as Gemini's, whole or chunk by chunk. Pure.
//! <https://ai.google.dev/api/generate-content>

mod answer;
mod contents;
mod schema;
mod stream;
mod tools;

use serde_json::{Map, Value, json};

pub(super) use self::{
    answer::whole,
    stream::{Form, Stream},
};

use super::{
    Asking, AsksUsage, Comes, effort,
    family::ChatFamily,
    hints::Part,
    members::{Fault, Members, Unfit, at},
};

/// What a chat calls the settings, and what Gemini does.
pub(super) const NAMES: &[(&str, &str)] = &[
    ("temperature", "generationConfig.temperature"),
    ("max_tokens", "generationConfig.maxOutputTokens"),
    ("presence_penalty", "generationConfig.presencePenalty"),
    ("frequency_penalty", "generationConfig.frequencyPenalty"),
    ("reasoning_effort", "generationConfig.thinkingConfig"),
    ("response_format", "generationConfig.responseMimeType"),
    ("messages", "contents"),
];

/// Both other APIs choose so where nothing is said.
const USUAL_TEMPERATURE: f64 = 1.0;

pub(super) fn request(asked: Members, asking: &Asking) -> Result<Value, Unfit> {
    let family = ChatFamily::of(&asking.model);
    let mut asked = asked.camel();
    drop(asked.take("model"));
    let system = asked.take("systemInstruction");
    let system = at("systemInstruction", contents::system(system))?;
    let said = at("contents", contents::of(asked.list("contents")?, family))?;
    let mut chat = Map::new();
    chat.insert("model".into(), asking.model.as_str().into());
    let messages = system.into_iter().chain(said).collect();
    chat.insert("messages".into(), messages);
    if let Some(config) = asked.object("generationConfig")? {
        let settings = settings(config.camel(), family);
        chat.extend(at("generationConfig", settings)?);
    }
    let tools = at("tools", tools::offered(asked.list("tools")?))?;
    let choice = asked.object("toolConfig")?;
    let choice = at("toolConfig", tools::chosen(choice))?;
    if !tools.is_empty() {
        chat.insert("tools".into(), tools.into());
        chat.extend(choice.map(|choice| ("tool_choice".to_owned(), choice)));
    }
    if asking.comes == Comes::AsStream {
        chat.insert("stream".into(), true.into());
        if asking.usage == AsksUsage::Yes {
            chat.insert("stream_options".into(), json!({"include_usage": true}));
        }
    }
    asked.finish(Part::Gemini)?;
    Ok(Value::Object(chat))
}

fn settings(mut config: Members, family: ChatFamily) -> Result<Map<String, Value>, Unfit> {
    let mut settings = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        settings.extend(value.map(|value| (name.to_owned(), value)));
    };
    let temperature = config.number("temperature")?;
    let top_p = config.number("topP")?.filter(|_| temperature.is_none());
    let temperature = temperature.filter(|number| number.as_f64() != Some(USUAL_TEMPERATURE));
    put("temperature", temperature.map(Value::Number));
    put("top_p", top_p.map(Value::Number));
    let limit = config.number("maxOutputTokens")?;
    put(family.limit(), limit.map(Value::Number));
    for (name, known) in [
        ("presencePenalty", "presence_penalty"),
        ("frequencyPenalty", "frequency_penalty"),
        ("seed", "seed"),
    ] {
        put(known, config.number(name)?.map(Value::Number));
    }
    let stops = config.list("stopSequences")?;
    let some_stops = !stops.is_empty();
    put("stop", Some(Value::Array(stops)).filter(|_| some_stops));
    put("response_format", format(&mut config)?);
    let effort = at("thinkingConfig", thinking(config.object("thinkingConfig")?))?;
    let effort = effort.filter(|_| family != ChatFamily::Plain);
    put("reasoning_effort", effort.map(Value::String));
    config.finish(Part::Generation)?;
    Ok(settings)
}

/// The form of the answer, where it is to have one. A schema in Gemini's words, or one that stands as it is.
fn format(config: &mut Members) -> Result<Option<Value>, Unfit> {
    let own = config.take("responseSchema").map(schema::of_answer);
    let plain = config.take("responseJsonSchema");
    let schema = own.or(plain);
    match (config.text("responseMimeType")?.as_deref(), schema) {
        (None | Some("text/plain"), None) => Ok(None),
        (Some("application/json"), None) => Ok(Some(json!({"type": "json_object"}))),
        (Some("application/json"), Some(schema)) => {
            let schema = json!({"name": "answer", "schema": schema});
            Ok(Some(json!({"type": "json_schema", "json_schema": schema})))
        }
        (None | Some("text/plain"), Some(_)) => {
            let why = Fault::Other("is for a `responseMimeType` of `application/json`");
            Err(Unfit::new("responseSchema", why))
        }
        (Some(other), _) => at("responseMimeType", Err(Unfit::kind(other))),
    }
}

/// OpenAI's word for how much is to be thought; none where that is the model's to decide, or nothing is.
fn thinking(config: Option<Members>) -> Result<Option<String>, Unfit> {
    let Some(config) = config else {
        return Ok(None);
    };
    let mut config = config.camel();
    let budget = config.number("thinkingBudget")?;
    let level = config.text("thinkingLevel")?;
    config.finish(Part::ThinkingConfig)?;
    let level = level.map(|level| level.to_ascii_lowercase());
    if let Some(level) = level.filter(|level| level != "thinking_level_unspecified") {
        return Ok(Some(level));
    }
    // Gemini itself decides at -1, and thinks nothing at 0.
    let budget = budget.and_then(|budget| budget.as_u64());
    let budget = budget.filter(|budget| *budget > 0);
    Ok(budget.map(|budget| effort::word(budget).to_owned()))
}

#[cfg(test)]
mod tests;
