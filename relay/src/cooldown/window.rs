//! Windows of limits of rate, as upstreams tell of them in each of their answers. Pure.

/// The headers that tell of one.
pub(super) struct Window {
    pub(super) limit: &'static str,
    remaining: &'static str,
    pub(super) reset: &'static str,
}

/// As providers name them.
pub(super) const WINDOWS: [Window; 6] = [
    Window {
        limit: "anthropic-ratelimit-requests-limit",
        remaining: "anthropic-ratelimit-requests-remaining",
        reset: "anthropic-ratelimit-requests-reset",
    },
    Window {
        limit: "anthropic-ratelimit-tokens-limit",
        remaining: "anthropic-ratelimit-tokens-remaining",
        reset: "anthropic-ratelimit-tokens-reset",
    },
    Window {
        limit: "anthropic-ratelimit-input-tokens-limit",
        remaining: "anthropic-ratelimit-input-tokens-remaining",
        reset: "anthropic-ratelimit-input-tokens-reset",
    },
    Window {
        limit: "anthropic-ratelimit-output-tokens-limit",
        remaining: "anthropic-ratelimit-output-tokens-remaining",
        reset: "anthropic-ratelimit-output-tokens-reset",
    },
    Window {
        limit: "x-ratelimit-limit-requests",
        remaining: "x-ratelimit-remaining-requests",
        reset: "x-ratelimit-reset-requests",
    },
    Window {
        limit: "x-ratelimit-limit-tokens",
        remaining: "x-ratelimit-remaining-tokens",
        reset: "x-ratelimit-reset-tokens",
    },
];

impl Window {
    pub(super) fn is_used_up<'h>(&self, header: impl Fn(&str) -> Option<&'h str>) -> bool {
        header(self.remaining).is_some_and(|left| left.trim() == "0")
    }
}
