//! From what is stored of an account to what it is: its table checked, its secrets opened.

use toml::Table;

use crate::{
    config::{AccountConfig, ConfigError, Misfit, stored_account},
    seal::{Master, MasterError, Purpose, Ring, Sealed, Unopened},
    secret::Secret,
    store::StoredAccount,
};

/// Why something stored cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("what is stored is no table")]
    NotATable,
    #[error(transparent)]
    Misfit(#[from] Misfit),
    #[error("its {0} is not sealed")]
    Unsealed(String),
    #[error("its {field} does not open: {why}")]
    Unopened { field: String, why: Unopened },
    /// The words of a [`MasterError`].
    #[error("{0}")]
    NoKeys(String),
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// The master keys, read where there is something to open.
pub(crate) enum Keys<'a> {
    Read(Ring),
    Given(&'a Ring),
    Unneeded,
    /// None could be read.
    Missing(MasterError),
}

impl Keys<'_> {
    pub(crate) fn of(master: &Master, accounts: &[StoredAccount]) -> Self {
        if accounts.iter().all(|account| account.secrets.is_empty()) {
            return Self::Unneeded;
        }
        master.read().map_or_else(Self::Missing, Self::Read)
    }

    fn ring(&self) -> Result<&Ring, Unusable> {
        match self {
            Self::Read(ring) => Ok(ring),
            Self::Given(ring) => Ok(ring),
            Self::Unneeded => Err(Unusable::NoKeys("no master key was read".into())),
            Self::Missing(error) => Err(Unusable::NoKeys(error.to_string())),
        }
    }
}

pub(crate) fn opened(stored: &StoredAccount, keys: &Keys<'_>) -> Result<AccountConfig, Unusable> {
    let table = table(&stored.table)?;
    let fields: Vec<&str> = stored.secrets.keys().map(String::as_str).collect();
    stored_account(&stored.id, &table, &fields, |account, field| {
        let secret = stored.secrets.get(field).map(|secret| &*secret.sealed);
        let sealed = secret.and_then(Sealed::read);
        let sealed = sealed.ok_or_else(|| Unusable::Unsealed(field.to_owned()))?;
        let secret: Result<Secret, Unopened> = keys.ring()?.open(&sealed, purpose(account, field));
        secret.map_err(|why| Unusable::Unopened {
            field: field.to_owned(),
            why,
        })
    })
}

/// What a secret of an account is sealed as.
pub(crate) fn purpose<'a>(account: &'a AccountConfig, field: &'a str) -> Purpose<'a> {
    Purpose {
        account: &account.id,
        field,
        address: &account.base_url,
    }
}

/// The table that a text of JSON is.
pub(crate) fn table(json: &str) -> Result<Table, Unusable> {
    serde_json::from_str(json).map_err(|_| Unusable::NotATable)
}
