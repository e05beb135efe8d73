//! The hall once more, as a list that is searched from end to end, and the proof that both hold the same while time
//! moves. In which order a line serves is proved beside the line.

use std::collections::BTreeMap;

use proptest::prelude::{Strategy, TestCaseError, prop_oneof, proptest};
use proptest::{collection, option, prop_assert_eq};

use super::{Asked, Due, Hall, Join, Next, Request, Span};
use crate::line::Number;
use crate::line::name::{Family, FlowName, KeyName};
use crate::line::plan::Wants;
use crate::time::{Millis, UnixMillis};

const LINES: [u8; 2] = [0, 1];
const IDS: u8 = 6;

/// Who asked: the step at which it did.
type Asker = usize;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Waiter {
    line: u8,
    id: u8,
    number: Number,
    asker: Asker,
    deadline: UnixMillis,
    limit: usize,
}

#[derive(Debug, Default)]
struct Twin {
    waiters: Vec<Waiter>,
    limits: BTreeMap<u8, usize>,
    looks: BTreeMap<u8, UnixMillis>,
}

#[derive(Clone, Debug)]
enum Step {
    Join {
        line: u8,
        id: u8,
        /// 0 is without end.
        patience: i64,
        limit: usize,
    },
    Leave {
        line: u8,
        id: u8,
    },
    Serve {
        line: u8,
    },
    Look {
        line: u8,
        after: Option<i64>,
    },
    Limit {
        line: u8,
        limit: usize,
    },
    Pass {
        ms: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let line = || 0..LINES.len() as u8;
    let whom = || (line(), 0..IDS);
    prop_oneof![
        6 => (whom(), 0..40_i64, 0..4_usize).prop_map(|((line, id), patience, limit)| {
            Step::Join { line, id, patience, limit }
        }),
        1 => whom().prop_map(|(line, id)| Step::Leave { line, id }),
        2 => line().prop_map(|line| Step::Serve { line }),
        1 => (line(), option::of(0..40_i64)).prop_map(|(line, after)| Step::Look { line, after }),
        1 => (line(), 0..4_usize).prop_map(|(line, limit)| Step::Limit { line, limit }),
        2 => (0..20_i64).prop_map(|ms| Step::Pass { ms }),
    ]
}

fn name(line: u8) -> KeyName {
    KeyName::new(Family::Gate, 0, &[line])
}

fn join(line: u8, id: u8, limit: usize, deadline: UnixMillis, now: UnixMillis) -> Join {
    let limits = (limit > 0).then(|| (name(line), limit));
    Join {
        asked: Asked {
            wants: Wants::one(name(line), limit == 0),
            limits: limits.into_iter().collect(),
            request: Request {
                id: Box::from([id]),
                lease: Span::new(Millis::new(1)),
                delay: Span::new(Millis::ZERO),
            },
            preference: None,
            charges: Vec::new(),
        },
        flow: FlowName::new(&[]),
        weight: None,
        now,
        waited: Millis::ZERO,
        deadline,
        queue: None,
    }
}

impl Twin {
    fn place(&self, line: u8, id: u8) -> Option<usize> {
        let mut waiters = self.waiters.iter();
        waiters.position(|waiter| (waiter.line, waiter.id) == (line, id))
    }

    fn waiting(&self, line: u8) -> usize {
        let waiters = self.waiters.iter();
        waiters.filter(|waiter| waiter.line == line).count()
    }

    fn remove(&mut self, place: usize) -> Waiter {
        let waiter = self.waiters.remove(place);
        if self.waiting(waiter.line) == 0 {
            self.limits.remove(&waiter.line);
            self.looks.remove(&waiter.line);
        }
        waiter
    }

    /// Those whose time is over, first the first.
    fn expire(&mut self, now: UnixMillis) -> Vec<Number> {
        let mut over: Vec<_> = self
            .waiters
            .iter()
            .filter(|waiter| waiter.deadline <= now)
            .map(|waiter| (waiter.deadline, waiter.number))
            .collect();
        over.sort_unstable();
        for (_, number) in &over {
            let place = self.waiters.iter().position(|one| one.number == *number);
            self.remove(place.expect("it was there"));
        }
        over.into_iter().map(|(_, number)| number).collect()
    }

    fn next_due(&self) -> Option<UnixMillis> {
        let deadlines = self.waiters.iter().map(|waiter| waiter.deadline);
        let deadlines = deadlines.filter(|at| *at < UnixMillis::NEVER);
        deadlines.chain(self.looks.values().copied()).min()
    }
}

struct Both {
    hall: Hall<Asker>,
    twin: Twin,
    now: UnixMillis,
}

impl Both {
    fn apply(&mut self, asker: Asker, step: &Step) -> Result<(), TestCaseError> {
        let Self { hall, twin, now } = self;
        match *step {
            Step::Join {
                line,
                id,
                patience,
                limit,
            } => return self.join(asker, (line, id), patience, limit),
            Step::Leave { line, id } => {
                let number = hall.find(&name(line), &[id]);
                let left = number.and_then(|number| hall.leave(number));
                let place = twin.place(line, id);
                let gone = place.map(|place| twin.remove(place).asker);
                prop_assert_eq!(left.map(|waiter| waiter.asker), gone);
            }
            Step::Serve { line } => {
                let first = hall.next(&name(line));
                let served = match first {
                    Some(Next::Ready(first)) => hall.serve(first),
                    Some(Next::Aside(_)) | None => None,
                };
                let place = twin.waiters.iter().position(|waiter| waiter.line == line);
                let gone = place.map(|place| twin.remove(place).asker);
                prop_assert_eq!(served.map(|waiter| waiter.asker), gone);
            }
            Step::Look { line, after } => {
                let at = after.map(|ms| now.plus(Millis::new(ms)));
                hall.look_again(&name(line), at);
                twin.looks.remove(&line);
                if let Some(at) = at.filter(|_| twin.waiting(line) > 0) {
                    twin.looks.insert(line, at);
                }
            }
            Step::Limit { line, limit } => {
                hall.set_limit(&name(line), limit);
                if twin.waiting(line) > 0 {
                    twin.limits.insert(line, limit);
                }
            }
            Step::Pass { ms } => {
                *now = now.plus(Millis::new(ms));
                let over = std::iter::from_fn(|| {
                    let Due::Deadline(number) = hall.due(*now)? else {
                        return None;
                    };
                    hall.leave(number).map(|_| number)
                });
                prop_assert_eq!(over.collect::<Vec<_>>(), twin.expire(*now));
            }
        }
        Ok(())
    }

    fn join(
        &mut self,
        asker: Asker,
        (line, id): (u8, u8),
        patience: i64,
        limit: usize,
    ) -> Result<(), TestCaseError> {
        let Self { hall, twin, now } = self;
        let deadline = match patience {
            0 => UnixMillis::NEVER,
            patience => now.plus(Millis::new(patience)),
        };
        let joined = hall.join(join(line, id, limit, deadline, *now), asker);
        let place = twin.place(line, id);
        let former = place.map(|place| twin.waiters[place]);
        let there = joined.former.map(|former| (former.asker, former.deadline));
        prop_assert_eq!(there, former.map(|former| (former.asker, former.deadline)));
        let waiter = Waiter {
            line,
            id,
            number: joined.number,
            asker,
            deadline,
            limit,
        };
        match place {
            Some(place) => {
                prop_assert_eq!(twin.waiters[place].number, joined.number);
                twin.waiters[place] = waiter;
            }
            None => twin.waiters.push(waiter),
        }
        if limit > 0 {
            twin.limits.insert(line, limit);
        }
        Ok(())
    }

    fn compare(&mut self) -> Result<(), TestCaseError> {
        let Self { hall, twin, now } = self;
        prop_assert_eq!(hall.len(), twin.waiters.len());
        prop_assert_eq!(hall.next_due(), twin.next_due());
        for line in LINES {
            let of_line = name(line);
            prop_assert_eq!(hall.waiting(&of_line), twin.waiting(line));
            let limit = twin.limits.get(&line).copied().unwrap_or(0);
            prop_assert_eq!(hall.limit(&of_line), limit);
            let is_due = twin.looks.get(&line).is_some_and(|at| at <= now);
            let due = hall.due_looks(*now).contains(&of_line);
            prop_assert_eq!(due, is_due);
            for waiter in twin.waiters.iter().filter(|waiter| waiter.line == line) {
                let is_unlimited = hall.is_unlimited(waiter.number, &of_line);
                prop_assert_eq!(is_unlimited, waiter.limit == 0);
            }
            for id in 0..IDS {
                let number = twin.place(line, id).map(|place| twin.waiters[place].number);
                prop_assert_eq!(hall.find(&of_line, &[id]), number);
            }
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn it_holds_whom_its_naive_twin_holds(steps in collection::vec(step(), 1..150)) {
        let (hall, twin, now) = (Hall::default(), Twin::default(), UnixMillis::new(1_000));
        let mut both = Both { hall, twin, now };
        for (asker, step) in steps.iter().enumerate() {
            both.apply(asker, step)?;
            both.compare()?;
        }
    }
}
