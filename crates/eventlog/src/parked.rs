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
use crate::retry::Drop;

/// Writes events aside, with why and how often they were tried; never, where one waits behind an earlier one.
pub(crate) async fn park(
    tx: &mut Tx,
    source: &str,
    events: &[(HeardEvent, String, i32)],
    recorded_at: Timestamp,
) -> Result<(), StoreError> {
    for (event, cause, attempts) in events {
        // One that was parked before, by a consumer that was then built anew, stays as it is.
        let parked = sqlx::query(
            "INSERT INTO parked (source, shard, position, tenant, subject, event, cause, attempts, parked_at)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
             WHERE $8 > 0 OR EXISTS (
                 SELECT FROM parked AS earlier
                 WHERE earlier.source = $1 AND earlier.shard = $2
                   AND (earlier.position = $3
                        OR (earlier.subject = $5 AND earlier.position < $3 AND earlier.dropped IS NULL))
             )
             ON CONFLICT (source, shard, position) DO UPDATE SET attempts = parked.attempts",
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
        .await?
        .rows_affected();
        // What it was to wait behind was retried meanwhile: it is sorted out again.
        if parked != 1 {
            return Err(StoreError::CursorMoved);
        }
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

/// The places of those events that must not be applied now: an earlier one of their subject is parked, or they are
/// themselves, or were given up.
pub(crate) async fn waiting(
    store: &Store,
    source: &str,
    events: &[HeardEvent],
) -> Result<BTreeSet<(Shard, i64)>, StoreError> {
    let shards: Vec<i16> = events.iter().map(|event| event.shard.number()).collect();
    let positions: Vec<i64> = events.iter().map(|event| event.position).collect();
    let subjects: Vec<&str> = events.iter().map(|event| event.subject.as_str()).collect();
    let mut reading = store.read(Tenants::Every).await?;
    sqlx::query(
        "SELECT asked.shard, asked.position
         FROM unnest($2::smallint[], $3::bigint[], $4::text[]) AS asked (shard, position, subject)
         WHERE EXISTS (
             SELECT FROM parked WHERE parked.source = $1 AND parked.shard = asked.shard
               AND (parked.position = asked.position
                    OR (parked.subject = asked.subject AND parked.position < asked.position
                        AND parked.dropped IS NULL))
         )",
    )
    .bind(source)
    .bind(&shards)
    .bind(&positions)
    .bind(&subjects)
    .fetch_all(reading.connection())
    .await?
    .into_iter()
    .map(|row| Ok((shard_of(row.try_get(0)?)?, row.try_get(1)?)))
    .collect()
}

/// Whether anything was ever put aside here and is still known.
pub(crate) async fn any(store: &Store) -> Result<bool, StoreError> {
    let mut reading = store.read(Tenants::Every).await?;
    Ok(sqlx::query_scalar("SELECT EXISTS (SELECT FROM parked)").fetch_one(reading.connection()).await?)
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

/// Gives an event up for good; false where it is not parked. The first reason is kept.
pub(crate) async fn drop_one(tx: &mut Tx, asked: &Drop<'_>) -> Result<bool, StoreError> {
    let dropped = sqlx::query(
        "UPDATE parked SET dropped = coalesce(dropped, $4) WHERE source = $1 AND shard = $2 AND position = $3",
    )
    .bind(asked.source)
    .bind(asked.shard.number())
    .bind(asked.position)
    .bind(asked.reason)
    .execute(tx.connection())
    .await?
    .rows_affected();
    Ok(dropped == 1)
}

/// How many events are parked.
pub(crate) async fn count(store: &Store) -> Result<i64, StoreError> {
    let mut reading = store.read(Tenants::Every).await?;
    Ok(sqlx::query_scalar("SELECT count(*) FROM parked WHERE dropped IS NULL").fetch_one(reading.connection()).await?)
}

/// Where a consumer stands in one partition of a producer's log.
pub(crate) struct Cursor {
    pub shard: Shard,
    pub epoch: Uuid,
    pub position: i64,
    mark: i64,
}

impl Cursor {
    pub(crate) fn told(&self) -> wire_log::Cursor {
        wire_log::Cursor {
            partition: u32::try_from(self.shard.number()).unwrap_or_default(),
            epoch: self.epoch.to_string(),
            position: self.position,
            mark: self.mark,
        }
    }
}

/// Where a consumer stands in a producer's log.
pub(crate) async fn cursors(store: &Store, source: &str) -> Result<Vec<Cursor>, StoreError> {
    let mut reading = store.read(Tenants::Every).await?;
    sqlx::query("SELECT shard, epoch, position, mark FROM cursor WHERE source = $1")
        .bind(source)
        .fetch_all(reading.connection())
        .await?
        .into_iter()
        .map(|row| {
            let (epoch, position, mark) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
            Ok(Cursor { shard: shard_of(row.try_get(0)?)?, epoch, position, mark })
        })
        .collect()
}

/// The tenants of a caller: one, or everybody for an operator.
pub(crate) fn tenants_of(tenant: Option<TenantId>) -> Tenants {
    tenant.map_or(Tenants::Every, Tenants::from)
}
