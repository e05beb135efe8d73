//! Tokens by which programs are let in as operators: a HASH of all of them, and one of when each was used.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Batch, Editing, Reply, Store, StoreError, is_away, list, names};
use crate::{role::Role, time::UnixMillis};

/// A token as Redis has it. Its text is nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredToken {
    #[serde(skip)]
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) digest: String,
    pub(crate) created_ms: u64,
    pub(crate) created_by: String,
    pub(crate) expires_ms: Option<u64>,
    #[serde(skip)]
    pub(crate) used_ms: Option<u64>,
}

impl Store {
    pub(crate) async fn token(&self, id: &str) -> Result<Option<StoredToken>, StoreError> {
        let mut batch = Batch::new();
        for hash in [names::TOKENS, names::TOKENS_USED] {
            batch.command("HGET").arg(hash).arg(id);
        }
        let replies = self.callers.ask(&batch).await?;
        let [text, used] = &replies[..] else {
            return Err(StoreError::Form { command: "HGET" });
        };
        if is_away(text) {
            return Err(StoreError::Down);
        }
        Ok(text.text().and_then(|text| read(id, text, used.text())))
    }

    /// All, ordered by their ids.
    pub(crate) async fn tokens(&self) -> Result<Vec<StoredToken>, StoreError> {
        let mut batch = Batch::new();
        for hash in [names::TOKENS, names::TOKENS_USED] {
            batch.command("HGETALL").arg(hash);
        }
        let replies = self.callers.ask(&batch).await?;
        let [tokens, used] = &replies[..] else {
            return Err(StoreError::Form { command: "HGETALL" });
        };
        let used: HashMap<&str, &str> = texts(used)?.collect();
        let tokens = texts(tokens)?.filter_map(|(id, text)| read(id, text, used.get(id).copied()));
        let mut tokens: Vec<StoredToken> = tokens.collect();
        tokens.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(tokens)
    }

    pub(crate) async fn use_token(&self, id: &str, now: UnixMillis) -> Result<(), StoreError> {
        let mut batch = Batch::of("HSET");
        batch.arg(names::TOKENS_USED).arg(id).number(now.0);
        self.done(&batch).await
    }

    /// Begins a change of them, with how many there are.
    pub(crate) async fn edit_tokens(&self) -> Result<(Editing, Vec<StoredToken>), StoreError> {
        let editing = Editing::begin(&self.callers, &[names::TOKENS]).await?;
        Ok((editing, self.tokens().await?))
    }
}

impl Editing {
    pub(crate) fn put_token(&mut self, token: &StoredToken) {
        let text = serde_json::to_string(token).expect("it is JSON");
        let batch = self.batch();
        batch.command("HSET").arg(names::TOKENS);
        batch.arg(&token.id).arg(text);
    }

    pub(crate) fn delete_token(&mut self, id: &str) {
        for hash in [names::TOKENS, names::TOKENS_USED] {
            self.batch().command("HDEL").arg(hash).arg(id);
        }
    }
}

fn texts(hash: &Reply) -> Result<impl Iterator<Item = (&str, &str)>, StoreError> {
    let pairs = list("HGETALL", hash)?.as_chunks().0.iter();
    Ok(pairs.filter_map(|[name, value]| Some((name.text()?, value.text()?))))
}

fn read(id: &str, text: &str, used: Option<&str>) -> Option<StoredToken> {
    let read: Result<StoredToken, _> = serde_json::from_str(text);
    match read {
        Ok(token) => Some(StoredToken {
            id: id.to_owned(),
            used_ms: used.and_then(|used| used.parse().ok()),
            ..token
        }),
        Err(_) => {
            tracing::error!(id, "this token is malformed in Redis and ignored");
            None
        }
    }
}
