//! Contents, and the messages that come of them.

use super::*;

fn told(contents: Value) -> Result<Vec<Value>, String> {
    let contents = contents.as_array().unwrap().clone();
    of(contents, ChatFamily::Compatible).map_err(|unfit| unfit.to_string())
}

fn called(id: &str, name: &str, arguments: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
}

fn result(id: &str, text: &str) -> Value {
    json!({"role": "tool", "tool_call_id": id, "content": text})
}

#[test]
fn calls_and_their_results_find_each_other() {
    let contents = json!([
        {"role": "user", "parts": [{"text": "Look."}]},
        {"role": "model", "parts": [
            {"text": "Hm.", "thought": true, "thoughtSignature": "s"},
            {"text": "Bo"}, {"text": "th."},
            {"functionCall": {"name": "look", "args": {"z": 1, "a": 2}}, "thought_signature": "s"},
            {"functionCall": {"name": "look"}},
            {"functionCall": {"id": "own", "name": "hear", "args": {}}},
        ]},
        {"role": "user", "parts": [
            {"functionResponse": {"name": "hear", "id": "own", "response": {"error": "deaf"}}},
            {"function_response": {"name": "look", "response": {"output": "fine"}}},
            {"functionResponse": {"name": "look", "response": {"sky": "blue"}}},
            {"text": "Well?"},
        ]},
    ]);
    let expected = [
        json!({"role": "user", "content": "Look."}),
        json!({"role": "assistant", "content": "Both.", "reasoning_content": "Hm.", "tool_calls": [
            called("call_1", "look", "{\"z\":1,\"a\":2}"), called("call_2", "look", "{}"), called("own", "hear", "{}")]}),
        result("own", "Error: deaf"),
        result("call_1", "fine"),
        result("call_2", "{\"sky\":\"blue\"}"),
        json!({"role": "user", "content": "Well?"}),
    ];
    assert_eq!(told(contents).unwrap(), expected);
}

/// As Gemini CLI tells it when it resumes a conversation.
#[test]
fn a_result_that_is_told_twice_is_told_once() {
    let response = |text: &str| json!({"functionResponse": {"id": "a", "name": "look", "response": {"output": text}}});
    let of = |second: &str| {
        told(json!([
            {"role": "model", "parts": [{"functionCall": {"id": "a", "name": "look", "args": {}}}]},
            {"role": "user", "parts": [response("fine"), response(second)]},
        ]))
    };
    assert_eq!(of("fine").unwrap()[1..], [result("a", "fine")]);
    assert_eq!(of("dark").unwrap()[1..], [result("a", "fine\n\ndark")]);
}

#[test]
fn images_are_shown_by_the_user_after_the_results() {
    let image = json!({"inlineData": {"mimeType": "image/png", "data": "QQ=="}});
    let contents = json!([
        {"role": "user", "parts": [{"text": "What is it?"}, image]},
        {"role": "model", "parts": [{"functionCall": {"name": "look"}}]},
        {"role": "user", "parts": [
            {"functionResponse": {"name": "look", "response": {"output": "this"}, "parts": [image]}}]},
    ]);
    let shown = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}});
    let messages = told(contents).unwrap();
    assert_eq!(
        messages[0]["content"],
        json!([{"type": "text", "text": "What is it?"}, shown])
    );
    assert_eq!(
        messages[2],
        result("call_1", "this\n\n(Images: 1, shown by the user.)")
    );
    let intro = json!({"type": "text", "text": "The images of the result of `call_1`:"});
    assert_eq!(messages[3]["content"], json!([intro, shown]));
}

#[test]
fn what_has_no_equal_is_refused_by_its_place() {
    for (content, place) in [
        (
            json!({"parts": [{"fileData": {"fileUri": "x"}}]}),
            "`0.parts.0.text` is missing",
        ),
        (
            json!({"parts": [{"text": "x", "videoMetadata": {}}]}),
            "`0.parts.0.videoMetadata`",
        ),
        (
            json!({"parts": [{"inlineData": {"mimeType": "audio/wav", "data": ""}}]}),
            "`0.parts.0.inlineData.mimeType` is of type `audio/wav`",
        ),
        (
            json!({"parts": [{"functionResponse": {"name": "look", "response": {}}}]}),
            "`0.parts.0.functionResponse.name` is the result of no call",
        ),
        (
            json!({"role": "model", "parts": [{"functionCall": {"name": "look", "args": []}}]}),
            "`0.parts.0.functionCall.args` has another type",
        ),
        (
            json!({"role": "critic", "parts": []}),
            "`0.role` is of type `critic`",
        ),
        (json!(5), "`0` has another type"),
    ] {
        let refusal = told(json!([content])).unwrap_err();
        assert!(refusal.starts_with(place), "{refusal}");
    }
}

#[test]
fn instructions_are_text() {
    let of = |instruction| system(Some(instruction)).map_err(|unfit| unfit.to_string());
    let expected = json!({"role": "system", "content": "One.\n\nTwo."});
    let parts = json!({"role": "user", "parts": [{"text": "One."}, {"text": "Two."}]});
    assert_eq!(of(parts), Ok(Some(expected)));
    assert_eq!(of(json!({"parts": []})), Ok(None));
    let image = json!({"parts": [{"inlineData": {}}]});
    assert!(
        of(image)
            .unwrap_err()
            .starts_with("`parts.0.text` is missing")
    );
}
