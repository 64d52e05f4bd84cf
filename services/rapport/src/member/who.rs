//! Naming a member on the command line: by id, or by anything they are known by.

use clap::Args;
use kernel::MemberId;
use proto::registry::v1::{FindMemberRequest, GetMemberRequest, Identity, IdentityKind, Member};

use crate::client::{CliError, Suite};

/// One member.
#[derive(Args, Clone, Debug, Default)]
#[group(required = true, multiple = false)]
pub struct Who {
    /// The member's id, member_…
    #[arg(long, visible_alias = "id", value_name = "ID")]
    member: Option<String>,
    /// Phone number, in any usual form
    #[arg(long, value_name = "NUMBER")]
    phone: Option<String>,
    /// E-mail address
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Tax id of a company, 8 digits
    #[arg(long, value_name = "NUMBER")]
    tax_id: Option<String>,
    /// LINE user id, behind its provider
    #[arg(long, value_name = "PROVIDER:ID")]
    line: Option<String>,
    /// Card number, behind its issuer
    #[arg(long, value_name = "ISSUER:NUMBER")]
    card: Option<String>,
    /// Id in another system, behind that system's name
    #[arg(long, value_name = "ISSUER:ID")]
    external: Option<String>,
}

impl Who {
    /// Somebody beside them, by id or by phone number.
    pub fn other(member: Option<String>, phone: Option<String>) -> Self {
        Self { member, phone, ..Self::default() }
    }

    /// The member's record.
    pub async fn find(&self, suite: &Suite) -> Result<Member, CliError> {
        let found = match self.identity()? {
            None => {
                let request = GetMemberRequest { member: self.id()?, at_least_as_fresh: String::new() };
                suite.registry().get_member(request).await?.into_inner().member
            }
            Some(identity) => {
                let request = FindMemberRequest { identity: Some(identity), at_least_as_fresh: String::new() };
                suite.registry().find_member(request).await?.into_inner().member
            }
        };
        found.ok_or_else(|| CliError::odd("the suite answered without a member"))
    }

    /// The member's id; asks the suite only where another name is given.
    pub async fn member_id(&self, suite: &Suite) -> Result<String, CliError> {
        match self.identity()? {
            None => self.id(),
            Some(_) => Ok(self.find(suite).await?.id),
        }
    }

    fn id(&self) -> Result<String, CliError> {
        let id = self.member.clone().unwrap_or_default();
        MemberId::parse(&id).map_err(|error| CliError::Asked(format!("--member {id}: {error}")))?;
        Ok(id)
    }

    /// The identity given; none where it is an id.
    pub fn identity(&self) -> Result<Option<Identity>, CliError> {
        let plain = [
            (IdentityKind::Phone, &self.phone),
            (IdentityKind::Email, &self.email),
            (IdentityKind::TaxId, &self.tax_id),
        ];
        for (kind, value) in plain {
            if let Some(value) = value {
                return Ok(Some(identity(kind, "", value)));
            }
        }
        let issued = [
            (IdentityKind::Line, "--line", &self.line),
            (IdentityKind::Card, "--card", &self.card),
            (IdentityKind::External, "--external", &self.external),
        ];
        for (kind, option, value) in issued {
            if let Some(value) = value {
                let (issuer, value) = value.split_once(':').ok_or_else(|| {
                    CliError::Asked(format!("{option} {value}: who gives it out stands in front, as in uci:17850"))
                })?;
                return Ok(Some(identity(kind, issuer, value)));
            }
        }
        Ok(None)
    }
}

/// An identity as the wire has it.
pub fn identity(kind: IdentityKind, issuer: &str, value: &str) -> Identity {
    Identity { kind: kind.into(), issuer: issuer.to_owned(), value: value.to_owned(), verified: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        who: Who,
    }

    fn who(words: &[&str]) -> Option<Who> {
        Line::try_parse_from(std::iter::once(&"x").chain(words)).ok().map(|line| line.who)
    }

    #[test]
    fn a_member_is_named_in_one_way() {
        assert!(who(&[]).is_none());
        assert!(who(&["--phone", "0912345678", "--email", "a@example.com"]).is_none());
        let by_phone = who(&["--phone", "0912345678"]).expect("one way").identity().expect("well formed");
        assert_eq!(by_phone, Some(identity(IdentityKind::Phone, "", "0912345678")));
    }

    #[test]
    fn what_is_issued_names_its_issuer() {
        let external = who(&["--external", "uci:17850"]).expect("one way").identity().expect("well formed");
        assert_eq!(external, Some(identity(IdentityKind::External, "uci", "17850")));
        let error = who(&["--card", "17850"]).expect("one way").identity().expect_err("no issuer");
        assert!(error.to_string().starts_with("--card 17850"), "{error}");
    }

    #[test]
    fn an_id_is_looked_at_before_anybody_is_asked() {
        let who = who(&["--id", "entry_01h455vb4pex5vsknk084sn02q"]).expect("one way");
        assert!(who.identity().expect("none").is_none() && who.id().is_err());
    }
}
