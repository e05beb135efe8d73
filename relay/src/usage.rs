//! What an answer says that it used: tokens by class, calls of the provider's own tools, the tier in which and the model
//! by which it was served. Providers count on as a stream goes: the last value told of each number stands. Pure.

/// No answer uses more of anything. What an upstream says beyond that would spoil the sums of all others.
const MOST: u64 = 1_000_000_000_000;
const LONGEST_MODEL: usize = 200;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tokens(pub(crate) u64);

/// Tokens; none = not told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    pub(crate) special: Special,
    /// How often the provider searched the web for it.
    pub(crate) web_searches: Option<u64>,
    pub(crate) tier: Option<Tier>,
    pub(crate) region: Option<Region>,
    /// As the answer calls it.
    pub(crate) model: Option<Box<str>>,
    /// Whether it is being made, and told later to whoever asks for it.
    pub(crate) is_pending: bool,
    /// What a stream has carried at least, as far as one can say from outside. Not told.
    pub(crate) streamed: u64,
}

/// Of the tokens in the other classes, those that may have a price of their own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Special {
    pub(crate) input_audio: Option<u64>,
    pub(crate) cache_read_audio: Option<u64>,
    pub(crate) output_audio: Option<u64>,
    pub(crate) output_image: Option<u64>,
}

/// In which way a provider served a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    Standard,
    Batch,
    Flex,
    Priority,
    Fast,
    /// One that nobody here has heard of, or that is paid by contract.
    Other,
}

/// Where a provider computed, if that costs more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Region {
    Anywhere,
    Us,
    Other,
}

impl Tier {
    /// The words of all providers.
    pub(crate) fn of(word: &str) -> Self {
        let is = |words: &[&str]| words.iter().any(|one| word.eq_ignore_ascii_case(one));
        if is(&["standard", "default", "on_demand"]) {
            Self::Standard
        } else if is(&["priority", "on_demand_priority"]) {
            Self::Priority
        } else if is(&["flex", "on_demand_flex"]) {
            Self::Flex
        } else if is(&["batch"]) {
            Self::Batch
        } else if is(&["fast"]) {
            Self::Fast
        } else {
            Self::Other
        }
    }
}

impl Tier {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Batch => "batch",
            Self::Flex => "flex",
            Self::Priority => "priority",
            Self::Fast => "fast",
            Self::Other => "other",
        }
    }
}

impl Region {
    pub(crate) fn of(word: &str) -> Self {
        match word {
            "us" => Self::Us,
            "global" | "not_available" => Self::Anywhere,
            _ => Self::Other,
        }
    }
}

impl Usage {
    pub(crate) fn update(&mut self, newer: &Self) {
        fn keep<T: Copy>(older: &mut Option<T>, newer: Option<T>) {
            *older = newer.or(*older);
        }
        keep(&mut self.input, newer.input);
        keep(&mut self.output, newer.output);
        keep(&mut self.cache_read, newer.cache_read);
        keep(&mut self.cache_write, newer.cache_write);
        keep(&mut self.cache_write_1h, newer.cache_write_1h);
        keep(&mut self.reasoning, newer.reasoning);
        let (older, newer_special) = (&mut self.special, newer.special);
        keep(&mut older.input_audio, newer_special.input_audio);
        keep(&mut older.cache_read_audio, newer_special.cache_read_audio);
        keep(&mut older.output_audio, newer_special.output_audio);
        keep(&mut older.output_image, newer_special.output_image);
        keep(&mut self.web_searches, newer.web_searches);
        keep(&mut self.tier, newer.tier);
        keep(&mut self.region, newer.region);
        self.served_by(newer.model.as_deref());
    }

    /// The model that the answer names. Streams name it again and again.
    pub(crate) fn served_by(&mut self, model: Option<&str>) {
        let model = model.filter(|name| (1..=LONGEST_MODEL).contains(&name.len()));
        if let Some(model) = model.filter(|name| self.model.as_deref() != Some(name)) {
            self.model = Some(model.into());
        }
    }

    /// What was not written for an hour was written for five minutes.
    pub(crate) fn cache_write_5m(&self) -> u64 {
        let hour = number(self.cache_write_1h);
        number(self.cache_write).saturating_sub(hour)
    }

    /// All that the model has read.
    pub(crate) fn prompt(&self) -> Tokens {
        let hour = number(self.cache_write_1h);
        let parts = [number(self.input), number(self.cache_read), hour];
        Tokens(parts.iter().sum::<u64>() + self.cache_write_5m())
    }

    /// All tokens together; none where none were told.
    pub(crate) fn all(&self) -> Option<u64> {
        let cached = self.cache_read.unwrap_or(0) + self.cache_write.unwrap_or(0);
        match (self.input, self.output) {
            (None, None) => None,
            (input, output) => Some(input.unwrap_or(0) + output.unwrap_or(0) + cached),
        }
    }

    /// Each number that was told and is not zero, by the name under which it is counted.
    pub(crate) fn counted(&self) -> impl Iterator<Item = (&'static str, u64)> {
        [
            ("input", number(self.input)),
            ("output", number(self.output)),
            ("cache_read", number(self.cache_read)),
            ("cache_write_5m", self.cache_write_5m()),
            ("cache_write_1h", number(self.cache_write_1h)),
            ("reasoning", number(self.reasoning)),
            ("web_searches", number(self.web_searches)),
        ]
        .into_iter()
        .filter(|(_, tokens)| *tokens > 0)
    }
}

/// What was told, or nothing.
pub(crate) fn number(told: Option<u64>) -> u64 {
    told.unwrap_or(0).min(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_told_stands() {
        let mut usage = Usage {
            input: Some(10),
            output: Some(1),
            model: Some("first".into()),
            tier: Some(Tier::Flex),
            ..Usage::default()
        };
        usage.update(&Usage {
            output: Some(7),
            cache_read: Some(3),
            model: Some("second".into()),
            ..Usage::default()
        });
        assert_eq!(
            usage,
            Usage {
                input: Some(10),
                output: Some(7),
                cache_read: Some(3),
                model: Some("second".into()),
                tier: Some(Tier::Flex),
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
        assert_eq!(usage.prompt(), Tokens(10));
    }

    #[test]
    fn absurd_numbers_do_not_spoil_the_sums_of_others() {
        let usage = Usage {
            input: Some(u64::MAX),
            cache_write: Some(1),
            cache_write_1h: Some(u64::MAX),
            ..Usage::default()
        };
        let counted: Vec<_> = usage.counted().collect();
        assert_eq!(counted, [("input", MOST), ("cache_write_1h", MOST)]);
        assert_eq!(usage.prompt(), Tokens(2 * MOST));
    }

    #[test]
    fn the_tiers_of_all_providers_are_known() {
        for (word, tier) in [
            ("standard", Tier::Standard),
            ("default", Tier::Standard),
            ("ON_DEMAND", Tier::Standard),
            ("priority", Tier::Priority),
            ("ON_DEMAND_FLEX", Tier::Flex),
            ("batch", Tier::Batch),
            ("scale", Tier::Other),
            ("PROVISIONED_THROUGHPUT", Tier::Other),
        ] {
            assert_eq!(Tier::of(word), tier, "{word}");
        }
    }

    #[test]
    fn a_model_s_name_is_bounded() {
        let mut usage = Usage::default();
        usage.served_by(Some(&"x".repeat(LONGEST_MODEL + 1)));
        usage.served_by(Some(""));
        assert_eq!(usage.model, None);
    }
}
