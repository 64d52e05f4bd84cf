//! Members of whom nothing was heard yet: registry knows whether they are.
//!
//! Registry is asked between two attempts, never inside a transaction, and only about those nothing was heard of: an
//! enrolment reaches referrals within moments.

use kernel::{MemberId, TenantId};
use proto::registry::v1::BatchGetMembersRequest;
use proto::registry::v1::registry_service_client::RegistryServiceClient;
use server::{Behalf, Peers, unanswered};
use tonic::Status;
use wire::{Stop, status};

use super::refuse;
use crate::codes::{CodeRefusal, Codes, Issue, IssueReceipt};
use crate::referral::{Attribution, Receipt, ReferralRefusal, Referrals};

/// Gives a code, also to a member whose enrolment is still on its way.
pub(super) async fn issue(codes: &Codes, peers: &Peers, behalf: Behalf, ask: Issue) -> Result<IssueReceipt, Status> {
    let stop = match codes.issue(&ask).await {
        Ok(receipt) => return Ok(receipt),
        Err(Stop::Refused(CodeRefusal::MemberNotFound { member }))
            if is_member(peers, behalf, ask.tenant, member).await? =>
        {
            return codes.issue(&Issue { known: true, ..ask }).await.map_err(refuse::code);
        }
        Err(stop) => stop,
    };
    Err(refuse::code(stop))
}

/// Says who invited a member, also one whose enrolment is still on its way.
pub(super) async fn attribute(
    referrals: &Referrals,
    peers: &Peers,
    behalf: Behalf,
    ask: Attribution,
) -> Result<Receipt, Status> {
    let stop = match referrals.attribute(&ask).await {
        Ok(receipt) => return Ok(receipt),
        Err(Stop::Refused(ReferralRefusal::MemberNotFound { member }))
            if is_member(peers, behalf, ask.tenant, member).await? =>
        {
            return referrals.attribute(&Attribution { known: true, ..ask }).await.map_err(refuse::referral);
        }
        Err(stop) => stop,
    };
    Err(refuse::referral(stop))
}

async fn is_member(peers: &Peers, behalf: Behalf, tenant: TenantId, member: MemberId) -> Result<bool, Status> {
    tracing::debug!(%tenant, %member, "registry is asked about a member nothing was heard of");
    let behalf = behalf.needing("members.read");
    let mut registry = RegistryServiceClient::new(peers.reach("registry", behalf).map_err(status::internal)?);
    let ask = BatchGetMembersRequest { members: vec![member.to_string()], at_least_as_fresh: String::new() };
    let told = registry.batch_get_members(ask).await.map_err(|refused| unanswered("registry", refused))?;
    Ok(told.into_inner().missing.is_empty())
}
