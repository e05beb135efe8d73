//! When a key must be set to end, so that it outlives all that it holds and is seldom set. Pure.

use crate::time::UnixMillis;

/// The end to set, when what the key is set to (`None`: never) is too early for something that ends at `end`.
/// It runs ahead by another such span, so that most writes need not set it again.
/// `latest` looks for the latest end of all that the key holds.
pub(crate) fn end_of_key(
    set_to: Option<UnixMillis>,
    end: UnixMillis,
    now: UnixMillis,
    latest: impl FnOnce() -> Option<UnixMillis>,
) -> Option<UnixMillis> {
    if set_to.is_some_and(|set_to| set_to >= end) {
        return None;
    }
    let ahead = end.plus(end.since(now));
    Some(latest().map_or(ahead, |latest| latest.max(ahead)))
}

#[cfg(test)]
mod tests {
    use super::end_of_key;
    use crate::time::UnixMillis;

    #[test]
    fn a_key_is_set_to_outlive_what_it_holds_and_is_seldom_set() {
        let at = UnixMillis::new;
        for (set_to, latest, expected) in [
            (None, None, Some(at(210))),
            (Some(at(110)), Some(at(900)), None),
            (Some(at(109)), None, Some(at(210))),
            (Some(at(109)), Some(at(900)), Some(at(900))),
        ] {
            let end = end_of_key(set_to, at(110), at(10), || latest);
            assert_eq!(end, expected, "{set_to:?} {latest:?}");
        }
    }
}
