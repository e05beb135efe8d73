//! The unsafe edge: what the Redis crate does not wrap, in small files. Everything above it is safe code.
//! Functions of the module API that every supported server has are called through `api!`;
//! newer ones are looked at first (`if let Some(f)`).

pub(crate) mod alarm;
pub(crate) mod blocked;
pub(crate) mod channel;
pub(crate) mod command;
pub(crate) mod context;
pub(crate) mod docs;
pub(crate) mod hash_key;
pub(crate) mod key;
pub(crate) mod log;
pub(crate) mod occasions;
pub(crate) mod positions;
pub(crate) mod server;
pub(crate) mod stream_key;
pub(crate) mod string_key;
pub(crate) mod timer;
pub(crate) mod zset_key;

use redis_module::{RedisString, raw};

/// The context of the execution under way, as the server hands it out.
pub(crate) type Ctx = *mut raw::RedisModuleCtx;

/// A function of the module API that every server from 7.0 on has. Reading it is unsafe because it is a `static mut`
/// that the crate sets once, while the module loads.
macro_rules! api {
    ($function:ident) => {
        redis_module::raw::$function.expect("every server from 7.0 on has it")
    };
}
pub(crate) use api;

/// A string of the server's own, from bytes, independent of any context.
pub(crate) fn string(bytes: &[u8]) -> RedisString {
    RedisString::create_from_slice(std::ptr::null_mut(), bytes)
}
