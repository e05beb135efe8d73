//! When an upstream says that it will serve again: the ways in which providers spell it. Pure.

use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderName, header::RETRY_AFTER};
use jiff::{SignedDuration, Timestamp};

use super::window::{RETRY_AFTER_MS, WINDOWS, Window};
use crate::time::UnixMillis;

/// The longest window of any provider is a week. What claims to be longer is a mistake and not believed.
const BELIEVED: Duration = Duration::from_secs(8 * 86_400);
/// The longest of those that tell how much is left is a day.
const FORESEEN: Duration = Duration::from_secs(86_400);

/// How long an upstream wants to be left alone: by the header that is there for it, else by the last of its used-up
/// windows to open again, else by the first of any. None where it does not say so believably.
pub(crate) fn stated<'h>(
    header: impl Fn(&HeaderName) -> Option<&'h str>,
    now: UnixMillis,
) -> Option<Duration> {
    let told = header(&RETRY_AFTER_MS)
        .and_then(|text| number(text, 0.001))
        .or_else(|| header(&RETRY_AFTER).and_then(|text| seconds_or_date(text, now)))
        .or_else(|| {
            let opens = |window: &Window| span_or_date(header(&window.reset)?, now);
            let used_up = WINDOWS.iter().filter(|window| window.is_used_up(&header));
            let last = used_up.filter_map(opens).max();
            last.or_else(|| WINDOWS.iter().filter_map(opens).min())
        });
    told.filter(|told| (Duration::from_millis(1)..=BELIEVED).contains(told))
}

/// How long an upstream that serves has nothing left, by its own account: until the last of its used-up windows opens.
pub(crate) fn used_up<'h>(
    header: impl Fn(&HeaderName) -> Option<&'h str>,
    now: UnixMillis,
) -> Option<Duration> {
    let mut until = None;
    for window in WINDOWS.iter().filter(|window| window.is_used_up(&header)) {
        // Endpoints that have no limits say that nothing is left of nothing.
        let is_limited =
            header(&window.limit).is_some_and(|limit| number(limit, 1.0) > Some(Duration::ZERO));
        let reset = header(&window.reset).and_then(|text| span_or_date(text, now));
        let reset =
            reset.filter(|span| is_limited && (Duration::from_millis(1)..=FORESEEN).contains(span));
        until = until.max(reset);
    }
    until
}

/// `34s`, `6m0s`, `20ms`, `1.5s`.
pub(super) fn span(text: &str) -> Option<Duration> {
    let span: SignedDuration = text.trim().parse().ok()?;
    Duration::try_from(span).ok()
}

fn number(text: &str, unit: f64) -> Option<Duration> {
    let number: f64 = text.trim().parse().ok()?;
    Duration::try_from_secs_f64(number * unit).ok()
}

fn seconds_or_date(text: &str, now: UnixMillis) -> Option<Duration> {
    let date = |text| {
        let since = httpdate::parse_http_date(text)
            .ok()?
            .duration_since(UNIX_EPOCH)
            .ok()?;
        since.checked_sub(Duration::from_millis(now.0))
    };
    number(text, 1.0).or_else(|| date(text.trim()))
}

/// A span, or a time as RFC 3339 has it.
fn span_or_date(text: &str, now: UnixMillis) -> Option<Duration> {
    let date = |text: &str| {
        let at: Timestamp = text.trim().parse().ok()?;
        let ms = u64::try_from(at.as_millisecond()).ok()?;
        Some(Duration::from_millis(ms.saturating_sub(now.0)))
    };
    // Azure says seconds, and no more.
    date(text)
        .or_else(|| span(text))
        .or_else(|| number(text, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-20T12:00:00Z.
    const NOW: UnixMillis = UnixMillis(1_795_176_000_000);

    fn of(headers: &[(&str, &'static str)]) -> Option<u64> {
        let header = |name: &HeaderName| {
            headers
                .iter()
                .find(|(known, _)| *known == name.as_str())
                .map(|(_, value)| *value)
        };
        stated(header, NOW).map(crate::time::millis)
    }

    #[test]
    fn every_way_of_saying_when_is_read() {
        for (headers, expected) in [
            (&[("retry-after", "30")][..], Some(30_000)),
            (&[("retry-after", "1.5")], Some(1_500)),
            (
                &[("retry-after", "Fri, 20 Nov 2026 12:01:00 GMT")],
                Some(60_000),
            ),
            (
                &[("retry-after-ms", "250"), ("retry-after", "1")],
                Some(250),
            ),
            (
                &[("anthropic-ratelimit-tokens-reset", "2026-11-20T12:00:07Z")],
                Some(7_000),
            ),
            (
                &[(
                    "anthropic-ratelimit-tokens-reset",
                    "2026-11-20T13:00:07.5+01:00",
                )],
                Some(7_500),
            ),
            (&[("x-ratelimit-reset-requests", "6m0s")], Some(360_000)),
            (&[("x-ratelimit-reset-tokens", "1h2m3.5s")], Some(3_723_500)),
            (&[("x-ratelimit-reset-tokens", "20ms")], Some(20)),
            (&[("x-ratelimit-reset-tokens", "10")], Some(10_000)),
        ] {
            assert_eq!(of(headers), expected, "{headers:?}");
        }
    }

    #[test]
    fn what_is_no_time_to_come_is_not_believed() {
        for value in [
            "",
            "soon",
            "-5",
            "0",
            "NaN",
            "1e300",
            "Fri, 20 Nov 2026 11:59:00 GMT",
            "691201",
        ] {
            assert_eq!(of(&[("retry-after", value)]), None, "{value}");
        }
        assert_eq!(of(&[("x-ratelimit-reset-tokens", "-5s")]), None);
        assert_eq!(of(&[("retry-after", "691200")]), Some(691_200_000));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn what_is_used_up_is_foreseen_only_where_all_of_it_is_told() {
        let used_up = |headers: &[(&str, &'static str)]| {
            let header = |name: &HeaderName| {
                let mut known = headers.iter();
                known
                    .find(|(known, _)| *known == name.as_str())
                    .map(|(_, value)| *value)
            };
            super::used_up(header, NOW).map(crate::time::millis)
        };
        let of = |limit: &'static str, remaining: &'static str, reset: &'static str| {
            used_up(&[
                ("x-ratelimit-limit-requests", limit),
                ("x-ratelimit-remaining-requests", remaining),
                ("x-ratelimit-reset-requests", reset),
            ])
        };
        assert_eq!(of("60", "0", "1m0s"), Some(60_000));
        for (limit, remaining, reset) in [
            ("60", "1", "1m0s"),
            ("60", "-1", "1m0s"),
            ("60", "", "1m0s"),
            ("0", "0", "1m0s"),
            ("-60", "0", "1m0s"),
            ("", "0", "1m0s"),
            ("60", "0", "0s"),
            ("60", "0", "soon"),
            ("60", "0", "25h"),
        ] {
            assert_eq!(
                of(limit, remaining, reset),
                None,
                "{limit} {remaining} {reset}"
            );
        }
        let two = [
            ("anthropic-ratelimit-requests-limit", "50"),
            ("anthropic-ratelimit-requests-remaining", "0"),
            ("anthropic-ratelimit-requests-reset", "2026-11-20T12:00:01Z"),
            ("anthropic-ratelimit-output-tokens-limit", "8000"),
            ("anthropic-ratelimit-output-tokens-remaining", "0"),
            (
                "anthropic-ratelimit-output-tokens-reset",
                "2026-11-20T12:00:20Z",
            ),
        ];
        assert_eq!(used_up(&two), Some(20_000));
        assert_eq!(used_up(&[("retry-after", "30")]), None);
        assert_eq!(used_up(&two[1..3]), None);
    }

    #[test]
    fn of_several_windows_the_last_used_up_one_counts() {
        let windows = [
            ("anthropic-ratelimit-requests-remaining", "0"),
            ("anthropic-ratelimit-requests-reset", "2026-11-20T12:00:01Z"),
            ("anthropic-ratelimit-input-tokens-remaining", "0"),
            (
                "anthropic-ratelimit-input-tokens-reset",
                "2026-11-20T12:00:20Z",
            ),
            ("anthropic-ratelimit-output-tokens-remaining", "8000"),
            (
                "anthropic-ratelimit-output-tokens-reset",
                "2026-11-20T12:00:50Z",
            ),
        ];
        assert_eq!(of(&windows), Some(20_000));
        let mut with_hint = windows.to_vec();
        with_hint.push(("retry-after", "3"));
        assert_eq!(of(&with_hint), Some(3_000));
        let none_used_up = [
            ("x-ratelimit-reset-requests", "2s"),
            ("x-ratelimit-reset-tokens", "1s"),
        ];
        assert_eq!(of(&none_used_up), Some(1_000));
    }
}
