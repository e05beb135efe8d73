//! The module's settings: `CONFIG SET weir.<name>`, `weir.<name>` in redis.conf, or arguments of `loadmodule`.
//! The server checks the range of the first two; the last are checked here.

use std::sync::atomic::{AtomicI64, Ordering};

use redis_module::RedisString;

use crate::error::Escaped;
use crate::integer;

/// An integer setting and its range.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) default: i64,
    pub(crate) min: i64,
    pub(crate) max: i64,
}

pub(crate) static TRIE_MAX_ENTRIES: AtomicI64 = AtomicI64::new(TRIE_MAX_ENTRIES_SETTING.default);
pub(crate) const TRIE_MAX_ENTRIES_SETTING: Setting = Setting {
    name: "trie-max-entries",
    default: 200_000,
    min: 1,
    max: 10_000_000,
};

const SETTINGS: [Setting; 1] = [TRIE_MAX_ENTRIES_SETTING];

pub(crate) fn trie_max_entries() -> usize {
    usize::try_from(TRIE_MAX_ENTRIES.load(Ordering::Relaxed)).unwrap_or(usize::MAX)
}

/// Checks `loadmodule libweir.so [name value …]`: known names, each once, with values in range.
pub(crate) fn check_load_arguments(args: &[RedisString]) -> Result<(), String> {
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
        let in_range = integer::exact(value.as_slice())
            .is_some_and(|value| (setting.min..=setting.max).contains(&value));
        if !in_range {
            return Err(format!(
                "setting '{shown}' must be {} to {}",
                setting.min, setting.max
            ));
        }
        if seen.contains(&name) {
            return Err(format!("setting '{shown}' is given twice"));
        }
        seen.push(name);
    }
    Ok(())
}
