//! ZSET ↔ gate. The empty member is no holder: its score is the time until which the gate is closed.
//! Ended members are not counted; each write sweeps a few of them.

use redis_module::RedisString;

use super::gate::View;
use crate::call::Call;
use crate::error::Error;
use crate::ffi::key::Access;
use crate::ffi::string;
use crate::ffi::zset_key::{Element, ZsetKey};
use crate::lifetime::end_of_key;
use crate::time::UnixMillis;
use crate::{events, stats};

/// How many ended members a write sweeps at most. With more of them the live ones are counted by the server.
const SWEEP: usize = 16;

#[derive(Debug)]
pub(super) struct Stored<'a> {
    call: &'a Call<'a>,
    name: &'a RedisString,
    key: ZsetKey<'a>,
}

/// What a look at a gate found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) in_use: usize,
    pub(super) closed_until: UnixMillis,
    /// The members to sweep if something is written.
    ended: Vec<Element>,
}

impl<'a> Stored<'a> {
    pub(super) fn open(
        call: &'a Call<'a>,
        name: &'a RedisString,
        access: Access,
    ) -> Result<Self, Error> {
        let key = ZsetKey::open(call.ctx, name, access)?;
        Ok(Self { call, name, key })
    }

    pub(super) fn is_missing(&self) -> bool {
        self.key.is_missing()
    }

    pub(super) fn lease_end(&self, member: &RedisString) -> Option<UnixMillis> {
        self.key.score(member)
    }

    pub(super) fn holds(&self, member: &RedisString) -> bool {
        self.lease_end(member)
            .is_some_and(|end| end > self.call.now())
    }

    pub(super) fn look(&self) -> Result<Found, Error> {
        let now = self.call.now();
        let closed_until = self.key.score(&string(b"")).unwrap_or(UnixMillis::ZERO);
        let mut ended = self.key.up_to(now, SWEEP + 1);
        let live = if ended.len() > SWEEP {
            ended.pop();
            self.key.count_above(now)?
        } else {
            self.key.len() - ended.len()
        };
        Ok(Found {
            in_use: live - usize::from(closed_until > now),
            closed_until: closed_until.believable(now),
            ended,
        })
    }

    /// The holders with their lease ends, at most `most`, soonest end first.
    pub(super) fn holders(&self, most: usize) -> Vec<Element> {
        let mut holders = self.key.above(self.call.now(), most + 1);
        holders.retain(|holder| !holder.member.is_empty());
        holders.truncate(most);
        holders
    }

    /// Writes these lease ends, all of them later than now, and sees that the gate outlives them.
    pub(super) fn lease(&self, ends: &[(UnixMillis, &RedisString)]) {
        let Some(latest) = ends.iter().map(|(end, _)| *end).max() else {
            return;
        };
        self.key.add(ends);
        let now = self.call.now();
        let latest_of_all = || self.key.last_score().map(|end| end.believable(now));
        if let Some(end) = end_of_key(self.key.expires_at(), latest, now, latest_of_all) {
            self.key.expire_at(end);
        }
    }

    /// Removes members, which are all there.
    pub(super) fn remove(&self, members: &[&RedisString]) {
        self.key.remove(members.iter().copied());
    }

    /// Removes ended members, but for one that was just given a new lease.
    pub(super) fn sweep(&self, ended: &[Element], but: Option<&RedisString>) {
        let swept: Vec<&RedisString> = ended
            .iter()
            .map(|element| &element.member)
            .filter(|member| but.is_none_or(|but| but.as_slice() != member.as_slice()))
            .collect();
        if swept.is_empty() {
            return;
        }
        self.remove(&swept);
        stats::QGATE_ENDED_LEASES.add_many(swept.len());
        events::ours(self.call.ctx, c"qgate.expired", self.name);
    }

    /// Members whose lease has ended, as many as one write sweeps.
    pub(super) fn ended(&self) -> Vec<Element> {
        self.key.up_to(self.call.now(), SWEEP)
    }
}

impl Found {
    pub(super) fn view(&self, held_until: Option<UnixMillis>) -> View {
        View {
            in_use: self.in_use,
            closed_until: self.closed_until,
            held_until,
        }
    }

    pub(super) fn ended(&self) -> &[Element] {
        &self.ended
    }
}
