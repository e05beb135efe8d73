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

/// Which kind has to serve it: the one that is known to have its session or what was said so far. Of what has begun and is
/// not known any more, the one that needs no translation, where there is one; of what begins now, any.
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
    Ok(match known {
        Some(known) if of_session || has_begun(&asked.body) => Some(known),
        None if has_begun(&asked.body) => anew,
        Some(_) | None => None,
    })
}

/// Whether a model has answered in it before, in whatever dialect.
fn has_begun(body: &[u8]) -> bool {
    let answered = || -> Result<bool, Unfit> {
        let outline = Outline::of(body)?;
        for name in ["messages", "input", "contents"] {
            let Some(said) = outline.told(name)? else {
                continue;
            };
            for message in said.elements()? {
                let [role, kind] = message.members(["role", "type"])?;
                if is_models(role, kind) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    };
    answered().unwrap_or_default()
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
        for (messages, begun) in [
            (r#"[{"role":"user","content":"hi"}]"#, false),
            (
                r#"[{"role":"user"},{"content":"a","role":"assistant"},{"role":"user"}]"#,
                true,
            ),
            (
                r#"[{"role":"user","content":[{"role":"assistant"}]}]"#,
                false,
            ),
            ("[]", false),
            ("null", false),
            ("5", false),
        ] {
            let body = format!(r#"{{"messages":{messages}}}"#);
            assert_eq!(has_begun(body.as_bytes()), begun, "{messages}");
        }
        for (body, begun) in [
            (r#"{"input":"hi"}"#, false),
            (r#"{"input":[{"role":"user","content":"hi"}]}"#, false),
            (r#"{"input":[{"type":"message","role":"assistant"}]}"#, true),
            (r#"{"input":[{"type":"function_call","name":"x"}]}"#, true),
            (r#"{"input":[{"type":"reasoning","summary":[]}]}"#, true),
            (r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#, false),
            (r#"{"contents":[{"role":"model","parts":[]}]}"#, true),
        ] {
            assert_eq!(has_begun(body.as_bytes()), begun, "{body}");
        }
    }
}
