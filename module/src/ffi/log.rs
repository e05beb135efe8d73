//! Log lines. The crate's own helpers pass the message as a printf format and must not see bytes from outside.

use std::ffi::{CStr, CString};

use super::{Ctx, api};

/// The server cuts longer lines.
const MAX_LINE: usize = 1_000;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Level {
    Notice,
    Warning,
}

/// `ctx` may be null.
pub(crate) fn log(ctx: Ctx, level: Level, message: &str) {
    let level = match level {
        Level::Notice => c"notice",
        Level::Warning => c"warning",
    };
    let line: String = message
        .chars()
        .map(|letter| if letter.is_control() { '?' } else { letter })
        .take(MAX_LINE)
        .collect();
    write_line(ctx, level, &CString::new(line).unwrap_or_default());
}

fn write_line(ctx: Ctx, level: &CStr, line: &CStr) {
    // SAFETY: the format takes exactly one string; both are NUL-terminated and outlive the call.
    unsafe { api!(RedisModule_Log)(ctx, level.as_ptr(), c"%s".as_ptr(), line.as_ptr()) };
}
