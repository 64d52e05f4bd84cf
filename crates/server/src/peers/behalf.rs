//! For whom a call to another service is made.

use std::collections::BTreeSet;

use http::{Extensions, HeaderValue};
use kernel::TenantId;
use tonic::Status;
use wire::{Caller, Language};

use crate::deadline::Deadline;
use crate::trace::Trail;

/// Tenant, actor and scopes of a call, its deadline, its trail, and the language it is to be answered in.
#[derive(Debug, Clone)]
pub struct Behalf {
    pub(crate) tenant: Option<TenantId>,
    pub(crate) actor: String,
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) deadline: Option<Deadline>,
    pub(crate) request: Option<HeaderValue>,
    pub(crate) traceparent: Option<HeaderValue>,
    pub(crate) language: Language,
}

impl Behalf {
    /// The caller of the request these extensions came with: its tenant, actor and scopes, what is left of its
    /// deadline, its trail, its language.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when the request came by no door, which a mounted service never sees.
    pub fn of(extensions: &Extensions) -> Result<Self, Status> {
        let caller = Caller::of(extensions)?.clone();
        let trail = extensions.get::<Trail>();
        Ok(Self {
            tenant: caller.tenant,
            actor: caller.actor,
            scopes: caller.scopes,
            deadline: extensions.get().copied(),
            request: trail.map(|trail| trail.request.clone()),
            traceparent: trail.and_then(|trail| trail.traceparent.clone()),
            language: Language::of(extensions),
        })
    }

    /// The process itself, under a name that logs and audits show: no tenant, no scopes, no deadline.
    #[must_use]
    pub fn of_process(actor: &str) -> Self {
        Self {
            tenant: None,
            actor: actor.to_owned(),
            scopes: BTreeSet::new(),
            deadline: None,
            request: None,
            traceparent: None,
            language: Language::En,
        }
    }

    /// For this tenant.
    #[must_use]
    pub fn for_tenant(mut self, tenant: TenantId) -> Self {
        self.tenant = Some(tenant);
        self
    }

    /// With a scope the called rpc asks for. The calling service vouches for it: whoever may redeem points need not
    /// be allowed to read members, though redeeming looks one up.
    #[must_use]
    pub fn needing(mut self, scope: &str) -> Self {
        self.scopes.insert(scope.to_owned());
        self
    }

    /// What is left of its deadline; none where it has none.
    #[must_use]
    pub fn remaining(&self) -> Option<std::time::Duration> {
        self.deadline.map(Deadline::remaining)
    }

    /// To be answered by then.
    #[must_use]
    pub fn until(mut self, deadline: Deadline) -> Self {
        self.deadline = Some(deadline);
        self
    }
}
