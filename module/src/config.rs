//! The module's settings: `CONFIG SET weir.<name>`, `weir.<name>` in redis.conf, or arguments of `loadmodule`.
//! The server checks the range of the first two; the last are read and checked here.

use std::sync::atomic::{AtomicI64, Ordering};

use redis_module::RedisString;

use crate::error::Escaped;
use crate::integer;

/// An integer setting and its range.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) value: AtomicI64,
    pub(crate) default: i64,
    pub(crate) min: i64,
    pub(crate) max: i64,
}

pub(crate) static MAX_WAITERS: Setting = Setting::new("max-waiters", 100_000, 0, 10_000_000);
pub(crate) static MAX_WAITERS_PER_LINE: Setting =
    Setting::new("max-waiters-per-line", 100_000, 0, 10_000_000);
/// Each costs the server about 35 KB.
pub(crate) static MAX_BLOCKED_CLIENTS: Setting =
    Setting::new("max-blocked-clients", 1_000, 0, 1_000_000);
pub(crate) static TRIE_MAX_ENTRIES: Setting =
    Setting::new("trie-max-entries", 200_000, 1, 10_000_000);

static SETTINGS: [&Setting; 4] = [
    &MAX_WAITERS,
    &MAX_WAITERS_PER_LINE,
    &MAX_BLOCKED_CLIENTS,
    &TRIE_MAX_ENTRIES,
];

/// Takes `loadmodule libweir.so [name value …]`: known names, each once, with values in range.
/// What redis.conf says wins.
pub(crate) fn take_load_arguments(args: &[RedisString]) -> Result<(), String> {
    let mut seen: Vec<&[u8]> = Vec::new();
    for pair in args.chunks(2) {
        let name = pair[0].as_slice();
        let shown = Escaped::new(name);
        let Some(setting) = SETTINGS
            .iter()
            .find(|setting| setting.name.as_bytes() == name)
        else {
            return Err(format!("unknown setting '{shown}'"));
        };
        let Some(value) = pair.get(1) else {
            return Err(format!("setting '{shown}' has no value"));
        };
        let value = integer::exact(value.as_slice())
            .filter(|value| (setting.min..=setting.max).contains(value))
            .ok_or_else(|| setting.out_of_range())?;
        if seen.contains(&name) {
            return Err(format!("setting '{shown}' is given twice"));
        }
        seen.push(name);
        if setting.value.load(Ordering::Relaxed) == setting.default {
            setting.value.store(value, Ordering::Relaxed);
        }
    }
    Ok(())
}

impl Setting {
    const fn new(name: &'static str, default: i64, min: i64, max: i64) -> Self {
        Self {
            name,
            value: AtomicI64::new(default),
            default,
            min,
            max,
        }
    }

    /// It counts things.
    pub(crate) fn get(&self) -> usize {
        usize::try_from(self.value.load(Ordering::Relaxed)).unwrap_or(0)
    }

    fn out_of_range(&self) -> String {
        let Self { name, min, max, .. } = self;
        format!("setting '{name}' must be {min} to {max}")
    }
}
