//! Tells the server a command's arity, keys and arguments, so that `COMMAND DOCS` explains it,
//! wrong numbers of arguments are refused, and Cluster and ACLs know its keys.

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr;

use redis_module::raw;

use super::{Ctx, api};

/// All that a command says of itself.
#[derive(Debug)]
pub(crate) struct Doc {
    pub(crate) name: &'static CStr,
    pub(crate) summary: &'static CStr,
    pub(crate) complexity: &'static CStr,
    /// With the command's name; negative: at least so many words.
    pub(crate) arity: i32,
    pub(crate) keys: Keys,
    pub(crate) args: &'static [Arg],
}

/// Which words are keys, and what is done with them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Keys {
    /// The first word, read.
    Read,
    /// The first word, read and changed.
    Change,
    /// All words, read.
    ReadAll,
    /// All words from this position on, changed.
    ChangeFrom { first: i32 },
    /// Wherever the command's own parser finds them.
    Parsed,
}

impl Keys {
    /// First key, last key, step, as far as these can say it.
    pub(super) fn range(self) -> [c_int; 3] {
        match self {
            Self::Read | Self::Change => [1, 1, 1],
            Self::ReadAll => [1, -1, 1],
            Self::ChangeFrom { first } => [first, -1, 1],
            Self::Parsed => [0, 0, 0],
        }
    }
}

/// An argument of the grammar.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arg {
    name: &'static CStr,
    kind: raw::RedisModuleCommandArgType,
    token: Option<&'static CStr>,
    flags: u32,
    parts: &'static [Arg],
}

impl Arg {
    /// `PX ms | EX s`
    pub(crate) const EXPIRATION: Self = Self::one_of(
        c"expiration",
        &[
            Self::integer(c"milliseconds").after(c"PX"),
            Self::integer(c"seconds").after(c"EX"),
        ],
    );

    const fn new(name: &'static CStr, kind: raw::RedisModuleCommandArgType) -> Self {
        Self {
            name,
            kind,
            token: None,
            flags: raw::REDISMODULE_CMD_ARG_NONE,
            parts: &[],
        }
    }

    pub(crate) const fn key(name: &'static CStr) -> Self {
        Self::new(
            name,
            raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_KEY,
        )
    }

    pub(crate) const fn string(name: &'static CStr) -> Self {
        Self::new(
            name,
            raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_STRING,
        )
    }

    pub(crate) const fn integer(name: &'static CStr) -> Self {
        Self::new(
            name,
            raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_INTEGER,
        )
    }

    /// A word that stands for itself.
    pub(crate) const fn flag(name: &'static CStr, token: &'static CStr) -> Self {
        Self::new(
            name,
            raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_PURE_TOKEN,
        )
        .after(token)
    }

    pub(crate) const fn one_of(name: &'static CStr, parts: &'static [Arg]) -> Self {
        let mut arg = Self::new(
            name,
            raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_ONEOF,
        );
        arg.parts = parts;
        arg
    }

    /// Several words that belong together, the first of which stands for itself.
    pub(crate) const fn block(
        name: &'static CStr,
        token: &'static CStr,
        parts: &'static [Arg],
    ) -> Self {
        let mut arg = Self::new(
            name,
            raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_BLOCK,
        )
        .after(token);
        arg.parts = parts;
        arg
    }

    /// Several words that belong together.
    pub(crate) const fn block_of(name: &'static CStr, parts: &'static [Arg]) -> Self {
        let mut arg = Self::new(
            name,
            raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_BLOCK,
        );
        arg.parts = parts;
        arg
    }

    /// The word that goes before the value.
    pub(crate) const fn after(mut self, token: &'static CStr) -> Self {
        self.token = Some(token);
        self
    }

    pub(crate) const fn optional(mut self) -> Self {
        self.flags |= raw::REDISMODULE_CMD_ARG_OPTIONAL;
        self
    }

    pub(crate) const fn multiple(mut self) -> Self {
        self.flags |= raw::REDISMODULE_CMD_ARG_MULTIPLE;
        self
    }
}

const SINCE: &str = env!("CARGO_PKG_VERSION");

static VERSION: raw::RedisModuleCommandInfoVersion = raw::RedisModuleCommandInfoVersion {
    version: 1,
    sizeof_historyentry: size_of::<raw::RedisModuleCommandHistoryEntry>(),
    sizeof_keyspec: size_of::<raw::RedisModuleCommandKeySpec>(),
    sizeof_arg: size_of::<raw::RedisModuleCommandArg>(),
};

/// Once per command, while the module loads. `Err`: the server refused the description.
pub(crate) fn describe(ctx: Ctx, doc: &Doc) -> Result<(), String> {
    let since = CString::new(SINCE).unwrap_or_default();
    let mut specs = [
        key_spec(doc.keys).unwrap_or_else(zeroed_key_spec),
        zeroed_key_spec(),
    ];
    let mut nested = Vec::new();
    let args = c_args(doc.args, &mut nested);
    let info = raw::RedisModuleCommandInfo {
        version: &raw const VERSION,
        summary: doc.summary.as_ptr(),
        complexity: doc.complexity.as_ptr(),
        since: since.as_ptr(),
        history: ptr::null_mut(),
        tips: ptr::null(),
        arity: doc.arity,
        key_specs: specs.as_mut_ptr(),
        args,
    };
    // SAFETY: all pointers are live here, lists end with a zeroed row, and the server copies what it keeps.
    let done = unsafe {
        let command = api!(RedisModule_GetCommand)(ctx, doc.name.as_ptr());
        !command.is_null() && api!(RedisModule_SetCommandInfo)(command, &raw const info) == OK
    };
    if done {
        Ok(())
    } else {
        Err(format!(
            "the server refused the description of {:?}",
            doc.name
        ))
    }
}

/// The C form of a list of arguments. `owned` keeps the lists alive, innermost first.
fn c_args(
    args: &[Arg],
    owned: &mut Vec<Box<[raw::RedisModuleCommandArg]>>,
) -> *mut raw::RedisModuleCommandArg {
    if args.is_empty() {
        return ptr::null_mut();
    }
    let mut list: Vec<_> = args
        .iter()
        .map(|arg| raw::RedisModuleCommandArg {
            name: arg.name.as_ptr(),
            type_: arg.kind,
            key_spec_index: key_index(arg),
            token: arg.token.map_or(ptr::null(), CStr::as_ptr),
            summary: ptr::null(),
            since: ptr::null(),
            flags: arg.flags as c_int,
            deprecated_since: ptr::null(),
            subargs: c_args(arg.parts, owned),
            display_text: ptr::null(),
        })
        .collect();
    list.push(raw::RedisModuleCommandArg {
        name: ptr::null::<c_char>(),
        type_: 0,
        key_spec_index: 0,
        token: ptr::null(),
        summary: ptr::null(),
        since: ptr::null(),
        flags: 0,
        deprecated_since: ptr::null(),
        subargs: ptr::null_mut(),
        display_text: ptr::null(),
    });
    owned.push(list.into_boxed_slice());
    owned
        .last_mut()
        .map_or(ptr::null_mut(), |list| list.as_mut_ptr())
}

fn key_index(arg: &Arg) -> c_int {
    if arg.kind == raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_KEY {
        0
    } else {
        -1
    }
}

fn key_spec(keys: Keys) -> Option<raw::RedisModuleCommandKeySpec> {
    let mut spec = zeroed_key_spec();
    let (flags, pos, last) = match keys {
        Keys::Read => (READ, 1, 0),
        Keys::ReadAll => (READ, 1, -1),
        Keys::Change => (CHANGE, 1, 0),
        Keys::ChangeFrom { first } => (CHANGE, first, -1),
        Keys::Parsed => return None,
    };
    spec.flags = u64::from(flags);
    spec.begin_search_type = raw::RedisModuleKeySpecBeginSearchType_REDISMODULE_KSPEC_BS_INDEX;
    spec.bs.index.pos = pos;
    spec.find_keys_type = raw::RedisModuleKeySpecFindKeysType_REDISMODULE_KSPEC_FK_RANGE;
    spec.fk.range = raw::RedisModuleCommandKeySpec__bindgen_ty_2__bindgen_ty_1 {
        lastkey: last,
        keystep: 1,
        limit: 0,
    };
    Some(spec)
}

fn zeroed_key_spec() -> raw::RedisModuleCommandKeySpec {
    // SAFETY: a plain C struct of integers and pointers, for which zero is "end of list".
    unsafe { std::mem::zeroed() }
}

const OK: c_int = raw::REDISMODULE_OK as c_int;
const READ: u32 = raw::REDISMODULE_CMD_KEY_RO | raw::REDISMODULE_CMD_KEY_ACCESS;
const CHANGE: u32 =
    raw::REDISMODULE_CMD_KEY_RW | raw::REDISMODULE_CMD_KEY_ACCESS | raw::REDISMODULE_CMD_KEY_UPDATE;
