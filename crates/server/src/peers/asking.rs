//! What most services ask of others in the same words.

use std::collections::BTreeSet;

use kernel::MemberId;
use proto::eventlog::v1::event_log_service_client::EventLogServiceClient;
use proto::registry::v1::BatchGetMembersRequest;
use proto::registry::v1::registry_service_client::RegistryServiceClient;
use tonic::Status;
use wire::status;

use super::{Behalf, Outbound, PeerError, Peers, unanswered};

/// A batch of events is as large as the events that were written at once.
const LARGEST_MESSAGE: usize = 64 << 20;

/// A client for the log of `source`, as the service `by` watches it.
///
/// # Errors
/// Nobody said where it is.
pub fn watch(peers: &Peers, by: &str, source: &str) -> Result<EventLogServiceClient<Outbound>, PeerError> {
    let behalf = Behalf::of_process(by).needing("events.watch");
    Ok(EventLogServiceClient::new(peers.reach(source, behalf)?).max_decoding_message_size(LARGEST_MESSAGE))
}

/// Whether registry knows somebody of whom nothing was heard yet: an enrolment reaches the others within moments.
///
/// Asked between two attempts, never inside a transaction.
///
/// # Errors
/// Registry did not answer.
pub async fn is_member(peers: &Peers, behalf: Behalf, member: MemberId) -> Result<bool, Status> {
    Ok(!members_among(peers, behalf, &BTreeSet::from([member])).await?.is_empty())
}

/// Those whom registry knows among at most 1,000 of whom nothing was heard yet, by one call.
///
/// Asked between two attempts, never inside a transaction.
///
/// # Errors
/// Registry did not answer.
pub async fn members_among(
    peers: &Peers,
    behalf: Behalf,
    strangers: &BTreeSet<MemberId>,
) -> Result<BTreeSet<MemberId>, Status> {
    tracing::debug!(members = strangers.len(), "registry is asked about members of whom nothing was heard");
    let behalf = behalf.needing("members.read");
    let mut registry = RegistryServiceClient::new(peers.reach("registry", behalf).map_err(status::internal)?)
        .max_decoding_message_size(LARGEST_MESSAGE);
    let members = strangers.iter().map(ToString::to_string).collect();
    let ask = BatchGetMembersRequest { members, at_least_as_fresh: String::new() };
    let told = registry.batch_get_members(ask).await.map_err(|refused| unanswered("registry", refused))?;
    let missing: BTreeSet<String> = told.into_inner().missing.into_iter().collect();
    Ok(strangers.iter().copied().filter(|member| !missing.contains(&member.to_string())).collect())
}
