//! A bell that is on time. The server's timers count in whole ms and ring 0.5 to 1.5 ms late; a timer of the kernel's,
//! among the files that the server's loop watches, rings within microseconds. But files are served also while a script
//! runs or data are loaded, when nobody may be granted anything: so whoever hears it asks for a timer without delay,
//! which the server calls in the same turn of its loop if it may, and as soon as it may if not.
//! Elsewhere than on Linux there is none, and the timers do.

use crate::time::UnixMillis;

/// Set for one time at a time. It leaves the server's loop when it is dropped.
#[derive(Debug)]
pub(crate) struct Alarm {
    #[cfg(target_os = "linux")]
    timer: linux::Timer,
    set_for: Option<UnixMillis>,
}

impl Alarm {
    /// `None`: there is none to be had.
    #[cfg(target_os = "linux")]
    pub(crate) fn new() -> Option<Self> {
        Some(Self {
            timer: linux::Timer::new()?,
            set_for: None,
        })
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn new() -> Option<Self> {
        None
    }

    pub(crate) fn is_set_for(&self, at: UnixMillis) -> bool {
        self.set_for == Some(at)
    }

    /// Rings at that time, and not at the one that it was set for before. `now` in µs since 1970.
    pub(crate) fn set(&mut self, at: UnixMillis, now: i64) {
        self.set_for = Some(at);
        #[cfg(target_os = "linux")]
        self.timer
            .set(at.get().saturating_mul(1_000).saturating_sub(now));
    }

    /// It has rung.
    pub(crate) fn rang(&mut self) {
        self.set_for = None;
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::{c_int, c_void};
    use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
    use std::ptr;

    use redis_module::raw;
    use rustix::fs::Timespec;
    use rustix::io::read;
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create,
        timerfd_settime,
    };

    use crate::ffi::api;
    use crate::ffi::blocked::guard;
    use crate::wake;

    const READABLE: c_int = raw::REDISMODULE_EVENTLOOP_READABLE as c_int;
    const NEVER: Timespec = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };

    #[derive(Debug)]
    pub(super) struct Timer(OwnedFd);

    impl Timer {
        pub(super) fn new() -> Option<Self> {
            let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
            let fd = timerfd_create(TimerfdClockId::Monotonic, flags).ok()?;
            // SAFETY: the callback is of the type that the server asks for and needs no data; `drop` takes it back.
            let added = unsafe {
                api!(RedisModule_EventLoopAdd)(
                    fd.as_raw_fd(),
                    READABLE,
                    Some(on_ring),
                    ptr::null_mut(),
                )
            };
            (added == raw::REDISMODULE_OK as c_int).then_some(Self(fd))
        }

        /// At once if that is past.
        pub(super) fn set(&self, after_us: i64) {
            let after_us = after_us.max(1);
            let once = Itimerspec {
                it_interval: NEVER,
                it_value: Timespec {
                    tv_sec: after_us / 1_000_000,
                    tv_nsec: after_us % 1_000_000 * 1_000,
                },
            };
            // It cannot fail with times like these; if it did, the server's own timer would still ring.
            let _ = timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &once);
        }
    }

    impl Drop for Timer {
        fn drop(&mut self) {
            // SAFETY: the file is still open; the server forgets it before it is closed.
            unsafe { api!(RedisModule_EventLoopDel)(self.0.as_raw_fd(), READABLE) };
        }
    }

    unsafe extern "C" fn on_ring(fd: c_int, _data: *mut c_void, _mask: c_int) {
        // SAFETY: the server calls only for files that it watches, and this one is open as long.
        let fd = unsafe { BorrowedFd::borrow_raw(fd) };
        // How often it has rung. Only reading silences it.
        let _ = read(fd, &mut [0; size_of::<u64>()]);
        guard(wake::hasten);
    }
}
