//! One request of a caller: it asks with a ticket for a slot of its own gate and one of the accounts', holds them, and
//! gives them back.

use std::rc::Rc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::group::{Group, Own};
use crate::batch::{Batch, Expected};
use crate::waiting::service::Service;
use crate::waiting::tickets::{CHANNEL, Grant, Tickets};

pub(super) struct Admission {
    member: String,
    /// The gate of its caller.
    own: String,
    group: Rc<Group>,
    asking: Batch,
}

impl Admission {
    /// The flow is the caller's.
    pub(super) fn new(member: String, own: Own<'_>, group: &Rc<Group>) -> Self {
        let waits = ["NOTIFY", CHANNEL, "0", "FLOW", own.key];
        let words = [&group.admit(&member, own)[..], &waits].concat();
        Self {
            asking: Batch::one(&words, Expected::Int(1)),
            own: own.key.to_owned(),
            group: Rc::clone(group),
            member,
        }
    }

    pub(super) async fn pass(&self, tickets: &Tickets, hold: Duration) -> Service {
        let asked = Instant::now();
        let index = match tickets.acquire(&self.member, &self.asking).await {
            Grant::Answered(reply) => reply.items()[1].int(),
            Grant::Told(index) => index,
        };
        let granted = Instant::now();
        let index = usize::try_from(index).expect("one of the accounts was chosen");
        let words = self.group.leave(&self.member, &self.own, index);
        let leaving = Batch::one(&words, Expected::Int(2));
        sleep_until(granted + hold).await;
        let released = Instant::now();
        tickets.release(&leaving).await;
        Service {
            asked,
            granted,
            released,
            ended: Instant::now(),
        }
    }
}
