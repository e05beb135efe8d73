//! Explains what was heard, message by message; what cannot be explained, or should have been heard and was not, is wrong.

use super::hall::Waiter;
use super::keyspace::Name;
use super::{Family, Message, ServesBefore, Verdict, World};

impl World {
    /// Takes the messages of those who are served before a command does its own.
    pub(super) fn hear_before(&mut self) -> Verdict {
        loop {
            self.drop_unheard();
            let Some(message) = self.heard.front().cloned() else {
                return Ok(());
            };
            let must = |one: &Waiter| {
                let is_his = message.text.ends_with(&one.id) && one.channel == message.channel;
                is_his && self.should_have(one)
            };
            let can = self.serves_before == ServesBefore::ThoseWhoCan;
            if !can && !self.waiters.iter().any(must) || !self.explain(&message)? {
                return Ok(());
            }
            self.heard.pop_front();
        }
    }

    /// Takes all messages that can be explained by now.
    pub(super) fn hear(&mut self) -> Verdict {
        loop {
            self.drop_unheard();
            let Some(message) = self.heard.front().cloned() else {
                return Ok(());
            };
            if !self.explain(&message)? {
                return Ok(());
            }
            self.heard.pop_front();
        }
    }

    /// Nobody waits for what is there, or longer than it wanted to.
    pub(super) fn nobody_waits_in_vain(&self) -> Verdict {
        for waiter in &self.waiters {
            let id = waiter.id.escape_ascii();
            if waiter.deadline.is_some_and(|at| at <= self.now) {
                return Err(format!("{id} should have been told that its time is over"));
            }
            if self.may_be_unnoticed(waiter) {
                continue;
            }
            let may_be_sent_away = self.is_broken(waiter) && waiter.only().is_none();
            if self.should_have(waiter) && !may_be_sent_away && !self.is_behind_another(waiter) {
                return Err(format!("{id} waits for what is there: {waiter:?}"));
            }
            if waiter.only().is_some() && self.is_broken(waiter) {
                return Err(format!("{id} waits for what is no turn or gate"));
            }
        }
        Ok(())
    }

    /// Whether a change made by others may have escaped those who serve it.
    pub(super) fn may_be_unnoticed(&self, waiter: &Waiter) -> bool {
        let mut wanted = waiter.wanted();
        wanted.any(|wanted| self.changed.contains_key(&wanted.name))
    }

    /// Whether nobody could say what comes next: a change may not be noticed by those who wait for several gates, or
    /// whom nobody hears.
    pub(crate) fn is_unsure(&self) -> bool {
        let is_plain = |one: &Waiter| {
            let line = one.only().and_then(|key| self.line(one.family, key));
            one.hears() && line.is_some()
        };
        let mut others = self.waiters.iter().filter(|one| !is_plain(one));
        others.any(|one| self.may_be_unnoticed(one))
    }

    /// Whether somebody is served before it, who may want a longer spacing.
    fn is_behind_another(&self, waiter: &Waiter) -> bool {
        let line = waiter.only().and_then(|key| self.line(waiter.family, key));
        let first = line.and_then(|line| line.order().first().copied());
        first.is_some_and(|first| first != waiter.number)
    }

    /// Who has no subscriber leaves without a word: when its time is over, and when its turn comes.
    fn drop_unheard(&mut self) {
        let over = |world: &Self, waiter: &Waiter| {
            let is_over = waiter.deadline.is_some_and(|at| at <= world.now);
            let is_next = !world.may_be_unnoticed(waiter)
                && (world.is_broken(waiter) || world.is_next_for_sure(waiter));
            !waiter.hears() && (is_over || is_next)
        };
        while let Some(at) = self.waiters.iter().position(|one| over(self, one)) {
            self.leave(at);
        }
    }

    fn is_next_for_sure(&self, waiter: &Waiter) -> bool {
        let line = waiter.only().and_then(|key| self.line(waiter.family, key));
        let first = line.and_then(|line| line.order().first().copied());
        first == Some(waiter.number) && self.could_have(waiter).is_some()
    }

    /// `false`: not by what has happened until now.
    fn explain(&mut self, message: &Message) -> Verdict<bool> {
        if let Some(at) = self.owed.iter().position(|owed| owed == message) {
            self.owed.remove(at);
            return Ok(true);
        }
        let Some((word, number, id)) = parts(&message.text) else {
            return Err(format!("that is no message: {message:?}"));
        };
        let is_his = |one: &Waiter| one.id == id && one.channel == message.channel;
        let Some(at) = self.waiters.iter().position(is_his) else {
            return Ok(false);
        };
        let waiter = &self.waiters[at];
        let ends = match word {
            b"granted" => return self.explain_grant(at, number, message),
            b"timeout" => waiter.deadline.is_some_and(|at| at <= self.now),
            b"moved" => self.is_broken(waiter),
            _ => false,
        };
        if ends {
            self.leave(at);
        }
        Ok(ends)
    }

    fn explain_grant(&mut self, at: usize, number: i64, message: &Message) -> Verdict<bool> {
        let mut tried = self.clone();
        match tried.grant(at, number) {
            Ok(()) => {
                *self = tried;
                Ok(true)
            }
            Err(why) if self.could_have(&self.waiters[at]).is_some() => {
                Err(format!("{message:?} cannot be: {why}"))
            }
            Err(_) => Ok(false),
        }
    }

    /// How many are served before an id, or before one that comes now: from, to. Where lines compete, who can say?
    pub(super) fn ahead(&self, family: Family, name: &Name, id: &[u8]) -> (i64, i64) {
        let all = i64::try_from(self.waiting(family, name)).expect("they are few");
        let Some(at) = self.find(family, name, id) else {
            return (all, all);
        };
        let waiter = &self.waiters[at];
        let line = waiter.only().and_then(|key| self.line(family, key));
        let Some(line) = line else {
            return (0, i64::try_from(self.waiters.len()).expect("they are few"));
        };
        let before = line.order().into_iter();
        let before = before.take_while(|number| *number != waiter.number).count();
        let before = i64::try_from(before).expect("they are few");
        let flows = i64::try_from(line.flows()).expect("they are few");
        ((before - flows).max(0), before)
    }
}

/// `word:number:id`
fn parts(text: &[u8]) -> Option<(&[u8], i64, &[u8])> {
    let mut parts = text.splitn(3, |byte| *byte == b':');
    let word = parts.next()?;
    let number = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
    Some((word, number, parts.next()?))
}
