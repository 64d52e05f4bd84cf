//! How a phone number is written so that each has one form: E.164, with its extension.
//!
//! `0912-345-678`, `０９１２３４５６７８` and `+886 912 345 678` are one number; `02-8751-8588#123` is another than
//! `02-8751-8588`, for somebody else sits at that extension.

use phonenumber::Mode;
use phonenumber::country::Id;
use unicode_normalization::UnicodeNormalization as _;

/// A country whose numbers may be written without a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region(Id);

/// The text is no country.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an ISO 3166 country code of two capital letters, such as \"TW\"")]
pub struct BadRegion;

/// The text is no phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPhone {
    /// It has characters no number is written with.
    #[error("must be a phone number; an extension follows # or \"ext\"")]
    Unreadable,
    /// There is no such number.
    #[error("must be a phone number that can exist in its country")]
    Impossible,
    /// It has no prefix, and nobody said which country's it is.
    #[error("must begin with + and the country's code, for the tenant names no phone_region")]
    WithoutCountry,
}

impl Region {
    /// Reads an ISO 3166 code.
    pub fn parse(text: &str) -> Result<Self, BadRegion> {
        let letters = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        letters.then(|| text.parse().ok().map(Self)).flatten().ok_or(BadRegion)
    }
}

/// Reads the tables of all countries' numbers, which takes a moment, before the first caller would wait for it.
pub fn read_tables() {
    drop(normal("+886912345678", None));
}

/// What may stand between digits, after full-width forms were folded.
const BETWEEN: [char; 12] =
    [' ', '-', '(', ')', '.', '/', '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2212}', '~'];
/// What an extension is announced by. Longer words before those they begin with.
const EXTENSION: [&str; 9] = [";ext=", "extension", "ext.", "ext", "x", "#", "分機", "转", "轉"];
const LONGEST_EXTENSION: usize = 11;
const LONGEST: usize = 60;

/// The one form of a number.
pub(super) fn normal(written: &str, region: Option<Region>) -> Result<String, BadPhone> {
    if written.chars().count() > LONGEST {
        return Err(BadPhone::Unreadable);
    }
    let folded: String = written.nfkc().flat_map(char::to_lowercase).collect();
    let (number, extension) = apart(folded.trim());
    let digits = plain(number).ok_or(BadPhone::Unreadable)?;
    if region.is_none() && !digits.starts_with('+') {
        return Err(BadPhone::WithoutCountry);
    }
    let parsed = phonenumber::parse(region.map(|region| region.0), &digits).map_err(|_| BadPhone::Impossible)?;
    if !phonenumber::is_valid(&parsed) {
        return Err(BadPhone::Impossible);
    }
    let number = parsed.format().mode(Mode::E164).to_string();
    match extension.map(digits_of_extension) {
        None => Ok(number),
        Some(Some(extension)) => Ok(format!("{number};ext={extension}")),
        Some(None) => Err(BadPhone::Unreadable),
    }
}

/// The number and, where one is announced, the text of its extension.
fn apart(text: &str) -> (&str, Option<&str>) {
    let first = EXTENSION.iter().filter_map(|word| text.find(word).map(|at| (at, *word))).min_by_key(|(at, _)| *at);
    first.map_or((text, None), |(at, word)| (&text[..at], Some(&text[at + word.len()..])))
}

fn digits_of_extension(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches('#');
    let fits = (1..=LONGEST_EXTENSION).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.to_owned())
}

/// Digits, with a plus before them where there was one.
fn plain(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches(',');
    let (plus, rest) = text.strip_prefix('+').map_or(("", text), |rest| ("+", rest));
    let digits: String = rest.chars().filter(|letter| !BETWEEN.contains(letter)).collect();
    let fits = (5..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| format!("{plus}{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn region(text: &str) -> Option<Region> {
        (!text.is_empty()).then(|| Region::parse(text).expect("a country"))
    }

    #[test]
    fn one_number_has_one_form() {
        let table = "
            TW  0912345678              +886912345678
            TW  0912-345-678            +886912345678
            TW  ０９１２３４５６７８    +886912345678
            TW  +886_912_345_678        +886912345678
            TW  ＋886912345678          +886912345678
            TW  +886-0912345678         +886912345678
            TW  02-8751-8588            +886287518588
            TW  (02)87518588            +886287518588
            TW  02-8751-8588#123        +886287518588;ext=123
            TW  （０２）８７５１－８５８８＃１２３  +886287518588;ext=123
            TW  02-8751-8588_ext._0123  +886287518588;ext=0123
            TW  02-8751-8588分機123     +886287518588;ext=123
            TW  02-8751-8588轉123       +886287518588;ext=123
            TW  +886287518588;ext=123   +886287518588;ext=123
            GB  07911_123456            +447911123456
            GB  020_7946_0958_x12       +442079460958;ext=12
            US  (650)_253-0000          +16502530000
            -   +44_20_7946_0958        +442079460958
        ";
        for row in table.lines().map(str::trim).filter(|row| !row.is_empty()) {
            let cells: Vec<&str> = row.split_whitespace().collect();
            let (country, written) = (cells[0].trim_matches('-'), cells[1].replace('_', " "));
            assert_eq!(normal(&written, region(country)).as_deref(), Ok(cells[2]), "{row}");
        }
    }

    #[test]
    fn what_is_no_number_is_told() {
        let table = [
            ("TW", "", BadPhone::Unreadable),
            ("TW", "wang@example.com", BadPhone::Unreadable),
            ("TW", "0912-345-67a", BadPhone::Unreadable),
            ("TW", "0912345678#", BadPhone::Unreadable),
            ("TW", "0912345678#12a", BadPhone::Unreadable),
            ("TW", "0912", BadPhone::Unreadable),
            ("TW", "0012345678", BadPhone::Impossible),
            ("TW", "09123456789012", BadPhone::Impossible),
            ("TW", "+999123456789", BadPhone::Impossible),
            ("", "0912345678", BadPhone::WithoutCountry),
        ];
        for (country, written, wrong) in table {
            assert_eq!(normal(written, region(country)), Err(wrong), "{written}");
        }
        assert_eq!(Region::parse("tw"), Err(BadRegion));
        assert_eq!(Region::parse("ZZ"), Err(BadRegion));
        assert_eq!(Region::parse("TWN"), Err(BadRegion));
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "\\PC{0,70}") {
            let _ = normal(&text, region("TW"));
        }

        #[test]
        fn the_form_is_its_own_form(digits in "09[0-9]{8}", extension in "(#[0-9]{1,5})?") {
            let taiwan = region("TW");
            if let Ok(once) = normal(&format!("{digits}{extension}"), taiwan) {
                prop_assert_eq!(normal(&once, taiwan), Ok(once.clone()));
                prop_assert_eq!(normal(&once, None), Ok(once));
            }
        }
    }
}
