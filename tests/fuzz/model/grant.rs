//! Who could be granted what now, and what a grant to a waiter does.

use super::hall::{Form, Waiter, Wanted};
use super::keyspace::Name;
use super::{Family, Verdict, World};

impl World {
    /// The limit that holds a waiter back at a gate.
    pub(super) fn limit(&self, wanted: &Wanted) -> usize {
        if wanted.unlimited {
            return 0;
        }
        self.limits.get(&wanted.name).copied().unwrap_or(0)
    }

    /// Whether all of a waiter's own keys are ours to read.
    pub(super) fn is_broken(&self, waiter: &Waiter) -> bool {
        waiter.wanted().any(|wanted| match waiter.family {
            Family::Turn => self.turn(&wanted.name).is_none(),
            Family::Gate => self.look(&wanted.name).is_none(),
        })
    }

    /// Whether a waiter could be granted now; and with which of `any`, if it wants one of several. Where others have given
    /// it one of them meanwhile, it may have that or another.
    pub(super) fn could_have(&self, waiter: &Waiter) -> Option<Vec<usize>> {
        if waiter.family == Family::Turn {
            let turn = self.turn(&waiter.any[0].name)?;
            let is_free = turn.holder.is_empty() && turn.early(waiter.delay, self.now) == 0;
            return (is_free || turn.holder == waiter.id).then(|| vec![0]);
        }
        let has = |wanted: &Wanted| self.has_room(waiter, wanted);
        if !waiter.all.iter().all(has) {
            return None;
        }
        if waiter.any.is_empty() {
            return Some(Vec::new());
        }
        let candidates = waiter.candidates(self.now).into_iter();
        let can: Vec<usize> = candidates
            .filter(|index| has(&waiter.any[*index]))
            .collect();
        (!can.is_empty()).then_some(can)
    }

    /// Whether a waiter should have been granted. Who came without a limit may go unserved while there is no room for
    /// those who named one; who has a slot of a gate already stands in line like those who have none.
    pub(super) fn should_have(&self, waiter: &Waiter) -> bool {
        let mut wanted = waiter.wanted();
        if waiter.family == Family::Gate && wanted.any(|one| self.holds(&one.name, &waiter.id)) {
            return false;
        }
        let mut limited = waiter.clone();
        let wanted = limited.all.iter_mut().chain(&mut limited.any);
        wanted.for_each(|wanted| wanted.unlimited = false);
        self.could_have(&limited).is_some()
    }

    pub(super) fn holds(&self, name: &Name, member: &[u8]) -> bool {
        self.held_until(name, member).is_some()
    }

    fn has_room(&self, waiter: &Waiter, wanted: &Wanted) -> bool {
        let found = self.look(&wanted.name);
        let has_room = found.is_some_and(|found| found.has_room(self.limit(wanted)));
        has_room || self.holds(&wanted.name, &waiter.id)
    }

    /// A waiter is told that it was granted under this number: what could be wrong with that?
    pub(super) fn grant(&mut self, at: usize, number: i64) -> Verdict {
        let waiter = self.waiters[at].clone();
        let Some(choices) = self.could_have(&waiter) else {
            return Err("it could not have been granted".to_owned());
        };
        self.is_next(&waiter)?;
        match (waiter.family, waiter.form) {
            (Family::Turn, _) => self.grant_turn(&waiter, number)?,
            (Family::Gate, Form::Acquire) => {
                let in_use = self.take_slot(&waiter.any[0].name, &waiter.id, waiter.lease);
                if in_use != number {
                    return Err(format!("{in_use} slots are in use"));
                }
            }
            (Family::Gate, Form::Admit) => self.grant_gates(&waiter, &choices, number)?,
        }
        let at = self
            .waiters
            .iter()
            .position(|one| one.number == waiter.number);
        self.served(at.expect("a grant removes nobody else"));
        Ok(())
    }

    fn grant_turn(&mut self, waiter: &Waiter, token: i64) -> Verdict {
        let name = &waiter.any[0].name;
        let mut turn = self.turn(name).ok_or("the key holds no turn")?;
        if turn.holder == waiter.id {
            turn.lease_end = turn.lease_end.max(self.now + waiter.lease);
        } else {
            self.new_token(name, turn.token, token)?;
            turn = turn.granted(&waiter.id, waiter.lease, waiter.delay, token, self.now);
        }
        if turn.token != token {
            return Err(format!("its token is {}", turn.token));
        }
        self.save_turn(name, &turn);
        Ok(())
    }

    fn grant_gates(&mut self, waiter: &Waiter, choices: &[usize], index: i64) -> Verdict {
        let chosen = usize::try_from(index).ok();
        let is_possible = match chosen {
            Some(chosen) => choices.contains(&chosen),
            None => waiter.any.is_empty() && index == -1,
        };
        if !is_possible {
            return Err(format!("it could have had one of {choices:?}"));
        }
        let chosen = chosen.map(|index| &waiter.any[index]);
        for wanted in waiter.all.iter().chain(chosen) {
            self.take_slot(&wanted.name, &waiter.id, waiter.lease);
        }
        Ok(())
    }

    /// A slot of its own, or a longer lease: how many are in use then.
    pub(super) fn take_slot(&mut self, name: &Name, member: &[u8], lease: i64) -> i64 {
        let end = self.now + lease;
        match self.held_until(name, member) {
            Some(held) if held >= end => {}
            Some(_) => self.lease(name, member, end),
            None => {
                self.lease(name, member, end);
                if self.named.contains_key(name) {
                    self.granted.insert(name.clone(), self.execution);
                }
            }
        }
        let in_use = self.look(name).map_or(0, |found| found.in_use);
        i64::try_from(in_use).expect("no gate has so many")
    }

    /// Whether it is its turn.
    fn is_next(&mut self, waiter: &Waiter) -> Verdict {
        loop {
            let line = waiter.only().and_then(|key| self.line(waiter.family, key));
            let Some(line) = line else {
                return self.is_first_of_its_like(waiter);
            };
            let first = line.order().first().copied();
            if first == Some(waiter.number) {
                return Ok(());
            }
            let at = self
                .waiters
                .iter()
                .position(|one| Some(one.number) == first);
            let at = at.expect("all who stand in a line wait");
            let other = &self.waiters[at];
            if other.hears() || self.could_have(other).is_none() {
                return Err(format!("{} is before it", other.id.escape_ascii()));
            }
            self.leave(at);
        }
    }

    /// Of a flow, those who want the same are served in the order in which they came.
    fn is_first_of_its_like(&self, waiter: &Waiter) -> Verdict {
        let alike = self.waiters.iter().filter(|other| {
            let same = (
                &other.flow,
                other.family,
                other.form,
                &other.all,
                &other.any,
            );
            let line = other.line(self.now);
            same == (
                &waiter.flow,
                waiter.family,
                waiter.form,
                &waiter.all,
                &waiter.any,
            ) && line == waiter.line(self.now)
        });
        let before = alike.min_by_key(|other| other.place());
        match before {
            Some(first) if first.number != waiter.number && first.hears() => {
                Err(format!("{} is before it", first.id.escape_ascii()))
            }
            _ => Ok(()),
        }
    }
}
