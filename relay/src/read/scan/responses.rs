//! OpenAI's Responses: the input is text, or a list of items of which some are messages. What a request continues is
//! named at its top level or by its items.

use super::{Author, after, answer, chat, told};
use crate::{
    json::{Member, Outline, Unfit, Value},
    pins::{Mark, Named, OWN_REASONING, Pins, Storing, What},
    read::{Facts, LastMessage},
};

pub(super) fn scan(request: &Outline<'_>) -> Result<Facts, Unfit> {
    let told = |key| Ok(request.told(key)?.map(|member| member.value));
    let input = request.told("input")?.map(read_input).transpose()?;
    let input = input.unwrap_or_default();
    let named = [
        (What::Response, told("previous_response_id")?.and_then(text)),
        (What::Conversation, told("conversation")?.and_then(id)),
    ];
    let named = named
        .into_iter()
        .filter_map(|(what, id)| Some(Named { what, id: id? }));
    Ok(Facts {
        answer: answer(request)?,
        last: input.last,
        storing: match told("store")? {
            Some(store) if store.text == b"false" => Storing::No,
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
fn text(value: Value<'_>) -> Option<String> {
    value.string().ok().filter(|text| !text.is_empty())
}

/// A string, or the `id` of an object.
fn id(value: Value<'_>) -> Option<String> {
    let of_object = || {
        let [id] = value.members(["id"]).ok()?;
        text(id?)
    };
    text(value).or_else(of_object)
}

#[derive(Default)]
struct Input<'a> {
    last: LastMessage,
    named: Vec<Named>,
    reasoning: Option<Value<'a>>,
}

fn read_input<'a>(input: &Member<'a>) -> Result<Input<'a>, Unfit> {
    let mut read = Input::default();
    if input.value.is_string() {
        read.last = LastMessage::UsersOwn;
        return Ok(read);
    }
    for item in input.elements()? {
        let item = Item::read(*item)?;
        read.last = after(read.last, item.author()?);
        read.reasoning = item.encrypted_content.or(read.reasoning);
        let reference = item.id.filter(|_| item.is_reference()).and_then(text);
        read.named.extend(reference.map(|id| Named {
            what: What::Item,
            id,
        }));
    }
    Ok(read)
}

struct Item<'a> {
    kind: Option<String>,
    role: Option<Value<'a>>,
    id: Option<Value<'a>>,
    encrypted_content: Option<Value<'a>>,
    content: Option<Value<'a>>,
    result: Option<Value<'a>>,
}

impl<'a> Item<'a> {
    fn read(item: Value<'a>) -> Result<Self, Unfit> {
        let keys = [
            "type",
            "role",
            "id",
            "encrypted_content",
            "content",
            "result",
        ];
        let [kind, role, id, encrypted_content, content, result] = item.members(keys)?.map(told);
        Ok(Self {
            kind: kind.map(|kind| kind.string()).transpose()?,
            role,
            id,
            encrypted_content,
            content,
            result,
        })
    }

    /// A message need not say that it is one.
    fn author(&self) -> Result<Author, Unfit> {
        match self.kind.as_deref() {
            None | Some("message") => chat::author(self.role),
            Some(_) => Ok(Author::Other),
        }
    }

    /// Whether it stands for something that the provider has, and does not bring it along.
    fn is_reference(&self) -> bool {
        let is_own = || {
            let id = self.id.and_then(text).unwrap_or_default();
            id.starts_with(OWN_REASONING)
        };
        let is_there = |value: Option<Value<'_>>| value.is_some_and(|value| value.text != b"[]");
        match self.kind.as_deref() {
            Some("item_reference") => true,
            Some("reasoning") => {
                !is_there(self.encrypted_content) && !is_there(self.content) && !is_own()
            }
            Some("image_generation_call") => !is_there(self.result),
            None => self.role.is_none(),
            Some(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::json::Fault;

    fn scan(bytes: &[u8]) -> Result<Facts, Unfit> {
        let outline = Outline::of(bytes)?;
        super::scan(&outline)
    }

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
            r#"{"stream":true,"stream":true}"#,
            r#"{"previous_response_id":"a","previous_response_id":"b"}"#,
            r#"{"input":[{"type":"item_reference","id":"a","id":"b"}]}"#,
        ] {
            let error = scan(twice.as_bytes()).unwrap_err();
            assert!(matches!(error.fault, Fault::Twice(_)), "{error:?}");
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
