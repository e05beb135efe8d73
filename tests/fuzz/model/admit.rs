//! `QGATE.ADMIT`

use harness::Reply;

use super::bucket::{Bucket, Room};
use super::hall::{Charge, Form, Standing, Waiter, Wanted};
use super::keyspace::Name;
use super::shape::Shape;
use super::umq::may_wait;
use super::{Caller, Family, Verdict, World};
use crate::grammar::admit::{Admit, GateAsk, Wish};

/// How it stands with one who asks.
enum Standpoint {
    /// With these of `any` it can have all that it needs.
    Can(Vec<usize>),
    /// What stands in its way.
    Cannot(Name),
}

impl World {
    pub(super) fn admit(
        &mut self,
        caller: Caller,
        db: usize,
        admit: &Admit,
        reply: &Reply,
    ) -> Verdict<Shape> {
        let name = |key: &[u8]| Name {
            db,
            key: key.to_vec(),
        };
        if self.is_foreign(db, admit) {
            return Ok(Shape::wrong_type());
        }
        let gates = admit.all.iter().chain(&admit.any);
        let limits = gates.map(|gate| (name(&gate.key), gate.limit));
        let limits: Vec<(Name, usize)> = limits.collect();
        let changes = limits
            .iter()
            .filter(|(name, limit)| self.govern(name, *limit));
        if changes.count() > 0 {
            self.hear_before()?;
        }
        // A grant may have made a gate of another of its keys.
        if self.is_foreign(db, admit) {
            return Ok(Shape::wrong_type());
        }
        self.named.extend(limits);
        let preferred = self.preferred(db, admit);
        let mut any = admit.any.iter().map(|gate| name(&gate.key));
        let keeps = any.any(|name| self.holds(&name, &admit.member));
        let insists =
            preferred.filter(|_| !keeps && admit.patience > 0 && may_wait(caller, &admit.clause));
        let standpoint = self.standpoint(db, admit, preferred, insists, reply);
        let charges = match self.due_charges(caller, db, admit, &standpoint) {
            Ok(charges) => charges,
            Err(refused) => return Ok(refused),
        };
        match standpoint {
            Standpoint::Can(choices) => {
                Ok(self.take_all(caller, db, admit, &choices, &charges, reply))
            }
            Standpoint::Cannot(by) => {
                let preference = insists.map(|index| (index, self.now + admit.patience));
                let waiter = Waiter {
                    form: Form::Admit,
                    all: wanted(db, &admit.all),
                    any: wanted(db, &admit.any),
                    preference,
                    charges,
                    ..self.newcomer(caller, &admit.member, admit.lease, &admit.clause)
                };
                Ok(self.refused(caller, admit, waiter, &by))
            }
        }
    }

    /// Whether a key that it names holds something else.
    fn is_foreign(&self, db: usize, admit: &Admit) -> bool {
        let name = |key: &[u8]| Name {
            db,
            key: key.to_vec(),
        };
        let mut gates = admit.all.iter().chain(&admit.any);
        let mut rates = admit.rates.iter();
        let no_trie = match &admit.wish {
            Some(Wish::Affinity(trie, chain)) => self.longest(&name(trie), chain).is_err(),
            Some(Wish::Prefer(_)) | None => false,
        };
        no_trie
            || gates.any(|gate| self.look(&name(&gate.key)).is_none())
            || rates.any(|rate| self.bucket(&name(&rate.key)).is_none())
    }

    /// The index of the gate that is preferred, if any is.
    fn preferred(&self, db: usize, admit: &Admit) -> Option<usize> {
        let value = match admit.wish.clone()? {
            Wish::Prefer(key) => key,
            Wish::Affinity(key, chain) => self.longest(&Name { db, key }, &chain).ok()??.value,
        };
        admit.any.iter().position(|gate| gate.key == value)
    }

    fn standpoint(
        &self,
        db: usize,
        admit: &Admit,
        preferred: Option<usize>,
        insists: Option<usize>,
        reply: &Reply,
    ) -> Standpoint {
        let name = |gate: &GateAsk| Name {
            db,
            key: gate.key.clone(),
        };
        let holds = |gate: &GateAsk| self.holds(&name(gate), &admit.member);
        let has = |gate: &GateAsk| self.has_room_for(&name(gate), gate.limit, reply) || holds(gate);
        let wants = |index: &usize| insists.is_none_or(|insists| insists == *index);
        let wanted: Vec<usize> = (0..admit.any.len()).filter(wants).collect();
        let choices = match admit.any.iter().position(holds) {
            Some(held) => vec![held],
            None => {
                let can = wanted.iter().filter(|index| has(&admit.any[**index]));
                self.best(db, admit, preferred, can.copied().collect())
            }
        };
        let full = wanted.first().filter(|_| choices.is_empty());
        let full = full.map(|index| &admit.any[*index]);
        let obstacle = admit.all.iter().find(|gate| !has(gate)).or(full);
        obstacle.map_or(Standpoint::Can(choices), |by| Standpoint::Cannot(name(by)))
    }

    fn has_room_for(&self, name: &Name, limit: usize, reply: &Reply) -> bool {
        let has_room = self.look(name).is_some_and(|found| found.has_room(limit));
        has_room && self.may_enter(name, limit, reply)
    }

    /// The preferred one, then the lowest priority, the least loaded, the one granted least recently.
    fn best(
        &self,
        db: usize,
        admit: &Admit,
        preferred: Option<usize>,
        can: Vec<usize>,
    ) -> Vec<usize> {
        if let Some(preferred) = preferred.filter(|preferred| can.contains(preferred)) {
            return vec![preferred];
        }
        let rank = |index: &usize| {
            let gate = &admit.any[*index];
            let name = Name {
                db,
                key: gate.key.clone(),
            };
            let in_use = self.look(&name).map_or(0, |found| found.in_use);
            let granted = self.granted.get(&name).copied().unwrap_or(0);
            (gate.priority, Load(in_use, gate.limit), granted)
        };
        let best = can.iter().map(rank).min();
        let equals = can.iter().filter(|index| Some(rank(index)) == best);
        equals.copied().collect()
    }

    /// What is charged when it is granted or begins to wait; `Err`: a rate is short.
    fn due_charges(
        &self,
        caller: Caller,
        db: usize,
        admit: &Admit,
        standpoint: &Standpoint,
    ) -> Result<Vec<Charge>, Shape> {
        let name = |key: &Vec<u8>| Name {
            db,
            key: key.clone(),
        };
        let holds = |gate: &GateAsk| self.holds(&name(&gate.key), &admit.member);
        let gates = admit.all.iter().chain(&admit.any);
        let names: Vec<Name> = gates.map(|gate| name(&gate.key)).collect();
        let stands = self.stands(&names, &admit.member);
        let is_charged = || stands.is_some_and(|at| !self.waiters[at].charges.is_empty());
        let is_charged_nothing = match standpoint {
            Standpoint::Can(choices) => {
                let chosen = choices.first().map(|index| &admit.any[*index]);
                admit.all.iter().chain(chosen).all(holds)
            }
            Standpoint::Cannot(_) => !may_wait(caller, &admit.clause) || is_charged(),
        };
        if is_charged_nothing {
            return Ok(Vec::new());
        }
        let charges: Vec<Charge> = admit
            .rates
            .iter()
            .map(|rate| Charge {
                name: name(&rate.key),
                rate: rate.rate,
                cost: rate.cost,
            })
            .collect();
        self.all_can_be_charged(&charges)?;
        Ok(charges)
    }

    fn all_can_be_charged(&self, charges: &[Charge]) -> Result<(), Shape> {
        let mut short = None;
        for charge in charges {
            let bucket = self.bucket(&charge.name).unwrap_or(Bucket::full());
            let retry_after = match bucket.room(&charge.rate, charge.cost) {
                Room::Now => continue,
                Room::In(ms) => ms,
                Room::Never => -1,
            };
            short = short.or(Some((retry_after, &charge.name.key)));
        }
        short.map_or(Ok(()), |(retry_after, key)| {
            let [status, retry_after, zero] = [-2, retry_after, 0].map(Shape::int);
            let items = vec![status, retry_after, zero.clone(), zero, Shape::text(key)];
            Err(Shape::Items(items))
        })
    }

    fn take_all(
        &mut self,
        caller: Caller,
        db: usize,
        admit: &Admit,
        choices: &[usize],
        charges: &[Charge],
        reply: &Reply,
    ) -> Shape {
        let told = match reply {
            Reply::Array(items) => items.get(1),
            _ => None,
        };
        let shown = choices
            .iter()
            .find(|index| told == Some(&index_of(**index)));
        let chosen = shown.or(choices.first());
        let gates = admit.all.iter().chain(&admit.any);
        let names: Vec<Name> = gates
            .map(|gate| Name {
                db,
                key: gate.key.clone(),
            })
            .collect();
        self.charge(charges);
        while let Some(at) = self.stands(&names, &admit.member) {
            let former = self.leave(at);
            self.supersede(caller, &former);
        }
        let any = chosen.map(|index| &admit.any[*index]);
        let mut in_use = 0;
        for gate in admit.all.iter().chain(any) {
            let key = gate.key.clone();
            in_use = self.take_slot(&Name { db, key }, &admit.member, admit.lease);
        }
        let index = chosen.map_or(Reply::Int(-1), |index| index_of(*index));
        Shape::Items(vec![
            Shape::int(1),
            Shape::Is(index),
            Shape::int(in_use),
            Shape::int(0),
            Shape::nil(),
        ])
    }

    fn refused(&mut self, caller: Caller, admit: &Admit, waiter: Waiter, by: &Name) -> Shape {
        let (least, most) = self.ahead(Family::Gate, by, &admit.member);
        let in_use = self.look(by).map_or(0, |found| found.in_use);
        let gates = admit.all.iter().chain(&admit.any);
        let limited = gates.filter(|gate| gate.limit > 0);
        let db = by.db;
        let limits = limited.map(|gate| {
            (
                Name {
                    db,
                    key: gate.key.clone(),
                },
                gate.limit,
            )
        });
        let standing = Standing {
            weight: admit.clause.weight,
            limits: limits.collect(),
        };
        let charges = waiter.charges.clone();
        let status = self.wait(caller, waiter, standing, &admit.clause);
        if status == 2 {
            self.charge(&charges);
        }
        Shape::Items(vec![
            Shape::int(status),
            Shape::int(-1),
            Shape::count(in_use),
            Shape::Between(least, most),
            Shape::text(&by.key),
        ])
    }
}

/// In use over limit; a gate without a limit bears no load.
struct Load(usize, usize);

impl Ord for Load {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let fraction = |one: &Self| match one.1 {
            0 => (0, 1),
            limit => (one.0, limit),
        };
        let ((own, limit), (theirs, their_limit)) = (fraction(self), fraction(other));
        (own * their_limit).cmp(&(theirs * limit))
    }
}

impl PartialOrd for Load {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Load {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Load {}

fn index_of(index: usize) -> Reply {
    Reply::Int(i64::try_from(index).expect("there are a thousand at most"))
}

fn wanted(db: usize, gates: &[GateAsk]) -> Vec<Wanted> {
    let wanted = gates.iter().map(|gate| Wanted {
        name: Name {
            db,
            key: gate.key.clone(),
        },
        unlimited: gate.limit == 0,
        priority: gate.priority,
    });
    wanted.collect()
}
