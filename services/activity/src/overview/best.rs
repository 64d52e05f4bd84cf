//! How much of the revenue the best fifth of the buyers brought.

use std::cmp::Reverse;

use kernel::{Rounding, rounding};

/// The best fifth against all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Best {
    /// How many bought.
    pub buyers: i64,
    /// Revenue of the best fifth.
    pub top_minor: i64,
    /// Revenue of all.
    pub all_minor: i64,
    /// The first as a share of the second, in hundredths of a percent, half up.
    pub share_bp: i32,
}

/// Of revenues, one for each buyer. A fifth of a number that five does not divide is rounded up: of one buyer, one.
pub fn fifth(mut revenues: Vec<i64>) -> Best {
    revenues.sort_unstable_by_key(|revenue| Reverse(*revenue));
    let top = revenues.len().div_ceil(5);
    let sum = |some: &[i64]| some.iter().fold(0_i64, |sum, revenue| sum.saturating_add(*revenue));
    let (top_minor, all_minor) = (sum(&revenues[..top]), sum(&revenues));
    let share = rounding::share(10_000, top_minor, all_minor, Rounding::HalfUp);
    Best {
        buyers: i64::try_from(revenues.len()).unwrap_or(i64::MAX),
        top_minor,
        all_minor,
        share_bp: share.and_then(|share| i32::try_from(share).ok()).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_fifth_is_counted_and_weighed() {
        let table = "
            revenues            | buyers top all  share
            100                 | 1      100 100  10000
            80 5 5 5 5          | 5      80  100  8000
            5 5 80 5 5          | 5      80  100  8000
            50 30 5 5 5 5       | 6      80  100  8000
            1 1 1               | 3      1   3    3333
            2 1                 | 2      2   3    6667
            0 0                 | 2      0   0    0
            | 0 0 0 0
        ";
        for row in table.lines().map(str::trim).filter(|row| !row.is_empty()).skip(1) {
            let (given, expected) = row.split_once('|').expect("two cells");
            let numbers = |text: &str| -> Vec<i64> {
                text.split_whitespace().map(|word| word.parse().expect("a number")).collect()
            };
            let best = fifth(numbers(given));
            let got = vec![best.buyers, best.top_minor, best.all_minor, i64::from(best.share_bp)];
            assert_eq!(got, numbers(expected), "{row}");
        }
    }
}
