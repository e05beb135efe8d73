//! A client that the server lets wait. The server's own timeouts are not used, and `CLIENT UNBLOCK` where it is safe:
//! on 7.0 and 7.2 both race with grants.
//! Each blocked client is unblocked exactly once, whatever became of it.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use redis_module::raw;

use super::{Ctx, api, server};
use crate::error::Error;
use crate::reply::{self, Reply};
use crate::{stats, wake};

/// The server's handle of a blocked client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Blocked(*mut raw::RedisModuleBlockedClient);

// SAFETY: a name only; it is given back to the server on its own thread.
unsafe impl Send for Blocked {}

/// What a blocked client is answered.
struct Answer {
    client: Blocked,
    reply: Result<Reply, Error>,
}

impl Blocked {
    /// Blocks the client of the running command, which then sends no reply of its own.
    pub(crate) fn new(ctx: Ctx) -> Self {
        // SAFETY: called from a command that may block; the callbacks are of the types that the server asks for.
        unsafe {
            let timeout: raw::RedisModuleCmdFunc = if server::unblocks_safely() {
                Some(on_timeout)
            } else {
                None
            };
            let client =
                api!(RedisModule_BlockClient)(ctx, Some(on_reply), timeout, Some(on_free), 0);
            api!(RedisModule_SetDisconnectCallback)(client, Some(on_disconnect));
            Self(client)
        }
    }

    pub(crate) fn answer(self, reply: Result<Reply, Error>) {
        let answer = Box::new(Answer {
            client: self,
            reply,
        });
        self.unblock(Box::into_raw(answer).cast());
    }

    /// Lets go of a client that is gone.
    pub(crate) fn let_go(self) {
        self.unblock(ptr::null_mut());
    }

    fn unblock(self, answer: *mut c_void) {
        // SAFETY: the handle came from `new` and is unblocked once: whoever knows it forgets it first.
        unsafe { api!(RedisModule_UnblockClient)(self.0, answer) };
    }
}

/// Only sends: whatever there is to write was written when it was granted.
unsafe extern "C" fn on_reply(
    ctx: Ctx,
    _argv: *mut *mut raw::RedisModuleString,
    _argc: i32,
) -> i32 {
    guard(|| {
        // SAFETY: the private data is the answer that `unblock` was given.
        let answer = unsafe {
            let answer = api!(RedisModule_GetBlockedClientPrivateData)(ctx);
            answer.cast::<Answer>().as_ref()
        };
        let Some(answer) = answer else { return };
        match &answer.reply {
            Ok(reply) => reply::send(ctx, reply),
            Err(error) => reply::send_error(ctx, error),
        }
        wake::delivered(answer.client);
    });
    raw::REDISMODULE_OK as i32
}

/// `CLIENT UNBLOCK`. The server comes here for who has not been answered yet, and then lets the client go.
unsafe extern "C" fn on_timeout(
    ctx: Ctx,
    _argv: *mut *mut raw::RedisModuleString,
    _argc: i32,
) -> i32 {
    guard(|| {
        // SAFETY: in this callback the server knows for whom it calls.
        let client = Blocked(unsafe { api!(RedisModule_GetBlockedClientHandle)(ctx) });
        match wake::unblocked(ctx, client) {
            Some(Ok(reply)) => reply::send(ctx, &reply),
            Some(Err(error)) => reply::send_error(ctx, &error),
            None => return,
        }
        client.let_go();
    });
    raw::REDISMODULE_OK as i32
}

unsafe extern "C" fn on_disconnect(ctx: Ctx, client: *mut raw::RedisModuleBlockedClient) {
    guard(|| wake::blocked_gone(ctx, Blocked(client)));
}

unsafe extern "C" fn on_free(_ctx: Ctx, answer: *mut c_void) {
    guard(|| {
        if !answer.is_null() {
            // SAFETY: made by `Box::into_raw` in `answer`, and freed only here.
            drop(unsafe { Box::from_raw(answer.cast::<Answer>()) });
        }
    });
}

/// A panic must not cross into the server.
pub(crate) fn guard(run: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(run)).is_err() {
        stats::PANICS.add();
    }
}
