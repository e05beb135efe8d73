//! One execution of a command: reads the clock and the words, runs the command's body, sends its reply.
//! A panic ends here, as an error reply and a line in the server's log.

use std::panic::{AssertUnwindSafe, catch_unwind};

use redis_module::{Context, RedisResult, RedisString, RedisValue};

use crate::args::{Args, Word};
use crate::clock::{self, Now};
use crate::error::Error;
use crate::ffi::Ctx;
use crate::reply::{self, Reply};
use crate::stats;
use crate::time::UnixMillis;

/// Commands of so many words are read without a list on the heap.
const FEW_WORDS: usize = 16;

/// What a command does once its execution has begun.
type Body = fn(&Call<'_>, Args<'_>) -> Result<Reply, Error>;

#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) ctx: Ctx,
    argv: &'a [RedisString],
    now: Now,
}

impl<'a> Call<'a> {
    pub(crate) fn now(&self) -> UnixMillis {
        self.now.ms
    }

    /// A number that has never been given before on this server.
    pub(crate) fn tick(&self) -> i64 {
        self.now.tick
    }

    /// The server's own string behind a word.
    pub(crate) fn string(&self, word: Word<'_>) -> &'a RedisString {
        &self.argv[word.index]
    }
}

/// `name` in lower case, as errors quote it.
pub(crate) fn run(
    name: &'static str,
    context: &Context,
    argv: &[RedisString],
    body: Body,
) -> RedisResult {
    let ctx = context.get_raw();
    let result = catch_unwind(AssertUnwindSafe(|| {
        let (mut few, mut many) = ([&[][..]; FEW_WORDS], Vec::new());
        let words = if argv.len() <= few.len() {
            &mut few[..argv.len()]
        } else {
            many.resize(argv.len(), &[][..]);
            &mut many[..]
        };
        for (word, string) in words.iter_mut().zip(argv) {
            *word = string.as_slice();
        }
        let call = Call {
            ctx,
            argv,
            now: clock::now(),
        };
        body(&call, Args::new(name, words))
    }));
    match result.unwrap_or_else(|_| {
        stats::PANICS.add();
        Err(Error::Internal)
    }) {
        Ok(reply) => reply::send(ctx, &reply),
        Err(error) => reply::send_error(ctx, &error),
    }
    Ok(RedisValue::NoReply)
}
