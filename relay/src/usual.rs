//! How long answers usually are: of each caller by each model, nine of ten of the last ones had at most so many tokens.
//! What is remembered is bounded: pairs that have not been seen for long are forgotten. Pure.

use hashbrown::HashMap;
use xxhash_rust::xxh3::Xxh3;

use crate::usage::Tokens;

/// Pairs of caller and model in each of the two generations.
const PAIRS: usize = 4_096;
/// Powers of two, up to a million tokens.
const BUCKETS: usize = 21;
/// After so many answers the older ones count half.
const FADES: u32 = 64;

/// The last answers, by caller and model.
#[derive(Debug, Default)]
pub(crate) struct Usual {
    young: HashMap<u64, Lengths>,
    /// Who is seen here becomes young again; when there are too many young ones, the rest is forgotten.
    old: HashMap<u64, Lengths>,
}

/// How many answers had at most 2^n tokens, and more than half as many.
#[derive(Debug, Default, Clone)]
struct Lengths {
    counts: [u16; BUCKETS],
    answers: u32,
}

impl Usual {
    pub(crate) fn learn(&mut self, caller: &str, model: &str, output: Tokens) {
        let pair = pair(caller, model);
        let mut lengths = self.take(pair).unwrap_or_default();
        lengths.add(output);
        if self.young.len() >= PAIRS {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(pair, lengths);
    }

    pub(crate) fn output(&self, caller: &str, model: &str) -> Option<Tokens> {
        let pair = pair(caller, model);
        let lengths = self.young.get(&pair).or_else(|| self.old.get(&pair))?;
        Some(lengths.ninth_of_ten())
    }

    fn take(&mut self, pair: u64) -> Option<Lengths> {
        self.young.remove(&pair).or_else(|| self.old.remove(&pair))
    }
}

impl Lengths {
    fn add(&mut self, output: Tokens) {
        let bucket = output.0.max(1).next_power_of_two().trailing_zeros() as usize;
        self.counts[bucket.min(BUCKETS - 1)] += 1;
        self.answers += 1;
        if self.answers >= FADES {
            self.counts.iter_mut().for_each(|count| *count /= 2);
            self.answers = self.counts.iter().map(|count| u32::from(*count)).sum();
        }
    }

    fn ninth_of_ten(&self) -> Tokens {
        let mut seen = 0;
        let enough = |count: &u16| {
            seen += u32::from(*count);
            seen * 10 >= self.answers * 9
        };
        let bucket = self.counts.iter().position(enough);
        Tokens(1 << bucket.unwrap_or(BUCKETS - 1))
    }
}

fn pair(caller: &str, model: &str) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(caller.as_bytes());
    hash.update(&[0]);
    hash.update(model.as_bytes());
    hash.digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_of_ten_answers_are_not_longer() {
        let mut usual = Usual::default();
        assert_eq!(usual.output("k", "m"), None);
        for output in [100, 100, 100, 100, 100, 100, 100, 100, 100, 9_000] {
            usual.learn("k", "m", Tokens(output));
        }
        assert_eq!(usual.output("k", "m"), Some(Tokens(128)));
        usual.learn("k", "m", Tokens(9_000));
        assert_eq!(usual.output("k", "m"), Some(Tokens(16_384)));
        assert_eq!(usual.output("k", "other"), None);
        assert_eq!(usual.output("other", "m"), None);
    }

    #[test]
    fn the_last_answers_count_more() {
        let mut usual = Usual::default();
        (0..1_000).for_each(|_| usual.learn("k", "m", Tokens(9_000)));
        (0..200).for_each(|_| usual.learn("k", "m", Tokens(3)));
        assert_eq!(usual.output("k", "m"), Some(Tokens(4)));
    }

    #[test]
    fn it_does_not_grow_with_its_callers() {
        let mut usual = Usual::default();
        for caller in 0..20_000 {
            usual.learn(&caller.to_string(), "m", Tokens(7));
            usual.learn("always there", "m", Tokens(1_000));
        }
        assert!(usual.young.len() + usual.old.len() <= 2 * PAIRS);
        assert_eq!(usual.output("always there", "m"), Some(Tokens(1_024)));
        assert_eq!(usual.output("0", "m"), None);
        assert_eq!(usual.output("19999", "m"), Some(Tokens(8)));
    }

    #[test]
    fn absurd_lengths_are_long() {
        let mut usual = Usual::default();
        usual.learn("k", "m", Tokens(0));
        assert_eq!(usual.output("k", "m"), Some(Tokens(1)));
        usual.learn("k", "m", Tokens(u64::MAX / 2));
        assert_eq!(usual.output("k", "m"), Some(Tokens(1 << 20)));
    }
}
