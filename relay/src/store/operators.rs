//! The people who sign in: a HASH of all of them, and the tokens with which the first one may be made. Who changes any of
//! them watches both.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Batch, Editing, Reply, Store, StoreError, list, names};
use crate::{password::Hashed, role::Role, time::UnixMillis};

const SETUP_TOKENS_KEPT: i64 = 16;
pub(crate) const SETUP_WITHIN: Duration = Duration::from_hours(24);

/// Somebody who signs in, as Redis has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredOperator {
    #[serde(skip)]
    pub(crate) name: String,
    /// Grows with every change.
    pub(crate) version: u64,
    pub(crate) role: Role,
    pub(crate) password: Hashed,
    /// Another one ends all sessions.
    pub(crate) epoch: String,
    pub(crate) created_ms: u64,
}

/// All that decides who may sign in, as it is when a change begins.
#[derive(Debug)]
pub(crate) struct StoredOperators {
    /// Ordered by their names.
    pub(crate) people: Vec<StoredOperator>,
    /// The digests of those that are not too old.
    pub(crate) setup_tokens: Vec<String>,
}

impl Store {
    pub(crate) async fn operator(&self, name: &str) -> Result<Option<StoredOperator>, StoreError> {
        let mut batch = Batch::of("HGET");
        batch.arg(names::OPERATORS).arg(name);
        let reply = self.callers.ask_one(&batch).await?;
        Ok(reply.text().and_then(|text| read(name, text)))
    }

    pub(crate) async fn operators(&self) -> Result<Vec<StoredOperator>, StoreError> {
        let mut batch = Batch::of("HGETALL");
        batch.arg(names::OPERATORS);
        read_all(&self.callers.ask_one(&batch).await?)
    }

    pub(crate) async fn has_operators(&self) -> Result<bool, StoreError> {
        let mut batch = Batch::of("EXISTS");
        batch.arg(names::OPERATORS);
        Ok(self.callers.ask_one(&batch).await? == Reply::Int(1))
    }

    /// With this token the first operator may be made too, for a day; the newest few count.
    pub(crate) async fn put_setup_token(
        &self,
        digest: &str,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let mut batch = Batch::new();
        batch.command("ZADD").arg(names::SETUP);
        batch.number(now.0).arg(digest);
        batch.command("ZREMRANGEBYRANK").arg(names::SETUP);
        batch.arg("0").arg((-1 - SETUP_TOKENS_KEPT).to_string());
        batch.command("EXPIRE").arg(names::SETUP);
        batch.number(SETUP_WITHIN.as_secs());
        self.done(&batch).await
    }

    pub(crate) async fn is_setup_token(
        &self,
        digest: &str,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let mut batch = Batch::of("ZSCORE");
        batch.arg(names::SETUP).arg(digest);
        let made = match self.callers.ask_one(&batch).await? {
            Reply::Double(made) => Some(made as u64),
            reply => reply.text().and_then(|text| text.parse().ok()),
        };
        Ok(made.is_some_and(|made| now.since(UnixMillis(made)) < SETUP_WITHIN))
    }

    /// Begins a change of them.
    pub(crate) async fn edit_operators(
        &self,
        now: UnixMillis,
    ) -> Result<(Editing, StoredOperators), StoreError> {
        let watched = [names::OPERATORS, names::SETUP];
        let editing = Editing::begin(&self.callers, &watched).await?;
        let mut batch = Batch::of("HGETALL");
        batch.arg(names::OPERATORS);
        let people = read_all(&editing.ask(&batch).await?)?;
        let mut batch = Batch::of("ZRANGE");
        batch.arg(names::SETUP);
        let oldest = now.0.saturating_sub(SETUP_WITHIN.as_millis() as u64);
        batch.number(oldest).arg("+inf").arg("BYSCORE");
        let tokens = editing.ask(&batch).await?;
        let tokens = list("ZRANGE", &tokens)?.iter().filter_map(Reply::text);
        let stored = StoredOperators {
            people,
            setup_tokens: tokens.map(str::to_owned).collect(),
        };
        Ok((editing, stored))
    }
}

impl Editing {
    /// Where there is an operator, none is set up any more.
    pub(crate) fn put_operator(&mut self, operator: &StoredOperator) {
        let text = serde_json::to_string(operator).expect("it is JSON");
        let batch = self.batch();
        batch.command("HSET").arg(names::OPERATORS);
        batch.arg(&operator.name).arg(text);
        batch.command("DEL").arg(names::SETUP);
    }

    pub(crate) fn delete_operator(&mut self, name: &str) {
        self.batch().command("HDEL").arg(names::OPERATORS).arg(name);
    }
}

fn read_all(hash: &Reply) -> Result<Vec<StoredOperator>, StoreError> {
    let pairs = list("HGETALL", hash)?.as_chunks().0.iter();
    let known = pairs.filter_map(|[name, text]| read(name.text()?, text.text()?));
    let mut people: Vec<StoredOperator> = known.collect();
    people.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(people)
}

fn read(name: &str, text: &str) -> Option<StoredOperator> {
    let read: Result<StoredOperator, _> = serde_json::from_str(text);
    match read {
        Ok(operator) => Some(StoredOperator {
            name: name.to_owned(),
            ..operator
        }),
        Err(_) => {
            tracing::error!(name, "this operator is malformed in Redis and ignored");
            None
        }
    }
}
