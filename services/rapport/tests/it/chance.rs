//! Chance that can be repeated.

/// Names the seed of a run that is to be repeated.
const SEED: &str = "RAPPORT_TEST_SEED";

/// Where the kills fall.
pub struct Chance(u64);

impl Chance {
    /// By the seed that was named, or by one that is printed.
    pub fn drawn() -> Self {
        let named = std::env::var(SEED).ok().map(|seed| seed.parse().expect("a seed is a whole number"));
        let seed = named.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0);
        println!("the kills of this run: {SEED}={seed}");
        Self(seed)
    }

    /// A number from 0 to less than `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    /// Some of these, one at least, in any order.
    pub fn some_of<T: Copy>(&mut self, all: &[T]) -> Vec<T> {
        let mut left = all.to_vec();
        self.shuffle(&mut left);
        let many = usize::try_from(1 + self.below(left.len() as u64)).expect("a few");
        left.truncate(many);
        left
    }

    /// Puts them in another order.
    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for place in (1..all.len()).rev() {
            let other = usize::try_from(self.below(place as u64 + 1)).expect("a place");
            all.swap(place, other);
        }
    }
}
