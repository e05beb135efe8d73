//! `BUDGET.*`

use super::words::{MAX_LEASE, Refusal, Words, escaped, is, once, required, unexpected};

/// The largest integer that a double holds exactly.
const MOST: i64 = 9_007_199_254_740_991;
/// The end of the year 9999.
const LAST: i64 = 253_402_300_799_999;
const DAY: i64 = 86_400_000;

#[derive(Clone, Debug)]
pub(crate) enum Budget {
    Reserve {
        member: Vec<u8>,
        cost: i64,
        lease: i64,
        budgets: Vec<Named>,
    },
    Renew {
        lease: i64,
        members: Vec<Vec<u8>>,
    },
    Settle {
        member: Vec<u8>,
        actual: i64,
        keep: i64,
        budgets: Vec<Named>,
    },
    Info,
}

#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) key: Vec<u8>,
    pub(crate) limit: Option<i64>,
    pub(crate) until: Option<i64>,
}

/// What stands behind `BUDGET.<verb> key`; `None`: no such command.
pub(super) fn read(
    verb: &str,
    key: &[u8],
    words: &mut Words<'_>,
) -> Result<Option<Budget>, Refusal> {
    let act = match verb {
        "reserve" => reserve(key, words)?,
        "renew" => {
            let lease = words.fixed_span(MAX_LEASE)?;
            let members = words.ids("member")?;
            Budget::Renew {
                lease,
                members: members.into_iter().map(<[u8]>::to_vec).collect(),
            }
        }
        "settle" => settle(key, words)?,
        "info" => Budget::Info,
        _ => return Ok(None),
    };
    words.end()?;
    Ok(Some(act))
}

fn reserve(key: &[u8], words: &mut Words<'_>) -> Result<Budget, Refusal> {
    let member = words.id("member")?.to_vec();
    let mut budgets = vec![named(key)];
    let (mut cost, mut lease) = (None, None);
    while let Some(option) = words.word() {
        let last = budgets.last_mut().expect("there is a first one");
        if is(option, "COST") {
            once(option, &mut cost, words.integer("COST", 0, MOST)?)?;
        } else if is(option, "LIMIT") {
            once(option, &mut last.limit, words.integer("LIMIT", 0, MOST)?)?;
        } else if !shared(option, &mut budgets, words)? {
            words.span(option, &mut lease, MAX_LEASE)?;
        }
    }
    let cost = required(cost, "COST")?;
    let lease = required(lease, "PX")?;
    refuse_twice(&budgets)?;
    for budget in &budgets {
        required(budget.limit, "LIMIT")?;
    }
    Ok(Budget::Reserve {
        member,
        cost,
        lease,
        budgets,
    })
}

fn settle(key: &[u8], words: &mut Words<'_>) -> Result<Budget, Refusal> {
    let member = words.id("member")?.to_vec();
    let actual = words.integer("actual", 0, MOST)?;
    let mut budgets = vec![named(key)];
    let mut keep = None;
    while let Some(option) = words.word() {
        if is(option, "KEEP") {
            once(option, &mut keep, words.integer("KEEP", 1, MAX_LEASE)?)?;
        } else if !shared(option, &mut budgets, words)? {
            return Err(unexpected(option));
        }
    }
    refuse_twice(&budgets)?;
    Ok(Budget::Settle {
        member,
        actual,
        keep: keep.unwrap_or(DAY),
        budgets,
    })
}

/// What both commands say of a budget.
fn shared(option: &[u8], budgets: &mut Vec<Named>, words: &mut Words<'_>) -> Result<bool, Refusal> {
    if is(option, "AND") {
        budgets.push(named(words.value("AND")?));
    } else if is(option, "UNTIL") {
        let last = budgets.last_mut().expect("there is a first one");
        once(option, &mut last.until, words.integer("UNTIL", 1, LAST)?)?;
    } else {
        return Ok(false);
    }
    Ok(true)
}

fn named(key: &[u8]) -> Named {
    Named {
        key: key.to_vec(),
        limit: None,
        until: None,
    }
}

/// Of several, the first in the order of their bytes.
fn refuse_twice(budgets: &[Named]) -> Result<(), Refusal> {
    let mut keys: Vec<&[u8]> = budgets.iter().map(|budget| &budget.key[..]).collect();
    keys.sort_unstable();
    let twice = keys.windows(2).find(|pair| pair[0] == pair[1]);
    twice.map_or(Ok(()), |pair| {
        Err(format!("ERR key '{}' is named twice", escaped(pair[0])))
    })
}
