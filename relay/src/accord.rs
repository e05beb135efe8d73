//! Whether this relay declares what counts. Where relays on one Redis declare differently that is, of those of one version,
//! what most declare, and between equally many what the newest of them does. Relays of other versions are not compared: an
//! upgrade goes through both. Pure.

use std::{collections::HashMap, time::Duration};

use crate::{live::seen::RelaySeen, time::UnixMillis};

/// Since when it declares something else.
#[derive(Debug, Default)]
pub(crate) struct Accord {
    apart_since: Option<UnixMillis>,
}

impl Accord {
    /// For how long a relay of this version with this digest has declared something else by now; zero: it does not.
    pub(crate) fn apart_for(
        &mut self,
        (version, digest): (&str, &str),
        relays: &[RelaySeen],
        now: UnixMillis,
    ) -> Duration {
        if prevailing(version, relays).is_none_or(|counts| counts == digest) {
            self.apart_since = None;
        } else {
            self.apart_since.get_or_insert(now);
        }
        self.apart_since
            .map_or(Duration::ZERO, |since| now.since(since))
    }
}

/// The digest that counts among relays of this version; none where there are none.
fn prevailing<'r>(version: &str, relays: &'r [RelaySeen]) -> Option<&'r str> {
    let mut sides = HashMap::new();
    for relay in relays.iter().filter(|relay| *relay.version == *version) {
        let (count, newest) = sides.entry(&*relay.digest).or_insert((0, None));
        *count += 1;
        *newest = (*newest).max(Some((relay.since, &*relay.process)));
    }
    let strongest = sides.into_iter().max_by_key(|(_, side)| *side);
    strongest.map(|(digest, _)| digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::UnixMillis;

    /// Each is `<since> <version> <digest>`, as it is stored.
    fn seen(relays: &[&str]) -> Vec<RelaySeen> {
        let relay = |(place, relay): (usize, &&str)| {
            let mut words = relay.split(' ');
            let mut next = || words.next().unwrap();
            RelaySeen {
                process: place.to_string().into(),
                since: UnixMillis(next().parse().unwrap()),
                version: next().into(),
                digest: next().into(),
            }
        };
        relays.iter().enumerate().map(relay).collect()
    }

    #[test]
    fn what_most_declare_counts_and_between_equals_what_the_newest_does() {
        for (relays, expected) in [
            (&[][..], None),
            (&["5 2 a"], None),
            (&["5 1 a"], Some("a")),
            (&["5 1 a", "6 1 b"], Some("b")),
            (&["6 1 a", "5 1 b"], Some("a")),
            (&["5 1 a", "6 1 a", "7 1 b"], Some("a")),
            (&["5 1 a", "6 1 b", "7 1 b", "9 1 a"], Some("a")),
            // Others of that declaration are of another version.
            (&["5 1 a", "6 1 a", "7 1 b", "8 2 b", "9 2 b"], Some("a")),
            // Of two that began at once all relays choose the same.
            (&["5 1 a", "5 1 b"], Some("b")),
        ] {
            assert_eq!(prevailing("1", &seen(relays)), expected, "{relays:?}");
        }
    }

    #[test]
    fn a_relay_is_apart_from_when_it_was_first_seen_to_be() {
        let mut accord = Accord::default();
        let mut apart_ms = |relays: &[&str], now| {
            let apart = accord.apart_for(("1", "a"), &seen(relays), UnixMillis(now));
            apart.as_millis()
        };
        assert_eq!(apart_ms(&["5 1 a", "6 1 a", "7 1 b"], 100), 0);
        assert_eq!(apart_ms(&["5 1 a", "7 1 b"], 200), 0);
        assert_eq!(apart_ms(&["5 1 a", "7 1 b", "8 1 c"], 350), 150);
        assert_eq!(apart_ms(&["7 1 b"], 400), 200);
        // Whoever is alone is not apart, and neither is who is not known yet.
        assert_eq!(apart_ms(&["5 1 a"], 500), 0);
        assert_eq!(apart_ms(&[], 600), 0);
        assert_eq!(apart_ms(&["5 1 a", "7 1 b"], 700), 0);
        assert_eq!(apart_ms(&["5 1 a", "7 1 b"], 701), 1);
    }
}
