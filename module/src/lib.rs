//! Weir's Redis module, in the order in which a command passes: the table below, `call`, `args`, a family,
//! `replicate` and `events`, `reply`. Decisions are pure (`umq::turn`, …); the unsafe edge is `ffi`.

mod args;
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

redis_module! {
    name: "weir",
    version: VERSION,
    allocator: (memory::Allocator, memory::ALLOCATOR),
    data_types: [],
    init: init,
    deinit: deinit,
    // Name, function, flags, first key, last key, step, mandatory and optional ACL categories.
    commands: [
        ["umq.acquire", umq::acquire::command, "write deny-oom blocking", 1, 1, 1, "", "write blocking"],
        ["umq.renew", umq::renew::command, "write fast", 1, 1, 1, "", "write fast"],
        ["umq.release", umq::release::command, "write fast", 1, 1, 1, "", "write fast"],
        ["umq.cancel", umq::cancel::command, "write fast", 1, 1, 1, "", "write fast"],
        ["umq.force", umq::force::command, "write fast", 1, 1, 1, "", "write fast"],
        ["umq.info", umq::info::command, "readonly fast", 1, 1, 1, "", "read fast"],
        ["umq.waiters", umq::waiters::command, "readonly", 1, 1, 1, "", "read slow"],
        ["qgate.acquire", qgate::acquire::command, "write deny-oom blocking", 1, 1, 1, "", "write blocking"],
        ["qgate.admit", qgate::admit::command, "write deny-oom blocking getkeys-api", 0, 0, 0, "", "write blocking"],
        ["qgate.renew", qgate::renew::command, "write fast", 1, 1, 1, "", "write fast"],
        ["qgate.release", qgate::release::command, "write fast", 1, 1, 1, "", "write fast"],
        ["qgate.leave", qgate::leave::command, "write fast", 3, -1, 1, "", "write fast"],
        ["qgate.cancel", qgate::cancel::command, "write fast", 1, 1, 1, "", "write fast"],
        ["qgate.close", qgate::close::command, "write deny-oom fast", 1, 1, 1, "", "write fast"],
        ["qgate.open", qgate::open::command, "write fast", 1, 1, 1, "", "write fast"],
        ["qgate.count", qgate::count::command, "readonly fast", 1, -1, 1, "", "read fast"],
        ["qgate.members", qgate::members::command, "readonly", 1, 1, 1, "", "read slow"],
        ["qgate.waiters", qgate::waiters::command, "readonly", 1, 1, 1, "", "read slow"],
        ["qgate.info", qgate::info::command, "readonly fast", 1, 1, 1, "", "read fast"],
        ["trie.save", trie::save::command, "write deny-oom", 1, 1, 1, "", "write slow"],
        ["trie.find", trie::find::command, "write", 1, 1, 1, "", "write slow"],
        ["trie.find_ro", trie::find::command_ro, "readonly", 1, 1, 1, "", "read slow"],
        ["trie.del", trie::del::command, "write", 1, 1, 1, "", "write slow"],
        ["trie.forget", trie::forget::command, "write", 1, 1, 1, "", "write slow"],
        ["trie.info", trie::info::command, "readonly", 1, 1, 1, "", "read slow"],
        ["rate.take", rate::take::command, "write deny-oom fast", 1, 1, 1, "", "write fast"],
        ["rate.give", rate::give::command, "write fast", 1, 1, 1, "", "write fast"],
        ["tally.add", tally::add::command, "write deny-oom fast getkeys-api", 0, 0, 0, "", "write fast"],
    ],
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
