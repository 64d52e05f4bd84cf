//! How a ticket is rolled, and what a roll wins.
//!
//! The roll of ticket `n` of a draw is `HMAC-SHA256(seed, "<code>|<n>|<round>|<client seed>")` in round 0, read as eight
//! numbers of four bytes, the most significant first. The first that is below 4,294,000,000 is taken modulo a million: that
//! bound is a multiple of a million, so all rolls are equally likely. Where none is, the next round is looked at.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use super::terms::{Prize, Terms};

/// Rolls are below it, and odds are told of it.
pub const MILLION: u32 = 1_000_000;

/// The largest multiple of a million that four bytes hold.
const FAIR: u32 = 4_294_000_000;

/// Rounds that are looked at: more never come.
const MOST_ROUNDS: u32 = 1_000;

/// A secret seed. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Seed(pub(super) [u8; 32]);

impl std::fmt::Debug for Seed {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Seed(…)")
    }
}

impl Seed {
    /// One that was revealed.
    pub const fn of(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// What is published of it before it is revealed.
    pub fn commitment(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }

    /// As it is revealed.
    pub fn hex(&self) -> String {
        hex(&self.0)
    }

    /// What ticket `number` rolls.
    pub fn roll(&self, draw: &str, number: i64, client_seed: &str) -> u32 {
        for round in 0..MOST_ROUNDS {
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { continue };
            mac.update(format!("{draw}|{number}|{round}|{client_seed}").as_bytes());
            let bytes: [u8; 32] = mac.finalize().into_bytes().into();
            let mut numbers = bytes.chunks_exact(4).filter_map(|four| four.try_into().ok()).map(u32::from_be_bytes);
            if let Some(fair) = numbers.find(|number| *number < FAIR) {
                return fair.checked_rem(MILLION).unwrap_or(0);
            }
        }
        // Nothing is won by what cannot happen.
        MILLION.saturating_sub(1)
    }
}

/// Bytes in hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Which prize a roll falls on: prizes lie side by side from 0 on, in the order of the draw.
pub fn prize_of(terms: &Terms, roll: u32) -> Option<&Prize> {
    let mut above = 0_u32;
    terms.prizes.iter().find(|prize| {
        above = above.saturating_add(prize.odds_millionths);
        roll < above
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(odds: &[u32]) -> Terms {
        let prizes = odds.iter().zip(1..).map(|(odds, number)| Prize {
            code: format!("p{number}"),
            display_name: "A prize".to_owned(),
            odds_millionths: *odds,
            stock: 1,
            points: 0,
            campaign: None,
        });
        Terms { prizes: prizes.collect(), ..Terms::default() }
    }

    #[test]
    fn prizes_lie_side_by_side() {
        let terms = terms(&[10, 20, 999_970]);
        let table = [(0, "p1"), (9, "p1"), (10, "p2"), (29, "p2"), (30, "p3"), (999_999, "p3")];
        for (roll, code) in table {
            assert_eq!(prize_of(&terms, roll).map(|prize| prize.code.as_str()), Some(code), "{roll}");
        }
        assert_eq!(prize_of(&self::terms(&[10]), 10), None);
    }

    #[test]
    fn the_recipe_is_what_is_written_down() {
        let seed = Seed([7; 32]);
        assert_eq!(seed.roll("spring", 1, "abc"), seed.roll("spring", 1, "abc"));
        // Worked out with another program: see docs/recipes/verify-a-draw.md.
        let rolls: Vec<u32> = (1..=4).map(|number| seed.roll("spring", number, "abc")).collect();
        assert_eq!(rolls, [216_639, 519_736, 489_184, 80_609]);
        assert_eq!(hex(&seed.commitment()), "4bb06f8e4e3a7715d201d573d0aa423762e55dabd61a2c02278fa56cc6d294e0");
    }

    #[test]
    fn outcomes_follow_the_odds() {
        let (seed, terms) = (Seed([42; 32]), terms(&[500_000, 100_000, 10_000, 1_000]));
        let draws = 200_000_i64;
        let mut won = [0_i64; 5];
        for number in 1..=draws {
            let place = prize_of(&terms, seed.roll("odds", number, "")).map(|prize| prize.code.clone());
            let place = place.map_or(4, |code| code[1..].parse::<usize>().expect("a number") - 1);
            won[place] += 1;
        }
        // Chi-squared with four degrees of freedom, in thousandths: 18.467 is passed by one fair die in a thousand.
        let odds = [500_000, 100_000, 10_000, 1_000, 389_000];
        let chi: i64 = won
            .iter()
            .zip(odds)
            .map(|(won, odds)| {
                let expected = draws * odds / 1_000_000;
                (won - expected) * (won - expected) * 1_000 / expected
            })
            .sum();
        assert!(chi < 18_467, "{won:?} is far from the odds: {chi}");
    }

    #[test]
    fn every_part_of_a_roll_matters() {
        let seed = Seed([1; 32]);
        let base = seed.roll("a", 1, "x");
        for other in
            [seed.roll("b", 1, "x"), seed.roll("a", 2, "x"), seed.roll("a", 1, "y"), Seed([2; 32]).roll("a", 1, "x")]
        {
            assert_ne!(base, other);
        }
        assert_eq!(format!("{seed:?}"), "Seed(…)", "it is never printed");
    }
}
