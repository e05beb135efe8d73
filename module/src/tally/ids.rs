//! ZSET ↔ the ids that have been counted: id → until when it is known. One whose time is over is as good as gone; each
//! new one sweeps a few of them.

use redis_module::RedisString;

use crate::call::Call;
use crate::error::Error;
use crate::ffi::key::Access;
use crate::ffi::zset_key::ZsetKey;
use crate::lifetime::end_of_key;
use crate::stats;
use crate::time::{MAX_SPAN, UnixMillis};

/// How many ids a new one sweeps at most: more than one, so that the swept ones catch up with the new ones.
const SWEEP: usize = 16;

#[derive(Debug)]
pub(super) struct Ids<'a> {
    call: &'a Call<'a>,
    key: ZsetKey<'a>,
}

impl<'a> Ids<'a> {
    pub(super) fn open(call: &'a Call<'a>, name: &'a RedisString) -> Result<Self, Error> {
        let key = ZsetKey::open(call.ctx, name, Access::Write)?;
        Ok(Self { call, key })
    }

    pub(super) fn knows(&self, id: &RedisString) -> bool {
        let end = self.key.score(id).map(UnixMillis::new);
        end.is_some_and(|end| end > self.call.now())
    }

    pub(super) fn add(&self, id: &RedisString, end: UnixMillis) {
        let now = self.call.now();
        let over = self.key.up_to(now, SWEEP);
        self.key.add(end.get(), &[id]);
        let latest = || {
            let last = UnixMillis::new(self.key.last_score()?);
            Some(last.believable(MAX_SPAN, now))
        };
        if let Some(at) = end_of_key(self.key.expires_at(), end, now, latest) {
            self.key.expire_at(at);
        }
        let over: Vec<_> = over
            .iter()
            .map(|element| &element.member)
            .filter(|member| member.as_slice() != id.as_slice())
            .collect();
        stats::TALLY_ENDED.add_many(self.key.remove(&over));
    }
}
