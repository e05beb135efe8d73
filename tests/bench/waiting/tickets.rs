//! Waiters that hold tickets: all ask and give back over one connection, and hear of their grants over another.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::conn::Conn;
use super::pipeline::Pipeline;
use super::request::Request;
use crate::batch::{Batch, Expected};

/// Where grants are told.
pub(super) const CHANNEL: &str = "grants";

const GRANTED: Expected = Expected::Int(1);
const QUEUED: Expected = Expected::Int(2);

pub(super) struct Tickets {
    commands: Pipeline,
    waiting: Waiting,
    /// Ends with it.
    _hearer: JoinSet<()>,
}

/// Who is to be told, by id.
type Waiting = Rc<RefCell<HashMap<String, oneshot::Sender<()>>>>;

impl Tickets {
    /// Subscribed before anybody asks: a grant that nobody would hear of is not made.
    pub(super) async fn open(socket: &Path) -> Rc<Self> {
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
    pub(super) async fn acquire(&self, request: &Request) {
        let (teller, told) = oneshot::channel();
        let id = &request.id;
        self.waiting.borrow_mut().insert(id.clone(), teller);
        let reply = self.commands.ask(&request.acquire).await;
        if GRANTED.is(&reply) {
            self.waiting.borrow_mut().remove(id);
            return;
        }
        assert!(QUEUED.is(&reply), "{id} is answered {reply:?}");
        told.await.expect("the server tells of every grant");
    }

    pub(super) async fn release(&self, request: &Request) {
        let reply = self.commands.ask(&request.release).await;
        request.release.check(0, &reply);
    }
}

async fn hear(mut hearing: Conn, waiting: Waiting) {
    while let Some(message) = hearing.incoming.next().await {
        let text = message.items()[2].text();
        let id = text.strip_prefix("granted:");
        let id = id.and_then(|rest| Some(rest.split_once(':')?.1));
        let id = id.unwrap_or_else(|| panic!("a grant was expected, not {text}"));
        let teller = waiting.borrow_mut().remove(id);
        // Who has gone meanwhile does not want to know any more.
        let _ = teller.expect("who is told has asked").send(());
    }
}
