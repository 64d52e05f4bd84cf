//! Chance that comes out the same every time: xoshiro256**, seeded by splitmix64, in whole numbers only.

/// A sequence of throws. The same seed and stream give the same sequence on every machine, for ever.
#[derive(Clone, Debug)]
pub struct Dice([u64; 4]);

/// Quantiles of waiting times with mean 100, at the middles of sixteen equal parts.
const WAITS: [u64; 16] = [3, 10, 17, 25, 33, 42, 52, 63, 76, 90, 107, 127, 152, 186, 237, 347];

impl Dice {
    /// The sequence of a seed and a stream; streams of one seed have nothing to do with each other.
    pub fn of(seed: u64, stream: u64) -> Self {
        let mut state = seed ^ stream.wrapping_mul(0xA076_1D64_78BD_642F);
        let mut next = || {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^ (mixed >> 31)
        };
        Self([next(), next(), next(), next()])
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.0;
        let thrown = b.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        thrown
    }

    /// A number from 0 up to, not including, `bound`; 0 where the bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.any()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A number within bounds, both included.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most.saturating_sub(least) + 1)
    }

    /// True so many times in a thousand.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// One of several; the list is not empty.
    pub fn pick<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        &among[self.place(among.len())]
    }

    /// A place in a list of this length.
    pub fn place(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// A place, each as likely as its weight.
    pub fn weighted(&mut self, weights: &[u32]) -> usize {
        let all: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
        let mut left = self.below(all);
        for (place, weight) in weights.iter().enumerate() {
            if left < u64::from(*weight) {
                return place;
            }
            left -= u64::from(*weight);
        }
        0
    }

    /// How long until something happens that happens every `mean` on average: mostly sooner, now and then much later; at least 1.
    pub fn wait(&mut self, mean: u64) -> u64 {
        let quantile = *self.pick(&WAITS);
        (mean * quantile / 100).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_throws_the_same() {
        let throws = |seed, stream| {
            let mut dice = Dice::of(seed, stream);
            [dice.any(), dice.any(), dice.any()]
        };
        assert_eq!(throws(1, 0), throws(1, 0));
        assert_ne!(throws(1, 0), throws(1, 1));
        assert_ne!(throws(1, 0), throws(2, 0));
        // Written down once: a demo shop must look the same after any change of this file.
        assert_eq!(Dice::of(20_240_302, 7).any(), FIRST);
    }

    const FIRST: u64 = 14_110_483_204_062_977_884;

    #[test]
    fn throws_stay_within_bounds_and_are_fair() {
        let mut dice = Dice::of(7, 7);
        let mut seen = [0_u32; 6];
        for _ in 0..6_000 {
            seen[dice.place(6)] += 1;
            assert!((3..=9).contains(&dice.between(3, 9)));
        }
        assert!(seen.iter().all(|times| (850..1_150).contains(times)), "{seen:?}");
        assert_eq!(dice.below(0), 0);
    }

    #[test]
    fn weights_weigh() {
        let mut dice = Dice::of(7, 8);
        let mut seen = [0_u32; 3];
        for _ in 0..4_000 {
            seen[dice.weighted(&[1, 0, 3])] += 1;
        }
        assert!(seen[1] == 0 && (850..1_150).contains(&seen[0]), "{seen:?}");
    }

    #[test]
    fn waits_have_their_mean() {
        let mut dice = Dice::of(7, 9);
        let sum: u64 = (0..10_000).map(|_| dice.wait(50)).sum();
        assert!((460_000..520_000).contains(&sum), "{sum}");
    }
}
