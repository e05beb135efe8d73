//! The task of one connection: writes what has gathered, reads what comes, and hands each reply to whoever is first in
//! line. It ends when the connection breaks, an answer is late, or it was retired and all has been answered.

use std::{
    collections::VecDeque,
    future::poll_fn,
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};

use bytes::{Buf as _, BytesMut};
use tokio::{
    io::{AsyncReadExt as _, AsyncWrite as _},
    task::yield_now,
    time::{Instant, Interval, MissedTickBehavior, interval},
};

use super::{
    connection::{Fault, Keeping, Shared, Waiting},
    parse::{Incoming, Malformed, Parser},
    reply::Reply,
    socket::Socket,
};

const READ_AT_ONCE: usize = 16 << 10;
/// A buffer that has grown beyond this is not kept.
const KEPT: usize = 1 << 20;
/// The line is looked at so often within the time that an answer may take. Looks are counted, not time: while this process
/// stood still, nobody can say that Redis did.
const LOOKS: u32 = 8;

struct Driver {
    shared: Arc<Shared>,
    socket: Box<dyn Socket>,
    /// What came and is not whole yet.
    input: BytesMut,
    parser: Parser,
    /// What is being sent, and how much of it has been.
    output: Vec<u8>,
    written: usize,
    /// Whose commands have been sent, the oldest first.
    line: VecDeque<Waiting>,
    gathering: bool,
    keeping: Keeping,
    look: Interval,
    looks: u64,
    /// Of what came last, which may answer many.
    came: Option<Instant>,
}

pub(super) async fn run(shared: Arc<Shared>, socket: Box<dyn Socket>, keeping: Keeping) {
    let mut look = interval(keeping.answer_within / LOOKS);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut driver = Driver {
        shared,
        socket,
        input: BytesMut::new(),
        parser: Parser::default(),
        output: Vec::new(),
        written: 0,
        line: VecDeque::new(),
        gathering: false,
        keeping,
        look,
        looks: 0,
        came: None,
    };
    let fault = poll_fn(|context| match driver.step(context) {
        Ok(()) => Poll::Pending,
        Err(fault) => Poll::Ready(fault),
    })
    .await;
    driver.shared.retire();
    for waiting in driver.line {
        waiting.fail(fault.clone());
    }
}

impl Driver {
    /// Goes on as far as possible; the error ends the connection.
    fn step(&mut self, context: &mut Context<'_>) -> Result<(), Fault> {
        self.receive(context)?;
        self.send(context)?;
        self.look_for_the_late(context)
    }

    fn receive(&mut self, context: &mut Context<'_>) -> Result<(), Fault> {
        loop {
            self.input.reserve(READ_AT_ONCE);
            let read = pin!(self.socket.read_buf(&mut self.input)).poll(context);
            match read {
                Poll::Pending => return Ok(()),
                Poll::Ready(Ok(0)) => return Err(Fault::Broke(io::ErrorKind::UnexpectedEof)),
                Poll::Ready(Ok(_)) => self.take_in()?,
                Poll::Ready(Err(error)) => return Err(Fault::Broke(error.kind())),
            }
        }
    }

    fn take_in(&mut self) -> Result<(), Fault> {
        let input = std::mem::take(&mut self.input);
        self.came = None;
        let mut left = &input[..];
        while let Some(incoming) = self.parser.next(&mut left)? {
            match incoming {
                Incoming::Reply(reply) => self.answer(reply)?,
                Incoming::Push(push) => self.hear(push)?,
            }
        }
        let taken = input.len() - left.len();
        self.input = input;
        self.input.advance(taken);
        Ok(())
    }

    fn answer(&mut self, reply: Reply) -> Result<(), Fault> {
        let first = self.line.pop_front().ok_or(Fault::Malformed)?;
        if let Some(since) = first.answer(reply, &mut self.line) {
            let came = *self.came.get_or_insert_with(Instant::now);
            self.keeping.latency.add(came - since);
        }
        Ok(())
    }

    /// A subscription is answered by a push alone, so that one is a reply.
    fn hear(&mut self, push: Vec<Reply>) -> Result<(), Fault> {
        match push.first().and_then(Reply::bytes) {
            Some(b"smessage") => {
                if let Some(message) = push.get(2).and_then(Reply::bytes) {
                    (self.keeping.on_message)(message);
                }
                Ok(())
            }
            Some(b"ssubscribe") => self.answer(Reply::List(push)),
            // The server has given the channel's slot away.
            Some(b"sunsubscribe") => {
                self.shared.retire();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn send(&mut self, context: &mut Context<'_>) -> Result<(), Fault> {
        while self.written < self.output.len() || self.load(context)? {
            let unsent = &self.output[self.written..];
            match Pin::new(&mut self.socket).poll_write(context, unsent) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Ok(0)) => return Err(Fault::Broke(io::ErrorKind::WriteZero)),
                Poll::Ready(Ok(count)) => self.written += count,
                Poll::Ready(Err(error)) => return Err(Fault::Broke(error.kind())),
            }
        }
        match Pin::new(&mut self.socket).poll_flush(context) {
            Poll::Ready(Err(error)) => Err(Fault::Broke(error.kind())),
            Poll::Ready(Ok(())) | Poll::Pending => Ok(()),
        }
    }

    /// Whether there is something to send. The first to have something wakes this task, and those that are about to
    /// run may have something too: they are let go first, so that all of it leaves in one write.
    fn load(&mut self, context: &mut Context<'_>) -> Result<bool, Fault> {
        let mut queue = self.shared.queue();
        if queue.unsent.is_empty() {
            if queue.retired && self.line.is_empty() {
                return Err(Fault::Closed);
            }
            queue.idle = Some(context.waker().clone());
            return Ok(false);
        }
        self.gathering = !self.gathering;
        if self.gathering {
            drop(queue);
            // Pending, and this task is woken after the others.
            let _yields = pin!(yield_now()).poll(context);
            return Ok(false);
        }
        self.output.clear();
        if self.output.capacity() > KEPT {
            self.output = Vec::new();
        }
        self.written = 0;
        std::mem::swap(&mut self.output, &mut queue.unsent);
        let sent = queue.waiting.drain(..);
        self.line.extend(sent.map(|waiting| Waiting {
            sent: self.looks,
            ..waiting
        }));
        Ok(true)
    }

    /// Replies come in order, so the oldest is the first to be late; and whatever is late, all behind it are.
    fn look_for_the_late(&mut self, context: &mut Context<'_>) -> Result<(), Fault> {
        while self.look.poll_tick(context).is_ready() {
            self.looks += 1;
            let is_late = |oldest: &Waiting| self.looks - oldest.sent > u64::from(LOOKS);
            if self.line.front().is_some_and(is_late) {
                return Err(Fault::Late);
            }
        }
        Ok(())
    }
}

impl From<Malformed> for Fault {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}
