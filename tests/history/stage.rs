//! What those who take part in a run share: the clock, where the primary is, and whether it is over.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use harness::{Reply, eventually, time};

use crate::record::Micros;
use crate::wire::Wire;

/// Less than the patience of `eventually`.
const STANDS_STILL: Duration = Duration::from_secs(8);

#[derive(Debug)]
pub(crate) struct Stage {
    begun: Instant,
    primary: Mutex<PathBuf>,
    reign: AtomicU32,
    connections: AtomicU32,
    acts: AtomicU64,
    over: AtomicBool,
}

impl Stage {
    pub(crate) fn new(primary: &Path) -> Self {
        Self {
            begun: time::now(),
            primary: Mutex::new(primary.to_owned()),
            reign: AtomicU32::new(0),
            connections: AtomicU32::new(0),
            acts: AtomicU64::new(0),
            over: AtomicBool::new(false),
        }
    }

    pub(crate) fn now(&self) -> Micros {
        let micros = self.begun.elapsed().as_micros();
        Micros::try_from(micros).expect("a run is shorter than 292,000 years")
    }

    /// A connection to whoever is primary, as soon as there is one.
    #[track_caller]
    pub(crate) fn connect(&self) -> Wire {
        eventually("there is a primary", || {
            let path = self.primary();
            let number = self.connections.fetch_add(1, Ordering::Relaxed);
            let wire = Wire::open(&path, number);
            let role = wire.and_then(|mut wire| Ok((wire.call("ROLE")?, wire)));
            match role {
                Ok((Reply::Array(role), wire)) if role[0] == "master" => Ok(wire),
                other => Err(format!("{other:?}")),
            }
        })
    }

    /// Another server serves from now on, or the same one after it has stopped to.
    pub(crate) fn begin_reign(&self, primary: &Path) {
        *self.primary.lock().unwrap_or_else(PoisonError::into_inner) = primary.to_owned();
        self.reign.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn reign(&self) -> u32 {
        self.reign.load(Ordering::SeqCst)
    }

    pub(crate) fn note_act(&self) {
        self.acts.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits until so much has been done, or there is nothing more to do. A run that stands still is judged by what it
    /// has written down.
    pub(crate) fn until_acts(&self, due: u64, all_done: impl Fn() -> bool) {
        let begun = time::now();
        eventually("enough has been done", || {
            let acts = self.acts();
            if acts >= due || all_done() || begun.elapsed() > STANDS_STILL {
                Ok(())
            } else {
                Err(format!("{acts} of {due} acts"))
            }
        });
    }

    /// How much has been done so far.
    pub(crate) fn acts(&self) -> u64 {
        self.acts.load(Ordering::Relaxed)
    }

    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    fn primary(&self) -> PathBuf {
        let primary = self.primary.lock().unwrap_or_else(PoisonError::into_inner);
        primary.clone()
    }
}
