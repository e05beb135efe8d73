//! InvokeModel: Claude's own messages. What Bedrock refuses in a body is refused.

use aws_smithy_types::base64;
use hyper::http::request::Parts;
use serde_json::{Value, json};

use super::super::answer::{Answer, Ask};
use super::super::anthropic;
use super::super::dialect::{Failure, parse};
use super::super::script::Script;
use super::{Form, frame, model};

/// Of other features the simulation has never heard.
const BETAS: [&str; 2] = ["context-1m-2025-08-07", "interleaved-thinking-2025-05-14"];

pub(in super::super) fn read(form: Form, head: &Parts, body: &[u8]) -> Result<Ask, Failure> {
    let model = model(head);
    let start = model.find("claude");
    let Some(start) = start else {
        return Err(Failure::new(
            400,
            "The provided model identifier is invalid.",
        ));
    };
    let ask = read_body(&model[start..], body)?;
    Ok(Ask {
        stream: form == Form::Stream,
        body_bytes: body.len(),
        ..ask
    })
}

pub(super) fn read_body(model: &str, body: &[u8]) -> Result<Ask, Failure> {
    let mut request: Value = parse(body)?;
    for strange in ["model", "stream"] {
        if !request[strange].is_null() {
            let message = format!("#: extraneous key [{strange}] is not permitted");
            return Err(Failure::new(400, message));
        }
    }
    if request["anthropic_version"] != "bedrock-2023-05-31" {
        return Err(Failure::new(400, "anthropic_version: Field required"));
    }
    let mut betas = request["anthropic_beta"].as_array().into_iter().flatten();
    if betas.any(|beta| !BETAS.iter().any(|known| beta == known)) {
        return Err(Failure::new(400, "invalid beta flag"));
    }
    request["model"] = model.into();
    anthropic::read_body(request.to_string().as_bytes())
}

/// Each of Claude's events in a frame, the last one with what Bedrock measured.
pub(in super::super) fn stream(answer: &Answer) -> Script {
    anthropic::stream(answer).reworded(|event| {
        let text = std::str::from_utf8(event).expect("events are text");
        let data = text.lines().find_map(|line| line.strip_prefix("data: "));
        let data = data.expect("each event has data");
        let data = match text.starts_with("event: message_stop") {
            true => stop(answer),
            false => data.to_owned(),
        };
        let payload = json!({"bytes": base64::encode(data), "p": "abcdef"}).to_string();
        let mut framed = Vec::new();
        frame::event("chunk", &payload, &mut framed);
        framed
    })
}

fn stop(answer: &Answer) -> String {
    let usage = answer.usage;
    let metrics = json!({
        "inputTokenCount": usage.input, "outputTokenCount": usage.output,
        "invocationLatency": 1510, "firstByteLatency": 609,
        "cacheReadInputTokenCount": usage.cache_read,
        "cacheWriteInputTokenCount": usage.cache_write_5m + usage.cache_write_1h,
    });
    json!({"type": "message_stop", "amazon-bedrock-invocationMetrics": metrics}).to_string()
}
