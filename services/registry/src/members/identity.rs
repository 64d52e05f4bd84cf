//! The ways a member is known by, each kind with its one form and its rule about who gives the name out.
//!
//! Two texts that mean the same name have the same form here, and the form is what is unique in a tenant.

use std::fmt;

use kernel::{Shard, TenantId};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use super::email;
use super::phone::{self, Region};
use super::tax_id;

pub(super) mod store;

/// What kind of name it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A phone number; the whole world gives them out.
    Phone,
    /// An e-mail address; likewise.
    Email,
    /// A LINE user id; one person has another with each LINE provider.
    Line,
    /// A member card's number; another shop's card may have the same.
    Card,
    /// The id of another system.
    External,
    /// A company's tax id; the state gives it out.
    #[serde(rename = "tax_id")]
    TaxId,
}

impl Kind {
    /// As the database, events and refusals write it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Line => "line",
            Self::Card => "card",
            Self::External => "external",
            Self::TaxId => "tax_id",
        }
    }

    const fn has_issuer(self) -> bool {
        match self {
            Self::Phone | Self::Email | Self::TaxId => false,
            Self::Line | Self::Card | Self::External => true,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

/// A name in its one form: what makes two identities the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Name {
    /// What kind of name it is.
    pub kind: Kind,
    /// Who gives it out; empty where the whole world does.
    pub issuer: String,
    /// In its one form.
    pub value: String,
}

impl Name {
    /// Where its row lies.
    pub fn shard(&self, tenant: TenantId) -> Shard {
        Shard::of_text(tenant, &[self.kind.word(), &self.issuer, &self.value])
    }
}

/// One way a member is known by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The name.
    #[serde(flatten)]
    pub name: Name,
    /// True after a finished one-time code, or from a trusted source.
    pub verified: bool,
}

/// What is wrong with a name, and in which of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// "issuer" or "value".
    pub field: &'static str,
    /// In words for the caller.
    pub what: String,
}

/// Reads a name written in any usual form; tells all that is wrong with it.
pub fn read(kind: Kind, issuer: &str, value: &str, region: Option<Region>) -> Result<Name, Vec<Wrong>> {
    let issuer = issuer_of(kind, issuer).map_err(|what| Wrong { field: "issuer", what });
    let value = match kind {
        Kind::Phone => phone::normal(value, region).map_err(|wrong| wrong.to_string()),
        Kind::Email => email::normal(value).map_err(|wrong| wrong.to_string()),
        Kind::Line => code(value, 100, "a LINE user id"),
        Kind::Card => card(value),
        Kind::External => external(value),
        Kind::TaxId => tax_id::normal(value).map_err(|wrong| wrong.to_string()),
    };
    match (issuer, value.map_err(|what| Wrong { field: "value", what })) {
        (Ok(issuer), Ok(value)) => Ok(Name { kind, issuer, value }),
        (issuer, value) => Err(issuer.err().into_iter().chain(value.err()).collect()),
    }
}

fn issuer_of(kind: Kind, issuer: &str) -> Result<String, String> {
    match (kind.has_issuer(), issuer.is_empty()) {
        (false, true) => Ok(String::new()),
        (false, false) => Err(format!("must be empty for a {kind}")),
        (true, true) => Err(format!("is required for a {kind}: who gives the name out")),
        (true, false) => code(issuer, 60, "the code of who gives the name out"),
    }
}

/// Printable ASCII without blanks; case counts.
fn code(text: &str, most: usize, what: &str) -> Result<String, String> {
    let folded: String = text.nfkc().collect();
    let fits = (1..=most).contains(&folded.len()) && folded.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(folded) } else { Err(format!("must be {what}: 1 to {most} letters, digits and signs without blanks")) }
}

/// Cards are read out and typed in groups; case and grouping do not count.
fn card(text: &str) -> Result<String, String> {
    let folded: String = text.nfkc().filter(|letter| !matches!(letter, ' ' | '-')).collect();
    let fits = (1..=60).contains(&folded.len()) && folded.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if fits {
        Ok(folded.to_ascii_uppercase())
    } else {
        Err("must be a card number of 1 to 60 letters and digits".to_owned())
    }
}

/// Another system's id is kept as that system writes it.
fn external(text: &str) -> Result<String, String> {
    let fits = (1..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control) && text.trim() == text;
    if fits {
        Ok(text.to_owned())
    } else {
        Err("must be 1 to 200 characters without control characters and without blanks around it".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(kind: Kind, issuer: &str, value: &str) -> Result<String, String> {
        let taiwan = Region::parse("TW").ok();
        read(kind, issuer, value, taiwan).map(|name| name.value).map_err(|wrong| wrong[0].field.to_owned())
    }

    #[test]
    fn each_kind_has_its_form() {
        let table = [
            (Kind::Phone, "", "0912-345-678", Ok("+886912345678")),
            (Kind::Email, "", "Wang@Example.com", Ok("wang@example.com")),
            (Kind::Line, "shop", "U4af4980629f0", Ok("U4af4980629f0")),
            (Kind::Line, "shop", "Ｕ4af4980629f0", Ok("U4af4980629f0")),
            (Kind::Line, "shop", "U4af 4980", Err("value")),
            (Kind::Card, "gold", "１２３４ 5678-abcd", Ok("12345678ABCD")),
            (Kind::Card, "gold", "1234_5678", Err("value")),
            (Kind::External, "erp", "客戶 42", Ok("客戶 42")),
            (Kind::External, "erp", " 42", Err("value")),
            (Kind::External, "erp", "", Err("value")),
            (Kind::TaxId, "", "０４５９ 5257", Ok("04595257")),
            (Kind::TaxId, "", "04595258", Err("value")),
            (Kind::TaxId, "tw", "04595257", Err("issuer")),
        ];
        for (kind, issuer, written, expected) in table {
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(value(kind, issuer, written), expected, "{kind} {written}");
        }
    }

    #[test]
    fn an_issuer_is_there_where_the_kind_has_one() {
        assert_eq!(value(Kind::Phone, "shop", "0912345678"), Err("issuer".to_owned()));
        assert_eq!(value(Kind::Line, "", "U4af4980629f0"), Err("issuer".to_owned()));
        assert_eq!(value(Kind::Card, "a b", "1234"), Err("issuer".to_owned()));
        let both = read(Kind::Line, "", "", None).expect_err("both are wrong");
        assert_eq!(both.iter().map(|wrong| wrong.field).collect::<Vec<_>>(), ["issuer", "value"]);
    }

    #[test]
    fn one_line_id_with_two_providers_is_two_names() {
        let tenant = TenantId::parse("tenant_01h455vb4pex5vsknk084sn02q").expect("an id");
        let name = |issuer: &str| read(Kind::Line, issuer, "U4af4980629f0", None).expect("a name");
        assert_ne!(name("shop-a"), name("shop-b"));
        assert_eq!(name("shop-a").shard(tenant), name("shop-a").shard(tenant));
    }
}
