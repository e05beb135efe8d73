//! Keyspace notifications: ours, of class `d`, and those of the core commands that our effects are.

use std::ffi::{CStr, c_int};

use redis_module::{RedisString, raw};

use crate::ffi::{Ctx, api};

/// The class of a core event: what `notify-keyspace-events` calls `g`, `$`, `z`, `h` and `t`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Class {
    Generic,
    String,
    Zset,
    Hash,
    Stream,
}

/// An event of ours, such as `umq.grant`.
pub(crate) fn ours(ctx: Ctx, event: &CStr, key: &RedisString) {
    notify(ctx, raw::REDISMODULE_NOTIFY_MODULE, event, key);
}

/// The event of a core command.
pub(crate) fn core(ctx: Ctx, class: Class, event: &CStr, key: &RedisString) {
    let class = match class {
        Class::Generic => raw::REDISMODULE_NOTIFY_GENERIC,
        Class::String => raw::REDISMODULE_NOTIFY_STRING,
        Class::Zset => raw::REDISMODULE_NOTIFY_ZSET,
        Class::Hash => raw::REDISMODULE_NOTIFY_HASH,
        Class::Stream => raw::REDISMODULE_NOTIFY_STREAM,
    };
    notify(ctx, class, event, key);
}

fn notify(ctx: Ctx, class: c_int, event: &CStr, key: &RedisString) {
    // SAFETY: `event` is NUL-terminated, `ctx` and `key` are live.
    unsafe { api!(RedisModule_NotifyKeyspaceEvent)(ctx, class, event.as_ptr(), key.inner) };
}
