//! What the sandbox answers to a token, and what is no token.
//!
//! | token | answer |
//! |---|---|
//! | `sandbox_ok` | charged |
//! | `sandbox_later_2` | the first 2 attempts at each occurrence are declined for later, the next one is charged |
//! | `sandbox_ok_from_3` | occurrences before number 3 are declined for later, from there on charged |
//! | `sandbox_card` | declined until there is another card |
//! | `sandbox_never` | declined for ever |
//! | `sandbox_silent_2` | no answer to the first 2 askings of each attempt, then charged |
//! | `sandbox_refund_later_2` | charged; the first 2 askings to give it back are declined for later, the next one is not |
//! | `sandbox_itself` | never asked: the provider charges on its own schedule |
//!
//! Any other token is charged.

use kernel::ChargeId;

use crate::subscription::charging::{Answer, Decline};

/// What a token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Charged.
    Yes,
    /// So many attempts are declined for later.
    Later {
        /// Attempts.
        times: i32,
    },
    /// Declined for later before an occurrence.
    YesFrom {
        /// Its number.
        number: i64,
    },
    /// Declined until there is another card.
    Card,
    /// Declined for ever.
    Never,
    /// Not answered so many times.
    Silent {
        /// Times.
        times: u32,
    },
    /// Charged; so many askings to give it back are declined.
    RefundLater {
        /// Askings.
        times: i32,
    },
    /// The provider charges on its own schedule.
    Itself,
}

/// Reads a token.
#[must_use]
pub fn read(token: &str) -> Line {
    let Some(rest) = token.strip_prefix("sandbox_") else { return Line::Yes };
    if let Some(times) = rest.strip_prefix("later_").and_then(|times| times.parse().ok()) {
        Line::Later { times }
    } else if let Some(number) = rest.strip_prefix("ok_from_").and_then(|number| number.parse().ok()) {
        Line::YesFrom { number }
    } else if let Some(times) = rest.strip_prefix("refund_later_").and_then(|times| times.parse().ok()) {
        Line::RefundLater { times }
    } else if let Some(times) = rest.strip_prefix("silent_").and_then(|times| times.parse().ok()) {
        Line::Silent { times }
    } else {
        match rest.split('_').next().unwrap_or_default() {
            "card" => Line::Card,
            "never" => Line::Never,
            "itself" => Line::Itself,
            _ => Line::Yes,
        }
    }
}

/// What an attempt is answered.
#[must_use]
pub fn answer(line: Line, key: ChargeId, occurrence: i64, attempt: i32) -> Answer {
    let yes = || Answer::Charged { reference: format!("sandbox-{key}") };
    let no = |class, code: &str| Answer::Declined { class, code: code.to_owned() };
    match line {
        Line::Later { times } if attempt <= times => no(Decline::Later, "insufficient-funds"),
        Line::YesFrom { number } if occurrence < number => no(Decline::Later, "insufficient-funds"),
        Line::Card => no(Decline::AfterCardUpdate, "expired-card"),
        Line::Never => no(Decline::Never, "stolen-card"),
        Line::Yes
        | Line::Later { .. }
        | Line::YesFrom { .. }
        | Line::RefundLater { .. }
        | Line::Silent { .. }
        | Line::Itself => yes(),
    }
}

/// What an asking to give back is answered; they count from 0.
#[must_use]
pub fn answer_refund(line: Line, key: ChargeId, attempt: i32) -> Answer {
    match line {
        Line::RefundLater { times } if attempt < times => {
            Answer::Declined { class: Decline::Later, code: "refund-refused".to_owned() }
        }
        Line::Yes
        | Line::Later { .. }
        | Line::YesFrom { .. }
        | Line::Card
        | Line::Never
        | Line::Silent { .. }
        | Line::RefundLater { .. }
        | Line::Itself => Answer::Charged { reference: format!("sandbox-{key}") },
    }
}

/// Whether a text looks like the number of a card: 13 to 19 digits, with blanks or hyphens between them, that pass the
/// check digit of Luhn. Such a text is never kept.
#[must_use]
pub fn looks_like_a_card(text: &str) -> bool {
    let mut digits = Vec::new();
    for letter in text.chars() {
        match letter.to_digit(10) {
            Some(digit) => digits.push(digit),
            None if letter == ' ' || letter == '-' => {}
            None => return false,
        }
    }
    let sum = digits.iter().rev().enumerate().fold(0_u32, |sum, (place, digit)| {
        let doubled = if place % 2 == 0 { *digit } else { digit.saturating_mul(2) };
        sum.saturating_add(if doubled > 9 { doubled.saturating_sub(9) } else { doubled })
    });
    (13..=19).contains(&digits.len()) && sum % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_what_is_answered() {
        let table = [
            ("sandbox_ok", 0, 1, "yes"),
            ("tok_1", 0, 1, "yes"),
            ("sandbox_later_2", 5, 1, "later"),
            ("sandbox_later_2", 5, 2, "later"),
            ("sandbox_later_2", 5, 3, "yes"),
            ("sandbox_ok_from_3", 2, 9, "later"),
            ("sandbox_ok_from_3", 3, 1, "yes"),
            ("sandbox_card", 0, 1, "card"),
            ("sandbox_never", 0, 1, "never"),
            ("sandbox_silent_2", 0, 1, "yes"),
            ("sandbox_refund_later_2", 0, 1, "yes"),
        ];
        for (token, occurrence, attempt, expected) in table {
            let told = match answer(read(token), ChargeId::from(uuid::Uuid::nil()), occurrence, attempt) {
                Answer::Charged { .. } => "yes",
                Answer::Declined { class: Decline::Later, .. } => "later",
                Answer::Declined { class: Decline::AfterCardUpdate, .. } => "card",
                Answer::Declined { class: Decline::Never, .. } => "never",
            };
            assert_eq!(told, expected, "{token}, occurrence {occurrence}, attempt {attempt}");
        }
    }

    #[test]
    fn the_number_of_a_card_is_no_token() {
        let table = [
            ("4242424242424242", true),
            ("4242 4242 4242 4242", true),
            ("4242-4242-4242-4242", true),
            ("378282246310005", true),
            ("4242424242424241", false),
            ("424242424242", false),
            ("tok_4242424242424242", false),
            ("", false),
        ];
        for (text, expected) in table {
            assert_eq!(looks_like_a_card(text), expected, "{text}");
        }
    }
}
