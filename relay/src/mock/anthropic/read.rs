//! What an Anthropic request must have, and what it asks for.

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::http::request::Parts;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::answer::{Ask, Tool, text_of};
use super::super::dialect::{Failure, parse};
use super::models::is_served;

/// What we look at; everything else is the caller's business.
#[derive(Debug, Deserialize)]
struct Body<'a> {
    model: Option<String>,
    max_tokens: Option<u64>,
    #[serde(default)]
    stream: bool,
    #[serde(borrow)]
    messages: Option<Vec<&'a RawValue>>,
    #[serde(default)]
    tools: Vec<OfferedTool>,
    #[serde(default)]
    tool_choice: Value,
}

#[derive(Debug, Deserialize)]
struct OfferedTool {
    name: String,
    #[serde(default)]
    input_schema: Value,
}

#[derive(Debug, Deserialize)]
struct Turn {
    role: String,
    content: Value,
}

pub(in super::super) fn credential(headers: &HeaderMap) -> Result<HeaderValue, Failure> {
    let credential = headers
        .get("x-api-key")
        .or_else(|| headers.get(AUTHORIZATION));
    credential
        .cloned()
        .ok_or_else(|| Failure::new(401, "x-api-key header is required"))
}

pub(in super::super) fn read_messages(head: &Parts, body: &[u8]) -> Result<Ask, Failure> {
    check_version(head)?;
    read_body(body)
}

pub(in super::super) fn read_body(body: &[u8]) -> Result<Ask, Failure> {
    let request = read(body)?;
    if request.max_tokens.is_none() {
        return Err(Failure::new(400, "max_tokens: Field required"));
    }
    let last = last_turn(&request)?;
    Ok(Ask {
        stream: request.stream,
        tool: chosen_tool(&request, &last),
        said: text_of(&last.content),
        body_bytes: body.len(),
        model: request.model.unwrap_or_default(),
        ..Ask::default()
    })
}

pub(super) fn check_count(head: &Parts, body: &[u8]) -> Result<(), Failure> {
    check_version(head)?;
    let request = read(body)?;
    last_turn(&request).map(|_| ())
}

fn check_version(head: &Parts) -> Result<(), Failure> {
    match head.headers.contains_key("anthropic-version") {
        true => Ok(()),
        false => Err(Failure::new(400, "anthropic-version: header is required")),
    }
}

fn read(body: &[u8]) -> Result<Body<'_>, Failure> {
    let request: Body<'_> = parse(body)?;
    let model = request
        .model
        .as_deref()
        .ok_or_else(|| Failure::new(400, "model: Field required"))?;
    if !is_served(model) {
        return Err(Failure::new(404, format!("model: {model}")));
    }
    Ok(request)
}

/// The last message that is not an instruction.
fn last_turn(request: &Body<'_>) -> Result<Turn, Failure> {
    let messages = request
        .messages
        .as_ref()
        .ok_or_else(|| Failure::new(400, "messages: Field required"))?;
    for (place, message) in messages.iter().enumerate().rev() {
        let turn: Turn = serde_json::from_str(message.get())
            .map_err(|error| Failure::new(400, format!("messages.{place}: {error}")))?;
        if turn.role != "system" {
            return Ok(turn);
        }
    }
    Err(Failure::new(
        400,
        "messages: at least one message is required",
    ))
}

/// A tool is called once in a conversation, unless the caller wants none.
fn chosen_tool(request: &Body<'_>, last: &Turn) -> Option<Tool> {
    let mut messages = request.messages.iter().flatten();
    let is_result = |message: &&RawValue| message.get().contains(r#""tool_result""#);
    let unwanted = last.role != "user" || request.tool_choice["type"] == "none";
    if unwanted || request.tools.is_empty() || messages.any(is_result) {
        return None;
    }
    let offered = request.tools.iter().map(|tool| Tool {
        name: tool.name.clone(),
        input_schema: tool.input_schema.clone(),
    });
    Tool::chosen(offered, request.tool_choice["name"].as_str())
}

#[cfg(test)]
mod tests {
    use hyper::Request;
    use serde_json::json;

    use super::*;

    fn read(body: Value) -> Result<Ask, Failure> {
        let request = Request::post("/v1/messages")
            .header("anthropic-version", "2023-06-01")
            .body(())
            .unwrap();
        read_messages(&request.into_parts().0, body.to_string().as_bytes())
    }

    fn body_with(messages: Value, rest: Value) -> Value {
        let mut body = json!({"model": "claude-mock-1", "max_tokens": 8, "messages": messages});
        body.as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        body
    }

    #[test]
    fn a_request_without_what_it_must_have_is_refused_in_the_provider_s_words() {
        let whole = body_with(json!([{"role": "user", "content": "hi"}]), json!({}));
        let without = |field: &str| {
            let mut body = whole.clone();
            body.as_object_mut().unwrap().remove(field);
            let failure = read(body).unwrap_err();
            (failure.status, failure.message)
        };
        assert_eq!(without("model"), (400, "model: Field required".into()));
        assert_eq!(
            without("max_tokens"),
            (400, "max_tokens: Field required".into())
        );
        assert_eq!(
            without("messages"),
            (400, "messages: Field required".into())
        );
        assert_eq!(
            read(body_with(json!([]), json!({}))).unwrap_err().status,
            400
        );
        assert_eq!(
            read(body_with(json!([1]), json!({}))).unwrap_err().status,
            400
        );
        assert_eq!(
            read(json!({"model": "gpt-4o"})).unwrap_err(),
            Failure::new(404, "model: gpt-4o")
        );
        assert_eq!(read(json!("text")).unwrap_err().status, 400);
    }

    #[test]
    fn a_tool_is_called_until_its_result_comes() {
        let user = json!({"role": "user", "content": [{"type": "text", "text": "rain?"}]});
        let result =
            json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]});
        let system = json!({"role": "system", "content": "Be brief."});
        let said = json!([user, system]);
        let tools = json!({"tools": [{"name": "first"}, {"name": "second"}]});
        let called = |messages: &Value, rest: Value| {
            let ask = read(body_with(messages.clone(), rest)).unwrap();
            ask.tool.map(|tool| tool.name)
        };
        assert_eq!(called(&said, tools.clone()), Some("first".into()));
        assert_eq!(called(&json!([user, result]), tools.clone()), None);
        assert_eq!(called(&json!([user, result, user]), tools.clone()), None);
        assert_eq!(called(&said, json!({})), None);
        let with_choice = |choice: Value| json!({"tools": tools["tools"], "tool_choice": choice});
        let second = with_choice(json!({"type": "tool", "name": "second"}));
        assert_eq!(called(&said, second), Some("second".into()));
        assert_eq!(called(&said, with_choice(json!({"type": "none"}))), None);
        assert_eq!(
            read(body_with(said, json!({"stream": true}))).unwrap().said,
            "rain?"
        );
    }
}
