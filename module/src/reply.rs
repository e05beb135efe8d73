//! What a command answers, and how it is written to the client in RESP2 or RESP3.

use std::ffi::CString;

use crate::error::Error;
use crate::ffi::{Ctx, api};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Ok,
    Nil,
    Int(i64),
    /// A short array of integers, kept off the heap: the answer of every acquisition.
    Ints(Ints),
    Bytes(Vec<u8>),
    Array(Vec<Reply>),
    /// Fields in this order: a map in RESP3, a flat array in RESP2.
    Map(Vec<(&'static str, Reply)>),
}

/// At most as many integers as an acquisition answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ints {
    values: [i64; 4],
    len: usize,
}

impl Reply {
    pub(crate) fn ints<const N: usize>(values: [i64; N]) -> Self {
        const { assert!(N <= 4) };
        let mut ints = Ints {
            values: [0; 4],
            len: N,
        };
        ints.values[..N].copy_from_slice(&values);
        Self::Ints(ints)
    }

    /// A number of things, which never comes near the end of the range.
    pub(crate) fn count(count: usize) -> Self {
        Self::Int(count as i64)
    }

    /// A sum, at the end of the range at most.
    pub(crate) fn sum(sum: u64) -> Self {
        Self::Int(i64::try_from(sum).unwrap_or(i64::MAX))
    }

    pub(crate) fn or_nil<T>(value: Option<T>, reply: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Nil, reply)
    }
}

pub(crate) fn send(ctx: Ctx, reply: &Reply) {
    // SAFETY: `ctx` is the running execution's; buffers are copied by the server.
    unsafe {
        match reply {
            Reply::Ok => api!(RedisModule_ReplyWithSimpleString)(ctx, c"OK".as_ptr()),
            Reply::Nil => api!(RedisModule_ReplyWithNull)(ctx),
            Reply::Int(value) => api!(RedisModule_ReplyWithLongLong)(ctx, *value),
            Reply::Bytes(bytes) => {
                api!(RedisModule_ReplyWithStringBuffer)(ctx, bytes.as_ptr().cast(), bytes.len())
            }
            Reply::Array(items) => api!(RedisModule_ReplyWithArray)(ctx, items.len() as i64),
            Reply::Ints(ints) => api!(RedisModule_ReplyWithArray)(ctx, ints.len as i64),
            Reply::Map(fields) => api!(RedisModule_ReplyWithMap)(ctx, fields.len() as i64),
        };
    }
    match reply {
        Reply::Array(items) => items.iter().for_each(|item| send(ctx, item)),
        Reply::Ints(ints) => ints.values[..ints.len].iter().for_each(|value| {
            // SAFETY: as above.
            unsafe { api!(RedisModule_ReplyWithLongLong)(ctx, *value) };
        }),
        Reply::Map(fields) => fields.iter().for_each(|(name, value)| {
            send_name(ctx, name);
            send(ctx, value);
        }),
        Reply::Ok | Reply::Nil | Reply::Int(_) | Reply::Bytes(_) => {}
    }
}

pub(crate) fn send_error(ctx: Ctx, error: &Error) {
    let line = CString::new(error.to_string()).unwrap_or_default();
    // SAFETY: as above; `line` is NUL-terminated.
    unsafe { api!(RedisModule_ReplyWithError)(ctx, line.as_ptr()) };
}

fn send_name(ctx: Ctx, name: &str) {
    // SAFETY: as above.
    unsafe { api!(RedisModule_ReplyWithStringBuffer)(ctx, name.as_ptr().cast(), name.len()) };
}
