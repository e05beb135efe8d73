//! Shard channels: who listens, publishing, and the moment after the execution in which messages may leave.

use std::ffi::{c_int, c_void};
use std::ptr;

use redis_module::{
    CallOptionResp, CallOptionsBuilder, CallReply, CallResult, Context, RedisString, raw,
};

use super::blocked::guard;
use super::{Ctx, api, string};
use crate::wake;

const OK: c_int = raw::REDISMODULE_OK as c_int;
const PUBLISH: c_int = raw::REDISMODULE_CMD_CHANNEL_PUBLISH as c_int;

/// Whether the user of the running command, which a live client has sent, has the right to the channel.
pub(crate) fn is_allowed(ctx: Ctx, channel: &[u8]) -> bool {
    let channel = string(channel);
    // SAFETY: `ctx` is the running execution's; the name and the user are freed here, after their last use.
    unsafe {
        let name = api!(RedisModule_GetCurrentUserName)(ctx);
        if name.is_null() {
            return true;
        }
        let user = api!(RedisModule_GetModuleUserFromUserName)(name);
        let allowed = !user.is_null()
            && api!(RedisModule_ACLCheckChannelPermissions)(user, channel.inner, PUBLISH) == OK;
        if !user.is_null() {
            api!(RedisModule_FreeModuleUser)(user);
        }
        api!(RedisModule_FreeString)(ptr::null_mut(), name);
        allowed
    }
}

/// Whether anybody on this server has subscribed to the channel.
pub(crate) fn somebody_listens(ctx: Ctx, channel: &[u8]) -> bool {
    let options = CallOptionsBuilder::new()
        .resp(CallOptionResp::Resp2)
        .build();
    let (what, channel) = (string(b"SHARDNUMSUB"), string(channel));
    let found: CallResult<'_> = Context::new(ctx).call_ext("PUBSUB", &options, &[&what, &channel]);
    let Ok(CallReply::Array(pair)) = found else {
        return false;
    };
    matches!(pair.get(1), Some(Ok(CallReply::I64(count))) if count.to_i64() > 0)
}

/// Sends a message; how many on this server have heard it.
pub(crate) fn publish(ctx: Ctx, channel: &[u8], text: &[u8]) -> usize {
    let (channel, text): (RedisString, RedisString) = (string(channel), string(text));
    // SAFETY: `ctx` and both strings are live; the server keeps its own references.
    let heard = unsafe { api!(RedisModule_PublishMessageShard)(ctx, channel.inner, text.inner) };
    usize::try_from(heard).unwrap_or(0)
}

/// Calls `wake::send` as soon as the execution is over.
pub(crate) fn after_execution() {
    // SAFETY: the callback is of the type that the server asks for and needs no data.
    unsafe { api!(RedisModule_EventLoopAddOneShot)(Some(on_turn), ptr::null_mut()) };
}

unsafe extern "C" fn on_turn(_data: *mut c_void) {
    guard(wake::send);
}
