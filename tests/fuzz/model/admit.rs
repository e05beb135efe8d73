//! `QGATE.ADMIT`

use harness::Reply;

use super::bucket::Room;
use super::gate::Found;
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
        let gates = || admit.all.iter().chain(&admit.any);
        let no_gate = gates().any(|gate| self.look(&name(&gate.key)).is_none());
        let no_rate = admit
            .rates
            .iter()
            .any(|rate| self.bucket(&name(&rate.key)).is_none());
        // Whether a key matters that holds something else depends on more than the model looks at.
        if (no_gate || no_rate) && is_wrong_type(reply) {
            return Ok(Shape::wrong_type());
        }
        let Some(preferred) = self.preferred(db, admit) else {
            return Ok(Shape::wrong_type());
        };
        let named: Vec<_> = gates().map(|gate| (name(&gate.key), gate.limit)).collect();
        let changes = named
            .iter()
            .filter(|(name, limit)| self.name_limit(name, *limit));
        if changes.count() > 0 {
            self.hear_before()?;
        }
        // A grant may have made a gate of the trie's key.
        if self.preferred(db, admit).is_none() {
            return Ok(Shape::wrong_type());
        }
        let mut any = admit.any.iter().map(|gate| name(&gate.key));
        let keeps = any.any(|name| self.holds(&name, &admit.member));
        let insists =
            preferred.filter(|_| !keeps && admit.patience > 0 && may_wait(caller, &admit.clause));
        let Some(standpoint) = self.standpoint(db, admit, preferred, insists, reply) else {
            return Ok(Shape::wrong_type());
        };
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

    /// The index of the gate that is preferred, if any is; `None`: the trie is none.
    fn preferred(&self, db: usize, admit: &Admit) -> Option<Option<usize>> {
        let value = match &admit.wish {
            None => return Some(None),
            Some(Wish::Prefer(key)) => Some(key.clone()),
            Some(Wish::Affinity(trie, chain)) => {
                let key = trie.clone();
                self.longest(&Name { db, key }, chain)
                    .ok()?
                    .map(|hit| hit.value)
            }
        };
        let mut any = admit.any.iter();
        Some(value.and_then(|value| any.position(|gate| gate.key == value)))
    }

    /// `None`: a key that matters holds something else.
    fn standpoint(
        &self,
        db: usize,
        admit: &Admit,
        preferred: Option<usize>,
        insists: Option<usize>,
        reply: &Reply,
    ) -> Option<Standpoint> {
        let name = |gate: &GateAsk| Name {
            db,
            key: gate.key.clone(),
        };
        let mut obstacle = None;
        for gate in &admit.all {
            let has = self.has_room_for(&name(gate), gate.limit, &admit.member, reply)?;
            if !has && obstacle.is_none() {
                obstacle = Some(name(gate));
            }
        }
        let (mut held, mut can, mut first_full) = (None, Vec::new(), None);
        for (index, gate) in admit.any.iter().enumerate() {
            let gate_name = name(gate);
            let has = self.has_room_for(&gate_name, gate.limit, &admit.member, reply)?;
            if held.is_none() && self.holds(&gate_name, &admit.member) {
                held = Some(index);
            }
            if insists.is_some_and(|insists| insists != index) {
                continue;
            }
            if has {
                can.push(index);
            } else {
                first_full = first_full.or(Some(gate_name));
            }
        }
        let choices = match held {
            Some(held) => vec![held],
            None => self.best(db, admit, preferred, can),
        };
        let nothing = choices.is_empty() && !admit.any.is_empty();
        let obstacle = obstacle.or(first_full.filter(|_| nothing));
        Some(match obstacle {
            Some(by) => Standpoint::Cannot(by),
            None => Standpoint::Can(choices),
        })
    }

    fn has_room_for(
        &self,
        name: &Name,
        limit: usize,
        member: &[u8],
        reply: &Reply,
    ) -> Option<bool> {
        let found: Found = self.look(name)?;
        let enters = found.has_room(limit) && self.may_enter(name, limit, reply);
        Some(enters || self.holds(name, member))
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
        let was_charged = stands.is_some_and(|at| !self.waiters[at].charges.is_empty());
        let asks_for_nothing = match standpoint {
            Standpoint::Can(choices) => {
                let chosen = choices.first().map(|index| &admit.any[*index]);
                admit.all.iter().chain(chosen).all(holds)
            }
            Standpoint::Cannot(_) => !may_wait(caller, &admit.clause),
        };
        if was_charged || asks_for_nothing {
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
            let bucket = self.bucket(&charge.name).ok_or_else(Shape::wrong_type)?;
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
        while let Some(at) = self.stands(&names, &admit.member) {
            let former = self.leave_granted(at);
            self.supersede(caller, &former);
        }
        self.charge(charges);
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

fn is_wrong_type(reply: &Reply) -> bool {
    matches!(reply, Reply::Error(line) if line.starts_with("WRONGTYPE"))
}
