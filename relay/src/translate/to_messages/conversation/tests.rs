//! What is said in a chat, in the words of Messages.

use super::*;

fn told(messages: Value) -> Result<Conversation, String> {
    let Value::Array(messages) = messages else {
        panic!("messages are a list");
    };
    of(messages).map_err(|unfit| unfit.to_string())
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

#[test]
fn what_the_system_says_comes_first_wherever_it_stands() {
    let said = told(json!([
        {"role": "developer", "content": "one"},
        {"role": "system", "content": [{"type": "text", "text": "two"}, {"type": "text", "text": ""}]},
        {"role": "user", "content": "hi"},
        {"role": "system", "content": "three"},
    ]));
    let said = said.unwrap();
    assert_eq!(said.system, [text("one"), text("two"), text("three")]);
    assert_eq!(
        said.messages,
        [json!({"role": "user", "content": [text("hi")]})]
    );
}

#[test]
fn text_and_images_keep_their_order() {
    let said = told(json!([
        {"role": "user", "content": [
            {"type": "text", "text": "one"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD", "detail": "low"}},
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        ]},
        {"role": "assistant", "content": "seen", "refusal": null, "annotations": []},
        {"role": "assistant", "content": null, "refusal": "no", "reasoning_content": "Hm."},
    ]));
    let expected = [
        json!({"role": "user", "content": [
            text("one"),
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}},
            {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
        ]}),
        json!({"role": "assistant", "content": [text("seen"), text("no")]}),
    ];
    assert_eq!(said.unwrap().messages, expected);
}

#[test]
fn parallel_calls_and_their_results_keep_their_order() {
    let said = told(json!([
        {"role": "assistant", "content": "", "tool_calls": [
            {"id": "functions.one:0", "type": "function", "index": 0,
                "function": {"name": "one", "arguments": "{\"z\": 1, \"a\": [2]}"}},
            {"id": "b", "type": "function", "function": {"name": "two", "arguments": ""}},
        ]},
        {"role": "tool", "tool_call_id": "functions.one:0", "name": "one", "content": "fine"},
        {"role": "tool", "tool_call_id": "b", "content": [{"type": "text", "text": "also"}]},
    ]));
    let mut said = said.unwrap();
    assert_eq!(said.in_loop, InLoop::Yes);
    let expected = [
        json!({"role": "assistant", "content": [
            {"type": "tool_use", "id": "functions_one_0", "name": "one", "input": {"z": 1, "a": [2]}},
            {"type": "tool_use", "id": "b", "name": "two", "input": {}},
        ]}),
        json!({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "functions_one_0", "content": [text("fine")]},
            {"type": "tool_result", "tool_use_id": "b", "content": [text("also")]},
        ]}),
    ];
    assert_eq!(said.messages, expected);
    said.tell(json!({"role": "user", "content": "Go on."}))
        .unwrap();
    assert_eq!(said.in_loop, InLoop::No);
    assert_eq!(said.messages[1]["content"][2], text("Go on."));
}

#[test]
fn what_has_no_equal_is_refused_by_its_place() {
    let part = |part: Value| json!([{"role": "user", "content": [part]}]);
    let call = |call: Value| json!([{"role": "assistant", "tool_calls": [call]}]);
    for (messages, refusal) in [
        (
            part(json!({"type": "input_audio", "input_audio": {}})),
            "`messages.0.content.0` is of type `input_audio`",
        ),
        (
            part(json!({"type": "file", "file": {}})),
            "`messages.0.content.0` is of type `file`",
        ),
        (
            part(json!({"type": "image_url", "image_url": {"url": "data:image/png,x"}})),
            "`messages.0.content.0.image_url.url` is a data URL without base64",
        ),
        (
            json!([{"role": "user", "name": "ada", "content": "hi"}]),
            "`messages.0.name` has no equal",
        ),
        (
            json!([{"role": "function", "name": "f", "content": "x"}]),
            "`messages.0.role` is of type `function`",
        ),
        (
            json!([{"role": "assistant", "audio": {"id": "x"}}]),
            "`messages.0.audio` has no equal",
        ),
        (
            json!([{"role": "assistant", "function_call": {}}]),
            "`messages.0.function_call` has no equal",
        ),
        (
            call(json!({"id": "x", "type": "custom"})),
            "`messages.0.tool_calls.0` is of type `custom`",
        ),
        (
            call(
                json!({"id": "x", "type": "function", "function": {"name": "f", "arguments": "[1]"}}),
            ),
            "`messages.0.tool_calls.0.function.arguments` is not a JSON object",
        ),
        (
            json!([{"role": "tool", "content": "x"}]),
            "`messages.0.tool_call_id` is missing",
        ),
    ] {
        let unfit = told(messages).unwrap_err();
        assert!(unfit.starts_with(refusal), "{unfit}");
    }
}
