//! Log lines. The crate's own helpers pass the message as a printf format and must not see bytes from outside.

use std::ffi::CString;

use super::{Ctx, api};

/// The server cuts longer lines.
const MAX_LINE: usize = 1_000;

/// Says something that an operator should know. `ctx` may be null.
pub(crate) fn warn(ctx: Ctx, message: &str) {
    let line: String = message
        .chars()
        .map(|letter| if letter.is_control() { '?' } else { letter })
        .take(MAX_LINE)
        .collect();
    let line = CString::new(line).unwrap_or_default();
    // SAFETY: the format takes exactly one string; all are NUL-terminated and outlive the call.
    unsafe {
        api!(RedisModule_Log)(ctx, c"warning".as_ptr(), c"%s".as_ptr(), line.as_ptr());
    }
}
