//! A request's body in the words of an account that speaks another dialect, for a model by the account's name for it.

use bytes::Bytes;
use tokio::task::spawn_blocking;

use crate::{
    account::Account,
    call::Call,
    translate::{AsksUsage, Translation, Unfit},
};

/// A longer body is translated beside the threads that serve everybody.
const TRANSLATED_IN_PLACE: usize = 1 << 20;

#[derive(Debug, Clone)]
pub(crate) struct Words {
    pub(crate) body: Bytes,
    /// What it depends on beside the caller's body.
    told: Told,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    model: String,
    usage: AsksUsage,
}

impl Told {
    fn of(call: &Call, account: &Account) -> Self {
        let model = call.model().unwrap_or_default();
        let called = account.called(model, call.dialect);
        Self {
            model: called.map_or_else(|| model.to_owned(), String::from),
            usage: match account.asks_usage {
                true => AsksUsage::Yes,
                false => AsksUsage::No,
            },
        }
    }
}

impl Words {
    pub(crate) async fn of(
        call: &Call,
        account: &Account,
        body: &Bytes,
        translation: Translation,
    ) -> Result<Self, Unfit> {
        let told = Told::of(call, account);
        if let Some(known) = call.words.as_ref().filter(|known| known.told == told) {
            return Ok(known.clone());
        }
        let Told { model, usage } = told.clone();
        let translated = if body.len() <= TRANSLATED_IN_PLACE {
            translation.request(body, &model, usage)
        } else {
            let body = body.clone();
            let translate = move || translation.request(&body, &model, usage);
            let translated = spawn_blocking(translate).await;
            translated.expect("a translation does not panic and is not cancelled")
        };
        Ok(Self {
            body: translated?.into(),
            told,
        })
    }
}
