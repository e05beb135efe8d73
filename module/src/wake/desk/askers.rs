//! Which waiters belong to which client, so that they leave with it.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use crate::ffi::blocked::Blocked;
use crate::line::Number;
use crate::wake::asker::{Address, Asker, ClientId};

#[derive(Debug, Default)]
pub(super) struct Askers {
    blocked: HashMap<Blocked, Number>,
    tickets: HashMap<ClientId, Tickets>,
}

/// All tickets of a client.
#[derive(Debug)]
struct Tickets {
    /// Of the one it took last; most clients use one channel.
    address: Arc<Address>,
    numbers: HashSet<Number>,
}

impl Askers {
    /// How many clients are blocked.
    pub(super) fn blocked(&self) -> usize {
        self.blocked.len()
    }

    pub(super) fn address(&self, client: ClientId, channel: Box<[u8]>) -> Arc<Address> {
        let last = self.tickets.get(&client).map(|tickets| &tickets.address);
        match last.filter(|address| address.channel == channel) {
            Some(address) => Arc::clone(address),
            None => Arc::new(Address { client, channel }),
        }
    }

    pub(super) fn add(&mut self, asker: &Asker, number: Number) {
        match asker {
            Asker::Blocked(client) => {
                self.blocked.insert(*client, number);
            }
            Asker::Ticket(address) => {
                let tickets = self.tickets.entry(address.client);
                let tickets = tickets.or_insert_with(|| Tickets {
                    address: Arc::clone(address),
                    numbers: HashSet::new(),
                });
                tickets.address = Arc::clone(address);
                tickets.numbers.insert(number);
            }
        }
    }

    pub(super) fn forget(&mut self, asker: &Asker, number: Number) {
        match asker {
            Asker::Blocked(client) => {
                self.blocked.remove(client);
            }
            Asker::Ticket(address) => {
                let Some(tickets) = self.tickets.get_mut(&address.client) else {
                    return;
                };
                tickets.numbers.remove(&number);
                if tickets.numbers.is_empty() {
                    self.tickets.remove(&address.client);
                }
            }
        }
    }

    pub(super) fn number_of(&self, client: Blocked) -> Option<Number> {
        self.blocked.get(&client).copied()
    }

    /// The waiters of a client that holds tickets, in the order in which they came: so they leave at least cost.
    pub(super) fn numbers_of(&self, client: ClientId) -> Vec<Number> {
        let tickets = self.tickets.get(&client);
        let numbers = tickets.map(|tickets| tickets.numbers.iter().copied());
        let mut numbers: Vec<_> = numbers.into_iter().flatten().collect();
        numbers.sort_unstable();
        numbers
    }
}
