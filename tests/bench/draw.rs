//! Keys and names drawn from a seed, so that every run and every contender gets the same ones.

/// A xorshift generator: fast and even enough to spread load over keys.
#[derive(Debug)]
pub(crate) struct Draw {
    state: u64,
    serial: u64,
}

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            state: 0x9E37_79B9_7F4A_7C15 ^ seed,
            serial: 0,
        }
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A number from 0 up to, not with, 1.
    pub(crate) fn part(&mut self) -> f64 {
        const STEPS: u64 = 1 << 53;
        self.below(STEPS) as f64 / STEPS as f64
    }

    /// A name that has not been given before, as long as the ids that relays use.
    pub(crate) fn id(&mut self) -> String {
        self.serial += 1;
        let random = self.next() >> 32;
        format!("req-{:012}-{random:08x}", self.serial)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }
}
