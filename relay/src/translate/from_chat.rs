//! A chat completion in the words of Messages, where it comes in one piece. `stream.rs` has the other. Pure.

mod stream;

use serde_json::{Value, json};

pub(super) use self::stream::Stream;

use super::{
    Garbled,
    chat::{arguments, identified, input, texts, thought},
    finish::{self, Called},
    spent,
};

pub(super) fn whole(completion: &Value) -> Result<Value, Garbled> {
    let choice = &completion["choices"][0];
    if !choice.is_object() {
        return Err(Garbled);
    }
    let finish_reason = choice["finish_reason"].as_str();
    let was_cut = finish_reason == Some("length");
    let message = &choice["message"];
    let mut content = Vec::new();
    if let Some(thought) = thought(message) {
        content.push(json!({"type": "thinking", "thinking": thought, "signature": ""}));
    }
    content.extend(texts(message).map(|text| json!({"type": "text", "text": text})));
    let mut called = Called::Nothing;
    let calls = message["tool_calls"].as_array().into_iter().flatten();
    for (place, call) in calls.enumerate() {
        let Some(input) = input(&arguments(call)) else {
            // The limit fell into the middle of it.
            if was_cut {
                continue;
            }
            return Err(Garbled);
        };
        called = Called::Tool;
        let id = identified(&call["id"], &completion["id"], place);
        let name = &call["function"]["name"];
        content.push(json!({"type": "tool_use", "id": id, "name": name, "input": input}));
    }
    Ok(json!({
        "id": completion["id"],
        "type": "message",
        "role": "assistant",
        "model": completion["model"],
        "content": content,
        "stop_reason": finish::to_messages(finish_reason, called),
        "stop_sequence": null,
        "usage": spent::to_messages(&completion["usage"]),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(message: Value, finish_reason: &str) -> Result<Value, Garbled> {
        let choice = json!({"index": 0, "message": message, "finish_reason": finish_reason});
        let completion = json!({"id": "c1", "object": "chat.completion", "model": "m", "choices": [choice],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}}});
        whole(&completion)
    }

    #[test]
    fn an_answer_is_a_message() {
        let message = json!({"role": "assistant", "content": "It rains.", "refusal": null, "reasoning_content": "Hm.",
        "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "one", "arguments": "{\"z\":1,\"a\":2}"}},
            {"id": "", "type": "function", "function": {"name": "two", "arguments": ""}},
        ]});
        let expected = json!({
            "id": "c1", "type": "message", "role": "assistant", "model": "m",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": ""},
                {"type": "text", "text": "It rains."},
                {"type": "tool_use", "id": "a", "name": "one", "input": {"z": 1, "a": 2}},
                {"type": "tool_use", "id": "call_c1_1", "name": "two", "input": {}},
            ],
            "stop_reason": "tool_use", "stop_sequence": null,
            "usage": {"input_tokens": 6, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 4, "output_tokens": 5},
        });
        assert_eq!(told(message, "tool_calls"), Ok(expected));
    }

    #[test]
    fn a_refusal_is_told_as_one() {
        let refused = told(json!({"content": null, "refusal": "No."}), "content_filter").unwrap();
        assert_eq!(refused["content"], json!([{"type": "text", "text": "No."}]));
        assert_eq!(refused["stop_reason"], "refusal");
        let nothing = told(json!({"content": null}), "stop").unwrap();
        assert_eq!(nothing["content"], json!([]));
    }

    #[test]
    fn a_call_that_was_cut_by_the_limit_is_left_out() {
        let call = json!({"tool_calls": [{"id": "a", "function": {"name": "one", "arguments": "{\"z\":"}}]});
        let cut = told(call.clone(), "length").unwrap();
        assert_eq!(
            (&cut["content"], &cut["stop_reason"]),
            (&json!([]), &json!("max_tokens"))
        );
        assert_eq!(told(call, "tool_calls"), Err(Garbled));
    }

    #[test]
    fn what_is_no_completion_is_not_taken_for_one() {
        for body in [
            json!(5),
            json!({}),
            json!({"choices": []}),
            json!({"choices": [5]}),
            json!({"choices": "x"}),
        ] {
            assert_eq!(whole(&body), Err(Garbled), "{body}");
        }
    }
}
