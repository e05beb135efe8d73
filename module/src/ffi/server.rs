//! Which server this is, as far as its defects matter.

use std::sync::atomic::{AtomicBool, Ordering};

use redis_module::{Context, raw};

/// The first version with functions that replicas, transactions and leases need.
const OLDEST: i32 = 0x0007_0000;
/// The first Redis in which `CLIENT UNBLOCK` cannot meet a client that has been answered already.
const UNBLOCKS_SAFELY: i32 = 0x0007_0400;
/// The same for Valkey, which to modules says that it is Redis 7.2.
const VALKEY_UNBLOCKS_SAFELY: u32 = 8;

static UNBLOCKS: AtomicBool = AtomicBool::new(false);

/// Once, while the module loads. `false`: the server is too old.
pub(crate) fn recognize(context: &Context) -> bool {
    // SAFETY: set once at load; takes nothing.
    let version = unsafe { raw::RedisModule_GetServerVersion.map_or(0, |version| version()) };
    let valkey = valkey_major(context).is_some_and(|major| major >= VALKEY_UNBLOCKS_SAFELY);
    UNBLOCKS.store(version >= UNBLOCKS_SAFELY || valkey, Ordering::Relaxed);
    version >= OLDEST
}

/// Whether `CLIENT UNBLOCK` of a client that waits is the server's to carry out.
pub(crate) fn unblocks_safely() -> bool {
    UNBLOCKS.load(Ordering::Relaxed)
}

fn valkey_major(context: &Context) -> Option<u32> {
    let info = context.server_info("server");
    let version = info.field("valkey_version")?;
    let version = version.try_as_str().ok()?.to_owned();
    version.split('.').next()?.parse().ok()
}
