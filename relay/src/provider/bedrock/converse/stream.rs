//! A stream of Converse's as events of Anthropic's. The last event has to wait for the usage, which comes after the reason
//! to stop; a stream that ends before it has no end.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{stop_reason, usage};
use crate::provider::bedrock::frames::Garbled;

#[derive(Debug)]
pub(in crate::provider::bedrock) struct Stream {
    id: String,
    model: Box<str>,
    /// The block that more is said of.
    open: Option<u64>,
    stop: Option<&'static str>,
}

impl Stream {
    pub(in crate::provider::bedrock) fn new(request_id: &str, model: &str) -> Self {
        Self {
            id: format!("msg_{request_id}"),
            model: model.into(),
            open: None,
            stop: None,
        }
    }

    pub(in crate::provider::bedrock) fn tell(
        &mut self,
        event: &str,
        payload: &[u8],
        said: &mut String,
    ) -> Result<(), Garbled> {
        let data: Value =
            serde_json::from_slice(payload).map_err(|_| Garbled::Form("an event is not JSON"))?;
        match event {
            "messageStart" => self.start(said),
            "contentBlockStart" => {
                let tool = &data["start"]["toolUse"];
                if !tool.is_object() {
                    return Err(Garbled::Form("a block begins that is no tool's"));
                }
                let block = json!({
                    "type": "tool_use", "id": tool["toolUseId"], "name": tool["name"], "input": {},
                });
                self.open(index(&data)?, &block, said);
            }
            "contentBlockDelta" => self.delta(index(&data)?, &data["delta"], said)?,
            "contentBlockStop" => self.close(said),
            "messageStop" => {
                let stop = data["stopReason"].as_str().and_then(stop_reason);
                self.stop = Some(stop.ok_or(Garbled::Form("what was said is of no use"))?);
            }
            "metadata" => self.end(&data["usage"], said),
            _ => {}
        }
        Ok(())
    }

    fn start(&self, said: &mut String) {
        let usage = json!({"input_tokens": 0, "output_tokens": 0});
        let message = json!({
            "id": self.id, "type": "message", "role": "assistant", "model": self.model, "content": [],
            "stop_reason": null, "stop_sequence": null, "usage": usage,
        });
        tell(said, "message_start", json!({ "message": message }));
    }

    fn open(&mut self, index: u64, block: &Value, said: &mut String) {
        self.close(said);
        self.open = Some(index);
        let start = json!({"index": index, "content_block": block});
        tell(said, "content_block_start", start);
    }

    fn close(&mut self, said: &mut String) {
        if let Some(index) = self.open.take() {
            tell(said, "content_block_stop", json!({ "index": index }));
        }
    }

    /// Only of tools is it said that a block begins.
    fn delta(&mut self, index: u64, delta: &Value, said: &mut String) -> Result<(), Garbled> {
        let reasoning = &delta["reasoningContent"];
        let (block, delta) = if delta["text"].is_string() {
            let text = json!({"type": "text_delta", "text": delta["text"]});
            (json!({"type": "text", "text": ""}), Some(text))
        } else if delta["toolUse"].is_object() {
            let input = &delta["toolUse"]["input"];
            let input = json!({"type": "input_json_delta", "partial_json": input});
            (Value::Null, Some(input))
        } else if reasoning["redactedContent"].is_string() {
            let data = &reasoning["redactedContent"];
            (json!({"type": "redacted_thinking", "data": data}), None)
        } else if reasoning.is_object() {
            let more = match reasoning["signature"].is_string() {
                true => json!({"type": "signature_delta", "signature": reasoning["signature"]}),
                false => json!({"type": "thinking_delta", "thinking": reasoning["text"]}),
            };
            let block = json!({"type": "thinking", "thinking": "", "signature": ""});
            (block, Some(more))
        } else {
            return Err(Garbled::Form("a delta of an unknown kind"));
        };
        if self.open != Some(index) {
            if block.is_null() {
                return Err(Garbled::Form("input for a tool that was not named"));
            }
            self.open(index, &block, said);
        }
        if let Some(delta) = delta {
            let delta = json!({"index": index, "delta": delta});
            tell(said, "content_block_delta", delta);
        }
        Ok(())
    }

    fn end(&mut self, used: &Value, said: &mut String) {
        let Some(stop) = self.stop else {
            return;
        };
        self.close(said);
        let delta = json!({"stop_reason": stop, "stop_sequence": null});
        tell(
            said,
            "message_delta",
            json!({"delta": delta, "usage": usage(used)}),
        );
        tell(said, "message_stop", json!({}));
    }
}

fn index(data: &Value) -> Result<u64, Garbled> {
    let index = data["contentBlockIndex"].as_u64();
    index.ok_or(Garbled::Form("a block has no place"))
}

fn tell(said: &mut String, event: &str, mut data: Value) {
    data["type"] = event.into();
    write!(said, "event: {event}\ndata: {data}\n\n").expect("writing into memory cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(events: &[(&str, Value)]) -> Result<Vec<Value>, Garbled> {
        let (mut stream, mut said) = (Stream::new("r", "m"), String::new());
        for (event, data) in events {
            stream.tell(event, data.to_string().as_bytes(), &mut said)?;
        }
        let data = said.lines().filter_map(|line| line.strip_prefix("data: "));
        Ok(data
            .map(|data| serde_json::from_str(data).unwrap())
            .collect())
    }

    #[test]
    fn a_stream_is_told_as_events_of_a_message() {
        let at = |index: u64, delta: Value| {
            (
                "contentBlockDelta",
                json!({"contentBlockIndex": index, "delta": delta}),
            )
        };
        let tool = json!({"toolUse": {"toolUseId": "i", "name": "t"}});
        let events = told(&[
            ("messageStart", json!({"role": "assistant"})),
            at(0, json!({"reasoningContent": {"text": "h"}})),
            at(0, json!({"reasoningContent": {"signature": "s"}})),
            ("contentBlockStop", json!({"contentBlockIndex": 0})),
            at(1, json!({"text": "a"})),
            ("contentBlockStop", json!({"contentBlockIndex": 1})),
            (
                "contentBlockStart",
                json!({"contentBlockIndex": 2, "start": tool}),
            ),
            at(2, json!({"toolUse": {"input": "{}"}})),
            ("contentBlockStop", json!({"contentBlockIndex": 2})),
            ("messageStop", json!({"stopReason": "tool_use"})),
            (
                "metadata",
                json!({"usage": {"inputTokens": 5, "outputTokens": 6, "cacheWriteInputTokens": 7}}),
            ),
        ]);
        let events = events.unwrap();
        let kinds: Vec<&str> = events
            .iter()
            .map(|event| event["type"].as_str().unwrap())
            .collect();
        let block = [
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
        ];
        let expected = [
            &["message_start"][..],
            &["content_block_start", "content_block_delta"],
            &block[1..],
            &block,
            &block,
            &["message_delta", "message_stop"],
        ];
        assert_eq!(kinds, expected.concat());
        assert_eq!(events[1]["content_block"]["type"], "thinking");
        assert_eq!(events[3]["delta"]["signature"], "s");
        assert_eq!(events[9]["delta"]["partial_json"], "{}");
        let last = &events[11];
        assert_eq!(last["delta"]["stop_reason"], "tool_use");
        let used = json!({"input_tokens": 5, "output_tokens": 6, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 7});
        assert_eq!(last["usage"], used);
    }

    #[test]
    fn without_its_usage_a_stream_does_not_end() {
        let events = told(&[
            ("messageStart", json!({})),
            ("messageStop", json!({"stopReason": "end_turn"})),
        ]);
        assert_eq!(events.unwrap().len(), 1);
    }

    #[test]
    fn what_cannot_be_told_is_an_error() {
        let delta = |delta: Value| json!({"contentBlockIndex": 0, "delta": delta});
        for (event, data) in [
            (
                "contentBlockDelta",
                delta(json!({"toolUse": {"input": ""}})),
            ),
            ("contentBlockDelta", delta(json!({"hologram": 1}))),
            ("contentBlockDelta", json!({"delta": {"text": "x"}})),
            ("messageStop", json!({"stopReason": "malformed_tool_use"})),
            (
                "contentBlockStart",
                json!({"contentBlockIndex": 0, "start": {"image": {}}}),
            ),
        ] {
            assert!(told(&[(event, data)]).is_err(), "{event}");
        }
        assert_eq!(told(&[("brandNew", json!({}))]).unwrap().len(), 0);
    }
}
