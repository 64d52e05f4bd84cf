//! How an e-mail address is written so that each has one form: lower case, the domain as the name servers know it.

use email_address::{EmailAddress, Options};
use unicode_normalization::UnicodeNormalization as _;

/// The text is no e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an e-mail address, such as \"wang@example.com\"")]
pub struct BadEmail;

/// RFC 5321: the longest address that can be delivered to.
const LONGEST: usize = 254;

/// The one form of an address. What stands before the @ keeps its dots and tags: only its owner's server knows what
/// they mean.
pub(super) fn normal(written: &str) -> Result<String, BadEmail> {
    if written.len() > 4 * LONGEST {
        return Err(BadEmail);
    }
    let folded: String = written.nfkc().collect();
    let (local, domain) = folded.trim().rsplit_once('@').ok_or(BadEmail)?;
    let local = local.to_lowercase();
    let domain = idna::domain_to_ascii_strict(domain).map_err(|_| BadEmail)?;
    let address = format!("{local}@{domain}");
    // A quoted local part or a bare host is deliverable in theory and a slip of the finger in practice.
    let options = Options::default().with_required_tld().without_domain_literal().without_display_text();
    let fits = address.len() <= LONGEST && !local.contains(['"', ' ', '\\']);
    if fits && EmailAddress::parse_with_options(&address, options).is_ok() { Ok(address) } else { Err(BadEmail) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_address_has_one_form() {
        let table = [
            ("wang@example.com", "wang@example.com"),
            ("Wang.Ming+Shop@Example.COM", "wang.ming+shop@example.com"),
            ("  wang@example.com ", "wang@example.com"),
            ("ｗａｎｇ＠ｅｘａｍｐｌｅ．ｃｏｍ", "wang@example.com"),
            ("wang@例子.台灣", "wang@xn--fsqu00a.xn--kpry57d"),
            ("wang@BÜCHER.example", "wang@xn--bcher-kva.example"),
            ("王小明@example.com", "王小明@example.com"),
        ];
        for (written, normalised) in table {
            assert_eq!(normal(written).as_deref(), Ok(normalised), "{written}");
        }
    }

    #[test]
    fn what_is_no_address_is_told() {
        let long = format!("{}@example.com", "a".repeat(250));
        for written in [
            "",
            "wang",
            "@example.com",
            "wang@",
            "wang@localhost",
            "wang@ex ample.com",
            "a b@example.com",
            "a@b@c",
            &long,
        ] {
            assert_eq!(normal(written), Err(BadEmail), "{written}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "\\PC{0,80}") {
            if let Ok(once) = normal(&text) {
                prop_assert_eq!(normal(&once), Ok(once));
            }
        }
    }
}
