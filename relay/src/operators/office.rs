//! What the handlers of requests share.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use jiff::tz::TimeZone;

use super::{acts::Acts, cookies::Way, visitor::Visitor};
use crate::{
    admin::{Desk, audit::Who},
    app::App,
    config::Config,
    room::Room,
    seal::Master,
    time::UnixMillis,
};

/// Counters or records that are looked through at once: all relays and callers share the Redis that has them.
const READ_AT_ONCE: usize = 4;

#[derive(Debug)]
pub(super) struct Office {
    pub(super) app: Arc<App>,
    pub(super) config: Config,
    /// Where callers connect.
    pub(super) callers: SocketAddr,
    pub(super) acts: Acts,
    /// For those who look through much.
    pub(super) readers: Room,
    master: Master,
}

impl Office {
    pub(super) fn new(app: Arc<App>, config: &Config, callers: SocketAddr) -> Self {
        Self {
            app,
            config: config.clone(),
            callers,
            acts: Acts::default(),
            readers: Room::of(READ_AT_ONCE),
            master: Master::of(config),
        }
    }

    /// Where this visitor works.
    pub(super) fn desk(&self, visitor: &Visitor) -> Desk<'_> {
        self.desk_of(visitor.who.clone())
    }

    /// Where somebody works who is no visitor yet.
    pub(super) fn desk_of(&self, who: Who) -> Desk<'_> {
        Desk {
            store: &self.app.store,
            config: self.app.declared.load_full(),
            master: &self.master,
            who,
        }
    }

    /// Where days and months of spending begin.
    pub(super) fn time_zone(&self) -> TimeZone {
        self.app.settings().spend.time_zone.clone()
    }

    /// How long a session that began then goes on from now, if it is used no more; none: it has ended.
    pub(super) fn rest_of(&self, made_ms: u64) -> Option<Duration> {
        let sessions = self.config.operators.sessions;
        let age = UnixMillis::now().since(UnixMillis(made_ms));
        let rest = sessions.total.checked_sub(age)?;
        Some(rest.min(sessions.idle)).filter(|rest| !rest.is_zero())
    }

    /// How whoever is connected to us speaks.
    pub(super) fn way(&self) -> Way {
        match self.config.operators.tls {
            Some(_) => Way::Tls,
            None => Way::Clear,
        }
    }
}
