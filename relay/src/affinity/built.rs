//! The digest of a message by building all of it, and that the walk finds the same. (Tests only.)

use proptest::{
    collection::vec,
    prelude::any,
    prop_assert_eq, prop_oneof, proptest,
    strategy::{Just, Strategy},
};
use serde_json::{Map, Value, json};
use xxhash_rust::xxh3::xxh3_64;

use crate::json::Outline;

use super::{
    Form,
    chain::{Conversation, Role},
    read,
};

/// What counts of a message, by building all of it.
fn naive(message: &Value) -> u64 {
    const PLACE: &str = "\u{1}the text\u{1}";
    let mut message = without_marks(message);
    let mut said = None;
    match message.get_mut("content") {
        Some(content @ Value::String(_)) if is_billing(content) => *content = json!([]),
        Some(content @ Value::String(_)) => {
            said = Some(std::mem::replace(content, json!([PLACE])));
        }
        Some(Value::Array(blocks)) => {
            *blocks = counting(blocks);
            for block in blocks {
                if let Some(Value::Array(inner)) = block.get_mut("content") {
                    *inner = counting(inner);
                }
            }
        }
        _ => {}
    }
    let said = said.map(|said| format!(r#"{{"type":"text","text":{said}}}"#));
    let place = json!(PLACE).to_string();
    xxh3_64(
        message
            .to_string()
            .replace(&place, &said.unwrap_or_default())
            .as_bytes(),
    )
}

fn counting(blocks: &[Value]) -> Vec<Value> {
    let counts = |block: &&Value| {
        let thought = block.get("thought") == Some(&json!(true));
        let thinking = block.get("type") == Some(&json!("thinking"));
        !thought && !thinking && !block.get("text").is_some_and(is_billing)
    };
    blocks.iter().filter(counts).map(without_marks).collect()
}

fn is_billing(text: &Value) -> bool {
    text.as_str()
        .is_some_and(|text| text.starts_with("x-anthropic-billing-header:"))
}

fn without_marks(value: &Value) -> Value {
    let mut value = value.clone();
    if let Value::Object(members) = &mut value {
        members.retain(|key, _| key != "cache_control" && key != "thoughtSignature");
    }
    value
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z\"\\\\\n é{\\[]{0,6}".prop_map(Value::from),
        Just(json!("thinking")),
        Just(json!("x-anthropic-billing-header: v")),
    ];
    leaf.prop_recursive(4, 30, 4, |inner| {
        let key = prop_oneof![
            Just("cache_control"),
            Just("type"),
            Just("text"),
            Just("content"),
            Just("thought"),
            Just("thoughtSignature"),
            Just("a"),
            Just("z"),
        ];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((key, inner), 0..4).prop_map(|members| {
                let members = members
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value));
                Value::Object(members.collect::<Map<_, _>>())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn a_message_counts_as_it_does_when_all_of_it_is_built(message in value(), content in value()) {
        let Value::Object(mut message) = message else { return Ok(()) };
        message.insert("content".into(), content);
        let message = Value::Object(message);
        let mut expected = Conversation::new(Form::Messages);
        expected.push(Role::User, naive(&message));
        let body = json!({"messages": [message]}).to_string();
        let outline = Outline::of(body.as_bytes()).unwrap();
        let read = read(Form::Messages, None, &outline).unwrap();
        // Whose it is does not matter here.
        let digest = |of: &Conversation| of.chain("m").and_then(|chain| Some(chain.rsplit_once(':')?.1.to_owned()));
        prop_assert_eq!(digest(&read), digest(&expected), "{}", body);
    }

    #[test]
    fn no_bytes_confuse_the_walk(body in vec(any::<u8>(), 0..60), form in 0..4) {
        let forms = [Form::Messages, Form::Chat, Form::Responses, Form::Contents];
        if let Ok(outline) = Outline::of(&body) {
            drop(read(forms[form as usize], None, &outline));
        }
    }
}
