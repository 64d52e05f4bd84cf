//! Members of whom nothing was heard yet: registry knows whether they are.
//!
//! Registry is asked between two attempts, never inside a transaction, and only about those without an account: an
//! enrolment reaches loyalty within moments.

use kernel::{MemberId, TenantId};
use proto::registry::v1::BatchGetMembersRequest;
use proto::registry::v1::registry_service_client::RegistryServiceClient;
use server::{Behalf, Peers, unanswered};
use tonic::Status;
use wire::{Stop, status};

use super::refuse;
use crate::account::{AccountRefusal, Accounts, Adjustment, Grant, Receipt};

/// Adds or takes points by hand; opens the account of a member whose enrolment is still on its way.
pub(super) async fn adjust(
    accounts: &Accounts,
    peers: &Peers,
    behalf: Behalf,
    ask: Adjustment,
) -> Result<Receipt, Status> {
    let stop = match accounts.adjust(ask.clone()).await {
        Ok(receipt) => return Ok(receipt),
        Err(Stop::Refused(AccountRefusal::MemberNotFound { member }))
            if is_member(peers, behalf, ask.tenant, member).await? =>
        {
            return accounts.adjust(Adjustment { known: true, ..ask }).await.map_err(refuse::account);
        }
        Err(stop) => stop,
    };
    Err(refuse::account(stop))
}

/// Gives points; opens the account of a member whose enrolment is still on its way.
pub(super) async fn grant(accounts: &Accounts, peers: &Peers, behalf: Behalf, ask: Grant) -> Result<Receipt, Status> {
    let stop = match accounts.grant(ask.clone()).await {
        Ok(receipt) => return Ok(receipt),
        Err(Stop::Refused(AccountRefusal::MemberNotFound { member }))
            if is_member(peers, behalf, ask.tenant, member).await? =>
        {
            return accounts.grant(Grant { known: true, ..ask }).await.map_err(refuse::account);
        }
        Err(stop) => stop,
    };
    Err(refuse::account(stop))
}

async fn is_member(peers: &Peers, behalf: Behalf, tenant: TenantId, member: MemberId) -> Result<bool, Status> {
    tracing::debug!(%tenant, %member, "registry is asked about a member without an account");
    let behalf = behalf.needing("members.read");
    let mut registry = RegistryServiceClient::new(peers.reach("registry", behalf).map_err(status::internal)?);
    let ask = BatchGetMembersRequest { members: vec![member.to_string()], at_least_as_fresh: String::new() };
    let told = registry.batch_get_members(ask).await.map_err(|refused| unanswered("registry", refused))?;
    Ok(told.into_inner().missing.is_empty())
}
