//! The texts of codes: how they are kept, and what is wrong with one that was mistyped.

use kernel::code::{Code, Malformed};

/// A code that is used once: eleven characters that nobody can guess and one that checks them. There are 29 to the power of
/// 11; who tries a million texts against a million codes finds one with a chance of 1 in 12,000.
pub type UniqueCode = Code<11>;

/// As it is printed.
pub(super) fn told(code: &UniqueCode) -> String {
    code.to_string()
}

/// A typed code as it is kept: in upper case, without hyphens and blanks.
pub fn kept(typed: &str) -> String {
    typed.chars().filter(|c| *c != '-' && *c != ' ').map(|c| c.to_ascii_uppercase()).collect()
}

/// Whether a text is a generated code with one wrong character.
pub fn is_mistyped(typed: &str) -> bool {
    matches!(UniqueCode::parse(typed), Err(Malformed::Check { .. }))
}

/// A code for everybody, as it is kept: 3 to 40 letters and digits that no generated code can be.
pub fn shared(typed: &str) -> Result<String, &'static str> {
    let code = kept(typed);
    if !(3..=40).contains(&code.len()) || !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err("must be 3 to 40 letters and digits beside hyphens");
    }
    if UniqueCode::parse(&code).is_ok() {
        return Err("could be a generated code: choose another");
    }
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_code_is_kept_in_one_form_and_is_no_generated_one() {
        assert_eq!(shared("Summer-10"), Ok("SUMMER10".to_owned()));
        assert_eq!(kept(" summer 10"), "SUMMER10");
        for wrong in ["", "ab", "sömmer", "a_b_c", &"x".repeat(41), &Code::<11>::of([3; 11]).to_string()] {
            assert!(shared(wrong).is_err(), "{wrong}");
        }
    }
}
