//! An account with its connections. A kept connection may be closed by the other side at the moment it is used again:
//! a request that fails so, before any byte of an answer, is sent once more on a new one.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, http::Extensions};
use hyper_util::{
    client::legacy::{Client, Error},
    rt::{TokioExecutor, TokioTimer},
};

use super::dial::{Dial, Tls, Used};
use crate::account::Account;

const KEPT_IDLE: Duration = Duration::from_secs(60);

/// An account and the way to it.
pub(crate) struct Upstream {
    pub(crate) account: Account,
    kept: Client<Dial, Full<Bytes>>,
    new: Client<Dial, Full<Bytes>>,
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.account.fmt(f)
    }
}

impl Upstream {
    pub(crate) fn new(account: Account, tls: &Tls) -> Self {
        let dial = Dial::new(tls, account.timeouts.connect);
        let mut client = Client::builder(TokioExecutor::new());
        client
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEPT_IDLE);
        let kept = client.build(dial.clone());
        let new = client.pool_max_idle_per_host(0).build(dial);
        Self { account, kept, new }
    }

    pub(super) async fn send(
        &self,
        request: impl Fn() -> Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Error> {
        match self.kept.request(request()).await {
            Ok(answer) => {
                if let Some(used) = answer.extensions().get::<Used>() {
                    used.mark();
                }
                Ok(answer)
            }
            Err(error) if was_used(&error) => self.new.request(request()).await,
            Err(error) => Err(error),
        }
    }
}

fn was_used(error: &Error) -> bool {
    let mut extras = Extensions::new();
    if let Some(connection) = error.connect_info() {
        connection.get_extras(&mut extras);
    }
    extras.get::<Used>().is_some_and(Used::is_marked)
}
