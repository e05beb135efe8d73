//! Room for a few at once of what costs much: others wait for their turn, and not for long.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

const TURN_WITHIN: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(crate) struct Room(Arc<Semaphore>);

/// A place in it, until this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
}

/// So many were before it that it did not get its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many ask for this at the same moment")]
pub(crate) struct Busy;

impl Room {
    pub(crate) fn of(places: usize) -> Self {
        Self(Arc::new(Semaphore::new(places)))
    }

    /// Who comes first has it first.
    pub(crate) async fn turn(&self) -> Result<Place, Busy> {
        let turn = timeout(TURN_WITHIN, Arc::clone(&self.0).acquire_owned()).await;
        Ok(Place {
            _permit: turn.map_err(|_| Busy)?.expect("it is never closed"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_gets_no_turn_is_told_so_and_the_next_one_has_it() {
        let room = Room::of(2);
        let (first, _second) = (room.turn().await.unwrap(), room.turn().await.unwrap());
        assert_eq!(room.turn().await.unwrap_err(), Busy);
        let (third, ()) = tokio::join!(room.turn(), async { drop(first) });
        assert!(third.is_ok());
    }
}
