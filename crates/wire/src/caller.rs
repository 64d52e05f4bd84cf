//! Who is calling, as the server's door established it from the token.
//!
//! The door puts a [`Caller`] into the extensions of every call it lets through; a service takes it from there and
//! from nowhere else. The tenant in it is the only tenant a call can touch.

use std::collections::BTreeSet;

use kernel::TenantId;
use tonic::{Extensions, Status};

use crate::status;

/// Whom a token was made for: the outside world, or the suite's own services among themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// A client of the suite.
    External,
    /// Another service of the suite, calling for somebody or for itself.
    Internal,
}

/// Who is calling and what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The tenant whose rows the call may see. None for calls that are about no tenant or about all of them.
    pub tenant: Option<TenantId>,
    /// Who is answerable: the `sub` of the token; inside the suite still the one who called first.
    pub actor: String,
    /// What the token allows.
    pub scopes: BTreeSet<String>,
    /// Whom the token was made for.
    pub audience: Audience,
}

impl Caller {
    /// The caller of a request.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when the request came by no door, which a mounted service never sees.
    pub fn of(extensions: &Extensions) -> Result<&Self, Status> {
        extensions.get().ok_or_else(|| status::unauthenticated("the call carries no caller"))
    }

    /// The tenant the call is about.
    ///
    /// # Errors
    /// `PERMISSION_DENIED` when the token names none.
    pub fn require_tenant(&self) -> Result<TenantId, Status> {
        self.tenant.ok_or_else(|| {
            status::permission_denied("the token names no tenant and this call is about one tenant's rows")
        })
    }

    /// Nothing, where the call is an operator's and about the whole installation.
    ///
    /// # Errors
    /// `PERMISSION_DENIED` when the token names a tenant.
    pub fn require_operator(&self) -> Result<(), Status> {
        let others = "this call is for operators of the installation, whose tokens name no tenant";
        self.tenant.map_or(Ok(()), |_| Err(status::permission_denied(others)))
    }

    /// Whether the token carries this scope.
    #[must_use]
    pub fn may(&self, scope: &str) -> bool {
        self.scopes.contains(scope)
    }
}
