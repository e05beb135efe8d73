//! One execution of a command: reads the clock and the words, runs the command's body, sends its reply.
//! A panic ends here, as an error reply and a line in the server's log.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};

use redis_module::RedisString;

use crate::args::{Args, Word};
use crate::clock::{self, Now};
use crate::error::Error;
use crate::ffi::command::{Argv, Lent};
use crate::ffi::{Ctx, context};
use crate::line::name::{Family, KeyName};
use crate::reply::{self, Reply};
use crate::stats;
use crate::time::{UnixMillis, UnixNanos};
use crate::wake::{self, Wish};

/// What a command does once its execution has begun.
type Body = fn(&Call<'_>, Args<'_>) -> Result<Reply, Error>;

#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) ctx: Ctx,
    argv: &'a [Lent],
    now: Now,
    /// That its client wants to wait.
    wish: RefCell<Option<Box<Wish>>>,
    /// The keys whose waiters may move because of it.
    freed: RefCell<Vec<KeyName>>,
    /// Whether it is to run once more when they have moved.
    again: Cell<bool>,
}

impl<'a> Call<'a> {
    fn new(ctx: Ctx, argv: &'a [Lent]) -> Self {
        Self {
            ctx,
            argv,
            now: clock::now(),
            wish: RefCell::new(None),
            freed: RefCell::new(Vec::new()),
            again: Cell::new(false),
        }
    }

    /// An execution that no command of a client began.
    pub(crate) fn outside(ctx: Ctx) -> Self {
        Self::new(ctx, &[])
    }

    pub(crate) fn now(&self) -> UnixMillis {
        self.now.ms
    }

    /// The same moment, for what milliseconds are too coarse.
    pub(crate) fn now_ns(&self) -> UnixNanos {
        self.now.ns
    }

    /// A number that has never been given before on this server.
    pub(crate) fn tick(&self) -> i64 {
        self.now.tick
    }

    pub(crate) fn name(&self, family: Family, key: &RedisString) -> KeyName {
        KeyName::new(family, context::db(self.ctx), key.as_slice())
    }

    /// The name of this key, if anybody waits for it.
    pub(crate) fn awaited(&self, family: Family, key: &RedisString) -> Option<KeyName> {
        wake::somebody_waits()
            .then(|| self.name(family, key))
            .filter(wake::is_awaited)
    }

    /// Something of this key was given back, or its end moved.
    pub(crate) fn freed(&self, family: Family, key: &RedisString) {
        self.freed.borrow_mut().extend(self.awaited(family, key));
    }

    /// Its client wants to wait; the reply of the body is the answer if it cannot.
    pub(crate) fn wish(&self, wish: Wish) {
        self.wish.replace(Some(Box::new(wish)));
    }

    /// The lines that it has freed must move before it can be decided.
    pub(crate) fn again(&self) {
        self.again.set(true);
    }

    /// The server's own string behind a word.
    pub(crate) fn string(&self, word: Word<'_>) -> &'a RedisString {
        &self.argv[word.index]
    }
}

/// `name` in lower case, as errors quote it.
pub(crate) fn run(name: &'static str, ctx: Ctx, argv: Argv<'_>, body: Body) {
    let result = catch_unwind(AssertUnwindSafe(|| {
        let call = Call::new(ctx, argv.strings);
        let mut reply = body(&call, Args::new(name, argv.words))?;
        if call.again.take() {
            wake::moved(&call, call.freed.take());
            reply = body(&call, Args::new(name, argv.words))?;
        }
        wake::moved(&call, call.freed.take());
        Ok(match call.wish.take() {
            Some(wish) => wake::join(&call, *wish, reply),
            None => Some(reply),
        })
    }));
    match result.unwrap_or_else(|_| {
        stats::PANICS.add();
        Err(Error::Internal)
    }) {
        Ok(Some(reply)) => reply::send(ctx, &reply),
        Ok(None) => {}
        Err(error) => reply::send_error(ctx, &error),
    }
}
