//! Tickets: what was asked for with `NOTIFY` and answered `2` is told later, in one message. A ticket is taken before it is
//! asked for, so that no message can come too early.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use hashbrown::HashMap;
use tokio::sync::oneshot;

use super::{Batch, names};
use crate::{ids::RequestId, line::Wait, time::millis};

/// The longest wait of before that the module takes into account.
const WAITED_AT_MOST: Duration = Duration::from_secs(300);

/// What a ticket's message says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// Yours. The number is the index of `QGATE.ADMIT`, or the token of a turn.
    Granted(i64),
    TimedOut,
    /// Somebody took the waiter out of the line.
    Cancelled,
    /// This server does not keep the place any more: ask again.
    Moved,
}

/// All tickets of one relay.
#[derive(Debug, Default)]
pub(crate) struct Tickets {
    open: Mutex<HashMap<RequestId, Open>>,
    next: AtomicU64,
    waiting: AtomicUsize,
}

#[derive(Debug)]
struct Open {
    number: u64,
    tell: oneshot::Sender<Message>,
}

/// One request's ticket; given up when it is dropped.
#[derive(Debug)]
pub(crate) struct Ticket {
    member: RequestId,
    number: u64,
    message: oneshot::Receiver<Message>,
    tickets: Arc<Tickets>,
    in_line: bool,
}

impl Tickets {
    /// A ticket for `member`, in place of an older one.
    pub(crate) fn take(self: &Arc<Self>, member: RequestId) -> Ticket {
        let (tell, message) = oneshot::channel();
        let number = self.next.fetch_add(1, Relaxed);
        self.table().insert(member, Open { number, tell });
        Ticket {
            member,
            number,
            message,
            tickets: Arc::clone(self),
            in_line: false,
        }
    }

    /// How many stand in a line.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }

    /// Hands a message of the notification channel to whom it is for; others' and unknown ones pass.
    pub(crate) fn hear(&self, message: &[u8]) {
        let Some((member, told)) = read(message) else {
            return;
        };
        let open = self.table().remove(&member);
        if let Some(open) = open {
            // Whoever has just given up owes what was granted: its permit gives it back.
            drop(open.tell.send(told));
        }
    }

    fn table(&self) -> MutexGuard<'_, HashMap<RequestId, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    /// Waits for the message, in line.
    pub(crate) async fn told(&mut self) -> Message {
        if !std::mem::replace(&mut self.in_line, true) {
            self.tickets.waiting.fetch_add(1, Relaxed);
        }
        (&mut self.message).await.unwrap_or(Message::Moved)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.in_line {
            self.tickets.waiting.fetch_sub(1, Relaxed);
        }
        let mut table = self.tickets.table();
        if table
            .get(&self.member)
            .is_some_and(|open| open.number == self.number)
        {
            table.remove(&self.member);
        }
    }
}

/// How a command says that it may wait: as a ticket, in the line of its caller's flow.
pub(super) fn add_wait(batch: &mut Batch, flow: &str, wait: Wait) {
    let Wait::Ticket { within, waited } = wait else {
        return;
    };
    batch.arg("NOTIFY").arg(names::notify_channel());
    batch.number(millis(within).max(1)).arg("FLOW").arg(flow);
    if !waited.is_zero() {
        batch.arg("WAITED");
        batch.number(millis(waited.min(WAITED_AT_MOST)));
    }
}

/// `<word>:<number>:<member>`
fn read(message: &[u8]) -> Option<(RequestId, Message)> {
    let mut parts = message.splitn(3, |byte| *byte == b':');
    let (word, number, member) = (parts.next()?, parts.next()?, parts.next()?);
    let told = match word {
        b"granted" => Message::Granted(std::str::from_utf8(number).ok()?.parse().ok()?),
        b"timeout" => Message::TimedOut,
        b"cancelled" => Message::Cancelled,
        b"moved" => Message::Moved,
        _ => return None,
    };
    Some((RequestId::read(member)?, told))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn told_after(act: impl FnOnce(&Tickets, RequestId)) -> Message {
        let tickets = Arc::new(Tickets::default());
        let member = RequestId::next();
        let mut ticket = tickets.take(member);
        act(&tickets, member);
        assert!(tickets.table().is_empty());
        ticket.told().await
    }

    #[tokio::test]
    async fn a_message_ends_the_ticket_of_its_member() {
        for (word, expected) in [
            ("granted:-1", Message::Granted(-1)),
            (
                "granted:1795183272163000",
                Message::Granted(1_795_183_272_163_000),
            ),
            ("timeout:0", Message::TimedOut),
            ("cancelled:0", Message::Cancelled),
            ("moved:0", Message::Moved),
        ] {
            let hear = |tickets: &Tickets, member: RequestId| {
                tickets.hear(format!("{word}:{}", RequestId::next()).as_bytes());
                tickets.hear(format!("{word}:{member}").as_bytes());
            };
            assert_eq!(told_after(hear).await, expected, "{word}");
        }
    }

    #[test]
    fn what_is_no_message_passes() {
        let tickets = Arc::new(Tickets::default());
        let ticket = tickets.take(RequestId::next());
        for message in [
            "",
            "granted",
            "granted:1",
            "granted:x:req",
            "granted:1:",
            "known:1:req_a",
        ] {
            tickets.hear(message.as_bytes());
        }
        assert_eq!(tickets.table().len(), 1);
        drop(ticket);
        assert_eq!(tickets.table().len(), 0);
    }

    #[tokio::test]
    async fn a_newer_ticket_takes_the_place_of_an_older_one() {
        let tickets = Arc::new(Tickets::default());
        let member = RequestId::next();
        let mut older = tickets.take(member);
        let mut newer = tickets.take(member);
        assert_eq!(tickets.waiting(), 0);
        assert_eq!(older.told().await, Message::Moved);
        assert_eq!(tickets.waiting(), 1);
        drop(older);
        assert_eq!(tickets.waiting(), 0);
        tickets.hear(format!("granted:2:{member}").as_bytes());
        assert_eq!(newer.told().await, Message::Granted(2));
    }
}
