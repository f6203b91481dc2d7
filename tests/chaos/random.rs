//! Numbers that a seed decides.

/// SplitMix64, as in Steele, Lea and Flood: Fast splittable pseudorandom number generators (2014).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// Other numbers, for somebody of their own.
    pub fn of(&self, somebody: u64) -> Random {
        let mut other = Random(self.0 ^ somebody.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Random(other.next())
    }

    /// From 0 on, below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(u64::try_from(len).unwrap())).unwrap()
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
