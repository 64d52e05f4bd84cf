//! The side of segmentation that callers see. Every rpc makes the same three moves: parse, call, present.

use proto::eventlog::v1::event_log_service_client::EventLogServiceClient;
use proto::segmentation::v1::segmentation_service_server::{SegmentationService, SegmentationServiceServer};
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
        services.with(server::compressed!(SegmentationServiceServer::new(self)))
    }
}

#[tonic::async_trait]
impl SegmentationService for Service {}
