//! The rules of a budget once more, by looking at every member each time, beside the ledger as it is stored: read from
//! text before each step, written after it.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof, proptest};
use proptest::prop_assert_eq;

use super::{Claim, Ledger, Refusal, key_end, live};
use crate::budget::record::{Record, Reservation};
use crate::budget::sums::end_of;
use crate::time::{Millis, UnixMillis};

const BEGIN: i64 = 1_790_000_000_123;

#[derive(Clone, Copy, Debug)]
enum Known {
    Reserved { amount: u64, end: i64 },
    Settled { until: i64 },
}

#[derive(Debug, Default)]
struct Twin {
    spent: i128,
    members: BTreeMap<u8, Known>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Reserve {
        member: u8,
        cost: u64,
        limit: u64,
        lease: i64,
    },
    Renew {
        member: u8,
        lease: i64,
    },
    Settle {
        member: u8,
        actual: u64,
        keep: i64,
    },
    /// A record that is over is removed.
    Sweep {
        member: u8,
    },
    /// Somebody writes off what was spent.
    Credit(i64),
    /// The clock goes on by so many ms.
    Clock(i64),
}

/// What a step says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Reserved,
    Renewed,
    Booked,
    Full,
    Settled,
    Nothing,
}

impl Twin {
    fn live(&self, now: i64) -> impl Iterator<Item = (u8, u64, i64)> {
        let members = self.members.iter();
        members.filter_map(move |(member, known)| match *known {
            Known::Reserved { amount, end } if end > now => Some((*member, amount, end)),
            Known::Reserved { .. } | Known::Settled { .. } => None,
        })
    }

    fn reserved(&self, now: i64) -> (u64, u64) {
        let amounts = self.live(now).map(|(_, amount, _)| amount);
        (amounts.sum(), self.live(now).count() as u64)
    }

    fn is_settled(&self, member: u8, now: i64) -> bool {
        matches!(self.members.get(&member), Some(Known::Settled { until }) if *until > now)
    }

    fn held(&self, member: u8, now: i64) -> Option<(u64, i64)> {
        let mut live = self.live(now);
        let held = live.find(|(one, ..)| *one == member);
        held.map(|(_, amount, end)| (amount, end))
    }

    fn step(&mut self, step: Step, now: i64) -> Said {
        match step {
            Step::Reserve { member, .. } if self.is_settled(member, now) => Said::Settled,
            Step::Reserve {
                member,
                cost,
                limit,
                lease,
            } => {
                let held = self.held(member, now);
                let others = self.live(now).filter(|(one, ..)| *one != member);
                let others: u64 = others.map(|(_, amount, _)| amount).sum();
                let fits = self.spent + i128::from(others) + i128::from(cost) <= i128::from(limit);
                if !fits && held.is_none_or(|(amount, _)| amount < cost) {
                    return Said::Full;
                }
                let end = rounded(now, lease).max(held.map_or(0, |(_, end)| end));
                let known = Known::Reserved { amount: cost, end };
                self.members.insert(member, known);
                Said::Reserved
            }
            Step::Renew { member, lease } => match self.held(member, now) {
                None => Said::Nothing,
                Some((amount, _)) => {
                    let end = rounded(now, lease);
                    self.members.insert(member, Known::Reserved { amount, end });
                    Said::Renewed
                }
            },
            Step::Settle { member, .. } if self.is_settled(member, now) => Said::Settled,
            Step::Settle {
                member,
                actual,
                keep,
            } => {
                self.spent += i128::from(actual);
                let until = now + keep;
                self.members.insert(member, Known::Settled { until });
                Said::Booked
            }
            Step::Credit(amount) => {
                self.spent -= i128::from(amount);
                Said::Nothing
            }
            Step::Sweep { .. } | Step::Clock(_) => Said::Nothing,
        }
    }
}

/// At the next multiple of the largest power of two that is no more than an eighth of the lease.
fn rounded(now: i64, lease: i64) -> i64 {
    let mut step = 1;
    while step * 2 <= lease / 8 {
        step *= 2;
    }
    let mut end = now + lease;
    while end % step != 0 {
        end += 1;
    }
    end
}

/// The fields of a hash.
#[derive(Debug)]
struct Texts {
    spent: Vec<u8>,
    reserved: Vec<u8>,
    records: BTreeMap<u8, Vec<u8>>,
}

impl Texts {
    fn ledger(&self, now: UnixMillis) -> Ledger {
        Ledger::parse(&self.spent, &self.reserved, now).expect("it was written so")
    }

    fn save(&mut self, ledger: &Ledger) {
        self.spent = ledger.spent.to_string().into_bytes();
        self.reserved = ledger.reserved.write();
    }

    fn step(&mut self, step: Step, now: UnixMillis) -> Said {
        let mut ledger = self.ledger(now);
        let record = |member| {
            let text: Option<&Vec<u8>> = self.records.get(&member);
            text.map(|text| Record::parse(text, now).expect("it was written so"))
        };
        let said = match step {
            Step::Reserve {
                member,
                cost,
                limit,
                lease,
            } => {
                let end = end_of(Millis::new(lease), now);
                let before = record(member);
                let claimed = ledger.claim(before, Claim { limit, cost, end });
                if let Ok(new) = claimed {
                    ledger.reserve(before, new);
                    self.records.insert(member, new.write());
                }
                match claimed {
                    Ok(_) => Said::Reserved,
                    Err(Refusal::Full) => Said::Full,
                    Err(Refusal::Settled) => Said::Settled,
                }
            }
            Step::Renew { member, lease } => match live(record(member)) {
                None => Said::Nothing,
                Some(held) => {
                    let end = end_of(Millis::new(lease), now);
                    let new = Reservation { end, ..held };
                    ledger.reserve(Some(Record::Reserved(held)), new);
                    self.records.insert(member, new.write());
                    Said::Renewed
                }
            },
            Step::Settle {
                member,
                actual,
                keep,
            } => match record(member) {
                Some(Record::Settled) => Said::Settled,
                before => {
                    ledger.release(before);
                    ledger.book(actual);
                    let until = now.plus(Millis::new(keep)).get().to_string();
                    self.records.insert(member, until.into_bytes());
                    Said::Booked
                }
            },
            Step::Sweep { .. } | Step::Credit(_) | Step::Clock(_) => {
                self.others(step, &mut ledger, now)
            }
        };
        self.save(&ledger);
        said
    }

    /// What is no command.
    fn others(&mut self, step: Step, ledger: &mut Ledger, now: UnixMillis) -> Said {
        if let Step::Credit(amount) = step {
            ledger.spent -= amount;
        }
        if let Step::Sweep { member } = step {
            let over = Some(Record::Over);
            self.records
                .retain(|other, text| *other != member || Record::parse(text, now) != over);
        }
        Said::Nothing
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let member = || 0..8_u8;
    let amount = || prop_oneof![Just(0), 1..100_u64, Just((1 << 53) - 1)];
    let lease = || prop_oneof![1..20_i64, 100..5_000_i64, Just(60_000_i64)];
    let reserve = (member(), amount(), amount(), lease());
    let settle = (member(), amount(), lease());
    vec(
        prop_oneof![
            6 => reserve.prop_map(|(member, cost, limit, lease)| Step::Reserve {
                member, cost, limit: limit.saturating_mul(4).min((1 << 53) - 1), lease,
            }),
            3 => (member(), lease()).prop_map(|(member, lease)| Step::Renew { member, lease }),
            3 => settle.prop_map(|(member, actual, keep)| Step::Settle { member, actual, keep }),
            1 => member().prop_map(|member| Step::Sweep { member }),
            1 => (1..500_i64).prop_map(Step::Credit),
            4 => prop_oneof![0..30_i64, 0..3_000_i64, Just(70_000)].prop_map(Step::Clock),
        ],
        1..60,
    )
}

proptest! {
    #[test]
    fn the_sums_are_those_of_all_members(steps in steps()) {
        let mut twin = Twin::default();
        let mut texts = Texts { spent: b"0".into(), reserved: Vec::new(), records: BTreeMap::new() };
        let mut now = BEGIN;
        for step in steps {
            if let Step::Clock(ms) = step {
                now += ms;
            }
            let at = UnixMillis::new(now);
            prop_assert_eq!(texts.step(step, at), twin.step(step, now), "{:?}", step);
            let ledger = texts.ledger(at);
            prop_assert_eq!(i128::from(ledger.spent), twin.spent);
            prop_assert_eq!((ledger.reserved.amount(), ledger.reserved.count()), twin.reserved(now));
        }
    }
}

#[test]
fn what_was_spent_stops_at_the_end_of_its_range() {
    let mut ledger = Ledger {
        spent: i64::MAX - 1,
        ..Ledger::default()
    };
    ledger.book(5);
    assert_eq!(ledger.spent, i64::MAX);
}

#[test]
fn a_key_ends_when_it_need_not_count_any_more_and_never_before_what_it_holds() {
    let at = UnixMillis::new;
    for (set_to, until, latest, expected) in [
        // A budget without end.
        (None, None, None, None),
        (None, None, Some(900), None),
        // One that others have given an end.
        (Some(100), None, None, None),
        (Some(99), None, None, Some(190)),
        // One that counts for longer than what it holds …
        (None, Some(500), None, Some(500)),
        (None, Some(500), Some(900), Some(900)),
        (Some(499), Some(500), None, Some(500)),
        (Some(500), Some(500), None, None),
        (Some(501), Some(500), None, None),
        // … and one that holds it for longer than it counts.
        (None, Some(50), None, Some(190)),
        (Some(99), Some(50), None, Some(190)),
        (Some(100), Some(50), None, None),
    ] {
        let end = key_end(
            set_to.map(at),
            until.map(at),
            at(100),
            at(10),
            latest.map(at),
        );
        assert_eq!(end, expected.map(at), "{set_to:?} {until:?} {latest:?}");
    }
}
