//! What a request used, in tokens. Providers count on as a stream goes: the last value told of each number stands.

/// Tokens; none = not told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Without those read from or written to the cache.
    pub(crate) input: Option<u64>,
    pub(crate) output: Option<u64>,
    pub(crate) cache_read: Option<u64>,
    /// All written to the cache, for whatever time.
    pub(crate) cache_write: Option<u64>,
    /// Of these, written for an hour.
    pub(crate) cache_write_1h: Option<u64>,
    /// Of the output, what the caller does not see as such.
    pub(crate) reasoning: Option<u64>,
}

impl Usage {
    pub(crate) fn update(&mut self, newer: &Self) {
        let keep = |older: &mut Option<u64>, newer: Option<u64>| *older = newer.or(*older);
        keep(&mut self.input, newer.input);
        keep(&mut self.output, newer.output);
        keep(&mut self.cache_read, newer.cache_read);
        keep(&mut self.cache_write, newer.cache_write);
        keep(&mut self.cache_write_1h, newer.cache_write_1h);
        keep(&mut self.reasoning, newer.reasoning);
    }

    /// Each number that was told and is not zero, by the name under which it is counted.
    /// What was written to the cache and not for an hour was written for five minutes.
    pub(crate) fn counted(&self) -> impl Iterator<Item = (&'static str, u64)> + Clone {
        let hour = self.cache_write_1h.unwrap_or(0);
        let five_minutes = self.cache_write.unwrap_or(0).saturating_sub(hour);
        [
            ("input", self.input.unwrap_or(0)),
            ("output", self.output.unwrap_or(0)),
            ("cache_read", self.cache_read.unwrap_or(0)),
            ("cache_write_5m", five_minutes),
            ("cache_write_1h", hour),
            ("reasoning", self.reasoning.unwrap_or(0)),
        ]
        .into_iter()
        .filter(|(_, tokens)| *tokens > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_told_stands() {
        let mut usage = Usage {
            input: Some(10),
            output: Some(1),
            ..Usage::default()
        };
        usage.update(&Usage {
            output: Some(7),
            cache_read: Some(3),
            ..Usage::default()
        });
        assert_eq!(
            usage,
            Usage {
                input: Some(10),
                output: Some(7),
                cache_read: Some(3),
                ..Usage::default()
            }
        );
    }

    #[test]
    fn what_was_not_written_for_an_hour_counts_as_five_minutes() {
        let usage = Usage {
            cache_write: Some(10),
            cache_write_1h: Some(4),
            output: Some(0),
            ..Usage::default()
        };
        assert_eq!(
            usage.counted().collect::<Vec<_>>(),
            [("cache_write_5m", 6), ("cache_write_1h", 4)]
        );
    }
}
