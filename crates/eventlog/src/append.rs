//! Writing events.

use jiff::Timestamp;
use kernel::{Shard, TenantId};
use prost::{Message, Name};
use store::{LogLine, StoreError, Tx};

/// An event to be written with the fact it tells of.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent(LogLine);

impl NewEvent {
    /// An event about `subject` (the text of an id), in the shard of the member it concerns.
    pub fn new<P: Message + Name>(
        tenant: TenantId,
        shard: Shard,
        subject: impl ToString,
        occurred_at: Timestamp,
        payload: &P,
    ) -> Self {
        Self(LogLine {
            tenant,
            shard,
            subject: subject.to_string(),
            kind: P::full_name(),
            occurred_at,
            payload: payload.encode_to_vec(),
        })
    }
}

/// Appends events in the order given, when the transaction is committed.
///
/// # Errors
/// The shard of one of them is not among those that the transaction has locked: none is appended.
pub fn append(
    tx: &mut Tx,
    events: impl IntoIterator<Item = NewEvent>,
    recorded_at: Timestamp,
) -> Result<(), StoreError> {
    let events: Vec<NewEvent> = events.into_iter().collect();
    // Before any position is given out: one that no event takes would be a gap.
    if events.iter().any(|NewEvent(line)| !tx.heads().contains_key(&line.shard)) {
        return Err(StoreError::unreadable("an event's shard was not locked by its transaction"));
    }
    events.into_iter().try_for_each(|NewEvent(line)| tx.tell(line, recorded_at))
}
