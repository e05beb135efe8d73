//! `QGATE.ADMIT`

use super::gates::refuse_twice;
use super::rates::{MAX_TOKENS, Rate};
use super::tries::{Chain, chain};
use super::waiting::Clause;
use super::words::{MAX_LEASE, MAX_SPAN, Refusal, Words, integer, is, once, required, unexpected};

#[derive(Clone, Debug)]
pub(crate) struct GateAsk {
    pub(crate) key: Vec<u8>,
    /// 0: none.
    pub(crate) limit: usize,
    pub(crate) priority: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct RateAsk {
    pub(crate) key: Vec<u8>,
    pub(crate) rate: Rate,
    pub(crate) cost: i128,
}

#[derive(Clone, Debug)]
pub(crate) enum Wish {
    Prefer(Vec<u8>),
    Affinity(Vec<u8>, Chain),
}

#[derive(Clone, Debug)]
pub(crate) struct Admit {
    pub(crate) member: Vec<u8>,
    pub(crate) lease: i64,
    pub(crate) all: Vec<GateAsk>,
    pub(crate) any: Vec<GateAsk>,
    pub(crate) wish: Option<Wish>,
    pub(crate) patience: i64,
    pub(crate) rates: Vec<RateAsk>,
    pub(crate) clause: Clause,
}

#[derive(Default)]
struct Parts {
    lease: Option<i64>,
    all: Option<Vec<GateAsk>>,
    any: Option<Vec<GateAsk>>,
    priorities: Option<Vec<i64>>,
    wish: Option<Wish>,
    patience: Option<(Vec<u8>, i64)>,
    rates: Option<Vec<RateAsk>>,
    clause: Clause,
}

pub(super) fn read(words: &mut Words<'_>) -> Result<Admit, Refusal> {
    let member = words.id("member")?.to_vec();
    let mut parts = Parts::default();
    while let Some(option) = words.word() {
        parts.take(option, words)?;
    }
    let admit = parts.fit(member)?;
    admit.clause.check()?;
    Ok(admit)
}

impl Parts {
    fn take(&mut self, option: &[u8], words: &mut Words<'_>) -> Result<(), Refusal> {
        if is(option, "ALL") {
            once(option, &mut self.all, gates("ALL", 64, words)?)
        } else if is(option, "ANY") {
            once(option, &mut self.any, gates("ANY", 1_000, words)?)
        } else if is(option, "PRIORITY") {
            once(option, &mut self.priorities, priorities(words)?)
        } else if is(option, "PREFER") || is(option, "AFFINITY") {
            if self.wish.is_some() {
                return Err(unexpected(option));
            }
            self.wish = Some(wish(option, words)?);
            Ok(())
        } else if is(option, "RATES") {
            once(option, &mut self.rates, rates(words)?)
        } else if is(option, "PATIENCE") {
            let ms = words.integer("PATIENCE", 0, 86_400_000)?;
            once(option, &mut self.patience, (option.to_vec(), ms))
        } else if !self.clause.take(option, words)? {
            words.span(option, &mut self.lease, MAX_LEASE)
        } else {
            Ok(())
        }
    }

    fn fit(self, member: Vec<u8>) -> Result<Admit, Refusal> {
        let (all, mut any) = (self.all.unwrap_or_default(), self.any.unwrap_or_default());
        if all.is_empty() && any.is_empty() {
            return Err("ERR syntax error: ALL or ANY is missing".to_owned());
        }
        if let Some(priorities) = self.priorities {
            if priorities.len() != any.len() {
                let must = "PRIORITY must have as many integers as ANY has gates";
                return Err(format!("ERR syntax error: {must}"));
            }
            for (gate, priority) in any.iter_mut().zip(priorities) {
                gate.priority = priority;
            }
        }
        if let Some(Wish::Prefer(key)) = &self.wish
            && any.iter().all(|gate| gate.key != *key)
        {
            return Err("ERR syntax error: PREFER must name one of the ANY keys".to_owned());
        }
        if let (None, Some((option, _))) = (&self.wish, &self.patience) {
            return Err(unexpected(option));
        }
        let admit = Admit {
            member,
            lease: required(self.lease, "PX")?,
            all,
            any,
            wish: self.wish,
            patience: self.patience.map_or(0, |(_, ms)| ms),
            rates: self.rates.unwrap_or_default(),
            clause: self.clause,
        };
        refuse_twice(&admit.keys())?;
        Ok(admit)
    }
}

impl Admit {
    pub(crate) fn keys(&self) -> Vec<Vec<u8>> {
        let gates = self.all.iter().chain(&self.any).map(|gate| &gate.key);
        let rates = self.rates.iter().map(|rate| &rate.key);
        let trie = match &self.wish {
            Some(Wish::Affinity(trie, _)) => Some(trie),
            Some(Wish::Prefer(_)) | None => None,
        };
        gates.chain(rates).chain(trie).cloned().collect()
    }
}

fn wish(option: &[u8], words: &mut Words<'_>) -> Result<Wish, Refusal> {
    if is(option, "PREFER") {
        return Ok(Wish::Prefer(words.value("PREFER")?.to_vec()));
    }
    let trie = words.value("AFFINITY")?.to_vec();
    let chain = chain("chain", words.value("AFFINITY")?)?;
    Ok(Wish::Affinity(trie, chain))
}

fn gates(option: &str, most: i64, words: &mut Words<'_>) -> Result<Vec<GateAsk>, Refusal> {
    let count = words.integer(option, 1, most)?;
    let gate = |_| {
        let key = words.value(option)?.to_vec();
        let limit = words.integer("limit", 0, 1_000_000)?;
        Ok(GateAsk {
            key,
            limit: usize::try_from(limit).unwrap_or(0),
            priority: 0,
        })
    };
    (0..count).map(gate).collect()
}

fn priorities(words: &mut Words<'_>) -> Result<Vec<i64>, Refusal> {
    let mut read = vec![words.integer("PRIORITY", -1_000_000, 1_000_000)?];
    while words
        .rest()
        .first()
        .is_some_and(|word| integer(word).is_some())
    {
        read.push(words.integer("PRIORITY", -1_000_000, 1_000_000)?);
    }
    Ok(read)
}

fn rates(words: &mut Words<'_>) -> Result<Vec<RateAsk>, Refusal> {
    let count = words.integer("RATES", 1, 64)?;
    let rate = |_| {
        let key = words.value("RATES")?.to_vec();
        let burst = words.integer("burst", 1, MAX_TOKENS)?;
        let tokens = words.integer("rate", 1, MAX_TOKENS)?;
        let per_ms = words.integer("per-ms", 1, MAX_SPAN)?;
        let cost = words.integer("cost", 0, MAX_TOKENS)?;
        Ok(RateAsk {
            key,
            rate: Rate::new(burst, tokens, per_ms)?,
            cost: cost.into(),
        })
    };
    (0..count).map(rate).collect()
}
