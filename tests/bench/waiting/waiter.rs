//! Who waits, and how: what it does until it is granted.

use std::rc::Rc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::conn::Conn;
use super::request::Request;
use super::service::Service;
use super::tickets::Tickets;
use crate::draw::Draw;

pub(super) enum Waiter {
    /// Asks once; the server answers when it is granted.
    Blocking(Conn),
    /// Asks, sleeps, and asks again.
    Polling(Conn, Backoff),
    /// Asks once, over a connection that others use too; a message tells it when it is granted.
    Holding(Rc<Tickets>),
}

/// How long a poller sleeps: longer each time, give or take a part of it, but from `first` to `most`.
#[derive(Debug)]
pub(super) struct Backoff {
    pub(super) first: Duration,
    pub(super) factor: f64,
    pub(super) most: Duration,
    pub(super) jitter: f64,
    pub(super) draw: Draw,
}

impl Waiter {
    /// Waits, has it for so long, and gives it back.
    pub(super) async fn pass(&mut self, request: &Request, hold: Duration) -> Service {
        let asked = Instant::now();
        self.acquire(request).await;
        let granted = Instant::now();
        sleep_until(granted + hold).await;
        let released = Instant::now();
        self.release(request).await;
        Service {
            asked,
            granted,
            released,
            ended: Instant::now(),
        }
    }

    async fn acquire(&mut self, request: &Request) {
        match self {
            Self::Blocking(conn) => conn.call(&request.acquire).await,
            Self::Holding(tickets) => {
                tickets.acquire(&request.id, &request.acquire).await;
            }
            Self::Polling(conn, backoff) => {
                let granted = request.acquire.expected()[0];
                let mut pause = backoff.first;
                while !granted.is(&conn.ask(&request.acquire).await) {
                    sleep_until(Instant::now() + backoff.about(pause)).await;
                    pause = backoff.after(pause);
                }
            }
        }
    }

    async fn release(&mut self, request: &Request) {
        match self {
            Self::Blocking(conn) | Self::Polling(conn, _) => conn.call(&request.release).await,
            Self::Holding(tickets) => tickets.release(&request.release).await,
        }
    }
}

impl Backoff {
    fn about(&mut self, pause: Duration) -> Duration {
        let part = 1.0 + self.jitter * (2.0 * self.draw.part() - 1.0);
        pause.mul_f64(part).clamp(self.first, self.most)
    }

    fn after(&self, pause: Duration) -> Duration {
        pause.mul_f64(self.factor).min(self.most)
    }
}
