//! Accounts: made, changed, closed and deleted while relays run.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    AdminError, Desk, Fields, What, audit::Deed, check_version, fields_of, merged, misfit,
    table_of, text_of,
};
use crate::{
    config::{AccountConfig, Misfit, SECRET_FIELDS, stored_account},
    roster::{Keys, Unusable, opened, purpose},
    seal::Ring,
    secret::Secret,
    store::{StoredAccount, StoredRoster, StoredSecret},
    time::UnixMillis,
};

/// So many letters of a secret are shown, of one that is four times as long.
const SHOWN: usize = 4;

/// By their fields.
pub(crate) type Secrets = BTreeMap<String, Secret>;

/// An account as operators see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub(crate) struct Shown {
    pub(crate) id: String,
    /// Of those in `weir.toml` none.
    pub(crate) version: Option<u64>,
    pub(crate) declared: bool,
    pub(crate) enabled: bool,
    pub(crate) drained: bool,
    /// Why it cannot be used, where it cannot.
    pub(crate) trouble: Option<String>,
    #[schema(value_type = Object)]
    pub(crate) fields: Fields,
    /// Of each secret its end.
    pub(crate) secrets: BTreeMap<String, String>,
}

/// Whether new requests are to go elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drain {
    Begins,
    Ends,
}

impl Desk<'_> {
    /// Gives its version.
    pub(crate) async fn create_account(
        &self,
        id: &str,
        fields: &Fields,
        secrets: &Secrets,
    ) -> Result<u64, AdminError> {
        let what = What::Account;
        if self.declares(what, id) {
            return Err(What::Account.exists(id));
        }
        let fields = &merged(Fields::new(), fields);
        check(id, fields, secrets.keys().map(String::as_str).collect())?;
        let ring = self.master.read_or_make()?;
        self.change(|stored, editing| {
            if find(stored, id).is_some() {
                return Err(What::Account.exists(id));
            }
            let mut account = StoredAccount {
                id: id.to_owned(),
                version: 1,
                table: text_of(fields),
                secrets: BTreeMap::new(),
            };
            seal(&mut account, fields, secrets, &ring)?;
            editing.put_account(&account);
            let deed = Deed::to("create", What::Account, id).between(&Fields::new(), fields);
            Ok((account.version, deed.secrets(secrets.keys())))
        })
        .await
    }

    /// Gives its new version.
    pub(crate) async fn edit_account(
        &self,
        id: &str,
        seen: Option<u64>,
        changes: &Fields,
        secrets: &Secrets,
    ) -> Result<u64, AdminError> {
        self.not_declared(What::Account, id)?;
        let ring = match secrets.is_empty() {
            true => None,
            false => Some(self.master.read_or_make()?),
        };
        let version = self
            .change(|stored, editing| {
                let before = find(stored, id).ok_or_else(|| What::Account.unknown(id))?;
                check_version(seen, before.version)?;
                let old = fields_of(&before.table)?;
                let fields = merged(old.clone(), changes);
                let mut account = before.clone();
                account.version += 1;
                account.table = text_of(&fields);
                check_address(before, &fields, secrets)?;
                if let Some(ring) = &ring {
                    seal(&mut account, &fields, secrets, ring)?;
                }
                editing.put_account(&account);
                let deed = Deed::to("edit", What::Account, id).between(&old, &fields);
                Ok((account.version, deed.secrets(secrets.keys())))
            })
            .await?;
        if !secrets.is_empty() {
            // What was found out with the credential before says nothing of this one.
            self.store.clear_cooldown(id, UnixMillis::now()).await?;
        }
        Ok(version)
    }

    /// Requests that it serves end as they would; no new one goes to it.
    pub(crate) async fn delete_account(
        &self,
        id: &str,
        seen: Option<u64>,
    ) -> Result<(), AdminError> {
        self.not_declared(What::Account, id)?;
        self.change(|stored, editing| {
            let account = find(stored, id).ok_or_else(|| What::Account.unknown(id))?;
            check_version(seen, account.version)?;
            let by = users(stored, id);
            if !by.is_empty() {
                return Err(AdminError::InUse { by });
            }
            editing.delete_account(id);
            Ok(((), Deed::to("delete", What::Account, id)))
        })
        .await
    }

    /// Also of an account that is declared.
    pub(crate) async fn drain_account(&self, id: &str, drain: Drain) -> Result<(), AdminError> {
        self.change(|stored, editing| {
            if !self.declares(What::Account, id) && find(stored, id).is_none() {
                return Err(What::Account.unknown(id));
            }
            let act = match drain {
                Drain::Begins => {
                    editing.drain_account(id);
                    "drain"
                }
                Drain::Ends => {
                    editing.refill_account(id);
                    "resume"
                }
            };
            Ok(((), Deed::to(act, What::Account, id)))
        })
        .await
    }

    /// All, those in `weir.toml` first.
    pub(crate) async fn accounts(&self) -> Result<Vec<Shown>, AdminError> {
        let stored = self.store.roster().await?;
        let keys = Keys::of(self.master, &stored.accounts);
        let declared = self.config.accounts.iter();
        let mut shown: Vec<Shown> = declared.map(declared_account).collect();
        shown.extend(stored.accounts.iter().map(|account| show(account, &keys)));
        for account in &mut shown {
            account.drained = stored.drained.contains(&account.id);
        }
        Ok(shown)
    }

    pub(crate) async fn account(&self, id: &str) -> Result<Shown, AdminError> {
        let mut all = self.accounts().await?.into_iter();
        all.find(|account| account.id == id)
            .ok_or_else(|| What::Account.unknown(id))
    }
}

fn find<'a>(stored: &'a StoredRoster, id: &str) -> Option<&'a StoredAccount> {
    stored.accounts.iter().find(|account| account.id == id)
}

/// The stored groups that name it.
fn users(stored: &StoredRoster, id: &str) -> Vec<String> {
    let names = |table: &str| {
        let group: Fields = serde_json::from_str(table).unwrap_or_default();
        let accounts = group
            .get("accounts")
            .and_then(|accounts| accounts.as_array());
        accounts.is_some_and(|accounts| accounts.iter().any(|account| account == id))
    };
    let groups = stored.groups.iter().filter(|group| names(&group.table));
    groups
        .map(|group| format!("group `{}`", group.id))
        .collect()
}

/// The account that this would be, its secrets still unknown.
pub(super) fn check(id: &str, fields: &Fields, given: Vec<&str>) -> Result<AccountConfig, Misfit> {
    let unknown = given.iter().find(|field| !SECRET_FIELDS.contains(field));
    if let Some(field) = unknown {
        return Err(Misfit {
            field: Some((*field).to_owned()),
            why: "is no secret".into(),
        });
    }
    let table = table_of(fields).map_err(|error| Misfit {
        field: None,
        why: error.to_string(),
    })?;
    stored_account(id, &table, &given, |_, _| Ok(Secret::new("-")))
}

/// What is sealed for one address is not sent to another one: whoever may change an address could read it there.
fn check_address(
    before: &StoredAccount,
    fields: &Fields,
    secrets: &Secrets,
) -> Result<(), AdminError> {
    let old = fields_of(&before.table)?;
    let kept: Vec<&str> = before.secrets.keys().map(String::as_str).collect();
    let given = kept
        .iter()
        .copied()
        .chain(secrets.keys().map(String::as_str));
    let given: Vec<&str> = given.collect();
    let is = check(&before.id, fields, given)?;
    let Ok(was) = check(&before.id, &old, kept.clone()) else {
        return Ok(());
    };
    if is.kind != was.kind {
        return Err(misfit("kind", "stays as it was made"));
    }
    let missing = kept.iter().find(|field| !secrets.contains_key(**field));
    match missing.filter(|_| is.base_url != was.base_url) {
        Some(field) => Err(misfit(
            field,
            "must be given again: it was sealed for the address before",
        )),
        None => Ok(()),
    }
}

fn seal(
    account: &mut StoredAccount,
    fields: &Fields,
    secrets: &Secrets,
    ring: &Ring,
) -> Result<(), AdminError> {
    let given = account.secrets.keys().chain(secrets.keys());
    let given = given.map(String::as_str).collect();
    let checked = check(&account.id, fields, given)?;
    for (field, secret) in secrets {
        if secret.reveal().trim().is_empty() {
            return Err(misfit(field, "is empty"));
        }
        let sealed = ring.seal(secret, purpose(&checked, field));
        let secret = StoredSecret {
            sealed: sealed.to_string(),
            shown: end_of(secret),
        };
        account.secrets.insert(field.clone(), secret);
    }
    // What no header can hold is refused now.
    let stored = opened(account, &Keys::Given(ring))?;
    crate::account::Account::new(&stored, None).map_err(Unusable::from)?;
    Ok(())
}

/// Nothing of a short one.
fn end_of(secret: &Secret) -> String {
    let letters: Vec<char> = secret.reveal().chars().collect();
    match letters.len() >= 4 * SHOWN {
        true => letters[letters.len() - SHOWN..].iter().collect(),
        false => String::new(),
    }
}

fn show(account: &StoredAccount, keys: &Keys<'_>) -> Shown {
    let fields: Fields = serde_json::from_str(&account.table).unwrap_or_default();
    let secrets = account.secrets.iter();
    let trouble = opened(account, keys).err();
    Shown {
        id: account.id.clone(),
        version: Some(account.version),
        declared: false,
        enabled: fields.get("enabled") != Some(&json!(false)),
        drained: false,
        trouble: trouble.map(|trouble| trouble.to_string()),
        fields,
        secrets: secrets
            .map(|(field, secret)| (field.clone(), secret.shown.clone()))
            .collect(),
    }
}

fn declared_account(account: &AccountConfig) -> Shown {
    let fields = json!({
        "kind": account.kind,
        "base_url": account.base_url,
        "max_concurrent": account.max_concurrent,
        "priority": account.priority,
        "serial_turns": account.serial_turns,
        "note": account.note,
    });
    Shown {
        id: account.id.clone(),
        version: None,
        declared: true,
        enabled: account.enabled,
        drained: false,
        trouble: None,
        fields: fields.as_object().cloned().unwrap_or_default(),
        secrets: BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_secret_its_end_is_shown_and_of_a_short_one_nothing() {
        assert_eq!(end_of(&Secret::new("sk-0123456789abcdef")), "cdef");
        assert_eq!(end_of(&Secret::new("0123456789abcde")), "");
    }
}
