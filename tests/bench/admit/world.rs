//! A hundred callers with a thousand requests for twenty accounts: who may have which, and whether a slot is free at
//! some moment that somebody who waits is entitled to. Pure.

use std::ops::Range;

pub(super) const CALLERS: usize = 100;
/// Of the callers in turn: together a thousand.
pub(super) const WAITERS: [usize; 2] = [5, 15];
/// How many requests of a caller pass at once.
pub(super) const CALLER_LIMIT: usize = 2;
pub(super) const ACCOUNTS: usize = 20;
/// Of an account.
pub(super) const SLOTS: usize = 4;
/// The accounts of which a caller may have any; the callers are in these groups in turn.
pub(super) const GROUPS: [Range<usize>; 3] = [0..10, 5..15, 10..20];
/// The account that closes now and then.
pub(super) const CLOSING: usize = 7;

/// What the server says of one moment.
#[derive(Debug)]
pub(super) struct Moment {
    /// By its clock.
    pub(super) at_ms: f64,
    /// Whether the one account is.
    pub(super) closed: bool,
    pub(super) callers: Vec<Gate>,
    pub(super) accounts: Vec<Gate>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Gate {
    pub(super) in_use: usize,
    /// Who has named it and waits.
    pub(super) waiting: usize,
}

/// The group of a caller.
pub(super) fn group(caller: usize) -> usize {
    caller % GROUPS.len()
}

impl Moment {
    /// Whether a slot is free that somebody who waits is entitled to.
    pub(super) fn is_idle(&self) -> bool {
        let callers = self.callers.iter().enumerate();
        let mut entitled = callers.filter(|(_, own)| own.waiting > 0 && own.in_use < CALLER_LIMIT);
        entitled.any(|(caller, _)| {
            let mut accounts = GROUPS[group(caller)].clone();
            accounts.any(|account| self.is_open(account) && self.accounts[account].in_use < SLOTS)
        })
    }

    /// The slots of open accounts, and those in use of them.
    pub(super) fn slots(&self) -> (usize, usize) {
        let open = (0..ACCOUNTS).filter(|account| self.is_open(*account));
        let used = open.clone().map(|account| self.accounts[account].in_use);
        (open.count() * SLOTS, used.sum())
    }

    /// How many callers have somebody waiting and no room in their own gate.
    pub(super) fn held_up(&self) -> usize {
        let full = |own: &&Gate| own.waiting > 0 && own.in_use >= CALLER_LIMIT;
        self.callers.iter().filter(full).count()
    }

    fn is_open(&self, account: usize) -> bool {
        !(self.closed && account == CLOSING)
    }
}
