//! Whether a request is put into other words, where its group has accounts that need it. A conversation stays with the kind
//! of accounts that it has begun with: the others could make nothing of its thoughts. Groups without such accounts pay
//! nothing here.

use std::sync::Arc;

use crate::{
    admit::Refused,
    affinity,
    app::App,
    call::Call,
    error::Error,
    forward::Upstream,
    json::{Outline, Unfit},
    provider::Api,
    read::Asked,
    store::StoreError,
    translate::Translation,
    words::Words,
};

/// Fails where there are no words for it, and nobody who needs none.
pub(crate) async fn interpret(app: &App, call: &mut Call, asked: &Asked) -> Result<(), Error> {
    match call.caller.group.translation {
        None => Ok(()),
        // Who needs none shall not carry the room for it.
        Some(translation) => Box::pin(put(app, call, asked, translation)).await,
    }
}

async fn put(
    app: &App,
    call: &mut Call,
    asked: &Asked,
    translation: Translation,
) -> Result<(), Error> {
    let native = call.dialect.api();
    let (natives, others) = serving(call, native);
    let Some(other) = others.first() else {
        return Ok(());
    };
    if !natives.is_empty() {
        call.kind = kind(app, call, asked, native)
            .await
            .map_err(Refused::Store)?;
        if call.kind == Some(native) {
            return Ok(());
        }
    }
    match Words::of(call, &other.account, &asked.body, translation).await {
        Ok(words) => call.words = Some(words),
        // It has not begun with the others, and need not.
        Err(_) if !natives.is_empty() && call.kind.is_none() => call.kind = Some(native),
        Err(unfit) => return Err(unfit.into()),
    }
    Ok(())
}

/// The accounts that have its model: those that speak what the caller does, and the others.
fn serving(call: &Call, native: Api) -> (Vec<Arc<Upstream>>, Vec<Arc<Upstream>>) {
    let serves = |upstream: &&Arc<Upstream>| {
        let called = |model| upstream.account.called(model, call.dialect);
        call.model().is_none_or(|model| called(model).is_some())
    };
    let upstreams = call.caller.group.upstreams.iter();
    let serving = upstreams.filter(serves).cloned();
    serving.partition(|upstream| upstream.account.provider.api() == native)
}

/// Which kind has to serve it: the one that is known to have its session or what was said so far. Of what has begun and is
/// not known any more, the one that needs no translation; of what begins now, any.
async fn kind(
    app: &App,
    call: &Call,
    asked: &Asked,
    native: Api,
) -> Result<Option<Api>, StoreError> {
    let group = &call.caller.group;
    let known = match &call.chain {
        Some(chain) => app.store.knows(&group.affinity, chain).await?,
        None => None,
    };
    let is_known =
        |upstream: &&Arc<Upstream>| known.as_deref() == Some(&*upstream.account.gate.name);
    let known = group.upstreams.iter().find(is_known);
    let known = known.map(|upstream| upstream.account.provider.api());
    let of_session = call.chain.as_deref().is_some_and(affinity::is_of_session);
    Ok(match known {
        Some(known) if of_session || has_begun(&asked.body) => Some(known),
        None if has_begun(&asked.body) => Some(native),
        Some(_) | None => None,
    })
}

/// Whether a model has answered in it before.
fn has_begun(body: &[u8]) -> bool {
    let answered = || -> Result<bool, Unfit> {
        let outline = Outline::of(body)?;
        let Some(messages) = outline.told("messages")? else {
            return Ok(false);
        };
        for message in messages.elements()? {
            let [role] = message.members(["role"])?;
            if role.is_some_and(|role| role.text == br#""assistant""#) {
                return Ok(true);
            }
        }
        Ok(false)
    };
    answered().unwrap_or_default()
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
    }
}
