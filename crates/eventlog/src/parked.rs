//! Events put aside because they could not be applied.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kernel::{Shard, TenantId};
use prost::Message as _;
use proto::eventlog::v1 as wire_log;
use sqlx::Row as _;
use store::{SqlTimestamp, Store, StoreError, Tenants, Tx};
use uuid::Uuid;

use crate::heard::HeardEvent;
use crate::log::shard_of;

/// Writes events aside, with why and how often they were tried.
pub(crate) async fn park(
    tx: &mut Tx,
    source: &str,
    events: &[(HeardEvent, String, i32)],
    recorded_at: Timestamp,
) -> Result<(), StoreError> {
    for (event, cause, attempts) in events {
        sqlx::query(
            "INSERT INTO parked (source, shard, position, tenant, subject, event, cause, attempts, parked_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(source)
        .bind(event.shard.number())
        .bind(event.position)
        .bind(event.tenant.uuid())
        .bind(&event.subject)
        .bind(event.wire.encode_to_vec())
        .bind(cause)
        .bind(attempts)
        .bind(SqlTimestamp::from(recorded_at))
        .execute(tx.connection())
        .await?;
    }
    Ok(())
}

/// Takes retried events out of the park; fails where somebody else did it first.
pub(crate) async fn release(tx: &mut Tx, source: &str, events: &[HeardEvent]) -> Result<(), StoreError> {
    for event in events {
        let gone =
            sqlx::query("DELETE FROM parked WHERE source = $1 AND shard = $2 AND position = $3 AND dropped IS NULL")
                .bind(source)
                .bind(event.shard.number())
                .bind(event.position)
                .execute(tx.connection())
                .await?
                .rows_affected();
        if gone != 1 {
            return Err(StoreError::CursorMoved);
        }
    }
    Ok(())
}

/// The subjects that have events parked, among these: their later events must wait too.
pub(crate) async fn waiting(
    store: &Store,
    source: &str,
    subjects: &[(Shard, &str)],
) -> Result<BTreeSet<String>, StoreError> {
    let shards: Vec<i16> = subjects.iter().map(|(shard, _)| shard.number()).collect();
    let names: Vec<&str> = subjects.iter().map(|(_, subject)| *subject).collect();
    let mut reading = store.read(Tenants::Every).await?;
    let found = sqlx::query_scalar(
        "SELECT DISTINCT parked.subject FROM parked
         JOIN unnest($2::smallint[], $3::text[]) AS asked (shard, subject) USING (shard, subject)
         WHERE parked.source = $1 AND parked.dropped IS NULL",
    )
    .bind(source)
    .bind(&shards)
    .bind(&names)
    .fetch_all(reading.connection())
    .await?;
    Ok(found.into_iter().collect())
}

/// A parked event with its story.
pub(crate) struct Parked {
    pub event: wire_log::Event,
    pub cause: String,
    pub attempts: i32,
    pub parked_at: Timestamp,
}

/// A page of parked events, in order of source, shard and position.
pub(crate) async fn page(
    store: &Store,
    tenants: Tenants,
    after: (&str, i16, i64),
    limit: i64,
) -> Result<Vec<Parked>, StoreError> {
    let mut reading = store.read(tenants).await?;
    sqlx::query(
        "SELECT event, cause, attempts, parked_at FROM parked
         WHERE dropped IS NULL AND (source, shard, position) > ($1, $2, $3)
         ORDER BY source, shard, position LIMIT $4",
    )
    .bind(after.0)
    .bind(after.1)
    .bind(after.2)
    .bind(limit)
    .fetch_all(reading.connection())
    .await?
    .into_iter()
    .map(|row| {
        let bytes: Vec<u8> = row.try_get(0)?;
        let parked_at: SqlTimestamp = row.try_get(3)?;
        Ok(Parked {
            event: wire_log::Event::decode(bytes.as_slice()).map_err(StoreError::unreadable)?,
            cause: row.try_get(1)?,
            attempts: row.try_get(2)?,
            parked_at: parked_at.into(),
        })
    })
    .collect()
}

/// One subject's parked events, by producer and in order.
pub(crate) async fn of_subject(
    store: &Store,
    tenants: Tenants,
    subject: &str,
) -> Result<Vec<(String, HeardEvent)>, StoreError> {
    let mut reading = store.read(tenants).await?;
    sqlx::query(
        "SELECT source, event FROM parked WHERE subject = $1 AND dropped IS NULL ORDER BY source, shard, position",
    )
    .bind(subject)
    .fetch_all(reading.connection())
    .await?
    .into_iter()
    .map(|row| {
        let bytes: Vec<u8> = row.try_get(1)?;
        let wire = wire_log::Event::decode(bytes.as_slice()).map_err(StoreError::unreadable)?;
        let event = HeardEvent::read(wire).ok_or_else(|| StoreError::unreadable("a parked event"))?;
        Ok((row.try_get(0)?, event))
    })
    .collect()
}

/// Gives an event up for good; false where it is not parked.
pub(crate) async fn drop_one(
    store: &Store,
    tenants: Tenants,
    source: &str,
    shard: Shard,
    position: i64,
    reason: &str,
) -> Result<bool, StoreError> {
    let mut tx = store.begin(tenants, [shard]).await?;
    let dropped = sqlx::query(
        "UPDATE parked SET dropped = coalesce(dropped, $4) WHERE source = $1 AND shard = $2 AND position = $3",
    )
    .bind(source)
    .bind(shard.number())
    .bind(position)
    .bind(reason)
    .execute(tx.connection())
    .await?
    .rows_affected();
    tx.commit().await?;
    Ok(dropped == 1)
}

/// How many events are parked.
pub(crate) async fn count(store: &Store) -> Result<i64, StoreError> {
    let mut reading = store.read(Tenants::Every).await?;
    Ok(sqlx::query_scalar("SELECT count(*) FROM parked WHERE dropped IS NULL").fetch_one(reading.connection()).await?)
}

/// Where a consumer stands in a producer's log.
pub(crate) async fn cursors(store: &Store, source: &str) -> Result<Vec<(Shard, Uuid, i64)>, StoreError> {
    let mut reading = store.read(Tenants::Every).await?;
    sqlx::query("SELECT shard, epoch, position FROM cursor WHERE source = $1")
        .bind(source)
        .fetch_all(reading.connection())
        .await?
        .into_iter()
        .map(|row| Ok((shard_of(row.try_get(0)?)?, row.try_get(1)?, row.try_get(2)?)))
        .collect()
}

/// The tenants of a caller: one, or everybody for an operator.
pub(crate) fn tenants_of(tenant: Option<TenantId>) -> Tenants {
    tenant.map_or(Tenants::Every, Tenants::from)
}
