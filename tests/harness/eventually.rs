//! Waiting for a condition: looked at every few milliseconds, and the last state seen is the failure's text.
//! The only place of the tests that sleeps.

use std::time::Duration;

use crate::time;

const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(3);

/// Looks until `state` is `Ok`, and gives what it holds. `Err` says what the state is instead.
///
/// # Panics
/// After 10 seconds, with `what` was awaited and the last state seen.
#[track_caller]
pub fn eventually<T>(what: &str, mut state: impl FnMut() -> Result<T, String>) -> T {
    let begun = time::now();
    loop {
        match state() {
            Ok(value) => return value,
            Err(last) if begun.elapsed() > PATIENCE => give_up(what, &last),
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
    let begun = tokio::time::Instant::now();
    loop {
        match state().await {
            Ok(value) => return value,
            Err(last) if begun.elapsed() > PATIENCE => give_up(what, &last),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
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

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "a state that never comes; last seen: still not")]
    async fn giving_up_names_what_was_awaited_and_the_last_state() {
        eventually_async("a state that never comes", async || {
            Err::<(), _>("still not".to_owned())
        })
        .await;
    }
}
