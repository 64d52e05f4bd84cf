//! A log from its first event to its present end, for whoever looks back and keeps no place.

use std::time::Duration;

use kernel::Shard;
use proto::eventlog::v1 as wire_log;
use tonic::Status;
use wire::status;

use crate::{HeardEvent, Producer};

/// A log that was broken off is there again soon.
const AGAIN_IN: Duration = Duration::from_secs(1);

/// Everything that `source` has said in some partitions, in order within each. Events of other tenants are not among them
/// where the producer was opened for one.
///
/// # Errors
/// The producer does not answer, or breaks off.
pub async fn history(producer: &dyn Producer, source: &str, partitions: &[Shard]) -> Result<Vec<HeardEvent>, Status> {
    let from_the_first = |shard: &Shard| wire_log::Cursor {
        partition: u32::try_from(shard.number()).unwrap_or_default(),
        ..wire_log::Cursor::default()
    };
    let cursors = partitions.iter().map(from_the_first).collect();
    let ask = wire_log::WatchRequest { source: source.to_owned(), cursors, until_caught_up: true };
    let mut told = producer.watch(ask).await?;
    let (mut events, mut whole) = (Vec::new(), false);
    while let Some(message) = told.message().await? {
        whole |= message.caught_up.is_some();
        events.extend(message.events.into_iter().filter_map(HeardEvent::read));
    }
    // Half a history would be passed off as a whole one.
    if whole { Ok(events) } else { Err(status::unavailable("the log was not told to its end", AGAIN_IN)) }
}
