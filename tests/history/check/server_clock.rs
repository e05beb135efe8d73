//! How the server's clock and the clients' stand to each other: every look reads the one between two readings of the
//! other, and together they leave little room. Servers that take over from each other share a machine, and so a clock.

use crate::record::{Look, Micros};

/// The two clocks may be corrected a little differently while a run lasts.
const DRIFT: Micros = 50;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ServerClock {
    least_ahead: Micros,
}

impl ServerClock {
    /// `None`: nobody has looked, or the server's clock was set meanwhile.
    pub(super) fn of(looks: &[Look]) -> Option<Self> {
        let least = looks.iter().map(|look| look.server_us - look.ended).max()?;
        let most = looks.iter().map(|look| look.server_us - look.asked).min()?;
        (least <= most + 2 * DRIFT).then_some(Self {
            least_ahead: least - DRIFT,
        })
    }

    /// What the server's clock said then, at the least.
    pub(super) fn at_least(self, at: Micros) -> i64 {
        at.saturating_add(self.least_ahead)
    }
}

#[cfg(test)]
mod tests {
    use super::ServerClock;
    use crate::check::made::look;
    use crate::record::Key;

    #[test]
    fn looks_bracket_the_server_clock_and_tell_when_it_was_set() {
        let mut looks = vec![look(Key::Gate(0), 1_000), look(Key::Gate(0), 2_000)];
        (looks[0].server_us, looks[1].server_us) = (500_950, 501_990);
        looks
            .iter_mut()
            .for_each(|look| look.ended = look.asked + 30);
        let clock = ServerClock::of(&looks).expect("the clock is steady");
        assert!(
            (499_900..=499_990).contains(&clock.at_least(0)),
            "{clock:?}"
        );
        looks[1].server_us += 10_000;
        assert_eq!(ServerClock::of(&looks), None);
    }
}
