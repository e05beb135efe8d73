//! The waiting clause that every acquisition takes:
//! `[BLOCK ms | NOTIFY channel ms] [QUEUE max] [FLOW flow [WEIGHT w]] [WAITED ms]`.

use redis_module::RedisString;

use crate::args::{Args, Word};
use crate::call::Call;
use crate::error::Error;
use crate::ffi::docs::Arg;
use crate::ffi::{channel, context};
use crate::line::hall::{Asked, Join};
use crate::line::name::FlowName;
use crate::reply::Reply;
use crate::slot;
use crate::time::{MAX_SPAN, Millis, UnixMillis};
use crate::wake::{Manner, Wish};

const MAX_QUEUE: i64 = 1_000_000;
const MAX_WEIGHT: i64 = 100;
const MAX_WAITED: i64 = 300_000;

/// How and how long its caller waits, zero being without end.
#[derive(Debug)]
enum Patience<'a> {
    Block(Millis),
    Notify(Word<'a>, Millis),
}

/// What a caller is answered that waits, or may not.
#[derive(Debug)]
pub(crate) struct Replies {
    pub(crate) queued: Reply,
    pub(crate) too_many: Reply,
}

#[derive(Debug, Default)]
pub(crate) struct Clause<'a> {
    patience: Option<Patience<'a>>,
    queue: Option<usize>,
    flow: Option<&'a [u8]>,
    weight: Option<(Word<'a>, u32)>,
    waited: Option<Millis>,
}

/// What `COMMAND DOCS` says of the clause.
pub(crate) const PATIENCE: Arg = Arg::one_of(
    c"patience",
    &[
        Arg::integer(c"block-ms").after(c"BLOCK"),
        Arg::block(
            c"notify",
            c"NOTIFY",
            &[Arg::string(c"channel"), Arg::integer(c"notify-ms")],
        ),
    ],
)
.optional();
pub(crate) const QUEUE: Arg = Arg::integer(c"max-waiters").after(c"QUEUE").optional();
pub(crate) const FLOW: Arg = Arg::string(c"flow").after(c"FLOW").optional();
pub(crate) const WEIGHT: Arg = Arg::integer(c"weight").after(c"WEIGHT").optional();
pub(crate) const WAITED: Arg = Arg::integer(c"waited-ms").after(c"WAITED").optional();

impl<'a> Clause<'a> {
    /// Takes an option if it is one of the clause. `false`: it is not.
    pub(crate) fn take(&mut self, option: Word<'a>, args: &mut Args<'a>) -> Result<bool, Error> {
        if option.is("BLOCK") {
            let ms = args.integer("BLOCK", 0, MAX_SPAN.get())?;
            option.once(&mut self.patience, Patience::Block(Millis::new(ms)))?;
        } else if option.is("NOTIFY") {
            let channel = args.value("NOTIFY")?.checked_id("channel")?;
            let ms = Millis::new(args.integer("NOTIFY", 0, MAX_SPAN.get())?);
            option.once(&mut self.patience, Patience::Notify(channel, ms))?;
        } else if option.is("QUEUE") {
            let max = args.integer("QUEUE", 0, MAX_QUEUE)?;
            option.once(&mut self.queue, usize::try_from(max).unwrap_or(0))?;
        } else if option.is("FLOW") {
            let flow = args.value("FLOW")?;
            option.once(&mut self.flow, flow.checked_id("flow")?.bytes)?;
        } else if option.is("WEIGHT") {
            let weight = args.integer("WEIGHT", 1, MAX_WEIGHT)?;
            option.once(
                &mut self.weight,
                (option, u32::try_from(weight).unwrap_or(1)),
            )?;
        } else if option.is("WAITED") {
            let ms = args.integer("WAITED", 0, MAX_WAITED)?;
            option.once(&mut self.waited, Millis::new(ms))?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// A weight is that of a flow; in Cluster a channel is where the key is.
    pub(crate) fn check(&self, call: &Call<'_>, key: &RedisString) -> Result<(), Error> {
        if let (None, Some((option, _))) = (&self.flow, &self.weight) {
            return Err(option.unexpected());
        }
        self.channel()
            .map_or(Ok(()), |channel| self.check_channel(call, channel, key))
    }

    fn check_channel(
        &self,
        call: &Call<'_>,
        channel: Word<'a>,
        key: &RedisString,
    ) -> Result<(), Error> {
        if self.waits(call) && !channel::is_allowed(call.ctx, channel.bytes) {
            return Err(Error::ChannelDenied);
        }
        let elsewhere = slot::of(channel.bytes) != slot::of(key.as_slice());
        if elsewhere && context::is_cluster(call.ctx) {
            return Err(Error::CrossSlot);
        }
        Ok(())
    }

    /// Whether its caller waits if it is not granted at once.
    pub(crate) fn waits(&self, call: &Call<'_>) -> bool {
        match &self.patience {
            None => false,
            Some(Patience::Block(_)) => context::may_block(call.ctx),
            Some(Patience::Notify(..)) => context::may_hold_ticket(call.ctx),
        }
    }

    /// Where a ticket is told what became of it.
    fn channel(&self) -> Option<Word<'a>> {
        match self.patience {
            Some(Patience::Notify(channel, _)) => Some(channel),
            Some(Patience::Block(_)) | None => None,
        }
    }

    /// Lets the caller join the line, if it wants to wait; whether it does.
    pub(crate) fn wish(
        &self,
        call: &Call<'_>,
        asked: impl FnOnce() -> Asked,
        replies: Replies,
    ) -> bool {
        let (manner, patience) = match &self.patience {
            None => return false,
            Some(Patience::Block(patience)) => (Manner::Block, *patience),
            Some(Patience::Notify(channel, patience)) => {
                let channel = channel.bytes.into();
                (Manner::Notify { channel }, *patience)
            }
        };
        let now = call.now();
        let join = Join {
            asked: asked(),
            flow: FlowName::new(self.flow.unwrap_or_default()),
            weight: self.weight.map(|(_, weight)| weight),
            now,
            waited: self.waited.unwrap_or(Millis::ZERO),
            deadline: match patience {
                Millis::ZERO => UnixMillis::NEVER,
                patience => now.plus(patience),
            },
            queue: self.queue,
        };
        let Replies { queued, too_many } = replies;
        call.wish(Wish {
            join,
            manner,
            queued,
            too_many,
        });
        true
    }
}
