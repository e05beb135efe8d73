//! The accounts of a roster as whoever watches the queues knows them.

use std::sync::Arc;

use super::{Entry, Roster};
use crate::live::{AccountKnown, Standing};

impl Roster {
    pub(crate) fn known(&self) -> Vec<AccountKnown> {
        let served = self.served();
        let known = |entry: &Entry| {
            let account = &entry.upstream.account;
            AccountKnown {
                id: Arc::from(&*account.id),
                kind: Some(account.provider.word()),
                limit: account.gate.limit(),
                turn_delay: account.turn.as_ref().map(|turn| turn.delay),
                standing: match entry.is_enabled {
                    false => Standing::Disabled,
                    true if served.drained.iter().any(|id| **id == *account.id) => {
                        Standing::Drained
                    }
                    true => Standing::Serves,
                },
            }
        };
        let broken = |(id, trouble): &(String, String)| AccountKnown {
            id: Arc::from(id.as_str()),
            kind: None,
            limit: 0,
            turn_delay: None,
            standing: Standing::Broken(trouble.clone()),
        };
        let all = served.accounts.values().map(known);
        all.chain(served.broken.iter().map(broken)).collect()
    }
}
