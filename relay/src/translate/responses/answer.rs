//! A completion as a response, where it comes in one piece, and the items of which both kinds of answers consist. Nothing of
//! it is stored, and of the request's settings nothing is repeated. Pure.

use serde_json::{Value, json};

use crate::{
    pins::OWN_REASONING,
    translate::{
        Garbled, Telling,
        chat::{arguments, choice, identified, input, texts, thought},
        spent,
        tools::Tools,
    },
};

/// What stands around the items of a response.
#[derive(Debug, Clone)]
pub(super) struct Envelope {
    /// The upstream's name for the answer.
    pub(super) id: Value,
    pub(super) model: Value,
    pub(super) created: u64,
}

/// How far a response or an item has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    InProgress,
    Completed,
    /// And why.
    Incomplete(&'static str),
}

/// Something that an answer consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Thought(String),
    Text(String),
    Call(Call),
}

/// A tool by its plain name, and what it is called with so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: String,
}

pub(in crate::translate) fn whole(completion: &Value, telling: &Telling) -> Result<Value, Garbled> {
    let choice = choice(completion);
    if !choice.is_object() {
        return Err(Garbled);
    }
    let status = Status::of(choice["finish_reason"].as_str());
    let message = &choice["message"];
    let mut items = Vec::new();
    items.extend(thought(message).map(|text| Item::Thought(text.to_owned())));
    let text: String = texts(message).collect();
    items.extend((!text.is_empty()).then_some(Item::Text(text)));
    let calls = message["tool_calls"].as_array().into_iter().flatten();
    for (place, call) in calls.enumerate() {
        let arguments = arguments(call);
        if input(&arguments).is_none() {
            // The limit fell into the middle of it.
            if status != Status::Completed {
                continue;
            }
            return Err(Garbled);
        }
        items.push(Item::Call(Call {
            id: identified(&call["id"], &completion["id"], place),
            name: call["function"]["name"].as_str().unwrap_or_default().into(),
            arguments,
        }));
    }
    let envelope = Envelope {
        id: completion["id"].clone(),
        model: completion["model"].clone(),
        created: telling.now.0 / 1000,
    };
    let items = items.iter().enumerate();
    let output = items.map(|(place, item)| item.told(&envelope, place, status, &telling.tools));
    let output = output.collect();
    Ok(envelope.told(status, output, spent::to_response(&completion["usage"])))
}

impl Envelope {
    pub(super) fn told(&self, status: Status, output: Vec<Value>, usage: Value) -> Value {
        let why = match status {
            Status::Incomplete(why) => json!({"reason": why}),
            Status::InProgress | Status::Completed => Value::Null,
        };
        json!({
            "id": format!("resp_{}", self.name()),
            "object": "response",
            "created_at": self.created,
            "status": status.word(),
            "background": false,
            "error": null,
            "incomplete_details": why,
            "instructions": null,
            "max_output_tokens": null,
            "metadata": {},
            "model": self.model,
            "output": output,
            "parallel_tool_calls": true,
            "previous_response_id": null,
            "store": false,
            "temperature": null,
            "tool_choice": "auto",
            "tools": [],
            "top_p": null,
            "usage": usage,
        })
    }

    fn name(&self) -> &str {
        self.id.as_str().unwrap_or_default()
    }
}

impl Status {
    pub(super) fn of(finish_reason: Option<&str>) -> Self {
        match finish_reason {
            Some("length") => Self::Incomplete("max_output_tokens"),
            Some("content_filter") => Self::Incomplete("content_filter"),
            _ => Self::Completed,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Incomplete(_) => "incomplete",
        }
    }
}

impl Item {
    /// By its place in the output.
    pub(super) fn id(&self, envelope: &Envelope, place: usize) -> String {
        let kind = match self {
            Self::Thought(_) => OWN_REASONING,
            Self::Text(_) => "msg_",
            Self::Call(_) => "fc_",
        };
        format!("{kind}{}_{place}", envelope.name())
    }

    pub(super) fn told(
        &self,
        envelope: &Envelope,
        place: usize,
        status: Status,
        tools: &Tools,
    ) -> Value {
        let (id, word) = (self.id(envelope, place), status.word());
        match self {
            Self::Thought(text) => {
                let said = Some(text).filter(|text| !text.is_empty());
                let summary: Vec<Value> = said.map(|text| summary(text)).into_iter().collect();
                json!({"id": id, "type": "reasoning", "summary": summary})
            }
            Self::Text(text) => {
                let content: Vec<Value> = match status {
                    Status::InProgress => Vec::new(),
                    Status::Completed | Status::Incomplete(_) => vec![part(text)],
                };
                json!({"id": id, "type": "message", "role": "assistant", "status": word, "content": content})
            }
            Self::Call(call) => {
                let named = tools.known(&call.name);
                let name = named.map_or(&call.name, |named| &named.name);
                let arguments = match (status, call.arguments.trim()) {
                    (Status::Completed | Status::Incomplete(_), "") => "{}",
                    _ => &call.arguments,
                };
                let mut told = json!({"id": id, "type": "function_call", "status": word, "call_id": call.id,
                    "name": name, "arguments": arguments});
                if let Some(named) = named {
                    told["namespace"] = named.namespace.as_str().into();
                }
                told
            }
        }
    }
}

pub(super) fn summary(text: &str) -> Value {
    json!({"type": "summary_text", "text": text})
}

pub(super) fn part(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{time::UnixMillis, translate::TellsUsage};

    fn told(message: Value, finish_reason: &str) -> Result<Value, Garbled> {
        let choice = json!({"index": 0, "message": message, "finish_reason": finish_reason});
        let completion = json!({"id": "c1", "model": "m", "choices": [choice],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}}});
        let mut tools = Tools::default();
        tools.plain(Some("crew".into()), "look".into());
        let telling = Telling {
            tells_usage: TellsUsage::Yes,
            tools,
            now: UnixMillis(5_999),
        };
        whole(&completion, &telling)
    }

    #[test]
    fn a_completion_is_a_response() {
        let message = json!({"role": "assistant", "content": "It rains.", "reasoning_content": "Hm.", "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "one", "arguments": "{\"z\":1,\"a\":2}"}},
            {"id": "", "type": "function", "function": {"name": "crew__look", "arguments": ""}},
        ]});
        let response = told(message, "tool_calls").unwrap();
        let expected = json!([
            {"id": "rs_weir_c1_0", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
            {"id": "msg_c1_1", "type": "message", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": "It rains.", "annotations": [], "logprobs": []}]},
            {"id": "fc_c1_2", "type": "function_call", "status": "completed", "call_id": "a", "name": "one",
                "arguments": "{\"z\":1,\"a\":2}"},
            {"id": "fc_c1_3", "type": "function_call", "status": "completed", "call_id": "call_c1_1", "name": "look",
                "arguments": "{}", "namespace": "crew"},
        ]);
        assert_eq!(response["output"], expected);
        let around = ["id", "status", "created_at", "model", "store"].map(|name| &response[name]);
        assert_eq!(
            json!(around),
            json!(["resp_c1", "completed", 5, "m", false])
        );
        let usage = json!({"input_tokens": 10, "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
            "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 15});
        assert_eq!(response["usage"], usage);
    }

    #[test]
    fn an_answer_that_was_cut_says_why() {
        let call = json!({"tool_calls": [{"id": "a", "function": {"name": "one", "arguments": "{\"z\":"}}]});
        let cut = told(call.clone(), "length").unwrap();
        assert_eq!(
            (&cut["status"], &cut["incomplete_details"], &cut["output"]),
            (
                &json!("incomplete"),
                &json!({"reason": "max_output_tokens"}),
                &json!([])
            )
        );
        assert_eq!(told(call, "tool_calls"), Err(Garbled));
        let refused = told(json!({"refusal": "No."}), "content_filter").unwrap();
        assert_eq!(refused["incomplete_details"]["reason"], "content_filter");
        assert_eq!(refused["output"][0]["content"][0]["text"], "No.");
    }

    #[test]
    fn what_is_no_completion_is_not_taken_for_one() {
        let telling = Telling {
            tells_usage: TellsUsage::Yes,
            tools: Tools::default(),
            now: UnixMillis(0),
        };
        for body in [
            json!(null),
            json!({}),
            json!({"choices": []}),
            json!({"choices": [5]}),
        ] {
            assert_eq!(whole(&body, &telling), Err(Garbled), "{body}");
        }
    }
}
