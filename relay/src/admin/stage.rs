//! Whom and what there may be to see of in the queues, for those who look without a relay.

use std::sync::Arc;

use super::{
    AdminError, Desk,
    accounts::{Shown, check},
};
use crate::{
    config::AccountConfig,
    live::{AccountKnown, KeyKnown, Stage, Standing},
    store::StoredKey,
};

impl Desk<'_> {
    pub(crate) async fn stage(&self) -> Result<Stage, AdminError> {
        let accounts = self.accounts().await?;
        let keys = self.store.all_keys().await?;
        let key = |key: StoredKey| KeyKnown {
            id: Arc::from(key.id),
            name: Arc::from(key.name),
            limit: key.max_concurrent,
        };
        let known = accounts.iter().map(|account| self.known(account));
        Ok(Stage::new(
            known.collect(),
            keys.into_iter().map(key).collect(),
        ))
    }

    fn known(&self, account: &Shown) -> AccountKnown {
        let mut declared = self.config.accounts.iter();
        let declared = declared.find(|declared| declared.id == account.id);
        let given = account.secrets.keys().map(String::as_str).collect();
        let config = declared
            .cloned()
            .or_else(|| check(&account.id, &account.fields, given).ok());
        AccountKnown {
            id: Arc::from(account.id.as_str()),
            kind: config.as_ref().map(|config| config.kind.word()),
            limit: config.as_ref().map_or(0, |config| config.max_concurrent),
            turn_delay: config
                .as_ref()
                .filter(|config| config.serial_turns)
                .map(|config: &AccountConfig| config.turn_delay),
            standing: standing(account),
        }
    }
}

fn standing(account: &Shown) -> Standing {
    match account {
        Shown {
            trouble: Some(trouble),
            ..
        } => Standing::Broken(trouble.clone()),
        Shown { enabled: false, .. } => Standing::Disabled,
        Shown { drained: true, .. } => Standing::Drained,
        Shown { .. } => Standing::Serves,
    }
}
