//! What a token says, and every reason not to believe it.

use std::collections::BTreeSet;

use jsonwebtoken::errors::{Error, ErrorKind};
use kernel::TenantId;
use serde::{Deserialize, Serialize};
use wire::{Audience, Caller};

/// The claims of our own tokens, and those we read from others'.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    /// Other issuers may write a list here, which the library checks; we never read it again.
    #[serde(default, deserialize_with = "skip")]
    pub(super) aud: String,
    pub(super) exp: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) nbf: Option<u64>,
    pub(super) sub: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tenant: Option<String>,
    #[serde(default)]
    pub(super) scope: String,
}

fn skip<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    serde::de::IgnoredAny::deserialize(from).map(|_| String::new())
}

impl Claims {
    pub(super) fn into_caller(self, audience: Audience) -> Result<Caller, Unacceptable> {
        if self.sub.trim().is_empty() {
            return Err(Unacceptable::Claim("sub"));
        }
        let tenant =
            self.tenant.as_deref().map(TenantId::parse).transpose().map_err(|_| Unacceptable::Claim("tenant"))?;
        let scopes: BTreeSet<String> = self.scope.split_ascii_whitespace().map(str::to_owned).collect();
        Ok(Caller { tenant, actor: self.sub, scopes, audience })
    }
}

/// Why a token is not believed. The texts name what is wrong and quote nothing of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unacceptable {
    /// It is no JWT.
    #[error("the token is not a readable JWT")]
    Unreadable,
    /// Nobody we believe issued it.
    #[error("the token's issuer is not accepted here")]
    Issuer,
    /// It is unsigned (`none`), or signed in a way its issuer may not use.
    #[error("the token's algorithm is not accepted from its issuer")]
    Algorithm,
    /// It names a key its issuer does not have, or none where the issuer has several.
    #[error("the token's key is not known")]
    Key,
    /// Somebody else signed it, or it was changed.
    #[error("the token's signature does not hold")]
    Signature,
    /// Its time has passed.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYet,
    /// It was made for somebody else.
    #[error("the token is meant for another audience")]
    Audience,
    /// A claim is missing or malformed.
    #[error("the token's claim `{0}` is missing or malformed")]
    Claim(&'static str),
}

impl From<Error> for Unacceptable {
    fn from(error: Error) -> Self {
        match error.into_kind() {
            ErrorKind::InvalidSignature => Self::Signature,
            ErrorKind::ExpiredSignature => Self::Expired,
            ErrorKind::ImmatureSignature => Self::NotYet,
            ErrorKind::InvalidAudience => Self::Audience,
            ErrorKind::InvalidIssuer => Self::Issuer,
            ErrorKind::InvalidAlgorithm | ErrorKind::UnsupportedAlgorithm | ErrorKind::InvalidAlgorithmName => {
                Self::Algorithm
            }
            ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => {
                Self::Claim(known_claim(&claim))
            }
            // The library's list is open; everything else it has is about bytes it could not read.
            _ => Self::Unreadable,
        }
    }
}

fn known_claim(name: &str) -> &'static str {
    ["exp", "nbf", "iss", "aud", "sub"].into_iter().find(|known| *known == name).unwrap_or("unknown")
}
