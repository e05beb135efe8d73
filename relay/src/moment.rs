//! Times as people write them: a day, or a day and an hour, of UTC. Pure.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use crate::{tally::Span, time::UnixMillis};

/// `2026-11-20`, `2026-11-20T17`, or with minutes and seconds.
pub(crate) fn read(text: &str) -> Option<UnixMillis> {
    let text = text.trim_end_matches('Z');
    let whole = match text.len() {
        13 => format!("{text}:00"),
        _ => text.to_owned(),
    };
    let moment: DateTime = whole.parse().ok()?;
    let moment = moment.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let millis = u64::try_from(moment.as_millisecond()).ok()?;
    Some(UnixMillis(millis))
}

/// Where a span begins.
pub(crate) fn write(span: Span) -> String {
    let pattern = match span {
        Span::Hour(_) => "%Y-%m-%dT%H:00Z",
        Span::Day(_) => "%Y-%m-%d",
    };
    let begin = i64::try_from(span.begin().0).ok();
    let begin = begin.and_then(|begin| Timestamp::from_millisecond(begin).ok());
    begin.map_or_else(String::new, |begin| begin.strftime(pattern).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::Step;

    #[test]
    fn what_is_written_can_be_read() {
        for (text, step) in [("2026-11-20", Step::Day), ("2026-11-20T17:00Z", Step::Hour)] {
            let at = read(text).unwrap();
            let end = UnixMillis(at.0 + 1);
            let spans = step.spans(at, end, 1).unwrap();
            assert_eq!(write(spans[0]), text);
        }
        assert_eq!(read("2026-11-20T17"), read("2026-11-20T17:00Z"));
        assert_eq!(read("2026-11-20"), read("2026-11-20T00:00:00"));
        for text in [
            "",
            "today",
            "2026-13-01",
            "2026-11-20T25",
            "1960-01-01",
            "5",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
