//! Weir's Redis module, in the order in which a command passes: the table below, `call`, `args`, a family,
//! `replicate` and `events`, `reply`. Decisions are pure (`umq::turn`, …); the unsafe edge is `ffi`.

mod args;
mod budget;
mod call;
mod clock;
mod config;
mod error;
mod events;
mod ffi;
mod integer;
mod lifetime;
mod line;
mod load;
mod qgate;
mod rate;
mod replicate;
mod reply;
mod slot;
mod stats;
mod tally;
mod time;
mod trie;
mod umq;
mod wait;
mod wake;

use redis_module::configuration::ConfigurationFlags;
use redis_module::redis_module;

use crate::ffi::command::commands;
use crate::load::{deinit, init};

/// Outside a server there is no allocator of the server's: unit tests take the system's.
#[cfg(not(test))]
mod memory {
    pub(crate) type Allocator = redis_module::alloc::RedisAlloc;
    pub(crate) const ALLOCATOR: Allocator = redis_module::alloc::RedisAlloc;
}
#[cfg(test)]
mod memory {
    pub(crate) type Allocator = std::alloc::System;
    pub(crate) const ALLOCATOR: Allocator = std::alloc::System;
}

/// 0.1.0 as `MODULE LIST` shows it: major * 10000 + minor * 100 + patch.
const VERSION: i32 = 100;

// What a command does, what it says of itself, its flags, its ACL categories.
commands! {
    umq::acquire::command, umq::acquire::DOC, c"write deny-oom blocking", c"write blocking";
    umq::renew::command, umq::renew::DOC, c"write fast", c"write fast";
    umq::release::command, umq::release::DOC, c"write fast", c"write fast";
    umq::cancel::command, umq::cancel::DOC, c"write fast", c"write fast";
    umq::force::command, umq::force::DOC, c"write fast", c"write fast";
    umq::info::command, umq::info::DOC, c"readonly fast", c"read fast";
    umq::waiters::command, umq::waiters::DOC, c"readonly", c"read slow";
    qgate::acquire::command, qgate::acquire::DOC, c"write deny-oom blocking", c"write blocking";
    qgate::admit::command, qgate::admit::DOC, c"write deny-oom blocking getkeys-api", c"write blocking";
    qgate::renew::command, qgate::renew::DOC, c"write fast", c"write fast";
    qgate::release::command, qgate::release::DOC, c"write fast", c"write fast";
    qgate::leave::command, qgate::leave::DOC, c"write fast", c"write fast";
    qgate::cancel::command, qgate::cancel::DOC, c"write fast", c"write fast";
    qgate::close::command, qgate::close::DOC, c"write deny-oom fast", c"write fast";
    qgate::open::command, qgate::open::DOC, c"write fast", c"write fast";
    qgate::count::command, qgate::count::DOC, c"readonly fast", c"read fast";
    qgate::members::command, qgate::members::DOC, c"readonly", c"read slow";
    qgate::waiters::command, qgate::waiters::DOC, c"readonly", c"read slow";
    qgate::info::command, qgate::info::DOC, c"readonly fast", c"read fast";
    trie::save::command, trie::save::DOC, c"write deny-oom", c"write slow";
    trie::find::command, trie::find::DOC, c"write", c"write slow";
    trie::find::command_ro, trie::find::DOC_RO, c"readonly", c"read slow";
    trie::del::command, trie::del::DOC, c"write", c"write slow";
    trie::forget::command, trie::forget::DOC, c"write", c"write slow";
    trie::info::command, trie::info::DOC, c"readonly", c"read slow";
    rate::take::command, rate::take::DOC, c"write deny-oom fast", c"write fast";
    rate::give::command, rate::give::DOC, c"write fast", c"write fast";
    budget::reserve::command, budget::reserve::DOC, c"write deny-oom fast getkeys-api", c"write fast";
    budget::renew::command, budget::renew::DOC, c"write fast", c"write fast";
    budget::settle::command, budget::settle::DOC, c"write fast getkeys-api", c"write fast";
    budget::info::command, budget::info::DOC, c"readonly fast", c"read fast";
    tally::add::command, tally::add::DOC, c"write deny-oom fast getkeys-api", c"write fast";
}

redis_module! {
    name: "weir",
    version: VERSION,
    allocator: (memory::Allocator, memory::ALLOCATOR),
    data_types: [],
    init: init,
    deinit: deinit,
    configurations: [
        i64: [
            [
                config::MAX_WAITERS.name, &config::MAX_WAITERS.value, config::MAX_WAITERS.default,
                config::MAX_WAITERS.min, config::MAX_WAITERS.max, ConfigurationFlags::DEFAULT, None
            ],
            [
                config::MAX_WAITERS_PER_LINE.name, &config::MAX_WAITERS_PER_LINE.value, config::MAX_WAITERS_PER_LINE.default,
                config::MAX_WAITERS_PER_LINE.min, config::MAX_WAITERS_PER_LINE.max, ConfigurationFlags::DEFAULT, None
            ],
            [
                config::MAX_BLOCKED_CLIENTS.name, &config::MAX_BLOCKED_CLIENTS.value, config::MAX_BLOCKED_CLIENTS.default,
                config::MAX_BLOCKED_CLIENTS.min, config::MAX_BLOCKED_CLIENTS.max, ConfigurationFlags::DEFAULT, None
            ],
            [
                config::TRIE_MAX_ENTRIES.name, &config::TRIE_MAX_ENTRIES.value, config::TRIE_MAX_ENTRIES.default,
                config::TRIE_MAX_ENTRIES.min, config::TRIE_MAX_ENTRIES.max, ConfigurationFlags::DEFAULT, None
            ],
        ],
        string: [],
        bool: [],
        enum: [],
        module_args_as_configuration: false,
    ]
}
