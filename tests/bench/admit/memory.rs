//! What somebody who waits for several gates takes in the server's memory, with a ticket: all for the same gates, and
//! with gates of their own.

use harness::Redis;

use super::group::{Group, Own, caller};
use crate::batch::Expected;
use crate::draw::Draw;
use crate::qgate;
use crate::report;
use crate::stand::Stand;

const TICKETS: usize = 100_000;
const ID_BYTES: usize = 36;
/// Of a ticket, and for each of its gates.
const MOST: f64 = 250.0;
const MOST_PER_GATE: f64 = 32.0;
/// Of a ticket whose gates all are those of others too.
const MOST_SHARED: f64 = 400.0;

/// Who waits, and for what.
struct Crowd {
    accounts: usize,
    callers: usize,
    blocked: Blocked,
}

/// What nobody has room in.
#[derive(Clone, Copy, Debug)]
enum Blocked {
    Accounts,
    Callers,
}

impl Crowd {
    const ALL: [Self; 5] = [
        Self::of(1, 1, Blocked::Accounts),
        Self::of(10, 1, Blocked::Accounts),
        Self::of(10, 1_000, Blocked::Accounts),
        Self::of(10, 1_000, Blocked::Callers),
        Self::of(10, TICKETS, Blocked::Accounts),
    ];

    const fn of(accounts: usize, callers: usize, blocked: Blocked) -> Self {
        Self {
            accounts,
            callers,
            blocked,
        }
    }
}

pub(super) fn run() {
    report::title("Memory of those who wait for an admission");
    println!(
        "{TICKETS} tickets, ids of {ID_BYTES} bytes, one channel, a flow per caller; `used_memory` of the server.\n"
    );
    report::table(&[
        "gates",
        "callers",
        "without room",
        "bytes each",
        "of these counted as lines",
    ]);
    for crowd in &Crowd::ALL {
        row(crowd);
    }
}

fn row(crowd: &Crowd) {
    let mut stand = Stand::start(Redis::builder());
    let group = Group::new(0..crowd.accounts, 1);
    let limit = take_all(&mut stand, &group, crowd);
    let before = ["used_memory", "weir_lines_bytes"].map(|field| amount(&mut stand, field));
    let mut draw = Draw::new(1);
    stand.fill(TICKETS, |at, batch| {
        let member = format!("{}-{at:010}", draw.id());
        assert_eq!(member.len(), ID_BYTES);
        let key = caller(at % crowd.callers);
        let own = Own { key: &key, limit };
        let waits = ["NOTIFY", "grants", "0", "FLOW", &key];
        let words = [&group.admit(&member, own)[..], &waits].concat();
        batch.push(&words, Expected::Int(2));
    });
    assert_eq!(amount(&mut stand, "weir_waiters"), TICKETS as f64);
    let [used, lines] = ["used_memory", "weir_lines_bytes"].map(|field| amount(&mut stand, field));
    let each = |after: f64, before: f64| (after - before) / TICKETS as f64;
    let most = match crowd.callers {
        TICKETS => MOST + MOST_PER_GATE * (1 + crowd.accounts) as f64,
        _ => MOST_SHARED.min(MOST + MOST_PER_GATE * (1 + crowd.accounts) as f64),
    };
    report::row(&[
        format!("1 ALL + {} ANY", crowd.accounts),
        crowd.callers.to_string(),
        match crowd.blocked {
            Blocked::Accounts => "accounts".into(),
            Blocked::Callers => "callers".into(),
        },
        report::at_most(each(used, before[0]), most, 0),
        format!("{:.0}", each(lines, before[1])),
    ]);
}

/// Leaves no room in what shall have none. Gives the limit of the callers' gates.
fn take_all(stand: &mut Stand, group: &Group, crowd: &Crowd) -> &'static str {
    let (keys, limit) = match crowd.blocked {
        Blocked::Accounts => (group.keys.clone(), "1000000"),
        Blocked::Callers => ((0..crowd.callers).map(caller).collect(), "1"),
    };
    stand.fill(keys.len(), |at, batch| {
        qgate::acquire(batch, &keys[at], "holder", "1", 1);
    });
    limit
}

fn amount(stand: &mut Stand, field: &str) -> f64 {
    let amount = stand.control().info(field);
    amount.parse().expect("an amount is a number")
}
