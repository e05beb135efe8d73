//! What decides in a request's JSON: some members of its top level, and whose the last message is. Everything else is
//! stepped over, so that fields nobody here has heard of pass. Each dialect is a file.

mod anthropic;
mod chat;
mod gemini;
mod most;
mod responses;

pub(super) use most::most_output;

use super::{Answer, Facts, LastMessage};
use crate::{
    dialect::Dialect,
    json::{Member, Outline, Unfit, Value},
    route::Work,
};

/// Fails where the body says one of its decisive fields twice, or gives it another type.
pub(super) fn scan(
    body: &[u8],
    outline: &Outline<'_>,
    work: Work,
    dialect: Dialect,
) -> Result<Facts, Unfit> {
    let facts = match (work, dialect) {
        (Work::Embed, _) => Facts::default(),
        (_, Dialect::Anthropic) => anthropic::scan(outline)?,
        (_, Dialect::Chat) => chat::scan(body, outline)?,
        (_, Dialect::Responses) => responses::scan(outline)?,
        (_, Dialect::Gemini | Dialect::GeminiArray) => return gemini::scan(outline),
    };
    let model = outline.told("model")?.map(|model| model.value.string());
    Ok(Facts {
        model: model.transpose()?,
        ..facts
    })
}

fn answer(outline: &Outline<'_>) -> Result<Answer, Unfit> {
    let stream = outline.told("stream")?.map(|stream| stream.value.bool());
    match stream.transpose()? {
        Some(true) => Ok(Answer::Stream),
        Some(false) | None => Ok(Answer::Whole),
    }
}

/// A field that is there and not `null`.
fn told(value: Option<Value<'_>>) -> Option<Value<'_>> {
    value.filter(|value| !value.is_null())
}

/// Whose a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Author {
    /// It does not count.
    System,
    /// A user, in own words.
    User,
    /// A model, or a tool.
    Other,
}

/// Whose the last message is, with one more after it.
fn after(last: LastMessage, author: Author) -> LastMessage {
    match author {
        Author::System => last,
        Author::User => LastMessage::UsersOwn,
        Author::Other => LastMessage::Other,
    }
}

/// Whose the last of a list of messages is. Only the last ones are looked into.
fn last(
    messages: Option<&Member<'_>>,
    author: impl Fn(Value<'_>) -> Result<Author, Unfit>,
) -> Result<LastMessage, Unfit> {
    let Some(messages) = messages else {
        return Ok(LastMessage::Other);
    };
    for message in messages.elements()?.iter().rev() {
        match author(*message)? {
            Author::System => {}
            counts => return Ok(after(LastMessage::Other, counts)),
        }
    }
    Ok(LastMessage::Other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Fault;

    fn scan(body: &[u8]) -> Result<Facts, Unfit> {
        let outline = Outline::of(body)?;
        super::scan(body, &outline, Work::Generate, Dialect::Anthropic)
    }

    #[test]
    fn unknown_fields_pass_unread() {
        let body = r#"{"model":"m\u00e9","speed":{"deep":[[1,{"model":5}]]},"stream":true,
            "tools":[{"type":"custom"}],"messages":[{"role":"user","content":"x","cache_control":{}}]}"#;
        let facts = scan(body.as_bytes()).unwrap();
        assert_eq!(
            facts,
            Facts {
                model: Some("mé".into()),
                answer: Answer::Stream,
                last: LastMessage::UsersOwn,
                ..Facts::default()
            }
        );
        assert_eq!(scan(b"{}").unwrap(), Facts::default());
    }

    #[test]
    fn what_decides_stands_once_and_has_its_type() {
        for (body, fault, at) in [
            (r#"{"model":"a","model":"b"}"#, Fault::Twice("model"), 13),
            (r#"{"stream":true,"stream":0}"#, Fault::Twice("stream"), 15),
            (
                r#"{"messages":0,"messages":0}"#,
                Fault::Twice("messages"),
                14,
            ),
            (r#"{"model":5}"#, Fault::Type, 9),
            (r#"{"stream":"true"}"#, Fault::Type, 10),
            (r#"{"messages":"x"}"#, Fault::Type, 12),
            (r#"{"messages":[{"role":5}]}"#, Fault::Type, 21),
            ("[]", Fault::Type, 0),
            ("{\n\"model\": x}", Fault::NotJson, 11),
            ("", Fault::EndsEarly, 0),
        ] {
            assert_eq!(scan(body.as_bytes()), Err(Unfit { fault, at }), "{body}");
        }
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        let deep = format!(
            r#"{{"x":{}{}}}"#,
            "[".repeat(1_000_000),
            "]".repeat(1_000_000)
        );
        assert!(scan(deep.as_bytes()).is_ok());
        let deep = format!(r#"{{"messages":[{{"content":{}"#, "[".repeat(1_000_000));
        assert!(scan(deep.as_bytes()).is_err());
    }

    #[test]
    fn of_embeddings_only_the_model_is_read() {
        let body = br#"{"model":"e","input":[[1,2],[3]],"input":5}"#;
        let outline = Outline::of(body).unwrap();
        let facts = super::scan(body, &outline, Work::Embed, Dialect::Chat).unwrap();
        assert_eq!(facts.model.as_deref(), Some("e"));
    }
}
