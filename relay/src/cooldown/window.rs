//! What upstreams tell of their limits of rate in the headers of each answer: windows, and when to come back. Pure.

use http::HeaderName;

/// The headers that tell of one window. As names and not as text: they are looked for in every answer.
pub(super) struct Window {
    pub(super) limit: HeaderName,
    remaining: HeaderName,
    pub(super) reset: HeaderName,
}

pub(super) static RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

/// As providers name them.
pub(super) static WINDOWS: [Window; 6] = [
    Window {
        limit: HeaderName::from_static("anthropic-ratelimit-requests-limit"),
        remaining: HeaderName::from_static("anthropic-ratelimit-requests-remaining"),
        reset: HeaderName::from_static("anthropic-ratelimit-requests-reset"),
    },
    Window {
        limit: HeaderName::from_static("anthropic-ratelimit-tokens-limit"),
        remaining: HeaderName::from_static("anthropic-ratelimit-tokens-remaining"),
        reset: HeaderName::from_static("anthropic-ratelimit-tokens-reset"),
    },
    Window {
        limit: HeaderName::from_static("anthropic-ratelimit-input-tokens-limit"),
        remaining: HeaderName::from_static("anthropic-ratelimit-input-tokens-remaining"),
        reset: HeaderName::from_static("anthropic-ratelimit-input-tokens-reset"),
    },
    Window {
        limit: HeaderName::from_static("anthropic-ratelimit-output-tokens-limit"),
        remaining: HeaderName::from_static("anthropic-ratelimit-output-tokens-remaining"),
        reset: HeaderName::from_static("anthropic-ratelimit-output-tokens-reset"),
    },
    Window {
        limit: HeaderName::from_static("x-ratelimit-limit-requests"),
        remaining: HeaderName::from_static("x-ratelimit-remaining-requests"),
        reset: HeaderName::from_static("x-ratelimit-reset-requests"),
    },
    Window {
        limit: HeaderName::from_static("x-ratelimit-limit-tokens"),
        remaining: HeaderName::from_static("x-ratelimit-remaining-tokens"),
        reset: HeaderName::from_static("x-ratelimit-reset-tokens"),
    },
];

impl Window {
    pub(super) fn is_used_up<'h>(&self, header: impl Fn(&HeaderName) -> Option<&'h str>) -> bool {
        header(&self.remaining).is_some_and(|left| left.trim() == "0")
    }
}
