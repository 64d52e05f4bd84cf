//! What registry says no to, as callers are told.

use kernel::MemberId;
use tonic::Status;
use wire::{Refusal, RefusalKind, Stop, stopped};

use crate::members::Bounded;
use crate::{members, tenants};

/// Why nothing was done about members.
pub(super) fn members(stop: Stop<members::Refusal>) -> Status {
    stopped(stop, member)
}

/// Why nothing was done about one of them.
pub(super) fn member(refusal: members::Refusal) -> Refusal {
    match refusal {
        members::Refusal::MemberNotFound(member) => Refusal {
            reason: "MEMBER_NOT_FOUND",
            kind: RefusalKind::NotFound,
            text: "no member has this id".to_owned(),
            facts: vec![("member", member.to_string())],
        },
        members::Refusal::NobodyKnownBy { kind, key } => Refusal {
            reason: "MEMBER_NOT_FOUND",
            kind: RefusalKind::NotFound,
            text: format!("no member is known by this {kind}"),
            facts: vec![("identity", kind.to_string()), ("identity_key", key)],
        },
        members::Refusal::IdentityTaken { kind, position, holder } => Refusal {
            reason: "IDENTITY_TAKEN",
            kind: RefusalKind::AlreadyExists,
            text: format!("another member is known by this {kind}"),
            facts: vec![("kind", kind.to_string()), ("position", position.to_string()), ("member", holder.to_string())],
        },
        members::Refusal::IdentityNotFound { kind } => Refusal {
            reason: "IDENTITY_NOT_FOUND",
            kind: RefusalKind::NotFound,
            text: format!("the member is not known by this {kind}"),
            facts: vec![("kind", kind.to_string())],
        },
        members::Refusal::LastIdentity { kind } => Refusal {
            reason: "LAST_IDENTITY",
            kind: RefusalKind::FailedPrecondition,
            text: format!("this {kind} is the only identity the member has; add another first"),
            facts: vec![("kind", kind.to_string())],
        },
        members::Refusal::TooMany { member, of, would_be } => too_many(member, of, would_be),
        members::Refusal::EtagMismatch { etag, current } => etag_mismatch(etag, current),
        members::Refusal::TenantNotFound(tenant) => no_tenant(tenant.to_string()),
        members::Refusal::Unreachable(unreachable) => unreachable.into(),
    }
}

/// Why nothing was done about tenants.
pub(super) fn tenants(stop: Stop<tenants::Refusal>) -> Status {
    stopped(stop, |refusal| match refusal {
        tenants::Refusal::NotFound(tenant) => no_tenant(tenant),
        tenants::Refusal::CodeTaken(code) => Refusal {
            reason: "TENANT_CODE_TAKEN",
            kind: RefusalKind::AlreadyExists,
            text: "another tenant has this code".to_owned(),
            facts: vec![("code", code)],
        },
        tenants::Refusal::Unreachable(unreachable) => unreachable.into(),
        tenants::Refusal::EtagMismatch { etag, current } => etag_mismatch(etag, current),
    })
}

fn too_many(member: MemberId, of: Bounded, would_be: usize) -> Refusal {
    let most = of.most();
    let (reason, text) = match of {
        Bounded::Identities => {
            let text = format!("the member would have {would_be} identities, and may have {most}; take some away");
            ("TOO_MANY_IDENTITIES", text)
        }
        Bounded::Tags => {
            ("TOO_MANY_TAGS", format!("the member would have {would_be} tags, and may have {most}; take some off"))
        }
        Bounded::Consents => {
            let text = format!("the member would have spoken of {would_be} purposes, and may speak of {most}");
            ("TOO_MANY_CONSENTS", text)
        }
    };
    let kind = RefusalKind::FailedPrecondition;
    let numbers = [("most", most.to_string()), ("would_be", would_be.to_string())];
    Refusal { reason, kind, text, facts: [("member", member.to_string())].into_iter().chain(numbers).collect() }
}

fn no_tenant(tenant: String) -> Refusal {
    Refusal {
        reason: "TENANT_NOT_FOUND",
        kind: RefusalKind::NotFound,
        text: "no tenant has this id or code".to_owned(),
        facts: vec![("tenant", tenant)],
    }
}

fn etag_mismatch(etag: String, current: i64) -> Refusal {
    Refusal {
        reason: "ETAG_MISMATCH",
        kind: RefusalKind::Aborted,
        text: "somebody else changed it since it was read; read it again".to_owned(),
        facts: vec![("etag", etag), ("current", current.to_string())],
    }
}
