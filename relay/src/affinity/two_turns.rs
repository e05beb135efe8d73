//! Two turns of a conversation as well-known clients send them: the second turn's chain continues the first's, whatever
//! the client moved, added or dropped in between. (Tests only.)

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::{Conversation, Form, Session, read, session};
use crate::json::Outline;

pub(super) fn heard(form: Form, session: Option<Session>, body: &str) -> Conversation {
    read(form, session, &Outline::of(body.as_bytes()).unwrap()).unwrap()
}

fn chain(form: Form, body: &Value) -> String {
    heard(form, None, &body.to_string()).chain("model").unwrap()
}

fn claude_code_chain(body: &str) -> String {
    heard(Form::Messages, None, body).chain("model").unwrap()
}

/// The roles of a chain in order.
fn roles(chain: &str) -> String {
    chain.split('-').map(|segment| &segment[..1]).collect()
}

fn continues(first: &str, second: &str) -> bool {
    second
        .strip_prefix(first)
        .is_some_and(|rest| rest.starts_with('-'))
}

/// Claude Code keeps a message of text as a string, and as a block while it bears the mark of the cache: the last one.
/// Written out, since the order of the members is the client's.
fn claude_code(turn: usize) -> String {
    let mark = r#""cache_control":{"type":"ephemeral","ttl":"1h"}"#;
    let said = |role: &str, text: &str, place: usize| match place == 2 * turn - 2 {
        true => {
            format!(r#"{{"role":"{role}","content":[{{"type":"text","text":"{text}",{mark}}}]}}"#)
        }
        false => format!(r#"{{"role":"{role}","content":"{text}"}}"#),
    };
    let result_mark = if turn == 2 {
        format!(",{mark}")
    } else {
        String::new()
    };
    let mut messages = vec![
        said("user", "list the files", 0),
        r#"{"role":"assistant","content":[{"type":"thinking","thinking":"a look","signature":"EqQB"},
            {"type":"text","text":"Let me see."},
            {"type":"tool_use","id":"toolu_1","name":"Bash","input":{"command":"ls","n":[1,2.5]}}]}"#.into(),
        format!(r#"{{"role":"user","content":[{{"tool_use_id":"toolu_1","type":"tool_result","content":"a.rs","is_error":false{result_mark}}}]}}"#),
        said("assistant", "One file.", 3),
        said("user", "thanks", 4),
        said("assistant", "You are welcome.", 5),
        said("user", "bye", 6),
    ];
    messages.truncate(2 * turn - 1);
    format!(
        r#"{{"model":"claude-opus-4-6","messages":[{}],"system":[
            {{"type":"text","text":"x-anthropic-billing-header: cc_version=2.1; cch={turn}"}},
            {{"type":"text","text":"You are an agent.",{mark}}}],
            "tools":[{{"name":"Bash","input_schema":{{"type":"object"}}}}],"max_tokens":32000,"stream":true}}"#,
        messages.join(",")
    )
}

#[test]
fn claude_code_is_known_again_without_its_session() {
    let turns: Vec<String> = (1..=4)
        .map(|turn| claude_code_chain(&claude_code(turn)))
        .collect();
    assert_eq!(roles(&turns[0]), "dsu");
    assert_eq!(roles(&turns[3]), "dsuauauau");
    for pair in turns.windows(2) {
        assert!(continues(&pair[0], &pair[1]), "{turns:#?}");
    }
}

#[test]
fn a_dropped_thought_does_not_end_a_conversation() {
    let with = claude_code(2);
    let without = with.replace(
        r#"{"type":"thinking","thinking":"a look","signature":"EqQB"},"#,
        "",
    );
    assert_ne!(with, without);
    assert_eq!(claude_code_chain(&with), claude_code_chain(&without));
}

#[test]
fn another_beginning_is_another_conversation() {
    let first = claude_code_chain(&claude_code(1));
    for text in ["list the files", "You are an agent."] {
        let other = claude_code(2).replace(text, "something else");
        assert!(!continues(&first, &claude_code_chain(&other)), "{text}");
    }
}

#[test]
fn claude_code_names_its_session() {
    let of = |turn: usize, user: Value| {
        let body = claude_code(turn);
        let rest = body.strip_suffix('}').unwrap();
        claude_code_chain(&format!(r#"{rest},"metadata":{{"user_id":{user}}}}}"#))
    };
    let session = json!({"device_id": "d", "account_uuid": "", "session_id": "5b1c"});
    let first = of(1, json!(session.to_string()));
    assert_eq!(roles(&first), "i");
    assert_eq!(first, of(3, json!("user_0a_account__session_5b1c")));
    assert_eq!(of(1, json!("alice")), claude_code_chain(&claude_code(1)));
}

#[test]
fn a_session_named_in_a_header_needs_no_body() {
    let name = HeaderName::from_static("x-claude-code-session-id");
    let headers = HeaderMap::from_iter([(name, HeaderValue::from_static("5b1c"))]);
    let [one, two] = [1, 2].map(|turn| {
        let heard = heard(Form::Messages, session(&headers), &claude_code(turn));
        heard.chain("model").unwrap()
    });
    assert_eq!((roles(&one).as_str(), &one), ("i", &two));
}

fn codex(turn: usize) -> Value {
    let mut input = vec![
        json!({"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "<permissions>"}]}),
        json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "say hi"}]}),
        json!({"type": "reasoning", "summary": [], "encrypted_content": "gAAAA"}),
        json!({"type": "function_call", "name": "shell", "arguments": "{\"command\":[\"ls\"]}", "call_id": "call_1"}),
        json!({"type": "function_call_output", "call_id": "call_1", "output": "a.rs"}),
        json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hi"}]}),
    ];
    input.truncate(if turn == 1 { 2 } else { 6 });
    json!({
        "model": "gpt-5.1-codex", "instructions": "You are Codex.", "input": input, "tools": [], "store": false,
        "stream": true, "include": ["reasoning.encrypted_content"], "prompt_cache_key": "019a"
    })
}

#[test]
fn codex_is_known_by_its_cache_key_and_without_it() {
    let [mut first, mut second] = [codex(1), codex(2)];
    assert_eq!(
        chain(Form::Responses, &first),
        chain(Form::Responses, &second)
    );
    for turn in [&mut first, &mut second] {
        turn.as_object_mut().unwrap().remove("prompt_cache_key");
    }
    let [one, two] = [
        chain(Form::Responses, &first),
        chain(Form::Responses, &second),
    ];
    assert_eq!(
        (roles(&one), roles(&two)),
        ("dssu".into(), "dssuata".into())
    );
    assert!(continues(&one, &two));
}

#[test]
fn a_string_is_one_message() {
    let plain = json!({"input": "hi", "instructions": null});
    assert_eq!(roles(&chain(Form::Responses, &plain)), "du");
}

fn gemini(turn: usize) -> Value {
    let mut contents = vec![
        json!({"role": "user", "parts": [{"text": "This is the Gemini CLI. Today is Friday."}]}),
        json!({"role": "user", "parts": [{"text": "list the files"}]}),
        json!({"role": "model", "parts": [
            {"text": "a look", "thought": true},
            {"functionCall": {"name": "ls", "args": {"path": "."}}, "thoughtSignature": "CiQB"}]}),
        json!({"role": "user", "parts": [{"functionResponse": {"name": "ls", "response": {"output": "a.rs"}}}]}),
    ];
    contents.truncate(2 * turn);
    json!({
        "contents": contents,
        "systemInstruction": {"role": "user", "parts": [{"text": "You are an agent."}]},
        "tools": [{"functionDeclarations": []}],
        "generationConfig": {"temperature": 1, "thinkingConfig": {"includeThoughts": true}}
    })
}

#[test]
fn gemini_cli_is_known_again() {
    let [one, two] = [
        chain(Form::Contents, &gemini(1)),
        chain(Form::Contents, &gemini(2)),
    ];
    assert_eq!((roles(&one), roles(&two)), ("dsuu".into(), "dsuuau".into()));
    assert!(continues(&one, &two));
    let mut bare = gemini(2);
    bare["contents"][2]["parts"] = json!([{"functionCall": {"name": "ls", "args": {"path": "."}}}]);
    assert_eq!(chain(Form::Contents, &bare), two);
}

#[test]
fn chat_is_known_again() {
    let first = json!({"messages": [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]});
    let second = json!({"messages": [
        {"role": "system", "content": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]},
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": null, "reasoning_content": "hm", "tool_calls": [{"id": "c", "type": "function"}]},
        {"role": "tool", "tool_call_id": "c", "content": "5"}]});
    let [one, two] = [chain(Form::Chat, &first), chain(Form::Chat, &second)];
    assert_eq!((roles(&one), roles(&two)), ("dsu".into(), "dsuat".into()));
    assert!(continues(&one, &two));
    // A string counts as a block whose keys stand in this order, and no other.
    let written = second.to_string().replace(
        r#""type":"text","text":"Be brief.""#,
        r#""text":"Be brief.","type":"text""#,
    );
    let two = heard(Form::Chat, None, &written).chain("model").unwrap();
    assert!(!continues(&one, &two));
}
