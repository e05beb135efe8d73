//! A connection beside that of requests, to the same server: for what must not hold them up, nor wait behind them.

use super::{Connection, Store, StoreError};

/// Opened when it is needed, and again when requests have another one.
#[derive(Debug, Default)]
pub(crate) struct Aside {
    /// With the number of the connection of requests when it was made.
    own: Option<(u64, Connection)>,
}

impl Aside {
    pub(crate) async fn connection(&mut self, store: &Store) -> Result<Connection, StoreError> {
        let number = store.connection()?.number();
        match &self.own {
            Some((same, own)) if *same == number && !own.is_lost() => Ok(own.clone()),
            _ => {
                let own = store.another_connection().await?;
                self.own = Some((number, own.clone()));
                Ok(own)
            }
        }
    }

    pub(crate) fn close(&mut self) {
        self.own = None;
    }
}
