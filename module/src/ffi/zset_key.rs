//! A key that holds a ZSET or nothing. Scores are integers: times in ms since 1970, or their negatives.

use std::ops::Deref;

use redis_module::{Context, RedisString, RedisValue, raw};

use super::key::{Access, Key, Kind};
use super::{Ctx, api};
use crate::error::Error;
use crate::time::UnixMillis;
use crate::{events, replicate};

#[derive(Debug)]
pub(crate) struct ZsetKey<'a>(Key<'a>);

impl<'a> Deref for ZsetKey<'a> {
    type Target = Key<'a>;

    fn deref(&self) -> &Key<'a> {
        &self.0
    }
}

/// An element and its score.
#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) member: RedisString,
    pub(crate) score: i64,
}

impl<'a> ZsetKey<'a> {
    pub(crate) fn open(ctx: Ctx, name: &'a RedisString, access: Access) -> Result<Self, Error> {
        Key::open(ctx, name, access, Kind::Zset).map(Self)
    }

    pub(crate) fn score(&self, member: &RedisString) -> Option<i64> {
        let mut score = 0.0;
        // SAFETY: the key holds a zset or nothing; only a null key must not be asked.
        let found = !self.raw.is_null()
            && unsafe { api!(RedisModule_ZsetScore)(self.raw, member.inner, &raw mut score) } == OK;
        found.then(|| integer(score))
    }

    /// The score of the last element; `None` when there is none.
    pub(crate) fn last_score(&self) -> Option<i64> {
        self.range(FromEnd::Last, f64::NEG_INFINITY, f64::INFINITY)
            .next()
            .map(|element| element.score)
    }

    /// At most `most` elements whose score is `until` or lower, lowest first.
    pub(crate) fn up_to(&self, until: UnixMillis, most: usize) -> Vec<Element> {
        let range = self.range(FromEnd::First, f64::NEG_INFINITY, until.get() as f64);
        // Most often there are none, which is found out without a list.
        if range.is_over() {
            return Vec::new();
        }
        range.take(most).collect()
    }

    /// At most `most` elements whose score is higher than `after`, lowest first.
    pub(crate) fn above(&self, after: UnixMillis, most: usize) -> Vec<Element> {
        self.range(FromEnd::First, (after.get() + 1) as f64, f64::INFINITY)
            .take(most)
            .collect()
    }

    /// How many elements have a score higher than `after`, in logarithmic time.
    pub(crate) fn count_above(&self, after: UnixMillis) -> Result<usize, Error> {
        let key = self.name.as_slice();
        let min = format!("({}", after.get());
        match Context::new(self.ctx).call("ZCOUNT", &[key, min.as_bytes(), b"+inf"]) {
            Ok(RedisValue::Integer(count)) => Ok(usize::try_from(count).unwrap_or(0)),
            Ok(_) => Err(Error::Internal),
            Err(error) => Err(Error::Server(error.to_string())),
        }
    }

    /// `ZADD key NX score member`: whether it was added.
    pub(crate) fn add_new(&self, score: i64, member: &RedisString) -> bool {
        let flags = self.write(score, member, raw::REDISMODULE_ZADD_NX);
        let added = flags & raw::REDISMODULE_ZADD_ADDED != 0;
        if added {
            self.added(score, &[member]);
        }
        added
    }

    /// `ZADD key score member [score member …]`
    pub(crate) fn add(&self, score: i64, members: &[&RedisString]) {
        for member in members {
            self.write(score, member, 0);
        }
        self.added(score, members);
    }

    /// `ZREM key member [member …]`: how many of the members were there.
    pub(crate) fn remove(&self, members: &[&RedisString]) -> usize {
        let mut removed: Vec<_> = members
            .iter()
            .filter(|member| self.remove_one(member))
            .map(|member| member.inner)
            .collect();
        if !removed.is_empty() {
            replicate::zrem(self.ctx, self.name, &mut removed);
            events::core(self.ctx, events::Class::Zset, c"zrem", self.name);
            if self.is_missing() {
                events::core(self.ctx, events::Class::Generic, c"del", self.name);
            }
            self.touched();
        }
        removed.len()
    }

    /// Replies what the server says of it, as flags.
    fn write(&self, score: i64, member: &RedisString, flags: u32) -> u32 {
        let mut flags = flags as i32;
        // SAFETY: the key is open for writing and holds a zset or nothing.
        unsafe {
            let score = score as f64;
            api!(RedisModule_ZsetAdd)(self.raw, score, member.inner, &raw mut flags);
        }
        flags as u32
    }

    fn added(&self, score: i64, members: &[&RedisString]) {
        replicate::zadd(self.ctx, self.name, score, members);
        events::core(self.ctx, events::Class::Zset, c"zadd", self.name);
        self.touched();
    }

    fn remove_one(&self, member: &RedisString) -> bool {
        let mut removed = 0;
        // SAFETY: the key is open for writing; removing the last element leaves it empty, which is allowed too.
        unsafe { api!(RedisModule_ZsetRem)(self.raw, member.inner, &raw mut removed) };
        removed == 1
    }

    fn range(&self, from: FromEnd, min: f64, max: f64) -> Range<'_> {
        // SAFETY: the key is not null; one without elements is refused, and a range without any is at its end at once.
        let begin = || unsafe {
            match from {
                FromEnd::First => api!(RedisModule_ZsetFirstInScoreRange)(self.raw, min, max, 0, 0),
                FromEnd::Last => api!(RedisModule_ZsetLastInScoreRange)(self.raw, min, max, 0, 0),
            }
        };
        let begun = !self.raw.is_null() && begin() == OK;
        Range {
            key: begun.then_some(&self.0),
            from,
        }
    }
}

#[derive(Clone, Copy)]
enum FromEnd {
    First,
    Last,
}

/// A walk over a range of scores. It must end before the key is written: a write spoils the server's iterator.
struct Range<'k> {
    /// `None`: there is nothing to walk over.
    key: Option<&'k Key<'k>>,
    from: FromEnd,
}

impl Range<'_> {
    fn is_over(&self) -> bool {
        // SAFETY: the range was begun on this key.
        let is_over =
            |key: &Key<'_>| unsafe { api!(RedisModule_ZsetRangeEndReached)(key.raw) != 0 };
        self.key.is_none_or(is_over)
    }
}

impl Iterator for Range<'_> {
    type Item = Element;

    fn next(&mut self) -> Option<Element> {
        let key = self.key.filter(|_| !self.is_over())?;
        let raw = key.raw;
        // SAFETY: the range was begun on this key, and no write came between.
        unsafe {
            let mut score = 0.0;
            let member = api!(RedisModule_ZsetRangeCurrentElement)(raw, &raw mut score);
            match self.from {
                FromEnd::First => api!(RedisModule_ZsetRangeNext)(raw),
                FromEnd::Last => api!(RedisModule_ZsetRangePrev)(raw),
            };
            (!member.is_null()).then(|| Element {
                member: RedisString::from_redis_module_string(key.ctx, member),
                score: integer(score),
            })
        }
    }
}

impl Drop for Range<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            // SAFETY: the range was begun on this key.
            unsafe { api!(RedisModule_ZsetRangeStop)(key.raw) };
        }
    }
}

const OK: i32 = raw::REDISMODULE_OK as i32;

/// A score that somebody else wrote may be anything: `as` cuts it to the range.
fn integer(score: f64) -> i64 {
    score as i64
}
