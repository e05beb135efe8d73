//! OpenAI's Responses: the input is text, or a list of items of which some are messages. What a request continues is
//! named at its top level or by its items.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{Author, after, answer, chat::Role};
use crate::{
    pins::{Mark, Named, Pins, Storing, What},
    read::{Facts, LastMessage},
};

#[derive(Deserialize)]
struct Request<'a> {
    model: Option<String>,
    stream: Option<bool>,
    #[serde(borrow)]
    input: Option<Input<'a>>,
    #[serde(borrow)]
    previous_response_id: Option<&'a RawValue>,
    #[serde(borrow)]
    conversation: Option<&'a RawValue>,
    #[serde(borrow)]
    store: Option<&'a RawValue>,
}

pub(super) fn scan(body: &[u8]) -> Result<Facts, serde_json::Error> {
    let request: Request<'_> = serde_json::from_slice(body)?;
    let input = request.input.unwrap_or_default();
    let named = [
        (What::Response, request.previous_response_id.and_then(text)),
        (What::Conversation, request.conversation.and_then(id)),
    ];
    let named = named
        .into_iter()
        .filter_map(|(what, id)| Some(Named { what, id: id? }));
    Ok(Facts {
        model: request.model,
        answer: answer(request.stream),
        last: input.last,
        storing: match request.store {
            Some(store) if store.get() == "false" => Storing::No,
            _ => Storing::Yes,
        },
        pins: Pins {
            named: named.chain(input.named).collect(),
            reasoning: input
                .reasoning
                .and_then(text)
                .map(|it| Mark::of_reasoning(&it)),
        },
        ..Facts::default()
    })
}

/// A string's text, unless it is empty. What is none is for the provider to refuse.
fn text(value: &RawValue) -> Option<String> {
    let text: String = serde_json::from_str(value.get()).ok()?;
    (!text.is_empty()).then_some(text)
}

/// A string, or the `id` of an object.
fn id(value: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Object<'a> {
        #[serde(borrow)]
        id: &'a RawValue,
    }
    let object = || serde_json::from_str::<Object<'_>>(value.get()).ok();
    text(value).or_else(|| object().and_then(|object| text(object.id)))
}

#[derive(Default)]
struct Input<'a> {
    last: LastMessage,
    named: Vec<Named>,
    reasoning: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(rename = "type")]
    kind: Option<Kind>,
    role: Option<Role>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    encrypted_content: Option<&'a RawValue>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
}

/// A message need not say that it is one.
#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Message,
    ItemReference,
    Reasoning,
    ImageGenerationCall,
    #[serde(other)]
    Other,
}

impl Item<'_> {
    fn author(&self) -> Author {
        match self.kind {
            None | Some(Kind::Message) => self.role.unwrap_or_default().author(),
            Some(_) => Author::Other,
        }
    }

    /// Whether it stands for something that the provider has, and does not bring it along.
    fn is_reference(&self) -> bool {
        let is_there = |value: Option<&RawValue>| value.is_some_and(|value| value.get() != "[]");
        match self.kind {
            Some(Kind::ItemReference) => true,
            Some(Kind::Reasoning) => !is_there(self.encrypted_content) && !is_there(self.content),
            Some(Kind::ImageGenerationCall) => !is_there(self.result),
            None => self.role.is_none(),
            Some(Kind::Message | Kind::Other) => false,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Input<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(InputVisitor)
    }
}

struct InputVisitor;

impl<'de> Visitor<'de> for InputVisitor {
    type Value = Input<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text or a list of items")
    }

    fn visit_str<E>(self, _: &str) -> Result<Input<'de>, E> {
        Ok(Input {
            last: LastMessage::UsersOwn,
            ..Input::default()
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Input<'de>, A::Error> {
        let mut input = Input::default();
        while let Some(item) = items.next_element::<Item<'de>>()? {
            input.last = after(input.last, item.author());
            input.reasoning = item.encrypted_content.or(input.reasoning);
            let reference = item.id.filter(|_| item.is_reference()).and_then(text);
            input.named.extend(reference.map(|id| Named {
                what: What::Item,
                id,
            }));
        }
        Ok(input)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_users_own_message_is_told_from_other_items() {
        let last = |input: &str| {
            let body = format!(r#"{{"model":"gpt-5","stream":true,"input":{input}}}"#);
            scan(body.as_bytes()).unwrap().last
        };
        for own in [
            r#""hi""#,
            r#"[{"role":"user","content":"hi"}]"#,
            r#"[{"type":"reasoning","summary":[]},{"type":"message","role":"user","content":[{"type":"input_text"}]}]"#,
            r#"[{"role":"user","content":"hi"},{"role":"developer","content":"be brief"}]"#,
        ] {
            assert_eq!(last(own), LastMessage::UsersOwn, "{own}");
        }
        for other in [
            "null",
            "[]",
            r#"[{"role":"user"},{"type":"function_call_output","call_id":"x","output":"5"}]"#,
            r#"[{"role":"user"},{"role":"assistant","content":[]}]"#,
            r#"[{"type":"item_reference","id":"x","role":"user"}]"#,
        ] {
            assert_eq!(last(other), LastMessage::Other, "{other}");
        }
    }

    #[test]
    fn what_decides_may_not_stand_twice() {
        for twice in [
            r#"{"input":"a","input":[]}"#,
            r#"{"model":"a","model":"b"}"#,
            r#"{"stream":true,"stream":true}"#,
            r#"{"previous_response_id":"a","previous_response_id":"b"}"#,
            r#"{"input":[{"type":"item_reference","id":"a","id":"b"}]}"#,
        ] {
            let error = scan(twice.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with("duplicate field"), "{error}");
        }
        assert!(scan(br#"{"input":5}"#).is_err());
    }

    fn named(request: &Value) -> Vec<(What, String)> {
        let facts = scan(request.to_string().as_bytes()).unwrap();
        let named = facts.pins.named.into_iter();
        named.map(|named| (named.what, named.id)).collect()
    }

    #[test]
    fn what_a_request_continues_is_named_at_its_top_level() {
        for (request, what, id) in [
            (
                json!({"previous_response_id": "resp_1"}),
                What::Response,
                "resp_1",
            ),
            (
                json!({"conversation": "conv_1"}),
                What::Conversation,
                "conv_1",
            ),
            (
                json!({"conversation": {"id": "conv_1", "x": 1}}),
                What::Conversation,
                "conv_1",
            ),
        ] {
            assert_eq!(named(&request), [(what, id.to_owned())], "{request}");
        }
        let escaped = scan(br#"{"previous\u005fresponse_id":"resp\u005f1"}"#).unwrap();
        assert_eq!(escaped.pins.named[0].id, "resp_1");
        for nothing in [
            json!({"previous_response_id": null, "conversation": null}),
            json!({"previous_response_id": "", "conversation": {}}),
            json!({"previous_response_id": 5, "conversation": {"id": 5}}),
        ] {
            assert_eq!(named(&nothing), [], "{nothing}");
        }
    }

    #[test]
    fn items_that_bring_nothing_along_are_references() {
        for item in [
            json!({"type": "item_reference", "id": "x"}),
            json!({"type": null, "id": "x"}),
            json!({"id": "x"}),
            json!({"type": "reasoning", "id": "x", "summary": [], "encrypted_content": null, "content": []}),
            json!({"type": "image_generation_call", "id": "x"}),
        ] {
            let request = json!({"input": [{"role": "user", "content": "hi"}, item]});
            assert_eq!(named(&request), [(What::Item, "x".to_owned())], "{item}");
        }
        for item in [
            json!({"type": "message", "role": "assistant", "id": "x", "content": []}),
            json!({"role": "assistant", "id": "x", "content": "hi"}),
            json!({"type": "function_call", "id": "x", "call_id": "c"}),
            json!({"type": "reasoning", "id": "x", "summary": [], "encrypted_content": "gAAAA"}),
            json!({"type": "reasoning", "id": "x", "content": [{"type": "reasoning_text"}]}),
            json!({"type": "image_generation_call", "id": "x", "result": "iVBO"}),
            json!({"type": "item_reference"}),
        ] {
            assert_eq!(named(&json!({"input": [item]})), [], "{item}");
        }
    }

    #[test]
    fn of_encrypted_reasoning_the_newest_counts() {
        let of = |items: Value| {
            let request = json!({ "input": items }).to_string();
            scan(request.as_bytes()).unwrap().pins.reasoning
        };
        let item = |text: &str| json!({"type": "reasoning", "encrypted_content": text});
        let two = of(json!([item("a"), item("b"), {"role": "user", "content": "hi"}]));
        assert_eq!(two, Some(Mark::of_reasoning("b")));
        assert_eq!(of(json!([{"role": "user", "content": "hi"}])), None);
        let escaped = scan(br#"{"input":[{"encrypted_content":"a\/b","role":"x"}]}"#).unwrap();
        assert_eq!(escaped.pins.reasoning, Some(Mark::of_reasoning("a/b")));
    }

    #[test]
    fn what_is_not_to_be_stored_says_so() {
        let of = |body: &str| scan(body.as_bytes()).unwrap().storing;
        assert_eq!(of(r#"{"store":false}"#), Storing::No);
        for stored in ["{}", r#"{"store":true}"#, r#"{"store":null}"#] {
            assert_eq!(of(stored), Storing::Yes);
        }
    }
}
