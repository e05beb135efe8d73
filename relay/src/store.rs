//! The only place that knows Redis: `names` spells its keys, the other files its commands, one per concern; `link`
//! keeps the one connection, `wire` speaks over it. Nothing here repeats a command: whoever asks decides what a lost
//! answer means.

mod admission;
mod alerts;
mod aside;
mod audit;
mod booking;
mod budgets;
mod changes;
mod checkup;
mod cooldowns;
mod editing;
mod elections;
mod gates;
mod intents;
mod keys;
mod lines;
mod link;
mod live;
mod locate;
pub(crate) mod names;
mod operators;
mod pauses;
mod pins;
mod queues;
mod rates;
mod records;
mod relays;
mod roster;
mod sessions;
mod settlement;
mod tickets;
mod tokens;
mod trials;
mod tries;
mod turns;
mod used;
mod wire;

use std::time::Duration;

pub(crate) use admission::{Admission, Affinity, InTheWay, Tiered};
pub(crate) use aside::Aside;
pub(crate) use audit::Entry;
pub(crate) use booking::Period;
pub(crate) use budgets::{Reserved, register_purse, renew_purse};
pub(crate) use changes::{Change, Made};
pub(crate) use checkup::Checkup;
pub(crate) use cooldowns::{COOLDOWNS, News};
pub(crate) use editing::Editing;
pub(crate) use elections::Office;
pub(crate) use gates::{register_slots, release_slots, renew_slots};
pub(crate) use intents::Saying;
pub(crate) use keys::{Overlap, StoredKey};
pub(crate) use lines::Line;
pub(crate) use link::{Link, Part, Supervisor};
pub(crate) use live::Watch;
pub(crate) use operators::{StoredOperator, StoredOperators};
pub(crate) use queues::taken_back;
pub(crate) use records::Written;
pub(crate) use roster::{StoredAccount, StoredRoster, StoredSecret, StoredSettings, StoredTable};
pub(crate) use sessions::StoredSession;
pub(crate) use settlement::{Debt, Place, SpendDebt, Stamp, TurnDebt};
pub(crate) use tickets::{Message, Tickets};
pub(crate) use tokens::StoredToken;
pub(crate) use trials::{Tried, ask_trial};
pub(crate) use turns::{TurnAsking, renew_turns};
pub use wire::Fault;
pub(crate) use wire::{Batch, Connection, Reply};

use crate::{config::Servers, tally::Span, telemetry::Spread};
use link::{Goal, Hearing};

/// How long a command may be without its answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// Redis as the relay uses it. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Store {
    /// To the server that has what requests hold and owe.
    domain: Link,
    /// To the one that has the keys of callers.
    callers: Link,
}

/// Why Redis did not do what was asked. The store's fault; worth asking again a little later.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing was done, or nothing that may not be done again.
    #[error("Redis is unreachable")]
    Down,
    /// It was sent; whether it was done is unknown.
    #[error("Redis did not answer: {0}")]
    Unanswered(Fault),
    #[error("Redis refused {command}: {error}")]
    Refused {
        command: &'static str,
        error: String,
    },
    #[error("Redis answered {command} in a form that is not the module's")]
    Form { command: &'static str },
    #[error(
        "this Redis has not loaded Weir's module: start it with `loadmodule /path/to/libweir.so`"
    )]
    NoModule,
    #[error("Redis does not let the relay in: {0}")]
    Denied(String),
}

impl Store {
    /// Connects, and fails where that is not possible within `patience` or never will be. A relay's `part` is
    /// heard and done before the store counts as up; without it the store is deaf.
    pub(crate) async fn connect(
        servers: &Servers,
        patience: Duration,
        part: Option<Part>,
    ) -> Result<(Self, Vec<Supervisor>), StoreError> {
        let hearing = part.map(|part| Hearing {
            channels: [names::notify_channel().to_owned(), names::NEWS.to_owned()],
            part,
        });
        let goal = Goal::new(servers.clone(), names::users(Span::Hour(0)), hearing);
        let (domain, supervisor) = Link::connect(goal, patience).await?;
        match servers {
            Servers::One(_) | Servers::Sentinel { .. } => {
                let callers = domain.clone();
                Ok((Self { domain, callers }, vec![supervisor]))
            }
            // Two slots, which may be of two servers, and of others tomorrow.
            Servers::Cluster(_) => {
                let goal = Goal::new(servers.clone(), names::key("none"), None);
                let (callers, another) = Link::connect(goal, patience).await?;
                Ok((Self { domain, callers }, vec![supervisor, another]))
            }
        }
    }

    /// One more connection to the same server, for what must not wait behind others or hold them up.
    pub(crate) async fn another_connection(&self) -> Result<Connection, StoreError> {
        self.domain.another(ANSWER_WITHIN).await
    }

    /// The connection over which requests are admitted, as it is at this moment.
    pub(crate) fn connection(&self) -> Result<Connection, StoreError> {
        self.domain.connection()
    }

    pub fn is_up(&self) -> bool {
        self.domain.is_up()
    }

    /// Waits until Redis is reachable; for ever when nobody keeps the connection any more.
    pub(crate) async fn up(&self) {
        self.domain.up().await;
    }

    /// How long Redis takes to answer, and how often it was lost and came back.
    pub(crate) fn latency(&self) -> Spread {
        self.domain.latency()
    }

    pub(crate) fn reconnects(&self) -> u64 {
        self.domain.returns()
    }

    /// Tells the connection of this moment from others; none while there is none.
    pub(crate) fn connection_number(&self) -> Option<u64> {
        let connection = self.domain.connection().ok()?;
        Some(connection.number())
    }

    /// The same of the Redis that has the keys of callers.
    pub(crate) async fn knows_callers(&self) {
        self.callers.up().await;
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Closed | Fault::Crowded | Fault::Unopened(_) => Self::Down,
            // Come back later.
            Fault::Refused(why) if why.starts_with("ERR max number of clients") => Self::Down,
            Fault::Refused(why) => Self::Denied(why.into()),
            Fault::Late | Fault::Broke(_) | Fault::Malformed => Self::Unanswered(fault),
        }
    }
}

/// A server that is there but does not serve us now: it is loading, or another one is the master.
fn is_away(reply: &Reply) -> bool {
    matches!(
        reply.error_code(),
        Some("READONLY" | "LOADING" | "MASTERDOWN" | "CLUSTERDOWN" | "MOVED" | "ASK" | "TRYAGAIN")
    )
}

/// The elements of an array reply as numbers, an error reply as an error.
fn numbers<const N: usize>(command: &'static str, reply: &Reply) -> Result<[i64; N], StoreError> {
    let elements = list(command, reply)?;
    let mut numbers = [0; N];
    if elements.len() < N {
        return Err(StoreError::Form { command });
    }
    for (number, element) in numbers.iter_mut().zip(elements) {
        *number = element.int().ok_or(StoreError::Form { command })?;
    }
    Ok(numbers)
}

fn list<'a>(command: &'static str, reply: &'a Reply) -> Result<&'a [Reply], StoreError> {
    match reply {
        away if is_away(away) => Err(StoreError::Down),
        Reply::List(elements) => Ok(elements),
        Reply::Error(error) => Err(StoreError::Refused {
            command,
            error: error.to_string(),
        }),
        _ => Err(StoreError::Form { command }),
    }
}

/// The two numbers of a stream's id, in which its entries are ordered. No entry is at 0-0.
pub(crate) fn place(id: &str) -> Option<(u64, u64)> {
    let number = |text: &str| {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u64>().ok().filter(|_| is_number)
    };
    let (time, count) = id.split_once('-')?;
    let place = (number(time)?, number(count)?);
    Some(place).filter(|place| *place != (0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_one_that_an_entry_may_have() {
        assert_eq!(place("5-0"), Some((5, 0)));
        assert_eq!(place("0-1"), Some((0, 1)));
        for text in [
            "0-0",
            "+5-0",
            "5-+1",
            "5",
            "-",
            "5-",
            "5-0-0",
            "-5-0",
            "99999999999999999999-0",
        ] {
            assert_eq!(place(text), None, "{text}");
        }
    }
}
