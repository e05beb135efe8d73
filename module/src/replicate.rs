//! Effects, as replicas and the AOF get them: core commands with absolute times, never ours.
//! The server makes one transaction of all that an execution sends.

use std::ffi::{CStr, c_longlong};

use redis_module::{RedisString, raw};

use crate::ffi::{Ctx, api, string};
use crate::time::UnixMillis;

pub(crate) fn set(ctx: Ctx, key: &RedisString, value: &[u8], at: UnixMillis) {
    // SAFETY: the format names a string, a buffer with its length, a C string and a long long, as given.
    unsafe {
        api!(RedisModule_Replicate)(
            ctx,
            c"SET".as_ptr(),
            c"sbcl".as_ptr(),
            key.inner,
            value.as_ptr(),
            value.len(),
            c"PXAT".as_ptr(),
            at.get() as c_longlong,
        );
    }
}

pub(crate) fn del(ctx: Ctx, key: &RedisString) {
    // SAFETY: the format names one string.
    unsafe { api!(RedisModule_Replicate)(ctx, c"DEL".as_ptr(), c"s".as_ptr(), key.inner) };
}

pub(crate) fn pexpireat(ctx: Ctx, key: &RedisString, at: UnixMillis) {
    // SAFETY: the format names a string and a long long.
    unsafe {
        api!(RedisModule_Replicate)(
            ctx,
            c"PEXPIREAT".as_ptr(),
            c"sl".as_ptr(),
            key.inner,
            at.get() as c_longlong,
        );
    }
}

pub(crate) fn zadd(ctx: Ctx, key: &RedisString, score: i64, members: &[&RedisString]) {
    if let [member] = members {
        // SAFETY: the format names a string, a long long and a string.
        unsafe {
            api!(RedisModule_Replicate)(
                ctx,
                c"ZADD".as_ptr(),
                c"sls".as_ptr(),
                key.inner,
                score as c_longlong,
                member.inner,
            );
        }
        return;
    }
    let score = string(score.to_string().as_bytes());
    let mut words: Vec<_> = members
        .iter()
        .flat_map(|member| [score.inner, member.inner])
        .collect();
    list(ctx, c"ZADD", key, &mut words);
}

pub(crate) fn zrem(ctx: Ctx, key: &RedisString, members: &mut [*mut raw::RedisModuleString]) {
    list(ctx, c"ZREM", key, members);
}

pub(crate) fn hset(ctx: Ctx, key: &RedisString, field: &RedisString, value: &RedisString) {
    // SAFETY: the format names three strings.
    unsafe {
        api!(RedisModule_Replicate)(
            ctx,
            c"HSET".as_ptr(),
            c"sss".as_ptr(),
            key.inner,
            field.inner,
            value.inner,
        );
    }
}

/// Of fields, each with its value behind it.
pub(crate) fn hset_all(ctx: Ctx, key: &RedisString, pairs: &mut [*mut raw::RedisModuleString]) {
    list(ctx, c"HSET", key, pairs);
}

pub(crate) fn hdel(ctx: Ctx, key: &RedisString, fields: &mut [*mut raw::RedisModuleString]) {
    list(ctx, c"HDEL", key, fields);
}

/// Of fields, each with its value behind it, under the id that the entry has.
pub(crate) fn xadd(
    ctx: Ctx,
    key: &RedisString,
    id: &raw::RedisModuleStreamID,
    pairs: &mut [*mut raw::RedisModuleString],
) {
    let id = format!("{}-{}", id.ms, id.seq);
    // SAFETY: the format names a string, a buffer with its length, and a vector of strings with its length.
    unsafe {
        api!(RedisModule_Replicate)(
            ctx,
            c"XADD".as_ptr(),
            c"sbv".as_ptr(),
            key.inner,
            id.as_ptr(),
            id.len(),
            pairs.as_mut_ptr(),
            pairs.len(),
        );
    }
}

/// To exactly so many entries.
pub(crate) fn xtrim(ctx: Ctx, key: &RedisString, left: usize) {
    // SAFETY: the format names a string, two C strings and a long long.
    unsafe {
        api!(RedisModule_Replicate)(
            ctx,
            c"XTRIM".as_ptr(),
            c"sccl".as_ptr(),
            key.inner,
            c"MAXLEN".as_ptr(),
            c"=".as_ptr(),
            left as c_longlong,
        );
    }
}

fn list(ctx: Ctx, command: &CStr, key: &RedisString, words: &mut [*mut raw::RedisModuleString]) {
    // SAFETY: the format names a string and a vector of strings with its length.
    unsafe {
        api!(RedisModule_Replicate)(
            ctx,
            command.as_ptr(),
            c"sv".as_ptr(),
            key.inner,
            words.as_mut_ptr(),
            words.len(),
        );
    }
}
