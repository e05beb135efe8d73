//! Commands as the server knows them: what each is called with, and by which function. The server lends the words of a
//! call; the Redis crate would take a reference to each and give it back, an eighth of what a small command costs.

use std::ffi::{CStr, c_int};
use std::mem::ManuallyDrop;
use std::{ptr, slice};

use redis_module::{RedisString, raw};

use super::docs::{self, Doc};
use super::{Ctx, api};

/// A row of the table in `lib.rs`.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) doc: Doc,
    pub(crate) enter: raw::RedisModuleCmdFunc,
    pub(crate) flags: &'static CStr,
    /// Where the server has such.
    pub(crate) acl_categories: &'static CStr,
}

/// The table, with the function by which the server enters each command: it says nothing but the words.
macro_rules! commands {
    ($($run:path, $doc:path, $flags:literal, $acl_categories:literal;)*) => {
        pub(crate) const COMMANDS: &[$crate::ffi::command::Command] = &[$({
            unsafe extern "C" fn enter(
                ctx: $crate::ffi::Ctx,
                argv: *mut *mut redis_module::raw::RedisModuleString,
                argc: std::ffi::c_int,
            ) -> std::ffi::c_int {
                // SAFETY: the server lends `argc` strings while the command runs.
                unsafe { $crate::ffi::command::lend(ctx, argv, argc, $run) }
            }
            $crate::ffi::command::Command {
                doc: $doc,
                enter: Some(enter),
                flags: $flags,
                acl_categories: $acl_categories,
            }
        }),*];
    };
}
pub(crate) use commands;

/// Once per command, while the module loads.
pub(crate) fn register(ctx: Ctx, command: &Command) -> Result<(), String> {
    let (name, [first, last, step]) = (command.doc.name, command.doc.keys.range());
    // SAFETY: all pointers are live, and the server copies what it keeps; `enter` lives as long as the module.
    let known = unsafe {
        let (name, flags) = (name.as_ptr(), command.flags.as_ptr());
        api!(RedisModule_CreateCommand)(ctx, name, command.enter, flags, first, last, step) == OK
            && is_in(ctx, name, command.acl_categories)
    };
    if !known {
        return Err(format!("the server refused the command {name:?}"));
    }
    docs::describe(ctx, &command.doc)
}

/// # Safety
/// `name` is that of a command of ours.
unsafe fn is_in(ctx: Ctx, name: *const std::ffi::c_char, categories: &CStr) -> bool {
    // SAFETY: set once at load.
    let Some(set) = (unsafe { raw::RedisModule_SetCommandACLCategories }) else {
        return true;
    };
    // SAFETY: the caller's promise, and the server parses the categories at once.
    unsafe { set(api!(RedisModule_GetCommand)(ctx, name), categories.as_ptr()) == OK }
}

/// A string that stays the server's.
pub(crate) type Lent = ManuallyDrop<RedisString>;

/// The words of one call, the command's own name first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Argv<'a> {
    pub(crate) strings: &'a [Lent],
    pub(crate) words: &'a [&'a [u8]],
}

/// Calls of so many words are read without lists on the heap.
const FEW: usize = 16;

/// # Safety
/// `argv` holds `argc` strings that live until this returns.
pub(crate) unsafe fn lend(
    ctx: Ctx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
    run: fn(Ctx, Argv<'_>),
) -> c_int {
    const NONE: Lent = ManuallyDrop::new(RedisString::from_redis_module_string(
        ptr::null_mut(),
        ptr::null_mut(),
    ));
    let count = usize::try_from(argc).unwrap_or(0);
    // SAFETY: the caller's promise.
    let argv = unsafe { slice::from_raw_parts(argv, count) };
    let lent = argv.iter().map(|string| {
        ManuallyDrop::new(RedisString::from_redis_module_string(
            ptr::null_mut(),
            *string,
        ))
    });
    let (mut few, many): ([Lent; FEW], Vec<Lent>);
    let strings = if count <= FEW {
        few = [NONE; FEW];
        few.iter_mut()
            .zip(lent)
            .for_each(|(to, string)| *to = string);
        &few[..count]
    } else {
        many = lent.collect();
        &many[..]
    };
    let words = strings.iter().map(|string| string.as_slice());
    let (mut few, many): ([&[u8]; FEW], Vec<&[u8]>);
    let words = if count <= FEW {
        few = [&[]; FEW];
        few.iter_mut().zip(words).for_each(|(to, word)| *to = word);
        &few[..count]
    } else {
        many = words.collect();
        &many[..]
    };
    run(ctx, Argv { strings, words });
    OK
}

const OK: c_int = raw::REDISMODULE_OK as c_int;
