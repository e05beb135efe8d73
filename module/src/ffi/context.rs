//! What the running execution may do, and in which database it is.

use std::ptr;

use redis_module::{
    CallOptionResp, CallOptionsBuilder, CallResult, Context, ContextFlags, RedisString, raw,
};

use super::{Ctx, api};
use crate::wake::ClientId;

/// Whether its client can be made to wait: not in a transaction, a script, or another module's call, and not on a replica,
/// where nobody is granted.
pub(crate) fn may_block(ctx: Ctx) -> bool {
    let flags = flags(ctx);
    flags.contains(ContextFlags::MASTER) && !flags.contains(ContextFlags::DENY_BLOCKING)
}

/// Whether its client can hold a ticket: it is there and stays, which a script's or another module's is not.
pub(crate) fn may_hold_ticket(ctx: Ctx) -> bool {
    // SAFETY: without a place to write to, it only looks whether there is such a client.
    let found = unsafe { api!(RedisModule_GetClientInfoById)(ptr::null_mut(), client_id(ctx)) };
    let flags = flags(ctx);
    // In a transaction nobody may block, but the client is there; in a script or a call only seemingly.
    let in_transaction = flags.contains(ContextFlags::MULTI);
    let is_called = flags.contains(ContextFlags::LUA)
        || flags.contains(ContextFlags::DENY_BLOCKING) && !in_transaction;
    let is_client = found == raw::REDISMODULE_OK as i32 && !is_called;
    is_client && flags.contains(ContextFlags::MASTER)
}

pub(crate) fn client_id(ctx: Ctx) -> ClientId {
    // SAFETY: `ctx` is the running execution's.
    unsafe { api!(RedisModule_GetClientId)(ctx) }
}

/// Whether the server is part of a Cluster, where each key belongs to a slot.
pub(crate) fn is_cluster(ctx: Ctx) -> bool {
    flags(ctx).contains(ContextFlags::CLUSTER)
}

/// Whether something may be written outside a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writing {
    Now,
    /// Not while the server loads its data, or while clients are paused: a write would end the server.
    Later,
    /// Not on a replica.
    Never,
}

pub(crate) fn writing(ctx: Ctx) -> Writing {
    let flags = flags(ctx);
    // SAFETY: takes nothing.
    let paused = unsafe { api!(RedisModule_AvoidReplicaTraffic)() } == 1;
    if !flags.contains(ContextFlags::MASTER) {
        Writing::Never
    } else if paused || flags.contains(ContextFlags::LOADING) {
        Writing::Later
    } else {
        Writing::Now
    }
}

/// Whether this server still serves the key. Outside a command nobody has asked on its behalf.
pub(crate) fn serves(ctx: Ctx, key: &RedisString) -> bool {
    if !is_cluster(ctx) {
        return true;
    }
    let options = CallOptionsBuilder::new()
        .errors_as_replies()
        .resp(CallOptionResp::Resp2)
        .build();
    let found: CallResult<'_> = Context::new(ctx).call_ext("EXISTS", &options, &[key]);
    found.is_ok()
}

pub(crate) fn db(ctx: Ctx) -> i32 {
    // SAFETY: `ctx` is the running execution's.
    unsafe { api!(RedisModule_GetSelectedDb)(ctx) }
}

pub(crate) fn select(ctx: Ctx, db: i32) {
    // SAFETY: as above; a database that is not there is refused and nothing happens.
    unsafe { api!(RedisModule_SelectDb)(ctx, db) };
}

fn flags(ctx: Ctx) -> ContextFlags {
    Context::new(ctx).get_flags()
}
