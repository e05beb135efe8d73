//! Who waits: a client that is blocked meanwhile, or one that goes on and holds a ticket.

use std::sync::Arc;

use crate::ffi::blocked::Blocked;

/// The server's number of a connection.
pub(crate) type ClientId = u64;

#[derive(Clone, Debug)]
pub(super) enum Asker {
    Blocked(Blocked),
    Ticket(Arc<Address>),
}

/// Whose a ticket is, and the shard channel where it is told what became of it. Shared by a client's tickets.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) client: ClientId,
    pub(super) channel: Box<[u8]>,
}

impl Asker {
    pub(super) fn address(&self) -> Option<&Arc<Address>> {
        match self {
            Self::Blocked(_) => None,
            Self::Ticket(address) => Some(address),
        }
    }

    /// Whose ticket it is.
    pub(super) fn client(&self) -> Option<ClientId> {
        self.address().map(|address| address.client)
    }
}
