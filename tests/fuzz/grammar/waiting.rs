//! `[BLOCK ms | NOTIFY channel ms] [QUEUE max] [FLOW flow [WEIGHT w]] [WAITED ms]`

use super::words::{MAX_SPAN, Refusal, Words, bounded, is, once, unexpected};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    Block,
    /// Without end: 0.
    Notify {
        channel: Vec<u8>,
        ms: i64,
    },
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Clause {
    pub(crate) patience: Option<Patience>,
    pub(crate) queue: Option<usize>,
    /// Empty for the common one.
    pub(crate) flow: Option<Vec<u8>>,
    pub(crate) weight: Option<u64>,
    pub(crate) waited: Option<i64>,
    /// How the word `WEIGHT` was written.
    weight_word: Vec<u8>,
}

impl Clause {
    /// `false`: the option is none of the clause.
    pub(crate) fn take(&mut self, option: &[u8], words: &mut Words<'_>) -> Result<bool, Refusal> {
        if is(option, "BLOCK") {
            words.integer("BLOCK", 0, MAX_SPAN)?;
            once(option, &mut self.patience, Patience::Block)?;
        } else if is(option, "NOTIFY") {
            let channel = bounded(words.value("NOTIFY")?, "channel", 512)?.to_vec();
            let ms = words.integer("NOTIFY", 0, MAX_SPAN)?;
            once(option, &mut self.patience, Patience::Notify { channel, ms })?;
        } else if is(option, "QUEUE") {
            let max = words.integer("QUEUE", 0, 1_000_000)?;
            once(option, &mut self.queue, usize::try_from(max).unwrap_or(0))?;
        } else if is(option, "FLOW") {
            let flow = bounded(words.value("FLOW")?, "flow", 512)?;
            once(option, &mut self.flow, flow.to_vec())?;
        } else if is(option, "WEIGHT") {
            let weight = words.integer("WEIGHT", 1, 100)?;
            once(option, &mut self.weight, weight.unsigned_abs())?;
            self.weight_word = option.to_vec();
        } else if is(option, "WAITED") {
            let ms = words.integer("WAITED", 0, 300_000)?;
            once(option, &mut self.waited, ms)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// A weight is that of a flow.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        if self.flow.is_none() && self.weight.is_some() {
            return Err(unexpected(&self.weight_word));
        }
        Ok(())
    }
}
