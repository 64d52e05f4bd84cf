//! Writing events.

use jiff::Timestamp;
use kernel::{Shard, TenantId};
use prost::{Message, Name};
use store::{SqlTimestamp, StoreError, Tx};
use uuid::Uuid;

/// An event to be written with the fact it tells of.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    tenant: TenantId,
    shard: Shard,
    subject: String,
    kind: String,
    occurred_at: Timestamp,
    payload: Vec<u8>,
}

impl NewEvent {
    /// An event about `subject` (the text of an id), in the shard of the member it concerns.
    pub fn new<P: Message + Name>(
        tenant: TenantId,
        shard: Shard,
        subject: impl ToString,
        occurred_at: Timestamp,
        payload: &P,
    ) -> Self {
        Self {
            tenant,
            shard,
            subject: subject.to_string(),
            kind: P::full_name(),
            occurred_at,
            payload: payload.encode_to_vec(),
        }
    }
}

/// Appends events in the order given. Their shards must be among those the transaction has locked.
pub async fn append(tx: &mut Tx, events: &[NewEvent], recorded_at: Timestamp) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let not_locked = || StoreError::unreadable("an event's shard was not locked by its transaction");
    // Before any position is given out: one that no event takes would be a gap.
    if events.iter().any(|event| !tx.heads().contains_key(&event.shard)) {
        return Err(not_locked());
    }
    let mut positions = Vec::with_capacity(events.len());
    for event in events {
        positions.push(tx.next_position(event.shard).ok_or_else(not_locked)?.position);
    }
    let (mut moved, mut reached) = (Vec::<i16>::new(), Vec::<i64>::new());
    for (shard, head) in tx.moved() {
        moved.push(shard.number());
        reached.push(head.position);
    }
    let shards: Vec<i16> = events.iter().map(|event| event.shard.number()).collect();
    let tenants: Vec<Uuid> = events.iter().map(|event| event.tenant.uuid()).collect();
    let subjects: Vec<&str> = events.iter().map(|event| event.subject.as_str()).collect();
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    let occurred: Vec<SqlTimestamp> = events.iter().map(|event| event.occurred_at.into()).collect();
    let payloads: Vec<&[u8]> = events.iter().map(|event| event.payload.as_slice()).collect();
    sqlx::query(
        "WITH moved AS (
             UPDATE head SET position = reached.position
             FROM unnest($1::smallint[], $2::bigint[]) AS reached (shard, position)
             WHERE head.shard = reached.shard
         )
         INSERT INTO event (shard, position, tenant, subject, type, occurred_at, payload, recorded_at)
         SELECT unnest($3::smallint[]), unnest($4::bigint[]), unnest($5::uuid[]), unnest($6::text[]), unnest($7::text[]),
                unnest($8::timestamptz[]), unnest($9::bytea[]), $10::timestamptz",
    )
    .bind(&moved)
    .bind(&reached)
    .bind(&shards)
    .bind(&positions)
    .bind(&tenants)
    .bind(&subjects)
    .bind(&kinds)
    .bind(&occurred)
    .bind(&payloads)
    .bind(SqlTimestamp::from(recorded_at))
    .execute(tx.connection())
    .await?;
    Ok(())
}
