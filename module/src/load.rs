//! What happens when the module is loaded, and unloaded: checks the server and its settings, registers the commands.

use std::panic;

use redis_module::{Context, RedisString, RedisValue, Status};

use crate::ffi::command;
use crate::ffi::log::warn;
use crate::ffi::{occasions, server};
use crate::{COMMANDS, config, wake};

/// With these off, freeing a large key stops the server for as long as it takes.
const LAZY_FREEING: [&str; 4] = [
    "lazyfree-lazy-expire",
    "lazyfree-lazy-eviction",
    "lazyfree-lazy-server-del",
    "lazyfree-lazy-user-del",
];

pub(crate) fn init(context: &Context, args: &[RedisString]) -> Status {
    let ctx = context.get_raw();
    match check_and_register(context, args) {
        Ok(()) => {
            log_panics();
            occasions::subscribe(ctx);
            warn_of_slow_freeing(context);
            Status::Ok
        }
        Err(why) => {
            warn(ctx, &format!("weir is not loaded: {why}"));
            Status::Err
        }
    }
}

/// The server has made sure that nobody is blocked and no timer set.
pub(crate) fn deinit(context: &Context) -> Status {
    if wake::is_sending() {
        warn(
            context.get_raw(),
            "weir is not unloaded: messages are on their way; try again",
        );
        return Status::Err;
    }
    wake::end();
    occasions::end();
    Status::Ok
}

fn check_and_register(context: &Context, args: &[RedisString]) -> Result<(), String> {
    if !server::recognize(context) {
        return Err("it needs Redis 7.0 or Valkey 7.2, or a later one".to_owned());
    }
    config::take_load_arguments(args)?;
    context.set_module_options(redis_module::raw::ModuleOptions::NO_IMPLICIT_SIGNAL_MODIFIED);
    COMMANDS
        .iter()
        .try_for_each(|command| command::register(context.get_raw(), command))
}

/// A panic becomes an error reply; this says in the server's log where it came from.
fn log_panics() {
    panic::set_hook(Box::new(|info| {
        warn(std::ptr::null_mut(), &format!("weir: {info}"));
    }));
}

fn warn_of_slow_freeing(context: &Context) {
    for name in LAZY_FREEING {
        let Ok(RedisValue::Array(pair)) = context.call("CONFIG", &["GET", name]) else {
            continue;
        };
        let is_no = matches!(pair.get(1), Some(RedisValue::SimpleString(value)) if value == "no");
        if is_no {
            warn(
                context.get_raw(),
                &format!(
                    "{name} is 'no': freeing a large key will stop the server; set it to 'yes'"
                ),
            );
        }
    }
}
