//! What a Gemini request must have, and what it asks for.

use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::answer::{Ask, Tool, blocks, text_of};
use super::super::dialect::{Failure, parse};
use super::super::playback::{Playback, json_response};
use super::models::check_model;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    contents: Option<Vec<Value>>,
    #[serde(default)]
    tools: Vec<Value>,
    #[serde(default)]
    tool_config: Value,
}

/// Of one text, or of several.
#[derive(Deserialize)]
struct Embedded {
    content: Option<Value>,
    requests: Option<Vec<Value>>,
}

pub(in super::super) fn credential(headers: &HeaderMap) -> Result<HeaderValue, Failure> {
    let missing = || {
        Failure::new(
            403,
            "Method doesn't allow unregistered callers. Please use API Key.",
        )
    };
    headers.get("x-goog-api-key").cloned().ok_or_else(missing)
}

pub(in super::super) fn read(head: &Parts, body: &[u8]) -> Result<Ask, Failure> {
    let model = model_of(head)?;
    let request: Body = parse(body)?;
    let last = last_content(&request)?;
    Ok(Ask {
        stream: head.uri.path().ends_with(":streamGenerateContent"),
        tool: chosen_tool(&request, last),
        said: text_of(&last["parts"]),
        body_bytes: body.len(),
        model,
        ..Ask::default()
    })
}

pub(in super::super) fn read_embeddings(head: &Parts, body: &[u8]) -> Result<Ask, Failure> {
    let model = model_of(head)?;
    let request: Embedded = parse(body)?;
    let texts = match (request.content, request.requests) {
        (Some(_), None) => 0,
        (None, Some(requests)) => requests.len(),
        _ => return Err(Failure::new(400, "content is not specified")),
    };
    Ok(Ask {
        texts,
        body_bytes: body.len(),
        model,
        ..Ask::default()
    })
}

pub(in super::super) fn count(
    head: &Parts,
    body: &[u8],
    tokens: u64,
) -> Result<Response<Playback>, Failure> {
    model_of(head)?;
    last_content(&parse(body)?)?;
    Ok(json_response(
        StatusCode::OK,
        &json!({ "totalTokens": tokens }),
    ))
}

fn model_of(head: &Parts) -> Result<String, Failure> {
    let below = head.uri.path().split_once("/models/");
    let model = below.and_then(|(_, named)| named.split(':').next());
    let model = model.unwrap_or_default();
    check_model(model).map(|()| model.to_owned())
}

fn last_content(request: &Body) -> Result<&Value, Failure> {
    let last = request.contents.as_ref().and_then(|all| all.last());
    last.ok_or_else(|| {
        Failure::new(
            400,
            "* GenerateContentRequest.contents: contents is not specified",
        )
    })
}

/// A tool is called once in a conversation, unless the caller wants none.
fn chosen_tool(request: &Body, last: &Value) -> Option<Tool> {
    let contents = request.contents.iter().flatten();
    let mut parts = contents.flat_map(|content| blocks(&content["parts"]));
    let called = parts.any(|part| !part["functionResponse"].is_null());
    let calling = &request.tool_config["functionCallingConfig"];
    if called || last["role"] == "model" || calling["mode"] == "NONE" {
        return None;
    }
    let declared = request
        .tools
        .iter()
        .flat_map(|tool| blocks(&tool["functionDeclarations"]));
    let offered = declared.map(|tool| Tool {
        name: tool["name"].as_str().unwrap_or_default().into(),
        input_schema: schema_of(tool),
    });
    Tool::chosen(offered, calling["allowedFunctionNames"][0].as_str())
}

/// In whatever field, and in whatever spelling of it: the API takes both.
fn schema_of(tool: &Value) -> Value {
    let fields = [
        "parameters",
        "parametersJsonSchema",
        "parameters_json_schema",
    ];
    let mut given = fields.iter().map(|field| &tool[*field]);
    given
        .find(|schema| !schema.is_null())
        .cloned()
        .unwrap_or_default()
}
