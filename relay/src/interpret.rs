//! Whether a request is put into other words, where its group has accounts that need it. A conversation stays with the kind
//! of accounts that it has begun with: the others could make nothing of its thoughts. Groups without such accounts pay
//! nothing here.

use std::sync::Arc;

use crate::{
    admit::Refused,
    affinity,
    app::App,
    call::Call,
    dialect::Dialect,
    error::Error,
    forward::Upstream,
    group::Translates,
    json::{Outline, Unfit, Value},
    read::Asked,
    store::StoreError,
    words::Words,
};

/// Fails where there are no words for it, and nobody who needs none.
pub(crate) async fn interpret(app: &App, call: &mut Call, asked: &Asked) -> Result<(), Error> {
    match call.caller.group.translates {
        Translates::None => Ok(()),
        // Who needs none shall not carry the room for it.
        Translates::Some => Box::pin(put(app, call, asked)).await,
    }
}

async fn put(app: &App, call: &mut Call, asked: &Asked) -> Result<(), Error> {
    let kinds = kinds(call);
    let native = call.dialect;
    let has_natives = kinds.iter().any(|(kind, _)| *kind == native);
    if has_natives && !call.pins.is_empty() {
        call.kind = Some(native);
        return Ok(());
    }
    if kinds.len() > 1 {
        let anew = has_natives.then_some(native);
        let kind = kind(app, call, asked, anew).await;
        call.kind = kind.map_err(Refused::Store)?;
    }
    let may = |kind: Dialect| kind != native && call.kind.is_none_or(|known| known == kind);
    let mut refused = None;
    for (_, other) in kinds.iter().filter(|(kind, _)| may(*kind)) {
        match Words::of(call, &other.account, asked).await {
            Ok(words) => {
                call.words = words;
                return Ok(());
            }
            Err(unfit) => drop(refused.get_or_insert(unfit)),
        }
    }
    match refused {
        // It has not begun with the others, and need not.
        Some(_) if has_natives && call.kind.is_none() => call.kind = Some(native),
        Some(unfit) => return Err(unfit.into()),
        None => {}
    }
    Ok(())
}

/// What is spoken with the accounts that have its model, and the first of each kind.
fn kinds(call: &Call) -> Vec<(Dialect, Arc<Upstream>)> {
    let mut kinds: Vec<(Dialect, Arc<Upstream>)> = Vec::new();
    for upstream in &call.caller.group.upstreams {
        let account = &upstream.account;
        let translation = call.translation(account);
        let called = |model| account.called(model, translation);
        let has_model = call.model().is_none_or(|model| called(model).is_some());
        let serves = translation.is_some() || account.serves(call.work, call.dialect);
        let kind = call.dialect.translated(translation);
        if serves && has_model && kinds.iter().all(|(known, _)| *known != kind) {
            kinds.push((kind, Arc::clone(upstream)));
        }
    }
    kinds
}

/// Which kind has to serve it: the one that is known to have its session or what was said so far. By its beginning alone it
/// may be taken for another conversation, so what only its own maker can read counts more. Of what has begun and is not
/// known any more, the one that needs no translation, where there is one; of what begins now, any.
async fn kind(
    app: &App,
    call: &Call,
    asked: &Asked,
    anew: Option<Dialect>,
) -> Result<Option<Dialect>, StoreError> {
    let group = &call.caller.group;
    let known = match &call.chain {
        Some(chain) => app.store.knows(&group.affinity, chain).await?,
        None => None,
    };
    let is_known =
        |upstream: &&Arc<Upstream>| known.as_deref() == Some(&*upstream.account.gate.name);
    let known = group.upstreams.iter().find(is_known);
    let known = known.map(|upstream| upstream.account.spoken(call.work, call.dialect));
    let of_session = call.chain.as_deref().is_some_and(affinity::is_of_session);
    if let Some(known) = known.filter(|_| of_session) {
        return Ok(Some(known));
    }
    Ok(match answered(&asked.body) {
        Answered::Nobody => None,
        Answered::Somebody => known.or(anew),
        Answered::Signed => anew.or(known),
    })
}

/// What a body tells of the models that have answered in it before, in whatever dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answered {
    Nobody,
    Somebody,
    /// One whose thoughts are signed: only who speaks the dialect of the caller signs them.
    Signed,
}

fn answered(body: &[u8]) -> Answered {
    let read = || -> Result<Answered, Unfit> {
        let outline = Outline::of(body)?;
        let mut answered = Answered::Nobody;
        for name in ["messages", "input", "contents"] {
            let Some(said) = outline.told(name)? else {
                continue;
            };
            for message in said.elements()? {
                let [role, kind, content, parts] =
                    message.members(["role", "type", "content", "parts"])?;
                if !is_models(role, kind) {
                    continue;
                }
                answered = Answered::Somebody;
                if is_signed(content.or(parts)) {
                    return Ok(Answered::Signed);
                }
            }
        }
        Ok(answered)
    };
    read().unwrap_or(Answered::Nobody)
}

/// Whether a thought among these is: in Anthropic's blocks, or in Gemini's parts.
fn is_signed(parts: Option<Value<'_>>) -> bool {
    let signs = |part: &Value<'_>| {
        let names = ["type", "signature", "thoughtSignature", "thought_signature"];
        let Ok([kind, signature, ours, alike]) = part.members(names) else {
            return false;
        };
        let is_given = |value: Option<Value<'_>>| value.is_some_and(|value| value.text.len() > 2);
        match kind.map(|kind| kind.text) {
            Some(br#""thinking""#) => is_given(signature),
            Some(br#""redacted_thinking""#) => true,
            _ => is_given(ours) || is_given(alike),
        }
    };
    let parts = parts.map(|parts| parts.elements());
    parts.is_some_and(|parts| parts.is_ok_and(|parts| parts.iter().any(signs)))
}

fn is_models(role: Option<Value<'_>>, kind: Option<Value<'_>>) -> bool {
    let text = |value: Option<Value<'_>>| value.map_or(&b""[..], |value| value.text).to_vec();
    let (role, kind) = (text(role), text(kind));
    matches!(&*role, br#""assistant""# | br#""model""#)
        || kind.ends_with(br#"_call""#)
        || kind == br#""reasoning""#
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_has_begun_once_a_model_has_answered() {
        use Answered::{Nobody, Signed, Somebody};
        for (messages, expected) in [
            (r#"[{"role":"user","content":"hi"}]"#, Nobody),
            (
                r#"[{"role":"user"},{"content":"a","role":"assistant"},{"role":"user"}]"#,
                Somebody,
            ),
            (
                r#"[{"role":"user","content":[{"role":"assistant"}]}]"#,
                Nobody,
            ),
            (
                r#"[{"role":"assistant","content":[{"type":"thinking","signature":""},{"type":"text"}]}]"#,
                Somebody,
            ),
            (
                r#"[{"role":"assistant","content":"a"},{"role":"assistant","content":[{"type":"thinking","signature":"s"}]}]"#,
                Signed,
            ),
            (
                r#"[{"role":"assistant","content":[{"type":"redacted_thinking"}]}]"#,
                Signed,
            ),
            (
                r#"[{"role":"user","content":[{"type":"thinking","signature":"s"}]}]"#,
                Nobody,
            ),
            ("[]", Nobody),
            ("null", Nobody),
            ("5", Nobody),
        ] {
            let body = format!(r#"{{"messages":{messages}}}"#);
            assert_eq!(answered(body.as_bytes()), expected, "{messages}");
        }
        for (body, expected) in [
            (r#"{"input":"hi"}"#, Nobody),
            (r#"{"input":[{"role":"user","content":"hi"}]}"#, Nobody),
            (
                r#"{"input":[{"type":"message","role":"assistant"}]}"#,
                Somebody,
            ),
            (
                r#"{"input":[{"type":"function_call","name":"x"}]}"#,
                Somebody,
            ),
            (r#"{"input":[{"type":"reasoning","summary":[]}]}"#, Somebody),
            (r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#, Nobody),
            (r#"{"contents":[{"role":"model","parts":[]}]}"#, Somebody),
            (
                r#"{"contents":[{"role":"model","parts":[{"text":"a","thoughtSignature":"s"}]}]}"#,
                Signed,
            ),
        ] {
            assert_eq!(answered(body.as_bytes()), expected, "{body}");
        }
    }
}
