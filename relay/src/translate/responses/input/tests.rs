//! Items, and the messages that come of them.

use super::*;

fn told(input: Value, family: ChatFamily) -> Result<Vec<Value>, String> {
    of(Some(input), family, &mut Tools::default()).map_err(|unfit| unfit.to_string())
}

fn call(id: &str, arguments: &str) -> Value {
    json!({"type": "function_call", "id": "fc_1", "status": "completed", "call_id": id, "name": "look", "arguments": arguments})
}

fn result(id: &str, output: Value) -> Value {
    json!({"type": "function_call_output", "call_id": id, "output": output})
}

fn called(id: &str, arguments: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": "look", "arguments": arguments}})
}

#[test]
fn what_an_assistant_does_in_one_go_is_one_message() {
    let input = json!([
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Be brief."}]},
        {"role": "user", "content": "Look."},
        {"type": "reasoning", "id": "rs_weir_1", "summary": [{"type": "summary_text", "text": "Hm."}], "content": null,
            "encrypted_content": null},
        {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant",
            "content": [{"type": "output_text", "text": "Both.", "annotations": [], "logprobs": []}]},
        call("a", "{\"x\":1}"),
        call("b", ""),
        result("a", json!("fine")),
        result("b", json!([{"type": "input_text", "text": "so so"}])),
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Done."}]},
    ]);
    let answer = |thought: Option<&str>| {
        let mut answer = json!({"role": "assistant", "content": "Both.",
            "tool_calls": [called("a", "{\"x\":1}"), called("b", "")]});
        if let Some(thought) = thought {
            answer["reasoning_content"] = thought.into();
        }
        answer
    };
    let expected = |thought| {
        [
            json!({"role": "system", "content": "Be brief."}),
            json!({"role": "user", "content": "Look."}),
            answer(thought),
            json!({"role": "tool", "tool_call_id": "a", "content": "fine"}),
            json!({"role": "tool", "tool_call_id": "b", "content": "so so"}),
            json!({"role": "assistant", "content": "Done."}),
        ]
    };
    let of = |family| told(input.clone(), family).unwrap();
    assert_eq!(of(ChatFamily::Reasoning), expected(None));
    assert_eq!(of(ChatFamily::Compatible), expected(Some("Hm.")));
}

#[test]
fn what_tools_show_the_user_shows_after_all_results() {
    let image =
        json!({"type": "input_image", "image_url": "data:image/png;base64,QQ==", "detail": "high"});
    let input = json!([call("a", "{}"), call("b", "{}"), result("a", json!([image])), result("b", json!("x")),
        {"role": "user", "content": "Well?"}]);
    let shown = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}});
    let expected = [
        json!({"role": "assistant", "content": null, "tool_calls": [called("a", "{}"), called("b", "{}")]}),
        json!({"role": "tool", "tool_call_id": "a", "content": "(Images: 1, shown by the user.)"}),
        json!({"role": "tool", "tool_call_id": "b", "content": "x"}),
        json!({"role": "user", "content": [{"type": "text", "text": "The images of the result of `a`:"}, shown]}),
        json!({"role": "user", "content": "Well?"}),
    ];
    assert_eq!(told(input, ChatFamily::Reasoning).unwrap(), expected);
}

#[test]
fn a_call_after_a_result_is_another_message() {
    let input = json!([
        call("a", "{}"),
        result("a", json!("x")),
        call("b", "{}"),
        result("b", json!("y"))
    ]);
    let roles = |messages: Vec<Value>| -> Vec<String> {
        let role = |message: &Value| message["role"].as_str().unwrap().to_owned();
        messages.iter().map(role).collect()
    };
    let messages = told(input, ChatFamily::Thoughtful).unwrap();
    assert_eq!(messages[2]["reasoning_content"], "");
    assert_eq!(roles(messages), ["assistant", "tool", "assistant", "tool"]);
}

#[test]
fn what_has_no_equal_is_refused_by_its_place() {
    for (item, place) in [
        (
            json!({"type": "item_reference", "id": "x"}),
            "`0` is of type `item_reference`",
        ),
        (
            json!({"type": "computer_call"}),
            "`0` is of type `computer_call`",
        ),
        (
            json!({"type": "reasoning", "summary": [], "encrypted_content": "gAAA"}),
            "`0.encrypted_content`",
        ),
        (
            json!({"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}),
            "`0.content.0` is of type `input_file`",
        ),
        (
            json!({"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}),
            "`0.content.0.image_url` is missing",
        ),
        (
            json!({"role": "assistant", "content": [{"type": "input_image", "image_url": "u"}]}),
            "`0.content.0` is of type `input_image`",
        ),
        (
            json!({"role": "critic", "content": "x"}),
            "`0.role` is of type `critic`",
        ),
        (call("a", "[1]"), "`0.arguments` is not a JSON object"),
        (
            json!({"type": "function_call", "name": "x"}),
            "`0.call_id` is missing",
        ),
        (json!(5), "`0` has another type"),
    ] {
        let refusal = told(json!([item]), ChatFamily::Reasoning).unwrap_err();
        assert!(refusal.starts_with(place), "{refusal}");
    }
}
