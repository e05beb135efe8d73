//! Numbers that look random and follow from a seed alone (SplitMix64).

#[derive(Clone, Debug)]
pub struct Draw(u64);

impl Draw {
    /// `stream` parts those who draw from the same seed.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut draw = Self(seed ^ stream.wrapping_mul(0xd6e8_feb8_6659_fd93));
        draw.next();
        draw
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let count = high.abs_diff(low) + 1;
        let offset = i64::try_from(self.next() % count);
        low + offset.expect("what is drawn fits between two numbers that fit")
    }

    pub fn percent(&mut self, chance: i64) -> bool {
        self.between(1, 100) <= chance
    }

    pub fn one_of<T: Clone>(&mut self, these: &[T]) -> T {
        let last = i64::try_from(these.len() - 1).expect("a list is not that long");
        let index = usize::try_from(self.between(0, last)).expect("drawn from 0 up");
        these[index].clone()
    }

    /// One of the things, each as often as its weight says.
    pub fn weighted<T: Clone>(&mut self, these: &[(i64, T)]) -> T {
        let mut left = self.between(1, these.iter().map(|(weight, _)| weight).sum());
        let found = these.iter().find(|(weight, _)| {
            left -= weight;
            left <= 0
        });
        found.expect("drawn from the sum of all").1.clone()
    }
}
