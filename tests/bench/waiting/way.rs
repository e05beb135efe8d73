//! How Weir lets somebody wait, and what has to be there for it.

use std::path::Path;
use std::rc::Rc;

use super::conn::Conn;
use super::tickets::{CHANNEL, Tickets};
use super::waiter::Waiter;

#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    /// Every waiter keeps a connection.
    Block,
    /// All waiters share two connections.
    Notify,
}

impl Way {
    pub(super) const ALL: [Self; 2] = [Self::Block, Self::Notify];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Block => "BLOCK",
            Self::Notify => "NOTIFY",
        }
    }

    pub(super) fn clause(self) -> &'static [&'static str] {
        match self {
            Self::Block => &["BLOCK", "0"],
            Self::Notify => &["NOTIFY", CHANNEL, "0"],
        }
    }

    pub(super) async fn waiters(self, socket: &Path, count: usize) -> Vec<Waiter> {
        match self {
            Self::Block => {
                let blocking = |_| Waiter::Blocking(Conn::open(socket));
                (0..count).map(blocking).collect()
            }
            Self::Notify => {
                let tickets = Tickets::open(socket).await;
                let holding = |_| Waiter::Holding(Rc::clone(&tickets));
                (0..count).map(holding).collect()
            }
        }
    }
}
