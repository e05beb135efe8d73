//! Waiters that hold tickets: all ask and give back over one connection, and hear of their grants over another.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use harness::Reply;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::conn::Conn;
use super::pipeline::Pipeline;
use crate::batch::{Batch, Expected};

/// Where grants are told.
pub(crate) const CHANNEL: &str = "grants";

const GRANTED: Expected = Expected::Int(1);
const QUEUED: Expected = Expected::Int(2);

pub(crate) struct Tickets {
    commands: Pipeline,
    waiting: Waiting,
    /// Ends with it.
    _hearer: JoinSet<()>,
}

/// Who is to be told, by id.
type Waiting = Rc<RefCell<HashMap<String, oneshot::Sender<i64>>>>;

/// How somebody knows that it is granted.
pub(crate) enum Grant {
    /// It did not have to wait.
    Answered(Reply),
    /// With the number in the message.
    Told(i64),
}

impl Tickets {
    /// Subscribed before anybody asks: a grant that nobody would hear of is not made.
    pub(crate) async fn open(socket: &Path) -> Rc<Self> {
        let waiting = Waiting::default();
        let mut hearing = Conn::open(socket);
        let subscribe = Batch::one(&["SSUBSCRIBE", CHANNEL], Expected::Items(3));
        hearing.call(&subscribe).await;
        let mut hearer = JoinSet::new();
        hearer.spawn_local(hear(hearing, Rc::clone(&waiting)));
        Rc::new(Self {
            commands: Pipeline::open(socket),
            waiting,
            _hearer: hearer,
        })
    }

    /// Registered before it asks: the message may be there before the answer.
    pub(crate) async fn acquire(&self, id: &str, acquire: &Batch) -> Grant {
        let (teller, told) = oneshot::channel();
        self.waiting.borrow_mut().insert(id.to_owned(), teller);
        let reply = self.commands.ask(acquire).await;
        if GRANTED.is(&reply) {
            self.waiting.borrow_mut().remove(id);
            return Grant::Answered(reply);
        }
        assert!(QUEUED.is(&reply), "{id} is answered {reply:?}");
        Grant::Told(told.await.expect("the server tells of every grant"))
    }

    pub(crate) async fn release(&self, release: &Batch) {
        let reply = self.commands.ask(release).await;
        release.check(0, &reply);
    }
}

async fn hear(mut hearing: Conn, waiting: Waiting) {
    while let Some(message) = hearing.incoming.next().await {
        let text = message.items()[2].text();
        let grant = text.strip_prefix("granted:");
        let grant = grant.and_then(|rest| {
            let (number, id) = rest.split_once(':')?;
            Some((number.parse().ok()?, id))
        });
        let (number, id) = grant.unwrap_or_else(|| panic!("a grant was expected, not {text}"));
        let teller = waiting.borrow_mut().remove(id);
        // Who has gone meanwhile does not want to know any more.
        let _ = teller.expect("who is told has asked").send(number);
    }
}
