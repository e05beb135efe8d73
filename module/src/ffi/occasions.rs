//! Occasions on which the server calls by itself: a client has gone, its cron has run. And a context for the moments
//! that have none of their own.

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use redis_module::raw;

use super::blocked::guard;
use super::{Ctx, api};
use crate::wake;

const CLIENT_CHANGE: raw::RedisModuleEvent = raw::RedisModuleEvent {
    id: raw::REDISMODULE_EVENT_CLIENT_CHANGE,
    dataver: 1,
};

const CRON: raw::RedisModuleEvent = raw::RedisModuleEvent {
    id: raw::REDISMODULE_EVENT_CRON_LOOP,
    dataver: 1,
};

static OWN: AtomicPtr<raw::RedisModuleCtx> = AtomicPtr::new(ptr::null_mut());

/// Once, while the module loads.
pub(crate) fn subscribe(ctx: Ctx) {
    // SAFETY: the callbacks are of the type that the server asks for; the context is freed in `end`.
    unsafe {
        OWN.store(
            api!(RedisModule_GetDetachedThreadSafeContext)(ctx),
            Ordering::Relaxed,
        );
        api!(RedisModule_SubscribeToServerEvent)(ctx, CLIENT_CHANGE, Some(on_client_change));
        api!(RedisModule_SubscribeToServerEvent)(ctx, CRON, Some(on_cron));
    }
}

/// When the module is unloaded; the server forgets the subscriptions by itself.
pub(crate) fn end() {
    let own = OWN.swap(ptr::null_mut(), Ordering::Relaxed);
    // SAFETY: made in `subscribe`, and nobody finds it any more.
    unsafe { api!(RedisModule_FreeThreadSafeContext)(own) };
}

/// The module's own context, on the server's main thread.
pub(crate) fn own_context() -> Ctx {
    OWN.load(Ordering::Relaxed)
}

unsafe extern "C" fn on_client_change(
    ctx: Ctx,
    _event: raw::RedisModuleEvent,
    what: u64,
    client: *mut c_void,
) {
    if what != raw::REDISMODULE_SUBEVENT_CLIENT_CHANGE_DISCONNECTED {
        return;
    }
    // SAFETY: for this event the server hands out a description of the client.
    let client = unsafe { client.cast::<raw::RedisModuleClientInfo>().as_ref() };
    if let Some(client) = client {
        guard(|| wake::client_gone(ctx, client.id));
    }
}

unsafe extern "C" fn on_cron(
    ctx: Ctx,
    _event: raw::RedisModuleEvent,
    _what: u64,
    _data: *mut c_void,
) {
    guard(|| wake::check_timer(ctx));
}
