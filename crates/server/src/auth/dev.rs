//! The development issuer: tokens without an identity provider, on one machine.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use kernel::TenantId;

use super::internal::{self, Mint};
use super::secret::{self, SecretError};
use super::verifier::EXTERNAL_AUDIENCE;

/// Whom development tokens name as their issuer.
pub const DEV_ISSUER: &str = "rapport-dev";

/// Makes tokens that a server accepts which was told to believe this issuer.
#[derive(Clone)]
pub struct DevIssuer {
    secret: String,
}

impl std::fmt::Debug for DevIssuer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("DevIssuer")
    }
}

impl DevIssuer {
    /// Reads the secret at `path`, making it (mode 0600) at first use.
    ///
    /// # Errors
    /// The file cannot be read or made, others can read it, or it is too short.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, SecretError> {
        Ok(Self { secret: secret::open_or_make(path.as_ref())? })
    }

    /// An issuer with a secret from elsewhere.
    ///
    /// # Errors
    /// It has fewer than 32 bytes.
    pub fn try_new(secret: &str) -> Result<Self, SecretError> {
        secret::long_enough(secret.as_bytes())?;
        Ok(Self { secret: secret.to_owned() })
    }

    /// An issuer whose secret nobody else has, for tests in one process.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn random() -> Result<Self, SecretError> {
        Ok(Self { secret: secret::random()? })
    }

    /// A token for `actor`, for as long as `lifetime` from now (real time, whatever the business clock says).
    pub fn mint<S: AsRef<str>>(
        &self,
        tenant: Option<TenantId>,
        scopes: impl IntoIterator<Item = S>,
        actor: &str,
        lifetime: Duration,
    ) -> String {
        let scopes: BTreeSet<String> = scopes.into_iter().map(|scope| scope.as_ref().to_owned()).collect();
        internal::mint(
            self.secret.as_bytes(),
            &Mint { issuer: DEV_ISSUER, audience: EXTERNAL_AUDIENCE, tenant, actor, scopes: &scopes, lifetime },
        )
    }

    pub(super) fn secret(&self) -> &[u8] {
        self.secret.as_bytes()
    }
}
