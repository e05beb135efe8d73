//! Tokens by which programs are let in: each with a role, until a time. Their text is shown once.

use serde::Serialize;
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;

use super::{AdminError, Desk, MOST_TRIES, What, audit::Deed, misfit};
use crate::{
    ids,
    role::Role,
    secret::{Secret, digest},
    store::{Editing, Store, StoreError, StoredToken},
    time::UnixMillis,
};

const PREFIX: &str = "weir_op_";
const ID_LENGTH: usize = 12;
const MOST: usize = 1000;
const LONGEST_NAME: usize = 200;
const LONGEST_LIFE_MS: u64 = 10 * 366 * 86_400_000;
/// A use within this of the one before is not written down.
const USES_APART_MS: u64 = 60_000;

/// A token as operators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct Shown {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) created_ms: u64,
    pub(crate) created_by: String,
    /// Null: it does not end by itself.
    pub(crate) expires_ms: Option<u64>,
    /// To the minute.
    pub(crate) used_ms: Option<u64>,
}

impl Desk<'_> {
    pub(crate) async fn tokens(&self) -> Result<Vec<Shown>, AdminError> {
        let tokens = self.store.tokens().await?;
        Ok(tokens.into_iter().map(show).collect())
    }

    /// Gives its text too.
    pub(crate) async fn create_token(
        &self,
        name: &str,
        role: Role,
        expires_ms: Option<u64>,
    ) -> Result<(Shown, Secret), AdminError> {
        let now = UnixMillis::now();
        check(name, expires_ms, now)?;
        let id = ids::new_token_id();
        let secret = ids::new_secret(&format!("{PREFIX}{id}"));
        let token = StoredToken {
            id: id.clone(),
            name: name.to_owned(),
            role,
            digest: digest(secret.reveal()),
            created_ms: now.0,
            created_by: self.who.name.clone(),
            expires_ms,
            used_ms: None,
        };
        self.change_tokens(|stored, editing| {
            let what = What::Token;
            if stored.len() >= MOST {
                return Err(AdminError::TooMany { what, most: MOST });
            }
            editing.put_token(&token);
            Ok(Deed::new("create", what.word(), &id))
        })
        .await?;
        Ok((show(token), secret))
    }

    pub(crate) async fn delete_token(&self, id: &str) -> Result<(), AdminError> {
        self.change_tokens(|stored, editing| {
            if !stored.iter().any(|token| token.id == id) {
                return Err(What::Token.unknown(id));
            }
            editing.delete_token(id);
            Ok(Deed::new("delete", What::Token.word(), id))
        })
        .await
    }

    async fn change_tokens(
        &self,
        mut decide: impl FnMut(&[StoredToken], &mut Editing) -> Result<Deed, AdminError>,
    ) -> Result<(), AdminError> {
        for _ in 0..MOST_TRIES {
            let (mut editing, stored) = self.store.edit_tokens().await?;
            let deed = decide(&stored, &mut editing)?;
            if editing.commit(&deed.by(&self.who)).await? {
                return Ok(());
            }
        }
        Err(AdminError::Crowded)
    }
}

/// The token with this text, if there is one that has not ended.
pub(crate) async fn token_of(
    store: &Store,
    text: &str,
    now: UnixMillis,
) -> Result<Option<StoredToken>, StoreError> {
    let Some(id) = id_of(text) else {
        return Ok(None);
    };
    let known = store.token(id).await?.filter(|token| {
        let same = token.digest.as_bytes().ct_eq(digest(text).as_bytes());
        bool::from(same) && token.expires_ms.is_none_or(|expires| now.0 < expires)
    });
    if let Some(token) = &known
        && token
            .used_ms
            .is_none_or(|used| used + USES_APART_MS <= now.0)
    {
        store.use_token(id, now).await?;
    }
    Ok(known)
}

fn id_of(text: &str) -> Option<&str> {
    let (id, secret) = text.strip_prefix(PREFIX)?.split_at_checked(ID_LENGTH)?;
    ids::is_secret(secret).then_some(id)
}

fn check(name: &str, expires_ms: Option<u64>, now: UnixMillis) -> Result<(), AdminError> {
    if name.trim().is_empty() || name.len() > LONGEST_NAME {
        return Err(misfit("name", format!("needs 1 to {LONGEST_NAME} bytes")));
    }
    let life = now.0..now.0.saturating_add(LONGEST_LIFE_MS);
    match expires_ms.is_none_or(|expires| life.contains(&expires)) {
        true => Ok(()),
        false => Err(misfit("expires_ms", "must lie ahead, within ten years")),
    }
}

fn show(token: StoredToken) -> Shown {
    Shown {
        id: token.id,
        name: token.name,
        role: token.role,
        created_ms: token.created_ms,
        created_by: token.created_by,
        expires_ms: token.expires_ms,
        used_ms: token.used_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_which_one_it_is() {
        let secret = ids::new_secret("weir_op_abcdefghijkl");
        assert_eq!(id_of(secret.reveal()), Some("abcdefghijkl"));
        for other in ["", "weir_op_", "weir_op_abcdefghijkl", "weir_default_x"] {
            assert_eq!(id_of(other), None, "{other}");
        }
        assert_eq!(id_of(&secret.reveal().to_uppercase()), None);
        assert_eq!(id_of(&format!("weir_op_äääääää{}", "a".repeat(52))), None);
    }
}
