//! Tokens for calls between services of the suite.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::{EncodingKey, Header, get_current_timestamp};
use kernel::TenantId;

use super::claims::Claims;
use super::secret::{self, SecretError};

/// Whom internal tokens name as their issuer.
pub const INTERNAL_ISSUER: &str = "rapport";
/// Whom internal tokens are made for.
pub(super) const INTERNAL_AUDIENCE: &str = "internal";
/// Long enough for one call to be begun, too short to be worth stealing.
const LIFETIME: Duration = Duration::from_secs(60);

/// The key all processes of one installation share to know each other by.
#[derive(Clone)]
pub struct InternalKey {
    secret: Arc<[u8]>,
}

impl std::fmt::Debug for InternalKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("InternalKey")
    }
}

impl InternalKey {
    /// A key from configuration.
    ///
    /// # Errors
    /// It has fewer than 32 bytes.
    pub fn try_new(secret: &[u8]) -> Result<Self, SecretError> {
        Ok(Self { secret: secret::long_enough(secret)?.into() })
    }

    /// A key nobody else has: for all services in one process.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn random() -> Result<Self, SecretError> {
        Self::try_new(secret::random()?.as_bytes())
    }

    /// A token for one call.
    pub(crate) fn mint(&self, tenant: Option<TenantId>, actor: &str, scopes: &BTreeSet<String>) -> String {
        mint(
            &self.secret,
            &Mint { issuer: INTERNAL_ISSUER, audience: INTERNAL_AUDIENCE, tenant, actor, scopes, lifetime: LIFETIME },
        )
    }

    pub(super) fn secret(&self) -> &[u8] {
        &self.secret
    }
}

/// What a token of our own says.
pub(super) struct Mint<'a> {
    pub(super) issuer: &'a str,
    pub(super) audience: &'a str,
    pub(super) tenant: Option<TenantId>,
    pub(super) actor: &'a str,
    pub(super) scopes: &'a BTreeSet<String>,
    pub(super) lifetime: Duration,
}

/// Tokens carry real time in whole seconds and nothing random: two of the same second for the same caller are the
/// same text, which the other side need verify only once.
pub(super) fn mint(secret: &[u8], token: &Mint<'_>) -> String {
    jsonwebtoken::encode(&Header::default(), &claims(token), &EncodingKey::from_secret(secret))
        .expect("texts and numbers sign with any HMAC key")
}

pub(super) fn claims(token: &Mint<'_>) -> Claims {
    Claims {
        iss: token.issuer.to_owned(),
        aud: token.audience.to_owned(),
        exp: get_current_timestamp() + token.lifetime.as_secs(),
        nbf: None,
        sub: token.actor.to_owned(),
        tenant: token.tenant.map(|tenant| tenant.to_string()),
        scope: token.scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" "),
    }
}
