//! A good answer of Bedrock's in Anthropic's words, piece by piece: a stream's messages become events, an answer in one
//! piece is said in other words when all of it is there.

use std::fmt::Write as _;

use aws_smithy_types::{base64, event_stream::Message};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    converse,
    frames::{Frames, Garbled, Kind},
    refusal,
};

/// The most of an answer in one piece.
const WHOLE: usize = 64 << 20;

#[derive(Debug)]
pub(crate) struct Rewording {
    request_id: String,
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// Claude's own events, each in the payload of a message.
    Chunks(Frames),
    /// Events of Converse's.
    Events(Frames, Box<converse::Stream>),
    Whole(Vec<u8>, Whole),
}

#[derive(Debug)]
enum Whole {
    Count,
    Message { model: Box<str> },
}

#[derive(Deserialize)]
struct Chunk {
    bytes: String,
}

#[derive(Deserialize)]
struct Event {
    r#type: String,
}

impl Rewording {
    pub(super) fn chunks(request_id: String) -> Self {
        let form = Form::Chunks(Frames::default());
        Self { request_id, form }
    }

    pub(super) fn events(request_id: String, model: &str) -> Self {
        let stream = converse::Stream::new(&request_id, model);
        let form = Form::Events(Frames::default(), Box::new(stream));
        Self { request_id, form }
    }

    pub(super) fn message(request_id: String, model: &str) -> Self {
        let model = model.into();
        let form = Form::Whole(Vec::new(), Whole::Message { model });
        Self { request_id, form }
    }

    pub(super) fn count() -> Self {
        Self {
            request_id: String::new(),
            form: Form::Whole(Vec::new(), Whole::Count),
        }
    }

    /// What the next piece lets be said.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<Bytes, Garbled> {
        let mut said = String::new();
        match &mut self.form {
            Form::Chunks(frames) => {
                frames.push(piece);
                while let Some(message) = frames.next()? {
                    tell(
                        &message,
                        &self.request_id,
                        &mut said,
                        |name, payload, said| match name {
                            "chunk" => chunk(payload, said),
                            _ => Ok(()),
                        },
                    )?;
                }
            }
            Form::Events(frames, stream) => {
                frames.push(piece);
                while let Some(message) = frames.next()? {
                    tell(
                        &message,
                        &self.request_id,
                        &mut said,
                        |name, payload, said| stream.tell(name, payload, said),
                    )?;
                }
            }
            Form::Whole(body, _) if body.len() + piece.len() <= WHOLE => {
                body.extend_from_slice(piece);
            }
            Form::Whole(body, _) => return Err(Garbled::Length(body.len() + piece.len())),
        }
        Ok(said.into())
    }

    /// What is left to be said at the end. A stream that ends too early is not made whole.
    pub(crate) fn end(&mut self) -> Result<Bytes, Garbled> {
        match &self.form {
            Form::Chunks(frames) | Form::Events(frames, _) if frames.is_cut() => {
                Err(Garbled::Form("it ended within a message"))
            }
            Form::Chunks(_) | Form::Events(..) => Ok(Bytes::new()),
            Form::Whole(body, whole) => {
                let said: Value = serde_json::from_slice(body)
                    .map_err(|_| Garbled::Form("an answer is not JSON"))?;
                let reworded = match whole {
                    Whole::Count => {
                        let tokens = said["inputTokens"].as_u64();
                        tokens.map(|tokens| json!({ "input_tokens": tokens }))
                    }
                    Whole::Message { model } => converse::message(&said, &self.request_id, model),
                };
                let reworded = reworded.ok_or(Garbled::Form("an answer has another form"))?;
                Ok(reworded.to_string().into())
            }
        }
    }
}

/// One message: an event, or what ends the stream instead of more of them.
fn tell(
    message: &Message,
    request_id: &str,
    said: &mut String,
    event: impl FnOnce(&str, &[u8], &mut String) -> Result<(), Garbled>,
) -> Result<(), Garbled> {
    let kind = Kind::of(message);
    match kind.message {
        "event" => event(kind.name, message.payload(), said),
        "exception" => {
            *said += &refusal::event(kind.name, message.payload(), request_id);
            Ok(())
        }
        _ => {
            let payload = json!({ "message": kind.error }).to_string();
            *said += &refusal::event(kind.name, payload.as_bytes(), request_id);
            Ok(())
        }
    }
}

/// Claude's own event.
fn chunk(payload: &[u8], said: &mut String) -> Result<(), Garbled> {
    let chunk: Chunk =
        serde_json::from_slice(payload).map_err(|_| Garbled::Form("a chunk has no bytes"))?;
    let text = base64::decode(chunk.bytes)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or(Garbled::Form("a chunk is not text"))?;
    let Event { r#type } =
        serde_json::from_str(&text).map_err(|_| Garbled::Form("a chunk is not an event"))?;
    // Between the tokens of JSON a line end means no more than a space; in an event it would end the line.
    let text = text.replace(['\n', '\r'], " ");
    write!(said, "event: {type}\ndata: {text}\n\n").expect("writing into memory cannot fail");
    Ok(())
}
