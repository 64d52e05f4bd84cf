//! The stream of entries: each message is a batch of its own and is answered in turn.
//!
//! While one batch is in its transaction the next is already read. A batch that has begun is finished even when its
//! caller has left; the next one is not begun then.

use std::pin::Pin;

use futures::Stream;
use proto::activity::v1 as wire_activity;
use server::Behalf;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};
use tracing::Instrument as _;
use wire::{Envelope, Language};

use super::{Service, parse, present};

/// Answers to batches.
pub type Answers = Pin<Box<dyn Stream<Item = Result<wire_activity::StreamEntriesResponse, Status>> + Send>>;

type Batches = Streaming<wire_activity::StreamEntriesRequest>;
type Read = Result<(String, parse::Asked), Status>;

pub(super) fn answers(service: Service, caller: (Behalf, Language), envelope: Envelope, batches: Batches) -> Answers {
    let (read, to_record) = mpsc::channel(1);
    let (recorded, answers) = mpsc::channel(1);
    tokio::spawn(read_all(service.clone(), envelope, batches, read).in_current_span());
    tokio::spawn(record_all(service, caller, to_record, recorded).in_current_span());
    Box::pin(ReceiverStream::new(answers))
}

async fn read_all(service: Service, envelope: Envelope, mut batches: Batches, read: mpsc::Sender<Read>) {
    loop {
        let batch = tokio::select! {
            () = read.closed() => return,
            batch = batches.message() => batch,
        };
        let asked = match batch {
            Ok(None) => return,
            Ok(Some(said)) => {
                let request_id = said.request_id.clone();
                parse::streamed(&envelope, &service.keys, &service.clock, said).map(|asked| (request_id, asked))
            }
            Err(broken) => Err(unreadable(broken)),
        };
        let is_last = asked.is_err();
        if read.send(asked).await.is_err() || is_last {
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

async fn record_all(
    service: Service,
    (behalf, language): (Behalf, Language),
    mut to_record: mpsc::Receiver<Read>,
    recorded: mpsc::Sender<Result<wire_activity::StreamEntriesResponse, Status>>,
) {
    while let Some(asked) = to_record.recv().await {
        if recorded.is_closed() {
            return;
        }
        let answer = match asked {
            Ok((request_id, asked)) => {
                let done = service.record(behalf.clone(), asked).await;
                done.map(|done| present::streamed(&service.keys, language, request_id, done))
            }
            Err(status) => Err(status),
        };
        let is_last = answer.is_err();
        if recorded.send(answer).await.is_err() || is_last {
            return;
        }
    }
}
