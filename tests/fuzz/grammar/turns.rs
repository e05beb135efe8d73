//! `UMQ.*`

use super::waiting::Clause;
use super::words::{MAX_LEASE, Refusal, Words, is, once, required, unexpected};

#[derive(Clone, Debug)]
pub(crate) enum Umq {
    Acquire(TurnAsk),
    Renew { id: Vec<u8>, lease: i64 },
    Release { id: Vec<u8>, stamps: Stamp },
    Cancel { id: Vec<u8> },
    Force,
    Info,
    Waiters { most: usize },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stamp {
    Now,
    Keep,
}

#[derive(Clone, Debug)]
pub(crate) struct TurnAsk {
    pub(crate) id: Vec<u8>,
    pub(crate) lease: i64,
    pub(crate) delay: i64,
    pub(crate) clause: Clause,
}

/// What stands behind `UMQ.<verb> key`; `None`: no such command.
pub(super) fn read(verb: &str, words: &mut Words<'_>) -> Result<Option<Umq>, Refusal> {
    let act = match verb {
        "acquire" => Umq::Acquire(acquire(words)?),
        "renew" => Umq::Renew {
            id: words.id("request-id")?.to_vec(),
            lease: words.fixed_span(MAX_LEASE)?,
        },
        "release" => release(words)?,
        "cancel" => Umq::Cancel {
            id: words.id("request-id")?.to_vec(),
        },
        "force" => Umq::Force,
        "info" => Umq::Info,
        "waiters" => Umq::Waiters {
            most: words.count()?,
        },
        _ => return Ok(None),
    };
    words.end()?;
    Ok(Some(act))
}

fn release(words: &mut Words<'_>) -> Result<Umq, Refusal> {
    let id = words.id("request-id")?.to_vec();
    let stamps = match words.word() {
        None => Stamp::Now,
        Some(option) if is(option, "NOSTAMP") => Stamp::Keep,
        Some(option) => return Err(unexpected(option)),
    };
    Ok(Umq::Release { id, stamps })
}

fn acquire(words: &mut Words<'_>) -> Result<TurnAsk, Refusal> {
    let id = words.id("request-id")?.to_vec();
    let (mut lease, mut delay, mut clause) = (None, None, Clause::default());
    while let Some(option) = words.word() {
        if is(option, "DELAY") {
            let ms = words.integer("DELAY", 0, 86_400_000)?;
            once(option, &mut delay, ms)?;
        } else if !clause.take(option, words)? {
            words.span(option, &mut lease, MAX_LEASE)?;
        }
    }
    let lease = required(lease, "PX")?;
    clause.check()?;
    Ok(TurnAsk {
        id,
        lease,
        delay: delay.unwrap_or(0),
        clause,
    })
}
