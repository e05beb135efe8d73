//! A key that holds a ZSET or nothing. Scores are times, in ms since 1970.

use redis_module::{Context, RedisString, RedisValue, raw};

use super::key::{Access, Key, Kind};
use super::{Ctx, api};
use crate::error::Error;
use crate::time::UnixMillis;
use crate::{events, replicate};

#[derive(Debug)]
pub(crate) struct ZsetKey<'a>(Key<'a>);

/// An element and its score.
#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) member: RedisString,
    pub(crate) score: UnixMillis,
}

impl<'a> ZsetKey<'a> {
    pub(crate) fn open(ctx: Ctx, name: &'a RedisString, access: Access) -> Result<Self, Error> {
        Key::open(ctx, name, access, Kind::Zset).map(Self)
    }

    pub(crate) fn is_missing(&self) -> bool {
        self.0.is_missing()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn expires_at(&self) -> Option<UnixMillis> {
        self.0.expires_at()
    }

    pub(crate) fn expire_at(&self, at: UnixMillis) {
        self.0.expire_at(at);
    }

    pub(crate) fn score(&self, member: &RedisString) -> Option<UnixMillis> {
        let mut score = 0.0;
        // SAFETY: the key holds a zset or is null, which answers "missing".
        let found = !self.is_missing()
            && unsafe { api!(RedisModule_ZsetScore)(self.0.raw, member.inner, &raw mut score) }
                == OK;
        found.then(|| millis(score))
    }

    /// The score of the last element; `None` when there is none.
    pub(crate) fn last_score(&self) -> Option<UnixMillis> {
        self.range(FromEnd::Last, f64::NEG_INFINITY, f64::INFINITY)
            .next()
            .map(|element| element.score)
    }

    /// At most `most` elements whose score is `until` or lower, lowest first.
    pub(crate) fn up_to(&self, until: UnixMillis, most: usize) -> Vec<Element> {
        self.range(FromEnd::First, f64::NEG_INFINITY, until.get() as f64)
            .take(most)
            .collect()
    }

    /// At most `most` elements whose score is higher than `after`, lowest first.
    pub(crate) fn above(&self, after: UnixMillis, most: usize) -> Vec<Element> {
        self.range(FromEnd::First, (after.get() + 1) as f64, f64::INFINITY)
            .take(most)
            .collect()
    }

    /// How many elements have a score higher than `after`, in logarithmic time.
    pub(crate) fn count_above(&self, after: UnixMillis) -> Result<usize, Error> {
        let key = self.0.name.as_slice();
        let min = format!("({}", after.get());
        match Context::new(self.0.ctx).call("ZCOUNT", &[key, min.as_bytes(), b"+inf"]) {
            Ok(RedisValue::Integer(count)) => Ok(usize::try_from(count).unwrap_or(0)),
            Ok(_) => Err(Error::Internal),
            Err(error) => Err(Error::Server(error.to_string())),
        }
    }

    /// `ZADD key score member [score member …]`
    pub(crate) fn add(&self, elements: &[(UnixMillis, &RedisString)]) {
        for (score, member) in elements {
            // SAFETY: the key is open for writing and holds a zset or nothing; no flags are asked for.
            unsafe {
                api!(RedisModule_ZsetAdd)(
                    self.0.raw,
                    score.get() as f64,
                    member.inner,
                    std::ptr::null_mut(),
                );
            }
        }
        replicate::zadd(self.0.ctx, self.0.name, elements);
        events::core(self.0.ctx, events::Class::Zset, c"zadd", self.0.name);
        self.0.touched();
    }

    /// `ZREM key member [member …]`, of members that are there.
    pub(crate) fn remove<'m>(&self, members: impl Iterator<Item = &'m RedisString>) {
        let mut removed: Vec<*mut raw::RedisModuleString> = Vec::new();
        for member in members {
            // SAFETY: as in `add`; the last removal leaves an empty key, which further ones allow.
            unsafe {
                api!(RedisModule_ZsetRem)(self.0.raw, member.inner, std::ptr::null_mut());
            }
            removed.push(member.inner);
        }
        if removed.is_empty() {
            return;
        }
        replicate::zrem(self.0.ctx, self.0.name, &mut removed);
        events::core(self.0.ctx, events::Class::Zset, c"zrem", self.0.name);
        if self.is_missing() {
            events::core(self.0.ctx, events::Class::Generic, c"del", self.0.name);
        }
        self.0.touched();
    }

    fn range(&self, from: FromEnd, min: f64, max: f64) -> Range<'_> {
        if !self.is_missing() {
            // SAFETY: the key holds a zset; a range that is empty is at its end at once.
            unsafe {
                match from {
                    FromEnd::First => {
                        api!(RedisModule_ZsetFirstInScoreRange)(self.0.raw, min, max, 0, 0)
                    }
                    FromEnd::Last => {
                        api!(RedisModule_ZsetLastInScoreRange)(self.0.raw, min, max, 0, 0)
                    }
                }
            };
        }
        Range { key: &self.0, from }
    }
}

#[derive(Clone, Copy)]
enum FromEnd {
    First,
    Last,
}

/// A walk over a range of scores. It must end before the key is written: a write spoils the server's iterator.
struct Range<'k> {
    key: &'k Key<'k>,
    from: FromEnd,
}

impl Iterator for Range<'_> {
    type Item = Element;

    fn next(&mut self) -> Option<Element> {
        let raw = self.key.raw;
        // SAFETY: the range was begun on this key, and no write came between.
        unsafe {
            if self.key.is_missing() || api!(RedisModule_ZsetRangeEndReached)(raw) != 0 {
                return None;
            }
            let mut score = 0.0;
            let member = api!(RedisModule_ZsetRangeCurrentElement)(raw, &raw mut score);
            match self.from {
                FromEnd::First => api!(RedisModule_ZsetRangeNext)(raw),
                FromEnd::Last => api!(RedisModule_ZsetRangePrev)(raw),
            };
            (!member.is_null()).then(|| Element {
                member: RedisString::from_redis_module_string(self.key.ctx, member),
                score: millis(score),
            })
        }
    }
}

impl Drop for Range<'_> {
    fn drop(&mut self) {
        if !self.key.is_missing() {
            // SAFETY: stopping twice is allowed.
            unsafe { api!(RedisModule_ZsetRangeStop)(self.key.raw) };
        }
    }
}

const OK: i32 = raw::REDISMODULE_OK as i32;

/// A score that somebody else wrote may be anything: `as` cuts it to the range.
fn millis(score: f64) -> UnixMillis {
    UnixMillis::new(score as i64)
}
