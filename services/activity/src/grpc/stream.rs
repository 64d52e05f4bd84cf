//! The stream of entries: each message is a batch of its own and is answered in turn.

use proto::activity::v1 as wire_activity;
use server::Behalf;
use tonic::Streaming;
use wire::{Envelope, Language};

use super::{Service, parse, present};

/// Answers to batches.
pub type Answers = server::Answers<wire_activity::StreamEntriesResponse>;

pub(super) fn answers(
    service: Service,
    (behalf, language): (Behalf, Language),
    envelope: Envelope,
    batches: Streaming<wire_activity::StreamEntriesRequest>,
) -> Answers {
    let (keys, clock) = (service.keys.clone(), service.clock.clone());
    let read = move |said: wire_activity::StreamEntriesRequest| {
        let request_id = said.request_id.clone();
        parse::streamed(&envelope, &keys, &clock, said).map(|asked| (request_id, asked))
    };
    let record = move |(request_id, asked)| {
        let (service, behalf) = (service.clone(), behalf.clone());
        async move {
            let done = service.record(behalf, asked).await?;
            Ok(present::streamed(&service.keys, language, request_id, done))
        }
    };
    server::in_turn(batches, read, record)
}
