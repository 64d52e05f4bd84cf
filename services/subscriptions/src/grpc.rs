//! The side of subscriptions that callers see. Every rpc makes the same three moves: parse, call, present.

use proto::eventlog::v1::event_log_service_client::EventLogServiceClient;
use proto::subscriptions::v1::subscriptions_service_server::{SubscriptionsService, SubscriptionsServiceServer};
use server::{Behalf, Outbound, PeerError, Peers, Services};

/// A client for another service's log.
pub(crate) fn watch(peers: &Peers, source: &str) -> Result<EventLogServiceClient<Outbound>, PeerError> {
    let behalf = Behalf::of_process(crate::SERVICE).needing("events.watch");
    Ok(EventLogServiceClient::new(peers.reach(source, behalf)?).max_decoding_message_size(64 << 20))
}

/// The service as tonic calls it.
#[derive(Clone)]
pub(crate) struct Service;

impl Service {
    pub(crate) fn mount(self, services: Services) -> Services {
        services.with(server::compressed!(SubscriptionsServiceServer::new(self)))
    }
}

#[tonic::async_trait]
impl SubscriptionsService for Service {}
