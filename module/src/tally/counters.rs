//! HASH ↔ counters. Everything is read and reckoned before anything is written.

use redis_module::RedisString;

use super::increment::{Increment, sum};
use crate::call::Call;
use crate::error::Error;
use crate::ffi::hash_key::HashKey;
use crate::ffi::key::Access;
use crate::ffi::string;

/// What the counters of one hash will be.
#[derive(Debug)]
pub(super) struct Sums<'a> {
    key: HashKey<'a>,
    sums: Vec<(&'a RedisString, RedisString)>,
}

impl<'a> Sums<'a> {
    /// Of increments of one hash.
    pub(super) fn reckon(call: &'a Call<'a>, increments: &[Increment<'_>]) -> Result<Self, Error> {
        let key = HashKey::open(call.ctx, call.string(increments[0].hash), Access::Write)?;
        let counters = increments.chunk_by(Increment::is_of_counter_of);
        let sums = counters.map(|of_counter| {
            let field = call.string(of_counter[0].field);
            let stored = key.get_named(field);
            let sum = sum(stored.as_ref().map(RedisString::as_slice), of_counter)?;
            Ok((field, string(sum.to_string().as_bytes())))
        });
        let sums = sums.collect::<Result<_, Error>>()?;
        Ok(Self { key, sums })
    }

    pub(super) fn write(&self) {
        self.key.set_all(&self.sums);
    }
}
