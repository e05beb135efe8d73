//! The Lua scripts that relays send today, and that the commands replace.

/// KEYS lock, last; ARGV id, ttl, delay
pub(crate) const TURN_ACQUIRE: &str = include_str!("lua/turn_acquire.lua");
/// KEYS lock, last; ARGV id
pub(crate) const TURN_RELEASE: &str = include_str!("lua/turn_release.lua");
/// KEYS gate; ARGV now, limit, expire-at, member, key-ttl
pub(crate) const GATE_ACQUIRE: &str = include_str!("lua/gate_acquire.lua");
/// KEYS gate; ARGV member
pub(crate) const GATE_RELEASE: &str = include_str!("lua/gate_release.lua");
/// KEYS slots; ARGV max, ttl, id
pub(crate) const SLOT_ACQUIRE: &str = include_str!("lua/slot_acquire.lua");
/// ARGV ttl, then id and max of each account
pub(crate) const LOADS: &str = include_str!("lua/loads.lua");
/// KEYS hash; ARGV chain, ttl
pub(crate) const PREFIX_FIND: &str = include_str!("lua/prefix_find.lua");
/// KEYS hash; ARGV chain, value, ttl
pub(crate) const PREFIX_SAVE: &str = include_str!("lua/prefix_save.lua");
/// KEYS rate; ARGV burst, rate, per, cost
pub(crate) const RATE_TAKE: &str = include_str!("lua/rate_take.lua");
/// KEYS rate; ARGV burst, rate, per, cost
pub(crate) const RATE_GIVE: &str = include_str!("lua/rate_give.lua");
/// KEYS sums, leases, settled of each budget; ARGV member, cost, lease, limit of all
pub(crate) const BUDGET_RESERVE: &str = include_str!("lua/budget_reserve.lua");
/// KEYS sums, leases, settled of each budget; ARGV member, actual, keep
pub(crate) const BUDGET_SETTLE: &str = include_str!("lua/budget_settle.lua");
/// KEYS ids, hour, day; ARGV id, keep, then field and increment of each of both
pub(crate) const TALLY_ADD: &str = include_str!("lua/tally_add.lua");
