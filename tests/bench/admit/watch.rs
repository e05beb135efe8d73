//! Looks at the server again and again while callers wait: whether a slot is free that somebody who waits is entitled to.
//! A look is one transaction, so that all of it is of the same moment.

use std::path::Path;

use harness::Reply;
use tokio::io::AsyncWriteExt as _;
use tokio::time::Instant;

use super::group::{account, caller};
use super::world::{ACCOUNTS, CALLERS, CLOSING, Gate, Moment};
use crate::batch::{Batch, Expected};
use crate::waiting::conn::Conn;

/// What all looks showed. Times are in milliseconds.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) looks: usize,
    /// From each look to the next.
    pub(super) apart: Vec<f64>,
    /// Looks at which a slot was free that somebody was entitled to.
    pub(super) idle: usize,
    /// For how long that may have been so each time: from the last look before it to the first one after it.
    pub(super) idle_times: Vec<f64>,
    /// The slots of open accounts at all looks, and those in use of them.
    pub(super) open: usize,
    pub(super) used: usize,
    /// The callers at all looks who had somebody waiting and no room in their own gate.
    pub(super) held_up: usize,
    last: Option<f64>,
    last_busy: Option<f64>,
}

pub(super) async fn watch(socket: &Path, until: Instant) -> Seen {
    let mut conn = Conn::open(socket);
    let looking = looking();
    let mut seen = Seen::default();
    while Instant::now() < until {
        seen.add(&look(&mut conn, &looking).await);
    }
    seen
}

fn looking() -> Batch {
    let (callers, accounts) = ((0..CALLERS).map(caller), (0..ACCOUNTS).map(account));
    let gates: Vec<_> = callers.chain(accounts).collect();
    let gates = gates.iter().map(String::as_str);
    let count: Vec<_> = ["QGATE.COUNT"].into_iter().chain(gates).collect();
    let mut batch = Batch::one(&["MULTI"], Expected::Text);
    batch.push(&["TIME"], Expected::Text);
    batch.push(&["QGATE.INFO", &account(CLOSING)], Expected::Text);
    batch.push(&count, Expected::Text);
    batch.push(&["EXEC"], Expected::Items(3));
    batch
}

async fn look(conn: &mut Conn, looking: &Batch) -> Moment {
    let sent = conn.outgoing.write_all(looking.wire()).await;
    sent.expect("the server reads");
    let mut last = Reply::Nil;
    for at in 0..looking.len() {
        last = conn.incoming.next().await.expect("the server answers");
        looking.check(at, &last);
    }
    moment(last.items())
}

fn moment(replies: &[Reply]) -> Moment {
    let [time, closing, gates] = replies else {
        unreachable!("three commands were sent");
    };
    let time: Vec<f64> = time.items().iter().map(number).collect();
    let mut fields = closing.items().chunks_exact(2);
    let closed = fields.find(|field| field[0].text() == "closed-ms");
    let mut gates = gates.items().iter().map(|gate| Gate {
        in_use: number(&gate.items()[0]) as usize,
        waiting: number(&gate.items()[1]) as usize,
    });
    Moment {
        at_ms: time[0] * 1e3 + time[1] / 1e3,
        closed: number(&closed.expect("it says when it opens again")[1]) > 0.0,
        callers: gates.by_ref().take(CALLERS).collect(),
        accounts: gates.collect(),
    }
}

fn number(reply: &Reply) -> f64 {
    match reply {
        Reply::Int(number) => *number as f64,
        text => text.text().parse().expect("it is a number"),
    }
}

impl Seen {
    fn add(&mut self, moment: &Moment) {
        let at = moment.at_ms;
        self.apart.extend(self.last.map(|last| at - last));
        if moment.is_idle() {
            self.idle += 1;
        } else {
            if self.last_busy != self.last {
                self.idle_times.extend(self.last_busy.map(|busy| at - busy));
            }
            self.last_busy = Some(at);
        }
        self.last = Some(at);
        self.looks += 1;
        let (open, used) = moment.slots();
        self.open += open;
        self.used += used;
        self.held_up += moment.held_up();
    }
}
