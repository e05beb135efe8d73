//! `QGATE.*` but `QGATE.ADMIT`

use super::waiting::Clause;
use super::words::{MAX_LEASE, MAX_SPAN, Refusal, Words, escaped, integer, is, once, required};

#[derive(Clone, Debug)]
pub(crate) enum Qgate {
    Acquire(SlotAsk),
    Renew { lease: i64, members: Vec<Vec<u8>> },
    Release { members: Vec<Vec<u8>> },
    Cancel { id: Vec<u8> },
    Close { ms: i64 },
    Open,
    Members { most: usize },
    Waiters { most: usize },
    Info,
}

#[derive(Clone, Debug)]
pub(crate) struct SlotAsk {
    pub(crate) id: Vec<u8>,
    /// 0: none.
    pub(crate) limit: usize,
    pub(crate) lease: i64,
    pub(crate) clause: Clause,
}

/// What stands behind `QGATE.<verb> key`; `None`: no such command.
pub(super) fn read(verb: &str, words: &mut Words<'_>) -> Result<Option<Qgate>, Refusal> {
    let owned = |ids: Vec<&[u8]>| ids.into_iter().map(<[u8]>::to_vec).collect();
    let act = match verb {
        "acquire" => Qgate::Acquire(acquire(words)?),
        "renew" => Qgate::Renew {
            lease: words.fixed_span(MAX_LEASE)?,
            members: owned(words.ids("member")?),
        },
        "release" => Qgate::Release {
            members: owned(words.ids("member")?),
        },
        "cancel" => Qgate::Cancel {
            id: words.id("member")?.to_vec(),
        },
        "close" => Qgate::Close {
            ms: words.fixed_span(MAX_SPAN)?,
        },
        "open" => Qgate::Open,
        "members" => Qgate::Members {
            most: words.count()?,
        },
        "waiters" => Qgate::Waiters {
            most: words.count()?,
        },
        "info" => Qgate::Info,
        _ => return Ok(None),
    };
    words.end()?;
    Ok(Some(act))
}

fn acquire(words: &mut Words<'_>) -> Result<SlotAsk, Refusal> {
    let id = words.id("member")?.to_vec();
    let (mut limit, mut lease, mut clause) = (None, None, Clause::default());
    while let Some(option) = words.word() {
        if is(option, "LIMIT") {
            let value = words.integer("LIMIT", 0, 1_000_000)?;
            once(option, &mut limit, usize::try_from(value).unwrap_or(0))?;
        } else if !clause.take(option, words)? {
            words.span(option, &mut lease, MAX_LEASE)?;
        }
    }
    let limit = required(limit, "LIMIT")?;
    let lease = required(lease, "PX")?;
    clause.check()?;
    Ok(SlotAsk {
        id,
        limit,
        lease,
        clause,
    })
}

/// `QGATE.LEAVE member numkeys key [key …]`
pub(super) fn leave(words: &mut Words<'_>) -> Result<(Vec<u8>, Vec<Vec<u8>>), Refusal> {
    let member = words.id("member")?.to_vec();
    let count = integer(words.fixed("numkeys")?);
    let keys = words.rest().to_vec();
    if count.is_none_or(|count| count < 1 || usize::try_from(count) != Ok(keys.len())) {
        let must = "numkeys must be the number of keys that follow";
        return Err(format!(
            "ERR value is not an integer or out of range: {must}"
        ));
    }
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    refuse_twice(&sorted)?;
    Ok((member, keys))
}

/// The error names the first key that comes again.
pub(super) fn refuse_twice(keys: &[Vec<u8>]) -> Result<(), Refusal> {
    let mut numbered = keys.iter().enumerate();
    let twice = numbered.find(|(at, key)| keys[..*at].contains(key));
    twice.map_or(Ok(()), |(_, key)| {
        Err(format!("ERR key '{}' is named twice", escaped(key)))
    })
}
