//! Who comes next, where few come often and many seldom.

/// Numbers from zero on, the k-th of them drawn in proportion to 1/k: Zipf's law with the exponent 1.
#[derive(Debug)]
pub struct Zipf {
    /// How often one up to each of them is drawn, against all.
    upto: Vec<f64>,
}

impl Zipf {
    pub fn of(many: usize) -> Self {
        let mut sum = 0.0;
        // Whole numbers of members fit a float many times over.
        let upto = (1..=many).map(|rank| {
            sum += 1.0 / rank as f64;
            sum
        });
        let mut upto: Vec<f64> = upto.collect();
        upto.iter_mut().for_each(|part| *part /= sum);
        Self { upto }
    }

    /// The number that belongs to a random one.
    pub fn drawn(&self, random: u64) -> usize {
        let part = random as f64 / u64::MAX as f64;
        self.upto.partition_point(|upto| *upto < part).min(self.upto.len().saturating_sub(1))
    }
}

/// A number that looks random and always follows from the same seed (SplitMix64), so that no caller has to share one.
pub fn random(seed: u64) -> u64 {
    let mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_drawn_in_proportion_to_its_rank() {
        let (zipf, mut drawn) = (Zipf::of(1_000), vec![0_u32; 1_000]);
        (0..1_000_000).for_each(|seed| drawn[zipf.drawn(random(seed))] += 1);
        // The sum of 1/k up to 1,000 is 7.4855.
        for rank in [1, 2, 10, 100] {
            let (found, expected) = (f64::from(drawn[rank - 1]), 1_000_000.0 / 7.4855 / rank as f64);
            assert!((found / expected - 1.0).abs() < 0.1, "{rank}: {found} and not {expected}");
        }
        assert!(drawn.iter().all(|times| *times > 0));
    }

    #[test]
    fn the_ends_are_drawn_too() {
        assert_eq!((Zipf::of(5).drawn(0), Zipf::of(5).drawn(u64::MAX), Zipf::of(1).drawn(7)), (0, 4, 0));
    }
}
