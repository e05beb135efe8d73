//! What a decision costs: one command, beside the script that looks at the load of all accounts and those that take
//! the slots. What is taken is given back at once, which both accounts leave out.

use harness::Redis;

use super::group::{Group, Own, account, caller};
use crate::batch::{Batch, Expected};
use crate::draw::Draw;
use crate::qgate;
use crate::race::{Contender, Cost, Pace, race};
use crate::report::{self, at_least, at_most, micros};
use crate::scripts::{LOADS, SLOT_ACQUIRE};
use crate::stand::Stand;

const CALLERS: usize = 1_000;
const ACCOUNTS: usize = 1_000;
/// Who stands in every gate all the while.
const LIVE: usize = 10;
const LIMIT: &str = "1000";
const LEASE_MS: &str = "600000";

/// So many accounts to choose from, and what was promised for it.
struct Choice {
    accounts: usize,
    most: f64,
    least_ratio: f64,
}

const CHOICES: [Choice; 2] = [
    Choice {
        accounts: 10,
        most: 8.0,
        least_ratio: 3.0,
    },
    Choice {
        accounts: 100,
        most: 45.0,
        least_ratio: 5.0,
    },
];

pub(super) fn run(pace: &Pace) {
    report::title("QGATE.ADMIT: whole decisions");
    report::table(&[
        "gates",
        "Weir µs",
        "loads + account, Lua µs",
        "Lua / Weir",
        "loads + caller + account, Lua µs",
        "Lua / Weir",
        "server CPU µs, given back too: Weir",
        "Lua",
        "Lua",
    ]);
    for choice in &CHOICES {
        row(choice, granted(pace, choice.accounts));
    }
}

fn row(choice: &Choice, [weir, account, both]: [Cost; 3]) {
    report::row(&[
        format!("1 ALL + {} ANY", choice.accounts),
        at_most(weir.own, choice.most, 2),
        micros(account.own),
        at_least(account.own / weir.own, choice.least_ratio, 1),
        micros(both.own),
        format!("{:.1}", both.own / weir.own),
        micros(weir.cpu),
        micros(account.cpu),
        micros(both.cpu),
    ]);
}

fn granted(pace: &Pace, accounts: usize) -> [Cost; 3] {
    let mut stand = Stand::start(Redis::builder());
    let scripts = Scripts::load(&mut stand);
    occupy(&mut stand, &scripts, accounts);
    let mut weir = Draws::new(accounts);
    let weir = Contender::new(&["qgate.admit"], |batch| {
        let Drawn {
            caller,
            member,
            group,
            index,
        } = weir.next();
        let own = Own {
            key: &caller,
            limit: LIMIT,
        };
        batch.push(&group.admit(&member, own), Expected::Int(1));
        let leave = group.leave(&member, &caller, index);
        batch.push(&leave, Expected::Int(2));
    });
    let [mut account, mut both] = [Draws::new(accounts), Draws::new(accounts)];
    let account = Contender::new(&["evalsha"], |batch| {
        let drawn = account.next();
        scripts.loads(batch, drawn.group);
        scripts.account(batch, &drawn);
    });
    let both = Contender::new(&["evalsha"], |batch| {
        let drawn = both.next();
        scripts.loads(batch, drawn.group);
        scripts.caller(batch, &drawn);
        scripts.account(batch, &drawn);
    });
    race(&mut stand, pace, [weir, account, both])
}

/// Fills every gate of both forms with members that stay.
fn occupy(stand: &mut Stand, scripts: &Scripts, accounts: usize) {
    stand.fill(LIVE * CALLERS, |at, batch| {
        let member = format!("req-{at:012}-standing");
        let key = caller(at % CALLERS);
        qgate::acquire(batch, &key, &member, LIMIT, 1);
        let key = scripted(&key);
        scripts.gates.acquire(batch, &key, &member, LIMIT, 1);
    });
    stand.fill(LIVE * ACCOUNTS, |at, batch| {
        let member = format!("req-{at:012}-standing");
        let number = at % ACCOUNTS;
        if at < ACCOUNTS && least_loaded(number / accounts, accounts) == number % accounts {
            return;
        }
        let key = account(number);
        qgate::acquire(batch, &key, &member, LIMIT, 1);
        scripts.slot(batch, &slots(&key), &member);
    });
}

/// Of the account of a group that has one member less than the others, so that it is known which one is chosen.
fn least_loaded(group: usize, accounts: usize) -> usize {
    group * 7 % accounts
}

/// What each contender is asked for in turn: the same for all.
struct Draws {
    draw: Draw,
    groups: Vec<Group>,
}

struct Drawn<'a> {
    caller: String,
    member: String,
    group: &'a Group,
    /// Of the account that is chosen.
    index: usize,
}

impl Draws {
    fn new(accounts: usize) -> Self {
        let limit = LIMIT.parse().expect("it is a number");
        let first = (0..ACCOUNTS).step_by(accounts);
        let groups: Vec<_> = first
            .map(|first| Group::new(first..first + accounts, limit))
            .collect();
        Self {
            draw: Draw::new(1),
            groups,
        }
    }

    fn next(&mut self) -> Drawn<'_> {
        let at = self.draw.below(self.groups.len() as u64) as usize;
        let group = &self.groups[at];
        Drawn {
            caller: caller(self.draw.below(CALLERS as u64) as usize),
            member: self.draw.id(),
            index: least_loaded(at, group.keys.len()),
            group,
        }
    }
}

/// The three scripts, loaded into a server. They have gates of their own.
struct Scripts {
    loads: String,
    slot: String,
    gates: qgate::Scripts,
}

impl Scripts {
    fn load(stand: &mut Stand) -> Self {
        Self {
            loads: stand.script(LOADS),
            slot: stand.script(SLOT_ACQUIRE),
            gates: qgate::Scripts::load(stand),
        }
    }

    fn loads(&self, batch: &mut Batch, group: &Group) {
        let ids = group.keys.iter();
        let words: Vec<&str> = ["EVALSHA", &self.loads, "0", LEASE_MS]
            .into_iter()
            .chain(ids.flat_map(|id| [id.as_str(), LIMIT]))
            .collect();
        batch.push(&words, Expected::Items(4 * group.keys.len()));
    }

    /// Takes and gives back.
    fn caller(&self, batch: &mut Batch, drawn: &Drawn<'_>) {
        let key = scripted(&drawn.caller);
        self.gates.acquire(batch, &key, &drawn.member, LIMIT, 1);
        batch.push(&["ZREM", &key, &drawn.member], Expected::Int(1));
    }

    /// Takes and gives back.
    fn account(&self, batch: &mut Batch, drawn: &Drawn<'_>) {
        let key = slots(&drawn.group.keys[drawn.index]);
        self.slot(batch, &key, &drawn.member);
        batch.push(&["ZREM", &key, &drawn.member], Expected::Int(1));
    }

    fn slot(&self, batch: &mut Batch, key: &str, member: &str) {
        let words = ["EVALSHA", &self.slot, "1", key, LIMIT, LEASE_MS, member];
        batch.push(&words, Expected::Int(1));
    }
}

/// The caller's gate in the scripts' form.
fn scripted(caller: &str) -> String {
    format!("zset:{caller}")
}

/// The account's gate in the scripts' form.
fn slots(account: &str) -> String {
    format!("slots:{account}")
}
