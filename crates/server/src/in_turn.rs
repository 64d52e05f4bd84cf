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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Works these asks off while somebody waits for answers, or nobody does: what was begun, and what was answered.
    async fn worked(asks: Vec<Result<u8, Status>>, is_waited_for: bool) -> (Vec<u8>, Vec<Result<u8, Code>>) {
        let (asked, to_do) = mpsc::channel(8);
        let (done, mut answers) = mpsc::channel(8);
        for ask in asks {
            asked.send(ask).await.expect("there is room");
        }
        drop(asked);
        if !is_waited_for {
            answers.close();
        }
        let begun = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&begun);
        let work = move |ask: u8| {
            seen.lock().expect("nobody panicked").push(ask);
            async move { if ask == 0 { Err(Status::unavailable("away")) } else { Ok(ask) } }
        };
        work_all(to_do, work, done).await;
        let mut told = Vec::new();
        while let Some(answer) = answers.recv().await {
            told.push(answer.map_err(|status| status.code()));
        }
        let begun = begun.lock().expect("nobody panicked").clone();
        (begun, told)
    }

    #[tokio::test]
    async fn nothing_is_begun_after_a_refusal_or_a_failure_or_for_nobody() {
        let refused = || Err(Status::invalid_argument("it makes no sense"));
        assert_eq!(worked(vec![Ok(1), Ok(2)], true).await, (vec![1, 2], vec![Ok(1), Ok(2)]));
        assert_eq!(
            worked(vec![Ok(1), refused(), Ok(2)], true).await,
            (vec![1], vec![Ok(1), Err(Code::InvalidArgument)])
        );
        assert_eq!(worked(vec![Ok(1), Ok(0), Ok(2)], true).await, (vec![1, 0], vec![Ok(1), Err(Code::Unavailable)]));
        assert_eq!(worked(vec![Ok(1), Ok(2)], false).await, (Vec::new(), Vec::new()));
    }
}
