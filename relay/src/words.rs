//! A request's body in the words of an account that speaks another dialect, for a model by the account's name for it.

use bytes::Bytes;
use tokio::task::spawn_blocking;

use crate::{
    account::Account,
    call::Call,
    read::{Answer, Asked},
    translate::{Asking, AsksUsage, Comes, Put, Tools, Translation, Unfit},
};

/// A longer body is translated beside the threads that serve everybody.
const TRANSLATED_IN_PLACE: usize = 1 << 20;

#[derive(Debug, Clone)]
pub(crate) struct Words {
    pub(crate) body: Bytes,
    /// By what its caller knows again what is called.
    pub(crate) tools: Tools,
    translation: Translation,
    /// What it depends on beside the caller's body.
    asking: Asking,
}

impl Words {
    /// None where the account speaks what the caller does.
    pub(crate) async fn of(
        call: &Call,
        account: &Account,
        asked: &Asked,
    ) -> Result<Option<Self>, Unfit> {
        let Some(translation) = call.translation(account) else {
            return Ok(None);
        };
        let asking = asking(call, account, translation, asked.facts.answer);
        let is_same = |known: &&Self| known.asking == asking && known.translation == translation;
        if let Some(known) = call.words.as_ref().filter(is_same) {
            return Ok(Some(known.clone()));
        }
        let put = if asked.body.len() <= TRANSLATED_IN_PLACE {
            translation.request(&asked.body, &asking)
        } else {
            let (body, asking) = (asked.body.clone(), asking.clone());
            let put = spawn_blocking(move || translation.request(&body, &asking)).await;
            put.expect("a translation does not panic and is not cancelled")
        };
        let Put { body, tools } = put?;
        Ok(Some(Self {
            body: body.into(),
            tools,
            translation,
            asking,
        }))
    }
}

fn asking(call: &Call, account: &Account, translation: Translation, answer: Answer) -> Asking {
    let model = call.model().unwrap_or_default();
    let called = account.called(model, Some(translation));
    Asking {
        model: called.map_or_else(|| model.to_owned(), String::from),
        usage: match account.asks_usage {
            true => AsksUsage::Yes,
            false => AsksUsage::No,
        },
        comes: match answer {
            Answer::Whole => Comes::Whole,
            Answer::Stream => Comes::AsStream,
        },
    }
}
