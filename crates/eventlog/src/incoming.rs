//! A watch as it comes in: what waits is taken in one go.

use futures::FutureExt as _;
use proto::eventlog::v1 as wire_log;
use tokio::time::Instant;
use tonic::{Status, Streaming};

/// Messages that wait are joined until there are so many events, so that who is behind catches up.
const TOGETHER: usize = 256;

/// The messages of one watch.
pub(crate) struct Incoming {
    stream: Streaming<wire_log::WatchResponse>,
    /// Before it was asked for.
    asked: Instant,
}

/// One message, or some that had waited.
pub(crate) struct Arrived {
    /// All in one.
    pub(crate) message: wire_log::WatchResponse,
    /// Everything that was committed by then is in it or was in one before it; none where more is left. However long the
    /// message was under way: the producer counts from when it was asked, which was after `asked`.
    pub(crate) heard_out: Option<Instant>,
    /// How the watch has ended after it, if it has.
    pub(crate) ended: Option<Result<(), String>>,
}

impl Incoming {
    pub(crate) fn new(stream: Streaming<wire_log::WatchResponse>, asked: Instant) -> Self {
        Self { stream, asked }
    }

    /// The next; none at the end of the watch.
    pub(crate) async fn next(&mut self) -> Result<Option<Arrived>, String> {
        let Some(mut message) = self.stream.message().await.map_err(said)? else { return Ok(None) };
        let ended = self.join_waiting(&mut message);
        let after = message.caught_up.and_then(|after| std::time::Duration::try_from(after).ok());
        Ok(Some(Arrived { message, heard_out: after.map(|after| self.asked + after), ended }))
    }

    fn join_waiting(&mut self, message: &mut wire_log::WatchResponse) -> Option<Result<(), String>> {
        // A watch begins with a message of its own that says where everything stands, which nothing may hold up.
        while (1..TOGETHER).contains(&message.events.len()) {
            match self.stream.message().now_or_never()? {
                Ok(Some(next)) => {
                    message.events.extend(next.events);
                    message.reached.extend(next.reached);
                    message.caught_up = next.caught_up;
                }
                Ok(None) => return Some(Ok(())),
                Err(status) => return Some(Err(said(status))),
            }
        }
        None
    }
}

fn said(status: Status) -> String {
    status.message().to_owned()
}
