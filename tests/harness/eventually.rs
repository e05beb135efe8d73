//! Waiting for a condition: looked at every few milliseconds, and the last state seen is the failure's text.
//! The only place of the tests that sleeps.

use std::time::Duration;

use crate::time;

/// It is used up only where a test fails, and then a machine that stalls must not be what it fails of.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(3);
/// What lies between two looks counts for no longer than this: the machine may have stood still meanwhile.
const LOOK: Duration = Duration::from_secs(1);

/// How long something has been awaited by somebody who looks, and what the clock said at the last look.
#[derive(Default)]
struct Awaited {
    sum: Duration,
    last: Duration,
}

impl Awaited {
    /// `elapsed` since the first look.
    fn is_too_long(&mut self, elapsed: Duration) -> bool {
        self.sum += (elapsed - self.last).min(LOOK);
        self.last = elapsed;
        self.sum > PATIENCE
    }
}

/// Looks until `state` is `Ok`, and gives what it holds. `Err` says what the state is instead.
///
/// # Panics
/// After a minute of looking, with `what` was awaited and the last state seen.
#[track_caller]
pub fn eventually<T>(what: &str, mut state: impl FnMut() -> Result<T, String>) -> T {
    let (begun, mut awaited) = (time::now(), Awaited::default());
    loop {
        match state() {
            Ok(value) => return value,
            Err(last) if awaited.is_too_long(begun.elapsed()) => give_up(what, &last),
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}

/// [`eventually`] for tests that run on tokio. With paused time it moves that time.
///
/// # Panics
/// As [`eventually`] does.
pub async fn eventually_async<T>(
    what: &str,
    mut state: impl AsyncFnMut() -> Result<T, String>,
) -> T {
    let mut looks = Looks::of(what);
    loop {
        match state().await {
            Ok(value) => return value,
            Err(last) => looks.once_more(&last).await,
        }
    }
}

/// [`eventually_async`] where no closure will do.
pub(crate) struct Looks<'a> {
    what: &'a str,
    begun: tokio::time::Instant,
    awaited: Awaited,
}

impl<'a> Looks<'a> {
    pub(crate) fn of(what: &'a str) -> Self {
        Self {
            what,
            begun: tokio::time::Instant::now(),
            awaited: Awaited::default(),
        }
    }

    /// Waits until it is time for the next look; gives up after the last one.
    pub(crate) async fn once_more(&mut self, last: &str) {
        if self.awaited.is_too_long(self.begun.elapsed()) {
            give_up(self.what, last);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[track_caller]
fn give_up(what: &str, last: &str) -> ! {
    panic!("not within {PATIENCE:?}: {what}; last seen: {last}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_of_the_first_good_state_is_given() {
        let mut looks = 0;
        let seen = eventually("three looks", || {
            looks += 1;
            if looks == 3 {
                Ok(looks)
            } else {
                Err(format!("{looks} looks"))
            }
        });
        assert_eq!(seen, 3);
    }

    #[test]
    fn a_machine_that_stands_still_uses_up_no_patience() {
        let (long, mut awaited) = (5 * PATIENCE, Awaited::default());
        assert!(!awaited.is_too_long(long));
        let mut looks = (1..).map(|at| awaited.is_too_long(long + at * LOOK / 2));
        assert_eq!(looks.position(|is_over| is_over), Some(118));
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "a state that never comes; last seen: still not")]
    async fn giving_up_names_what_was_awaited_and_the_last_state() {
        eventually_async("a state that never comes", async || {
            Err::<(), _>("still not".to_owned())
        })
        .await;
    }
}
