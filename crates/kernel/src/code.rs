//! Codes that people pass on, read out and type: random characters and one that checks them.
//!
//! The alphabet leaves out whatever is taken for something else when it is read or written by hand (0 O, 1 I L, U, S),
//! which leaves 29 characters. 29 is a prime, so the check character can be that of a pure system of ISO 7064 (weights are
//! the powers of two, as in its MOD 11-2 and MOD 37-2) with the modulus 29: its value is always one of the alphabet. The
//! powers of two repeat after 28, so weights that differ and are no multiples of a prime modulus find every single wrong
//! character and every swap of two in any code of up to 28 characters.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What codes are written with.
pub const ALPHABET: &[u8; 29] = b"23456789ABCDEFGHJKMNPQRTVWXYZ";
const MODULUS: usize = ALPHABET.len();

/// A code of so many random characters in its one form: upper case, no hyphens, the check character last.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Code<const RANDOM: usize>(String);

/// Why a text is no code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Too short or too long.
    #[error("must be {expected} characters beside hyphens, not {found}")]
    Length {
        /// How long such a code is.
        expected: usize,
        /// How long the text is.
        found: usize,
    },
    /// A character that no code has.
    #[error("no code has the character {0}")]
    Character(char),
    /// One of the characters is wrong.
    #[error("the check character must be {expected}, not {found}: one of the characters is wrong")]
    Check {
        /// What it would be for the others.
        expected: char,
        /// What it is.
        found: char,
    },
}

impl<const RANDOM: usize> Code<RANDOM> {
    /// Makes a code of numbers below the size of the alphabet; greater ones are taken modulo it.
    pub fn of(numbers: [u8; RANDOM]) -> Self {
        let values = numbers.map(|number| usize::from(number).checked_rem(MODULUS).unwrap_or(0));
        let text = values.iter().chain([&check(&values)]).map(|value| char::from(ALPHABET[*value])).collect();
        Self(text)
    }

    /// Makes a code of random bytes, or of bytes nobody can guess: each character takes what the ones before it left over.
    ///
    /// Of 128 bits the most favoured of up to 20 characters is favoured by less than one in 2^30.
    pub fn of_digest(digest: [u8; 16]) -> Self {
        let mut rest = u128::from_be_bytes(digest);
        Self::of(std::array::from_fn(|_| {
            let number = u8::try_from(rest.checked_rem(29).unwrap_or(0)).unwrap_or(0);
            rest = rest.checked_div(29).unwrap_or(0);
            number
        }))
    }

    /// Reads a code as somebody typed it: case, hyphens and blanks do not matter.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let typed: Vec<char> =
            text.chars().filter(|c| *c != '-' && *c != ' ').map(|c| c.to_ascii_uppercase()).collect();
        let length = RANDOM.saturating_add(1);
        if typed.len() != length {
            return Err(Malformed::Length { expected: length, found: typed.len() });
        }
        let place = |c: char| ALPHABET.iter().position(|known| char::from(*known) == c).ok_or(Malformed::Character(c));
        let values = typed.iter().map(|c| place(*c)).collect::<Result<Vec<_>, _>>()?;
        let (found, expected) = (values[RANDOM], check(&values[..RANDOM]));
        if found != expected {
            let told = |value: usize| char::from(ALPHABET[value]);
            return Err(Malformed::Check { expected: told(expected), found: told(found) });
        }
        Ok(Self(typed.into_iter().collect()))
    }

    /// As the database keeps it.
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// The value that makes the sum of all, each times its power of two, a multiple of the modulus.
#[expect(clippy::arithmetic_side_effects, reason = "every value is below 29, and stays there")]
fn check(values: &[usize]) -> usize {
    let sum = values.iter().fold(0, |sum, value| (sum + value) * 2 % MODULUS);
    (MODULUS - sum) % MODULUS
}

/// As it is told, in groups of four, the last of which has what is left: "K7QM-3XRD9".
impl<const RANDOM: usize> fmt::Display for Code<RANDOM> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.as_str();
        while let Some((group, after)) = rest.split_at_checked(4).filter(|(_, after)| after.len() >= 4) {
            write!(out, "{group}-")?;
            rest = after;
        }
        out.write_str(rest)
    }
}

impl<const RANDOM: usize> fmt::Debug for Code<RANDOM> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl<const RANDOM: usize> TryFrom<String> for Code<RANDOM> {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        Self::parse(&text)
    }
}

impl<const RANDOM: usize> From<Code<RANDOM>> for String {
    fn from(code: Code<RANDOM>) -> Self {
        code.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Code = super::Code<8>;
    const LENGTH: usize = 9;

    fn some() -> Vec<Code> {
        let numbers =
            (0_u8..60).map(|seed| [7, 0, 28, 13, 1, 22, 5, 9].map(|n: u8| n.wrapping_mul(seed).wrapping_add(seed)));
        numbers.map(Code::of).collect()
    }

    #[test]
    fn the_alphabet_has_no_twins() {
        let mut sorted = ALPHABET.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), MODULUS);
        for confusing in b"01ILOSU" {
            assert!(!ALPHABET.contains(confusing), "{}", char::from(*confusing));
        }
    }

    #[test]
    fn every_single_wrong_character_is_found() {
        for code in some() {
            for place in 0..LENGTH {
                for wrong in ALPHABET {
                    let mut text = code.text().as_bytes().to_vec();
                    text[place] = *wrong;
                    let text = String::from_utf8(text).expect("ASCII");
                    assert_eq!(Code::parse(&text).is_ok(), text == code.text(), "{code}: {text}");
                }
            }
        }
    }

    #[test]
    fn every_swap_of_two_characters_is_found() {
        for code in some() {
            for one in 0..LENGTH {
                for other in 0..one {
                    let mut text = code.text().as_bytes().to_vec();
                    text.swap(one, other);
                    let text = String::from_utf8(text).expect("ASCII");
                    assert_eq!(Code::parse(&text).is_ok(), text == code.text(), "{code}: {text}");
                }
            }
        }
    }

    #[test]
    fn what_is_typed_is_read_whatever_its_case_and_hyphens() {
        let code = Code::of([1, 2, 3, 4, 5, 6, 7, 8]);
        for typed in [code.to_string(), code.to_string().to_lowercase(), code.text().to_owned(), format!(" {code}")] {
            assert_eq!(Code::parse(&typed), Ok(code.clone()), "{typed}");
        }
        assert_eq!(Code::parse("ABC"), Err(Malformed::Length { expected: 9, found: 3 }));
        assert_eq!(Code::parse("ABCD-EFGH0"), Err(Malformed::Character('0')));
        assert!(matches!(Code::parse("2222-22223"), Err(Malformed::Check { expected: '2', found: '3' })));
    }

    #[test]
    fn a_code_is_told_in_groups_of_four() {
        assert_eq!(Code::of([0; 8]).to_string(), "2222-22222");
        let long = super::Code::<11>::of_digest([7; 16]);
        assert_eq!(long.to_string().split('-').map(str::len).collect::<Vec<_>>(), [4, 4, 4]);
        assert_eq!(super::Code::<11>::parse(&long.to_string()), Ok(long));
    }
}
