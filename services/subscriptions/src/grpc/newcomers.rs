//! Members of whom nothing was heard yet: registry knows whether they are.
//!
//! Registry is asked between two attempts, never inside a transaction, and only about those it has not told of: an
//! enrolment reaches subscriptions within moments.

use kernel::{MemberId, TenantId};
use proto::registry::v1::BatchGetMembersRequest;
use proto::registry::v1::registry_service_client::RegistryServiceClient;
use server::{Behalf, Peers, unanswered};
use tonic::Status;
use wire::{Stop, status};

use super::refuse;
use crate::subscription::{Receipt, Refusal, StandingOrders, Subscribing};

/// Subscribes a member, even one whose enrolment is still on its way.
pub(super) async fn subscribe(
    orders: &StandingOrders,
    peers: &Peers,
    behalf: Behalf,
    ask: Subscribing,
) -> Result<Receipt, Status> {
    let stop = match orders.subscribe(ask.clone()).await {
        Ok(receipt) => return Ok(receipt),
        Err(Stop::Refused(Refusal::MemberNotFound { member }))
            if is_member(peers, behalf, ask.tenant, member).await? =>
        {
            return orders.subscribe(Subscribing { known: true, ..ask }).await.map_err(refuse::subscription);
        }
        Err(stop) => stop,
    };
    Err(refuse::subscription(stop))
}

async fn is_member(peers: &Peers, behalf: Behalf, tenant: TenantId, member: MemberId) -> Result<bool, Status> {
    tracing::debug!(%tenant, %member, "registry is asked about a member of whom nothing was heard");
    let behalf = behalf.needing("members.read");
    let mut registry = RegistryServiceClient::new(peers.reach("registry", behalf).map_err(status::internal)?);
    let ask = BatchGetMembersRequest { members: vec![member.to_string()], at_least_as_fresh: String::new() };
    let told = registry.batch_get_members(ask).await.map_err(|refused| unanswered("registry", refused))?;
    Ok(told.into_inner().missing.is_empty())
}
