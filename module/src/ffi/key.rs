//! An open key of any type: what it holds, when it ends, and the effects that are the same for all types.
//! A write here is always a whole core command: done, replicated, announced, and seen by WATCH.

use redis_module::{RedisString, raw};

use super::{Ctx, api};
use crate::error::Error;
use crate::time::UnixMillis;
use crate::{events, replicate};

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Nothing,
    String,
    Zset,
    Hash,
    Stream,
    Other,
}

/// What an execution may do with the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

#[derive(Debug)]
pub(crate) struct Key<'a> {
    pub(super) ctx: Ctx,
    pub(super) name: &'a RedisString,
    /// Null for a missing key that was opened to be read.
    pub(super) raw: *mut raw::RedisModuleKey,
}

impl<'a> Key<'a> {
    /// Opens a key that holds `kind` or nothing.
    pub(super) fn open(
        ctx: Ctx,
        name: &'a RedisString,
        access: Access,
        kind: Kind,
    ) -> Result<Self, Error> {
        let mode = match access {
            Access::Read => raw::REDISMODULE_READ,
            Access::Write => raw::REDISMODULE_READ | raw::REDISMODULE_WRITE,
        };
        // SAFETY: `ctx` is the running execution's, `name` a live string of the server.
        let raw = unsafe { api!(RedisModule_OpenKey)(ctx, name.inner, mode as i32) };
        let key = Self { ctx, name, raw };
        match key.kind() {
            found if found == kind || found == Kind::Nothing => Ok(key),
            _ => Err(Error::WrongType),
        }
    }

    pub(crate) fn is_missing(&self) -> bool {
        self.kind() == Kind::Nothing
    }

    fn kind(&self) -> Kind {
        // SAFETY: a null key is allowed and reads as empty.
        let kind = unsafe { api!(RedisModule_KeyType)(self.raw) } as isize;
        match kind {
            raw::REDISMODULE_KEYTYPE_EMPTY => Kind::Nothing,
            raw::REDISMODULE_KEYTYPE_STRING => Kind::String,
            raw::REDISMODULE_KEYTYPE_ZSET => Kind::Zset,
            raw::REDISMODULE_KEYTYPE_HASH => Kind::Hash,
            raw::REDISMODULE_KEYTYPE_STREAM => Kind::Stream,
            _ => Kind::Other,
        }
    }

    /// How many elements it has; the length in bytes of a string.
    pub(crate) fn len(&self) -> usize {
        // SAFETY: a null key is allowed and has length 0.
        unsafe { api!(RedisModule_ValueLength)(self.raw) }
    }

    /// When the key ends; `None` when it does not.
    pub(crate) fn expires_at(&self) -> Option<UnixMillis> {
        // SAFETY: the key is open and was opened with a mode that keeps it so.
        let at = unsafe { api!(RedisModule_GetAbsExpire)(self.raw) };
        (at >= 0).then(|| UnixMillis::new(at))
    }

    /// `PEXPIREAT`
    pub(crate) fn expire_at(&self, at: UnixMillis) {
        self.set_expire(at);
        replicate::pexpireat(self.ctx, self.name, at);
        events::core(self.ctx, events::Class::Generic, c"expire", self.name);
    }

    pub(super) fn set_expire(&self, at: UnixMillis) {
        // SAFETY: the key is open for writing.
        unsafe { api!(RedisModule_SetAbsExpire)(self.raw, at.get()) };
    }

    /// `DEL`
    pub(crate) fn delete(&self) {
        // SAFETY: the key is open for writing; it may be empty.
        unsafe { api!(RedisModule_UnlinkKey)(self.raw) };
        replicate::del(self.ctx, self.name);
        events::core(self.ctx, events::Class::Generic, c"del", self.name);
        self.touched();
    }

    /// Tells WATCH and client-side caches; the module's options keep the server from doing it by itself.
    pub(super) fn touched(&self) {
        // SAFETY: `ctx` and `name` are live.
        unsafe { api!(RedisModule_SignalModifiedKey)(self.ctx, self.name.inner) };
    }
}

impl Drop for Key<'_> {
    fn drop(&mut self) {
        // SAFETY: opened once in `open`, closed once here; null is allowed.
        unsafe { api!(RedisModule_CloseKey)(self.raw) };
    }
}
