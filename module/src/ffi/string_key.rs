//! A key that holds a STRING or nothing.

use std::ops::Deref;

use redis_module::{RedisString, raw};

use super::key::{Access, Key, Kind};
use super::{Ctx, api, string};
use crate::error::Error;
use crate::time::UnixMillis;
use crate::{events, replicate};

#[derive(Debug)]
pub(crate) struct StringKey<'a>(Key<'a>);

impl<'a> Deref for StringKey<'a> {
    type Target = Key<'a>;

    fn deref(&self) -> &Key<'a> {
        &self.0
    }
}

impl<'a> StringKey<'a> {
    pub(crate) fn open(ctx: Ctx, name: &'a RedisString, access: Access) -> Result<Self, Error> {
        Key::open(ctx, name, access, Kind::String).map(Self)
    }

    /// A copy of the text that it holds.
    pub(crate) fn read(&self) -> Vec<u8> {
        self.look(<[u8]>::to_vec)
    }

    /// What is to be seen in the text that it holds. No longer: a write may move or free it.
    pub(crate) fn look<T>(&self, see: impl FnOnce(&[u8]) -> T) -> T {
        if self.is_missing() {
            return see(&[]);
        }
        let mut len = 0;
        // SAFETY: the key holds a string, and is not null; the pointer is good for `len` bytes until the next call on
        // the key, and `see` makes none.
        unsafe {
            let start = api!(RedisModule_StringDMA)(self.raw, &raw mut len, READ);
            if start.is_null() {
                return see(&[]);
            }
            see(std::slice::from_raw_parts(start.cast::<u8>(), len))
        }
    }

    /// `SET key value PXAT at`
    pub(crate) fn set(&self, value: &[u8], at: UnixMillis) {
        if self.is_missing() {
            let text = string(value);
            // SAFETY: the key is open for writing; the server takes its own reference to the string.
            unsafe { api!(RedisModule_StringSet)(self.raw, text.inner) };
        } else {
            self.overwrite(value);
        }
        self.set_expire(at);
        replicate::set(self.ctx, self.name, value, at);
        events::core(self.ctx, events::Class::String, c"set", self.name);
        self.touched();
    }

    /// Writes in place, which spares the key's removal and insertion.
    fn overwrite(&self, value: &[u8]) {
        let mut len = 0;
        // SAFETY: the key holds a string and is open for writing; after the truncation it is `value.len()` bytes long
        // and not shared, and the pointer is good for that many until the next call on the key.
        unsafe {
            api!(RedisModule_StringTruncate)(self.raw, value.len());
            let start = api!(RedisModule_StringDMA)(self.raw, &raw mut len, READ_WRITE);
            debug_assert_eq!(len, value.len());
            std::ptr::copy_nonoverlapping(value.as_ptr(), start.cast::<u8>(), value.len().min(len));
        }
    }
}

const READ: i32 = raw::REDISMODULE_READ as i32;
const READ_WRITE: i32 = (raw::REDISMODULE_READ | raw::REDISMODULE_WRITE) as i32;
