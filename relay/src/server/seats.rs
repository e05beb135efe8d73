//! Who is connected: so many all together, and so many from one address. Whoever finds no seat is not heard.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use crate::address;

#[derive(Debug)]
pub(crate) struct Seats {
    most: usize,
    /// From one address; 0 = as many as there are.
    most_of_one: usize,
    taken: Mutex<Taken>,
    refused: AtomicU64,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by: HashMap<IpAddr, usize>,
}

/// A connection's own, until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Arc<Seats>,
    by: IpAddr,
}

/// Why there is no seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoSeat {
    #[error("as many connections are open as max_connections allows")]
    All,
    #[error("as many connections of this address are open as max_connections_per_ip allows")]
    OfOne,
}

impl Seats {
    pub(crate) fn new(most: usize, most_of_one: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            most_of_one,
            taken: Mutex::default(),
            refused: AtomicU64::new(0),
        })
    }

    pub(crate) fn most(&self) -> usize {
        self.most
    }

    pub(crate) fn taken(&self) -> usize {
        self.table().all
    }

    /// How many connections found none.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    pub(super) fn take(self: &Arc<Self>, by: IpAddr) -> Result<Seat, NoSeat> {
        self.take_free(by).inspect_err(|_| {
            self.refused.fetch_add(1, Relaxed);
        })
    }

    fn take_free(self: &Arc<Self>, by: IpAddr) -> Result<Seat, NoSeat> {
        let by = address::of_one(by);
        let mut taken = self.table();
        if taken.all >= self.most {
            return Err(NoSeat::All);
        }
        if self.most_of_one > 0 {
            let own = taken.by.entry(by).or_default();
            if *own >= self.most_of_one {
                return Err(NoSeat::OfOne);
            }
            *own += 1;
        }
        taken.all += 1;
        let seats = Arc::clone(self);
        Ok(Seat { seats, by })
    }

    fn table(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.table();
        taken.all -= 1;
        if let Some(own) = taken.by.get_mut(&self.by) {
            *own -= 1;
            if *own == 0 {
                taken.by.remove(&self.by);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> IpAddr {
        address.parse().unwrap()
    }

    #[test]
    fn a_seat_is_free_again_when_its_connection_ends() {
        let seats = Seats::new(2, 0);
        let first = seats.take(at("10.0.0.1")).unwrap();
        let second = seats.take(at("10.0.0.1")).unwrap();
        assert_eq!(seats.take(at("10.0.0.2")).unwrap_err(), NoSeat::All);
        assert_eq!((seats.taken(), seats.refused()), (2, 1));
        drop(first);
        let third = seats.take(at("10.0.0.2")).unwrap();
        drop((second, third));
        assert_eq!(seats.taken(), 0);
    }

    #[test]
    fn one_address_does_not_take_them_all() {
        let seats = Seats::new(3, 1);
        let one = seats.take(at("10.0.0.1")).unwrap();
        assert_eq!(
            seats.take(at("::ffff:10.0.0.1")).unwrap_err(),
            NoSeat::OfOne
        );
        let other = seats.take(at("10.0.0.2")).unwrap();
        drop(one);
        let again = seats.take(at("10.0.0.1")).unwrap();
        drop((other, again));
        assert!(seats.taken.lock().unwrap().by.is_empty());
    }

    #[test]
    fn addresses_of_one_network_are_one() {
        let seats = Seats::new(3, 1);
        let _one = seats.take(at("2001:db8:1:2::1")).unwrap();
        assert!(seats.take(at("2001:db8:1:2:ffff::2")).is_err());
        assert!(seats.take(at("2001:db8:1:3::1")).is_ok());
    }
}
