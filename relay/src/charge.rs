//! What an account's own rates have room for, where it has any. Asked for when it is known which account serves: an
//! admission cannot charge the one that it is going to choose. Whoever finds nothing left goes to another account.

use std::{sync::Arc, time::Duration};

use crate::{
    admit::{Admitted, Refused},
    allowance::Rate,
    app::App,
    call::Call,
    limit::reserve,
    permit::Permit,
    read::Asked,
    store::StoreError,
    time::UnixMillis,
};

/// A rate of an account that has too little left, and when there is enough.
#[derive(Debug)]
pub(crate) struct Short {
    rate: Arc<Rate>,
    retry: Duration,
}

impl Short {
    /// Who is asked first to come back.
    pub(crate) fn or(self, other: Option<Self>) -> Self {
        match other {
            Some(other) if other.retry < self.retry => other,
            _ => self,
        }
    }
}

impl From<Short> for Refused {
    fn from(Short { rate, retry }: Short) -> Self {
        Self::RateSpent { rate, retry }
    }
}

/// None: it may go up.
pub(crate) async fn charge(
    app: &App,
    call: &Call,
    asked: &Asked,
    admitted: &Admitted,
    permit: &mut Permit,
) -> Result<Option<Short>, StoreError> {
    let account = &admitted.upstream.account;
    let allowance = account.allowance.iter();
    let Some(reservation) = reserve(call, asked, allowance) else {
        return Ok(None);
    };
    match app.store.take_rates(&reservation.charges).await? {
        None => {
            permit.reserved_of_account(reservation);
            Ok(None)
        }
        Some((place, retry)) => {
            if let Some(model) = call.model() {
                // Others go first meanwhile, in all relays.
                app.resting
                    .foreseen(&account.id, model, retry, UnixMillis::now());
            }
            let rate = Arc::clone(&reservation.charges[place].rate);
            Ok(Some(Short { rate, retry }))
        }
    }
}
