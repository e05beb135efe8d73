//! The rotation of the master key. It may be interrupted and begun again at any point: what is sealed with an older key
//! opens with it as long as that key is kept.

use serde::Serialize;

use super::{AdminError, Desk, What, audit::Deed};
use crate::{
    roster::{Keys, Unusable, opened, purpose},
    seal::{Ring, Sealed},
    secret::Secret,
    store::{StoredAccount, StoredRoster, StoredSecret},
};

/// What a rotation came to.
#[derive(Debug, Serialize)]
pub(crate) struct Rotated {
    /// The id of the key that seals now.
    pub(crate) key: String,
    /// Whether it was made now: else a rotation that was begun before was ended.
    pub(crate) made: bool,
    pub(crate) sealed_anew: usize,
    /// Secrets that are still sealed with another key, and why.
    pub(crate) left: Vec<String>,
}

impl Desk<'_> {
    /// Seals all secrets with the first key; where they all are already, with a new one that is made for it.
    pub(crate) async fn rotate_secrets(&self) -> Result<Rotated, AdminError> {
        let stored = self.store.roster().await?;
        let mut ring = self.master.read_or_make()?;
        let made = stored
            .accounts
            .iter()
            .all(|account| is_sealed_with_first(account, &ring));
        if made {
            ring = self.master.renew()?;
        }
        let mut rotated = Rotated {
            key: ring.first().to_string(),
            made,
            sealed_anew: 0,
            left: Vec::new(),
        };
        let others = stored.accounts.iter();
        for account in others.filter(|account| !is_sealed_with_first(account, &ring)) {
            let id = &account.id;
            match self.seal_anew(id, &ring).await {
                Ok(count) => rotated.sealed_anew += count,
                // It was deleted meanwhile.
                Err(AdminError::Unknown { .. }) => {}
                Err(AdminError::Unusable(why)) => {
                    rotated.left.push(format!("account `{id}`: {why}"))
                }
                Err(error) => return Err(error),
            }
        }
        let deed = Deed::new("rotate", "master_key", &rotated.key);
        self.note(&deed).await?;
        Ok(rotated)
    }

    /// How many secrets were sealed with another key.
    async fn seal_anew(&self, id: &str, ring: &Ring) -> Result<usize, AdminError> {
        self.change(|stored: &StoredRoster, editing| {
            let mut accounts = stored.accounts.iter();
            let before = accounts.find(|account| account.id == id);
            let mut account = before.ok_or_else(|| What::Account.unknown(id))?.clone();
            let count = reseal(&mut account, ring)?;
            account.version += 1;
            editing.put_account(&account);
            let deed = Deed::to("seal_anew", What::Account, id).secrets(account.secrets.keys());
            Ok((count, deed))
        })
        .await
    }
}

fn is_sealed_with_first(account: &StoredAccount, ring: &Ring) -> bool {
    let is_first = |secret: &StoredSecret| {
        Sealed::read(&secret.sealed).is_some_and(|sealed| sealed.key == ring.first())
    };
    account.secrets.values().all(is_first)
}

fn reseal(account: &mut StoredAccount, ring: &Ring) -> Result<usize, Unusable> {
    let before = opened(account, &Keys::Given(ring))?;
    let secrets: Vec<(String, Secret)> = before
        .secrets()
        .map(|(field, secret)| (field.to_owned(), secret.clone()))
        .collect();
    let mut count = 0;
    for (field, secret) in secrets {
        let Some(stored) = account.secrets.get_mut(&field) else {
            continue;
        };
        let is_first =
            Sealed::read(&stored.sealed).is_some_and(|sealed| sealed.key == ring.first());
        if !is_first {
            stored.sealed = ring.seal(&secret, purpose(&before, &field)).to_string();
            count += 1;
        }
    }
    Ok(count)
}
