//! What is said in Messages, in the words of a chat.

use super::*;

fn told(messages: Value) -> Result<Vec<Value>, String> {
    let Value::Array(messages) = messages else {
        panic!("messages are a list");
    };
    of(None, messages, ChatFamily::Compatible).map_err(|unfit| unfit.to_string())
}

#[test]
fn the_system_s_words_come_first_without_what_is_for_billing() {
    let system = |system| of(Some(system), Vec::new(), ChatFamily::Reasoning).unwrap();
    let expected = |text| vec![json!({"role": "system", "content": text})];
    assert_eq!(system(json!("Be brief.")), expected("Be brief."));
    let blocks = json!([
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=1"},
        {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": "Be kind."},
    ]);
    assert_eq!(system(blocks), expected("Be brief.\n\nBe kind."));
    assert_eq!(system(json!([])), Vec::<Value>::new());
}

#[test]
fn text_and_images_keep_their_order() {
    let messages = json!([
        {"role": "user", "content": [
            {"type": "text", "text": "one"},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}},
            {"type": "text", "text": "two", "cache_control": {}},
            {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
        ]},
        {"role": "system", "content": "Hurry.", "output_config": {"effort": "low"}},
        {"role": "assistant", "content": "seen"},
        {"role": "user", "content": [{"type": "text", "text": "good"}]},
    ]);
    let expected = json!([
        {"role": "user", "content": [
            {"type": "text", "text": "one"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}},
            {"type": "text", "text": "two"},
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        ]},
        {"role": "system", "content": "Hurry."},
        {"role": "assistant", "content": "seen"},
        {"role": "user", "content": "good"},
    ]);
    assert_eq!(Value::from(told(messages).unwrap()), expected);
}

#[test]
fn parallel_calls_and_their_results_keep_their_order() {
    let messages = json!([
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "Both.", "signature": "s"},
            {"type": "redacted_thinking", "data": "x"},
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "id": "a", "name": "one", "input": {"z": 1, "a": [2]}},
            {"type": "tool_use", "id": "b", "name": "two", "input": {}},
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "a", "content": "fine"},
            {"type": "tool_result", "tool_use_id": "b", "is_error": true,
                "content": [{"type": "text", "text": "broken"}, {"type": "text", "text": "badly"}]},
            {"type": "text", "text": "Go on."},
        ]},
    ]);
    let expected = json!([
        {"role": "assistant", "content": "I look.", "reasoning_content": "Both.", "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "one", "arguments": "{\"z\":1,\"a\":[2]}"}},
            {"id": "b", "type": "function", "function": {"name": "two", "arguments": "{}"}},
        ]},
        {"role": "tool", "tool_call_id": "a", "content": "fine"},
        {"role": "tool", "tool_call_id": "b", "content": "Error: broken\n\nbadly"},
        {"role": "user", "content": "Go on."},
    ]);
    assert_eq!(Value::from(told(messages).unwrap()), expected);
}

#[test]
fn images_of_results_are_shown_after_all_results() {
    let image = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QQ=="}});
    let messages = json!([{"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "here"}, image]},
        {"type": "tool_result", "tool_use_id": "b"},
        {"type": "text", "text": "Well?"},
    ]}]);
    let expected = json!([
        {"role": "tool", "tool_call_id": "a", "content": "here\n\n(Images: 1, shown by the user.)"},
        {"role": "tool", "tool_call_id": "b", "content": ""},
        {"role": "user", "content": [
            {"type": "text", "text": "The images of the result of `a`:"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}},
            {"type": "text", "text": "Well?"},
        ]},
    ]);
    assert_eq!(Value::from(told(messages).unwrap()), expected);
}

#[test]
fn openai_s_own_models_do_not_get_thoughts_back() {
    let thought = json!([{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "a"}]);
    let message = json!({"role": "assistant", "content": thought});
    for family in [ChatFamily::Reasoning, ChatFamily::Plain] {
        let told = of(None, vec![message.clone()], family).unwrap();
        assert_eq!(told, [json!({"role": "assistant", "content": "a"})]);
    }
    let only =
        json!([{"role": "assistant", "content": [{"type": "redacted_thinking", "data": "x"}]}]);
    assert_eq!(told(only), Ok(Vec::new()));
}

#[test]
fn a_call_without_a_thought_says_so_to_who_wants_to_know() {
    let call = json!({"type": "tool_use", "id": "a", "name": "one", "input": {}});
    let message = |content: Value| vec![json!({"role": "assistant", "content": content})];
    let thoughts = |content: Value, family| {
        let told = of(None, message(content), family).unwrap();
        told[0].get("reasoning_content").cloned()
    };
    let alone = || json!([call]);
    assert_eq!(thoughts(alone(), ChatFamily::Thoughtful), Some(json!("")));
    assert_eq!(thoughts(alone(), ChatFamily::Compatible), None);
    let text = json!([{"type": "text", "text": "a"}]);
    assert_eq!(thoughts(text, ChatFamily::Thoughtful), None);
}

#[test]
fn what_has_no_equal_is_refused_by_its_place() {
    let block =
        |block: Value| json!([{"role": "user", "content": [{"type": "text", "text": "a"}, block]}]);
    for (messages, refusal) in [
        (
            block(json!({"type": "document", "source": {}})),
            "`messages.0.content.1` is of type `document`",
        ),
        (
            block(json!({"type": "search_result"})),
            "`messages.0.content.1` is of type `search_result`",
        ),
        (
            block(json!({"type": "image", "source": {"type": "file", "file_id": "f"}})),
            "`messages.0.content.1.source` is of type `file`",
        ),
        (
            block(
                json!({"type": "tool_result", "tool_use_id": "a", "content": [{"type": "document"}]}),
            ),
            "`messages.0.content.1.content.0` is of type `document`",
        ),
        (
            json!([{"role": "assistant", "content": [{"type": "server_tool_use", "id": "x"}]}]),
            "`messages.0.content.0` is of type `server_tool_use`",
        ),
        (
            json!([{"role": "critic", "content": "a"}]),
            "`messages.0.role` is of type `critic`",
        ),
        (
            json!([{"role": "user", "content": 5}]),
            "`messages.0.content` has another type",
        ),
        (
            json!([{"role": "user", "content": "a", "weight": 1}]),
            "`messages.0.weight` has no equal",
        ),
    ] {
        let unfit = told(messages).unwrap_err();
        assert!(unfit.starts_with(refusal), "{unfit}");
    }
}
