//! A stream of batches: each message is one of its own and is answered in turn.
//!
//! While one batch is worked on the next is already read. One that has begun is finished even when its caller has left; the
//! next one is not begun then. A message that is refused as a whole ends the stream, with those before it answered.

use std::pin::Pin;

use futures::Stream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};
use tracing::Instrument as _;

/// Answers to messages, in their order.
pub type Answers<A> = Pin<Box<dyn Stream<Item = Result<A, Status>> + Send>>;

/// Reads each message and has what it asks for worked on, one after another.
pub fn in_turn<M, T, A, W>(
    messages: Streaming<M>,
    read: impl Fn(M) -> Result<T, Status> + Send + 'static,
    work: impl Fn(T) -> W + Send + 'static,
) -> Answers<A>
where
    M: Send + 'static,
    T: Send + 'static,
    A: Send + 'static,
    W: Future<Output = Result<A, Status>> + Send + 'static,
{
    let (asked, to_do) = mpsc::channel(1);
    let (done, answers) = mpsc::channel(1);
    tokio::spawn(read_all(messages, read, asked).in_current_span());
    tokio::spawn(work_all(to_do, work, done).in_current_span());
    Box::pin(ReceiverStream::new(answers))
}

async fn read_all<M, T>(
    mut messages: Streaming<M>,
    read: impl Fn(M) -> Result<T, Status>,
    asked: mpsc::Sender<Result<T, Status>>,
) {
    loop {
        let message = tokio::select! {
            () = asked.closed() => return,
            message = messages.message() => message,
        };
        let ask = match message {
            Ok(None) => return,
            Ok(Some(said)) => read(said),
            Err(broken) => Err(unreadable(broken)),
        };
        let is_last = ask.is_err();
        if asked.send(ask).await.is_err() || is_last {
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

async fn work_all<T, A, W>(
    mut to_do: mpsc::Receiver<Result<T, Status>>,
    work: impl Fn(T) -> W,
    done: mpsc::Sender<Result<A, Status>>,
) where
    W: Future<Output = Result<A, Status>>,
{
    while let Some(ask) = to_do.recv().await {
        if done.is_closed() {
            return;
        }
        let answer = match ask {
            Ok(ask) => work(ask).await,
            Err(status) => Err(status),
        };
        let is_last = answer.is_err();
        if done.send(answer).await.is_err() || is_last {
            return;
        }
    }
}
