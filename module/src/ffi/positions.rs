//! Keys of a command whose places only its own parser knows: the server asks the command itself.

use std::ffi::c_int;

use redis_module::raw;

use super::key::Access;
use super::{Ctx, api};
use crate::args::{Args, Word};

const READ: u32 = raw::REDISMODULE_CMD_KEY_RO | raw::REDISMODULE_CMD_KEY_ACCESS;
const CHANGE: u32 =
    raw::REDISMODULE_CMD_KEY_RW | raw::REDISMODULE_CMD_KEY_ACCESS | raw::REDISMODULE_CMD_KEY_UPDATE;

/// Whether the command is not to be run but to name its keys.
pub(crate) fn are_asked_for(ctx: Ctx) -> bool {
    // SAFETY: `ctx` is the running execution's.
    unsafe { api!(RedisModule_IsKeysPositionRequest)(ctx) != 0 }
}

/// Only when they are asked for.
pub(crate) fn name(
    ctx: Ctx,
    words: &[&[u8]],
    keys: for<'a> fn(Args<'a>) -> Vec<(Word<'a>, Access)>,
) {
    for (word, access) in keys(Args::new("", words)) {
        let flags = match access {
            Access::Read => READ,
            Access::Write => CHANGE,
        };
        let position = c_int::try_from(word.index).unwrap_or(c_int::MAX);
        // SAFETY: the server asks for positions, and this is one of a word of the command.
        unsafe { api!(RedisModule_KeyAtPosWithFlags)(ctx, position, flags as c_int) };
    }
}
