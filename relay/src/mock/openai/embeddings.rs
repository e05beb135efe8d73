//! Embeddings: a vector for each text, the same for all.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::answer::{Answer, Ask};
use super::super::dialect::{Failure, parse};
use super::check_model;

#[derive(Deserialize)]
struct Body {
    model: Option<String>,
    #[serde(default)]
    input: Value,
}

pub(in super::super) fn read(body: &[u8]) -> Result<Ask, Failure> {
    let request: Body = parse(body)?;
    // A list of numbers is one text, in tokens.
    let texts = match request.input.as_array() {
        Some(list) if !list.iter().all(Value::is_number) => list.len(),
        _ => 1,
    };
    Ok(Ask {
        model: check_model(request.model)?,
        texts,
        body_bytes: body.len(),
        ..Ask::default()
    })
}

pub(in super::super) fn whole(answer: &Answer) -> Value {
    let vector = |index| json!({"object": "embedding", "index": index, "embedding": [0.6, 0.8]});
    let data: Vec<Value> = (0..answer.texts).map(vector).collect();
    let tokens = answer.usage.prompt();
    json!({
        "object": "list",
        "data": data,
        "model": answer.model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    })
}
