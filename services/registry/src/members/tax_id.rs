//! Taiwan's tax id of a company (統一編號): eight digits with a checksum.
//!
//! Each digit is multiplied by its weight and the digits of the product are added up; the sum of all must be divisible
//! by 5. It was 10 until March 2023; the numbers ran short, and what was given out before fits the new rule too. A 7 in
//! the seventh place makes 28, whose digits make 10, which counts as 1 or as 0: one of the two must fit.

use unicode_normalization::UnicodeNormalization as _;

/// The text is no tax id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTaxId {
    /// It is not eight digits.
    #[error("must be a company's tax id of 8 digits")]
    Unreadable,
    /// A digit was mistyped.
    #[error("must be a company's tax id whose checksum fits; one of the digits is wrong")]
    Impossible,
}

const WEIGHTS: [u32; 8] = [1, 2, 1, 2, 1, 2, 4, 1];
const DIVISOR: u32 = 5;
/// The place whose 7 counts as 1 or as 0.
const DOUBTFUL: usize = 6;

/// The one form of a tax id: eight digits.
pub(super) fn normal(written: &str) -> Result<String, BadTaxId> {
    let folded: String = written.nfkc().filter(|letter| !matches!(letter, ' ' | '-')).take(9).collect();
    let digits: Vec<u32> = folded.chars().map_while(|letter| letter.to_digit(10)).collect();
    let digits: [u32; 8] = digits.try_into().map_err(|_| BadTaxId::Unreadable)?;
    if folded.len() != digits.len() {
        return Err(BadTaxId::Unreadable);
    }
    // Nobody has it, and many forms are filled in with it.
    let given_out = digits != [0; 8];
    if given_out && adds_up(&digits) { Ok(folded) } else { Err(BadTaxId::Impossible) }
}

fn adds_up(digits: &[u32; 8]) -> bool {
    let products = digits.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight);
    let sum: u32 = products.enumerate().map(|(place, product)| counts(place, digits[place], product)).sum();
    let one_more = digits[DOUBTFUL] == 7 && (sum + 1).is_multiple_of(DIVISOR);
    sum.is_multiple_of(DIVISOR) || one_more
}

/// The digits of a product, added up; a 7 in the doubtful place as 0.
const fn counts(place: usize, digit: u32, product: u32) -> u32 {
    if place == DOUBTFUL && digit == 7 { 0 } else { product / 10 + product % 10 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_checksum_is_divisible_by_five() {
        let table = "
            04595257    fits   by 10, as they were before April 2023
            12345675    fits   by 10, its 7 counting as 1
            12345676    fits   by 10, its 7 counting as 0
            12345670    fits   by 5 only, its 7 counting as 1
            12345671    fits   by 5 only, its 7 counting as 0
            12345672    wrong  neither
            12345674    wrong  neither
            00000005    fits   by 5 only
            00000010    wrong  4
            00000011    fits   4 and 1
            00000000    wrong  nobody's
            04595252    fits   5 less than one that fits
            04595258    wrong  one more than one that fits
        ";
        for row in table.lines().map(str::trim).filter(|row| !row.is_empty()) {
            let cells: Vec<&str> = row.split_whitespace().collect();
            let found = if normal(cells[0]).is_ok() { "fits" } else { "wrong" };
            assert_eq!(found, cells[1], "{row}");
        }
    }

    #[test]
    fn one_number_has_one_form() {
        for written in ["04595257", " 0459 5257", "0459-5257", "０４５９５２５７"] {
            assert_eq!(normal(written).as_deref(), Ok("04595257"), "{written}");
        }
        for written in ["", "0459525", "045952570", "0459525a", "04595257a", "王小明", "0459525٧"] {
            assert_eq!(normal(written), Err(BadTaxId::Unreadable), "{written}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "\\PC{0,30}") {
            let _ = normal(&text);
        }

        #[test]
        fn one_wrong_last_digit_is_noticed_but_for_five_more(digits in "[0-9]{6}[0-689]") {
            let fitting = (0..10).filter(|last| normal(&format!("{digits}{last}")).is_ok()).count();
            prop_assert_eq!(fitting, 2);
        }
    }
}
