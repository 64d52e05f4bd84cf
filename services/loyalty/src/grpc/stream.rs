//! The stream of grants: each message is a batch of its own and is answered in turn.
//!
//! While one batch is at the desk the next is already read. A batch that has begun is finished even when its caller has
//! left; the next one is not begun then.

use std::pin::Pin;

use futures::Stream;
use proto::loyalty::v1::{StreamGrantsRequest, StreamGrantsResponse};
use server::Behalf;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};
use tracing::Instrument as _;
use wire::{Envelope, Language};

use super::{Service, newcomers, parse, present};
use crate::account::Grant;

/// Answers to batches.
pub type Answers = Pin<Box<dyn Stream<Item = Result<StreamGrantsResponse, Status>> + Send>>;

type Batches = Streaming<StreamGrantsRequest>;
type Read = Result<Vec<Grant>, Status>;

pub(super) fn answers(service: Service, caller: (Behalf, Language), envelope: Envelope, batches: Batches) -> Answers {
    let (read, to_give) = mpsc::channel(1);
    let (given, answers) = mpsc::channel(1);
    tokio::spawn(read_all(service.clone(), envelope, batches, read).in_current_span());
    tokio::spawn(give_all(service, caller, to_give, given).in_current_span());
    Box::pin(ReceiverStream::new(answers))
}

async fn read_all(service: Service, envelope: Envelope, mut batches: Batches, read: mpsc::Sender<Read>) {
    loop {
        let batch = tokio::select! {
            () = read.closed() => return,
            batch = batches.message() => batch,
        };
        let asks = match batch {
            Ok(None) => return,
            Ok(Some(said)) => parse::streamed(&envelope, &service.keys, &said),
            Err(broken) => Err(unreadable(broken)),
        };
        let is_last = asks.is_err();
        if read.send(asks).await.is_err() || is_last {
            return;
        }
    }
}

/// What ends a stream of messages. The codec calls bytes that are no message a failure of its own; they are the caller's.
fn unreadable(broken: Status) -> Status {
    if broken.code() == Code::Internal {
        Status::invalid_argument("a message of the stream cannot be read")
    } else {
        broken
    }
}

async fn give_all(
    service: Service,
    (behalf, language): (Behalf, Language),
    mut to_give: mpsc::Receiver<Read>,
    given: mpsc::Sender<Result<StreamGrantsResponse, Status>>,
) {
    while let Some(asks) = to_give.recv().await {
        if given.is_closed() {
            return;
        }
        let answer = match asks {
            Ok(asks) => newcomers::grant_all(&service.accounts, &service.peers, behalf.clone(), asks)
                .await
                .and_then(|outcomes| present::streamed(&service.keys, language, outcomes)),
            Err(status) => Err(status),
        };
        let is_last = answer.is_err();
        if given.send(answer).await.is_err() || is_last {
            return;
        }
    }
}
