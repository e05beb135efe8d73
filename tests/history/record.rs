//! What a run leaves behind: who asked what and was answered what, and what was seen at the server in between.
//! Data only. Times are microseconds of the clients' monotonic clock since the run began, unless they say otherwise.

use std::fmt;

use crate::whole::{self, Whole};

/// A point of the clients' clock.
pub(crate) type Micros = i64;

/// The name under which somebody asks; used for one visit only.
pub(crate) type Id = u64;

/// Whose waiter somebody is; 0 for the common flow.
pub(crate) type FlowNumber = u8;

/// A turn or a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Key {
    Turn(u8),
    Gate(u8),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Turn(number) => write!(f, "turn:{number}"),
            Self::Gate(number) => write!(f, "gate:{number}"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    Turn {
        delay_ms: i64,
    },
    /// Limit 0: no limit.
    Slot {
        limit: i64,
    },
    /// Slots of several gates at once.
    Whole(Whole),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    None,
    Millis(i64),
    Endless,
}

/// How an ask reaches the server. In a transaction only tickets wait, in a script nobody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Plain,
    Transaction,
    Script,
}

/// How somebody waits that has to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// `BLOCK`: its connection waits with it.
    Block,
    /// `NOTIFY`: it is told on a shard channel, of that number.
    Ticket { channel: u64 },
}

/// `UMQ.ACQUIRE`, `QGATE.ACQUIRE` or `QGATE.ADMIT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    /// Of several, any one.
    pub(crate) key: Key,
    pub(crate) id: Id,
    pub(crate) want: Want,
    pub(crate) lease_ms: i64,
    pub(crate) patience: Patience,
    pub(crate) manner: Manner,
    pub(crate) how: How,
    pub(crate) flow: FlowNumber,
    pub(crate) weight: i64,
    pub(crate) waited_ms: i64,
    pub(crate) queue: Option<i64>,
}

impl Ask {
    /// Whether it stands in line when it cannot be granted at once.
    pub(crate) fn waits(&self) -> bool {
        let can_wait = match self.how {
            How::Plain => true,
            How::Transaction => self.manner != Manner::Block,
            How::Script => false,
        };
        can_wait && self.patience != Patience::None
    }

    /// `None`: it asks for a turn, or names no limit.
    pub(crate) fn limit(&self) -> Option<i64> {
        match self.want {
            Want::Slot { limit } if limit > 0 => Some(limit),
            Want::Whole(_) => Some(whole::limit(self.key)),
            Want::Slot { .. } | Want::Turn { .. } => None,
        }
    }

    /// Whether it may be granted past those who wait.
    pub(crate) fn names_no_limit(&self) -> bool {
        self.want == Want::Slot { limit: 0 }
    }

    pub(crate) fn delay_ms(&self) -> i64 {
        match self.want {
            Want::Turn { delay_ms } => delay_ms,
            Want::Slot { .. } | Want::Whole(_) => 0,
        }
    }

    /// `None`: it asks for one thing only.
    pub(crate) fn whole(&self) -> Option<Whole> {
        match self.want {
            Want::Whole(whole) => Some(whole),
            Want::Slot { .. } | Want::Turn { .. } => None,
        }
    }

    /// Gives back all that it may have been granted.
    pub(crate) fn give_back(&self, way: Way) -> Act {
        Act::Release {
            key: self.key,
            id: self.id,
            way: self.whole().map_or(way, Way::LeaveAll),
        }
    }
}

/// How something is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Release,
    NoStamp,
    Leave,
    /// Several gates in one command.
    LeaveAll(Whole),
}

/// What befalls a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The replica takes over, and nothing is lost.
    Failover,
    /// The primary is killed and the replica promoted: what it had not heard of is lost.
    Promotion,
    /// The server is killed and comes back on what it has appended: nothing acknowledged is lost.
    Restart,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Ask(Ask),
    Renew {
        key: Key,
        id: Id,
        lease_ms: i64,
    },
    Release {
        key: Key,
        id: Id,
        way: Way,
    },
    Cancel {
        key: Key,
        id: Id,
    },
    /// `WAIT 1` for what this id was granted.
    Confirm {
        key: Key,
        id: Id,
    },
    Force {
        key: Key,
    },
    Delete {
        key: Key,
    },
    Close {
        key: Key,
        ms: i64,
    },
    Open {
        key: Key,
    },
    /// `CLIENT KILL`; the connection by our own number.
    Kill {
        connection: u32,
        client: i64,
    },
    Pause {
        ms: i64,
        mode: &'static str,
    },
    /// A client that has asked nothing listens. Noted only when something came.
    Listen,
    Fault(Fault),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// With the token of a turn, how many slots are in use, or the index in a group.
    Granted(i64),
    /// Granted, but another gate of its group. Only where a whole decision is told apart.
    Elsewhere,
    /// Status 0.
    Refused,
    /// Status -1.
    LineFull,
    Count(i64),
    Done,
    /// A ticket; what becomes of it is told later. No entry ends so.
    Queued,
    /// The wait was ended because the server serves no more.
    Unblocked,
    /// This server serves no writes; nothing was done.
    NotHere,
    /// The server has ended the connection. Nothing that was sent over it is carried out after that.
    Lost,
    /// The asker has ended the connection before it was answered, and the server has seen it.
    HungUp,
    /// No answer, long after there should have been one.
    Silent,
    /// What no command answers.
    Odd(String),
}

impl Answer {
    /// Whether nothing more is to be asked over the connection that was answered so.
    pub(crate) fn ends_connection(&self) -> bool {
        match self {
            Self::Unblocked | Self::NotHere | Self::Lost | Self::HungUp | Self::Silent => true,
            Self::Granted(_)
            | Self::Elsewhere
            | Self::Queued
            | Self::Refused
            | Self::LineFull
            | Self::Count(_)
            | Self::Done
            | Self::Odd(_) => false,
        }
    }
}

/// One thing that a client did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) connection: u32,
    pub(crate) asked: Micros,
    /// When the answer came, or the end of the connection.
    pub(crate) ended: Micros,
    pub(crate) act: Act,
    pub(crate) answer: Answer,
}

/// Somebody who held something when it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) id: Id,
    pub(crate) lease_left_ms: i64,
}

/// One key at one instant of the server: everything in it was read in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) key: Key,
    pub(crate) asked: Micros,
    pub(crate) ended: Micros,
    /// The server's clock, in microseconds since 1970.
    pub(crate) server_us: i64,
    /// Counts the servers that have served one after the other; lines do not outlive one.
    pub(crate) reign: u32,
    pub(crate) holders: Vec<Holder>,
    /// In the order in which they are served.
    pub(crate) waiters: Vec<(Id, FlowNumber)>,
    /// Of the last grant of a turn.
    pub(crate) token: i64,
    /// Since a turn was last given back; `None` for never.
    pub(crate) since_stamp_ms: Option<i64>,
    pub(crate) closed_ms: i64,
    /// Of the gates that are wanted together, those in which a slot is free.
    pub(crate) with_room: Vec<Key>,
    /// As `PTTL` says it.
    pub(crate) ttl_ms: i64,
}

/// What is left of a key when everybody has gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rest {
    pub(crate) held: Vec<String>,
    pub(crate) waiting: Vec<String>,
    pub(crate) blocked_clients: i64,
    pub(crate) panics: i64,
    /// Lines of the servers' logs that tell of a crash.
    pub(crate) crashes: Vec<String>,
}

#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) entries: Vec<Entry>,
    /// In the order in which they were taken.
    pub(crate) looks: Vec<Look>,
    pub(crate) rest: Rest,
}
