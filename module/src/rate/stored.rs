//! STRING ↔ bucket. Whatever the key holds is read as of now and checked: anybody may have written it.
//! Whoever needs several rates at once opens each, asks all for `room`, and then charges all or none.

use redis_module::RedisString;

use super::bucket::{Bucket, Rate, Room};
use crate::call::Call;
use crate::error::Error;
use crate::ffi::key::Access;
use crate::ffi::string_key::StringKey;
use crate::time::{Millis, UnixNanos};

#[derive(Debug)]
pub(crate) struct Stored<'a> {
    key: StringKey<'a>,
    rate: Rate,
    bucket: Bucket,
    now: UnixNanos,
}

impl<'a> Stored<'a> {
    pub(crate) fn open(
        call: &Call<'_>,
        name: &'a RedisString,
        rate: Rate,
        access: Access,
    ) -> Result<Self, Error> {
        let (key, now) = (StringKey::open(call.ctx, name, access)?, call.now_ns());
        let bucket = if key.is_missing() {
            Bucket::FULL
        } else {
            key.look(|text| Bucket::parse(text, now))
                .ok_or(Error::WrongType)?
        };
        Ok(Self {
            key,
            rate,
            bucket,
            now,
        })
    }

    /// Whether so much can be taken now, and if not, when it could.
    pub(crate) fn room(&self, cost: u64) -> Room {
        self.bucket.room(&self.rate, cost, self.now)
    }

    pub(crate) fn remaining(&self) -> u64 {
        self.bucket.remaining(&self.rate, self.now)
    }

    /// Until it is full.
    pub(crate) fn reset(&self) -> Millis {
        self.bucket.reset(self.now)
    }

    /// Takes so much, whether there is room for it or not; whether that changed anything.
    pub(crate) fn charge(&mut self, cost: u64) -> bool {
        self.change(self.bucket.charged(&self.rate, cost, self.now))
    }

    /// Puts back so much, never beyond full; whether that changed anything.
    pub(crate) fn give(&mut self, cost: u64) -> bool {
        self.change(self.bucket.given(&self.rate, cost, self.now))
    }

    /// Writes the bucket, or removes one that is full.
    fn change(&mut self, bucket: Bucket) -> bool {
        let changes = bucket.debt(self.now) != self.bucket.debt(self.now);
        self.bucket = bucket;
        match bucket.forget_at(self.now) {
            _ if !changes => {}
            Some(at) => self.key.set(&bucket.write(), at),
            None => self.key.delete(),
        }
        changes
    }
}
