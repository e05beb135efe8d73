//! Gemini as the simulated upstream plays it: chunks that are whole answers, as events or as one array.

mod models;
mod read;

pub(super) use models::models;
pub(super) use read::{count, credential, read, read_embeddings};

use hyper::HeaderMap;
use serde_json::{Value, json};

use super::answer::{Answer, Call, Usage};
use super::dialect::{Failure, insert_all};
use super::script::Script;

/// How a stream is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Events,
    Array,
}

pub(super) fn sign(headers: &mut HeaderMap) {
    let signature = [
        ("alt-svc", "h3=\":443\"; ma=2592000"),
        ("server", "scaffolding on HTTPServer2"),
        ("server-timing", "gfet4t7; dur=1"),
        ("vary", "Origin, X-Origin, Referer"),
        ("via", "1.1 mock"),
        ("x-content-type-options", "nosniff"),
    ];
    insert_all(headers, &signature);
}

pub(super) fn failure(failure: &Failure) -> Value {
    let status = match failure.status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "INTERNAL",
    };
    let delay = |seconds| json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": format!("{seconds}s")});
    let details: Vec<Value> = failure.retry_after.map(delay).into_iter().collect();
    json!({"error": {"code": failure.status, "message": failure.message, "status": status, "details": details}})
}

pub(super) fn whole(answer: &Answer) -> Value {
    let text = answer.has_text().then(|| text_part(&answer.text()));
    let calls = answer.calls.iter().map(call_part);
    let parts = text.into_iter().chain(calls).collect();
    last_chunk(answer, parts)
}

pub(super) fn stream(answer: &Answer, form: Form) -> Script {
    let mut script = Script::default();
    let mut parts: Vec<Value> = answer.pieces.iter().map(|text| text_part(text)).collect();
    parts.extend(answer.calls.iter().map(call_part));
    let last = parts.pop().unwrap_or_else(|| text_part(""));
    for part in parts {
        push(&mut script, form, &chunk(answer, vec![part], 1));
    }
    push(&mut script, form, &last_chunk(answer, vec![last]));
    if form == Form::Array {
        script.event(|bytes| bytes.extend(b"\n]\n"));
    }
    script
}

pub(super) fn append_failure(script: &mut Script, form: Form, of: &Failure) {
    push(script, form, &failure(of));
    if form == Form::Array {
        script.event(|bytes| bytes.extend(b"\n]\n"));
    }
}

/// The provider ends lines with CRLF.
fn push(script: &mut Script, form: Form, chunk: &Value) {
    let block = match form {
        Form::Events => format!("data: {chunk}\r\n\r\n"),
        Form::Array if script.is_empty() => format!("[{chunk}"),
        Form::Array => format!("\n,\r\n{chunk}"),
    };
    let write = |bytes: &mut Vec<u8>| bytes.extend(block.into_bytes());
    match script.is_empty() {
        true => script.event(write),
        false => script.paced_event(write),
    }
}

fn chunk(answer: &Answer, parts: Vec<Value>, output: u64) -> Value {
    let usage = Usage {
        output,
        reasoning: 0,
        ..answer.usage
    };
    json!({
        "candidates": [{"content": {"role": "model", "parts": parts}, "index": 0}],
        "usageMetadata": usage_metadata(usage),
        "modelVersion": answer.model,
        "responseId": format!("mock-{:016x}", answer.serial),
    })
}

fn last_chunk(answer: &Answer, parts: Vec<Value>) -> Value {
    let mut last = chunk(answer, parts, 0);
    last["candidates"][0]["finishReason"] = "STOP".into();
    last["usageMetadata"] = usage_metadata(answer.usage);
    last
}

fn text_part(text: &str) -> Value {
    json!({ "text": text })
}

fn call_part(call: &Call) -> Value {
    json!({"functionCall": {"name": call.name, "args": call.input}})
}

fn usage_metadata(usage: Usage) -> Value {
    json!({
        "promptTokenCount": usage.prompt(),
        "cachedContentTokenCount": usage.cache_read,
        "candidatesTokenCount": usage.output.saturating_sub(usage.reasoning),
        "thoughtsTokenCount": usage.reasoning,
        "totalTokenCount": usage.prompt() + usage.output,
    })
}

/// A vector for each text, the same for all; a single text is answered in a form of its own.
pub(super) fn embeddings(answer: &Answer) -> Value {
    let vector = json!({"values": [0.6, 0.8]});
    match answer.texts {
        0 => json!({ "embedding": vector }),
        texts => json!({ "embeddings": vec![vector; texts] }),
    }
}
