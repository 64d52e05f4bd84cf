//! The stream of grants: each message is a batch of its own and is answered in turn.

use proto::loyalty::v1::{StreamGrantsRequest, StreamGrantsResponse};
use server::Behalf;
use tonic::Streaming;
use wire::{Envelope, Language};

use super::{Service, newcomers, parse, present};

/// Answers to batches.
pub type Answers = server::Answers<StreamGrantsResponse>;

pub(super) fn answers(
    service: Service,
    (behalf, language): (Behalf, Language),
    envelope: Envelope,
    batches: Streaming<StreamGrantsRequest>,
) -> Answers {
    let keys = service.keys.clone();
    let read = move |said: StreamGrantsRequest| parse::streamed(&envelope, &keys, &said);
    let give = move |asks| {
        let (service, behalf) = (service.clone(), behalf.clone());
        async move {
            let outcomes = newcomers::grant_all(&service.accounts, &service.peers, behalf, asks).await?;
            present::streamed(&service.keys, language, outcomes)
        }
    };
    server::in_turn(batches, read, give)
}
