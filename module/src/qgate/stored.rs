//! ZSET ↔ gate: member → lease end. The empty member is no holder but the gate's closure: its score is minus the time
//! until which nobody is granted, so that it stands first, one look finds it, and no count of leases sees it.
//! Ended members are not counted; each write sweeps a few of them.

use redis_module::RedisString;

use super::gate::Room;
use crate::call::Call;
use crate::error::Error;
use crate::ffi::key::Access;
use crate::ffi::string;
use crate::ffi::zset_key::{Element, ZsetKey};
use crate::lifetime::end_of_key;
use crate::time::{MAX_LEASE, MAX_SPAN, UnixMillis};
use crate::{events, stats};

/// The name of a gate's closure among its members.
const CLOSURE: &[u8] = b"";
/// How many ended members a write sweeps at most. Where there are more, the server counts the live ones.
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
    /// What to sweep if something is written.
    ended: Vec<Element>,
}

impl Found {
    pub(super) fn room(&self, limit: usize, now: UnixMillis) -> Room {
        Room::of(self.in_use, limit, self.closed_until, now)
    }

    pub(super) fn ended(&self) -> &[Element] {
        &self.ended
    }
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
        self.key.score(member).map(UnixMillis::new)
    }

    pub(super) fn holds(&self, member: &RedisString) -> bool {
        self.lease_end(member)
            .is_some_and(|end| end > self.call.now())
    }

    pub(super) fn look(&self) -> Result<Found, Error> {
        let now = self.call.now();
        let (closed_until, mut ended) = self.head();
        let in_use = if ended.len() > SWEEP {
            ended.truncate(SWEEP);
            self.key.count_above(now)?
        } else {
            self.key.len() - ended.len() - usize::from(closed_until > now)
        };
        Ok(Found {
            in_use,
            closed_until,
            ended,
        })
    }

    /// The holders with their lease ends, at most `most`, soonest end first.
    pub(super) fn holders(&self, most: usize) -> Vec<(RedisString, UnixMillis)> {
        let now = self.call.now();
        self.key
            .above(now, most)
            .into_iter()
            .map(|holder| {
                let end = UnixMillis::new(holder.score).believable(MAX_LEASE, now);
                (holder.member, end)
            })
            .collect()
    }

    /// When a gate that had no room may have some, unless somebody gives a slot back before.
    pub(super) fn look_at(&self, found: &Found) -> Option<UnixMillis> {
        if found.closed_until > self.call.now() {
            Some(found.closed_until)
        } else {
            self.next_end()
        }
    }

    /// When the lease ends that ends first.
    pub(super) fn next_end(&self) -> Option<UnixMillis> {
        self.holders(1).pop().map(|(_, end)| end)
    }

    /// Grants nobody until then, whatever it said before.
    pub(super) fn close(&self, until: UnixMillis) {
        let closure = string(CLOSURE);
        self.key.add(until.get().saturating_neg(), &[&closure]);
        self.outlive(until);
    }

    pub(super) fn open_again(&self) {
        self.key.remove(&[&string(CLOSURE)]);
    }

    /// Gives a slot to a member that is not there. `false`: it is, and nothing was written.
    pub(super) fn enter(&self, member: &RedisString, end: UnixMillis) -> bool {
        let entered = self.key.add_new(end.get(), member);
        if entered {
            self.outlive(end);
        }
        entered
    }

    /// Gives these members a lease that ends then, later than now.
    pub(super) fn lease(&self, end: UnixMillis, members: &[&RedisString]) {
        self.key.add(end.get(), members);
        self.outlive(end);
    }

    /// Takes the slots of those of the members, each named once, that hold one: how many.
    pub(super) fn give_back(&self, members: &[&RedisString]) -> usize {
        let (_, ended) = self.head();
        let held = if ended.is_empty() {
            self.key.remove(members)
        } else {
            let holders: Vec<_> = members
                .iter()
                .copied()
                .filter(|member| self.holds(member))
                .collect();
            self.key.remove(&holders)
        };
        if held > 0 {
            self.sweep(&ended, None);
        }
        held
    }

    /// Removes ended members, but for one that was just given a new lease.
    pub(super) fn sweep(&self, ended: &[Element], but: Option<&RedisString>) {
        let gone: Vec<&RedisString> = ended
            .iter()
            .take(SWEEP)
            .map(|element| &element.member)
            .filter(|member| but.is_none_or(|but| but.as_slice() != member.as_slice()))
            .collect();
        let swept = self.key.remove(&gone);
        if swept > 0 {
            stats::QGATE_ENDED_LEASES.add_many(swept);
            events::ours(self.call.ctx, c"qgate.expired", self.name);
        }
    }

    /// Sees that the gate outlives a lease that ends then, and all else that it holds.
    fn outlive(&self, end: UnixMillis) {
        let now = self.call.now();
        let latest = || {
            let (closed_until, _) = self.head();
            let score = self.key.last_score()?;
            let end = UnixMillis::new(score).believable(MAX_LEASE, now);
            Some(end.max(closed_until))
        };
        if let Some(at) = end_of_key(self.key.expires_at(), end, now, latest) {
            self.key.expire_at(at);
        }
    }

    /// The closure, and the members whose lease has ended: one more than a write sweeps, if there are so many.
    fn head(&self) -> (UnixMillis, Vec<Element>) {
        let now = self.call.now();
        let mut head = self.key.up_to(now, SWEEP + 2);
        if head.is_empty() {
            return (UnixMillis::ZERO, head);
        }
        let closed_until = head
            .first()
            .filter(|first| first.member.is_empty())
            .map(|first| UnixMillis::new(first.score.saturating_neg()))
            .filter(|until| *until > now);
        if closed_until.is_some() {
            head.remove(0);
        }
        let closed_until = closed_until.unwrap_or(UnixMillis::ZERO);
        (closed_until.believable(MAX_SPAN, now), head)
    }
}
