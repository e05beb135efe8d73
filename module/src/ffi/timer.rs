//! A timer of the server's, in ms.

use std::ffi::c_void;
use std::ptr;

use redis_module::raw;

use super::blocked::guard;
use super::{Ctx, api};
use crate::time::Millis;
use crate::wake;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Timer(raw::RedisModuleTimerID);

impl Timer {
    /// Rings once.
    pub(crate) fn new(ctx: Ctx, after: Millis) -> Self {
        // SAFETY: the callback is of the type that the server asks for and needs no data.
        let id = unsafe {
            api!(RedisModule_CreateTimer)(ctx, after.get(), Some(on_timer), ptr::null_mut())
        };
        Self(id)
    }

    /// Never from within its own ringing: the server frees it then by itself.
    pub(crate) fn stop(self, ctx: Ctx) {
        // SAFETY: the timer has not rung.
        unsafe { api!(RedisModule_StopTimer)(ctx, self.0, ptr::null_mut()) };
    }
}

unsafe extern "C" fn on_timer(ctx: Ctx, _data: *mut c_void) {
    guard(|| wake::tick(ctx));
}
