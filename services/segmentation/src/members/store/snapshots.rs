//! Snapshots: written once, read by number.

use std::collections::{BTreeSet, HashMap};

use ::store::{SqlTimestamp, StoreError, Tx};
use kernel::{MemberId, Shard, TenantId};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::members::desk::People;
use crate::members::lifecycle::Lifecycle;
use crate::members::snapshot::Snapshot;

struct Row {
    number: i64,
    taken_at: SqlTimestamp,
    frame_since: i64,
    frame: Value,
    recorded_at: SqlTimestamp,
}

impl Row {
    fn read(self) -> Result<Snapshot, StoreError> {
        Ok(Snapshot {
            number: self.number,
            taken_at: self.taken_at.into(),
            frame_since: self.frame_since,
            frame: serde_json::from_value(self.frame).map_err(StoreError::unreadable)?,
            recorded_at: self.recorded_at.into(),
        })
    }
}

/// The snapshots that compare differently, of some tenants, from the one on that some member was last compared with.
pub(in crate::members) async fn snapshots_since(
    connection: &mut PgConnection,
    tenants: &BTreeSet<TenantId>,
    people: &People,
) -> Result<HashMap<TenantId, Vec<Snapshot>>, StoreError> {
    let (mut ids, mut shards, mut since) = (Vec::new(), Vec::new(), Vec::new());
    for tenant in tenants {
        let compared =
            people.iter().filter(|((of, _), person)| of == tenant && person.standing.lifecycle != Lifecycle::Prospect);
        ids.push(tenant.uuid());
        shards.push(Shard::of_tenant(*tenant).number());
        since.push(compared.map(|(_, person)| person.snapshot).min().unwrap_or(i64::MAX));
    }
    let rows = sqlx::query!(
        r#"SELECT s.tenant, s.number, s.taken_at, s.frame_since, s.frame, s.recorded_at
           FROM unnest($1::uuid[], $2::smallint[], $3::bigint[]) AS asked (tenant, shard, since)
           CROSS JOIN LATERAL (
               SELECT * FROM snapshot AS s
               WHERE s.tenant = asked.tenant AND s.shard = asked.shard AND s.number = s.frame_since
                 AND s.number >= least(asked.since, (
                     SELECT last.frame_since FROM snapshot AS last
                     WHERE last.tenant = asked.tenant AND last.shard = asked.shard ORDER BY last.number DESC LIMIT 1
                 )) OFFSET 0
           ) AS s
           ORDER BY s.tenant, s.number"#,
        &ids,
        &shards,
        &since
    )
    .fetch_all(connection)
    .await?;
    let mut all: HashMap<TenantId, Vec<Snapshot>> = HashMap::new();
    for row in rows {
        let (number, taken_at, frame_since) = (row.number, row.taken_at, row.frame_since);
        let snapshot = Row { number, taken_at, frame_since, frame: row.frame, recorded_at: row.recorded_at }.read()?;
        all.entry(row.tenant.into()).or_default().push(snapshot);
    }
    Ok(all)
}

/// The last snapshot of a tenant.
pub(in crate::members) async fn latest(
    connection: &mut PgConnection,
    tenant: TenantId,
) -> Result<Option<Snapshot>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "SELECT number, taken_at, frame_since, frame, recorded_at FROM snapshot
         WHERE tenant = $1 AND shard = $2 ORDER BY number DESC LIMIT 1",
        tenant.uuid(),
        Shard::of_tenant(tenant).number(),
    )
    .fetch_optional(connection)
    .await?;
    row.map(Row::read).transpose()
}

/// A snapshot by its number.
pub(in crate::members) async fn numbered(
    connection: &mut PgConnection,
    tenant: TenantId,
    number: i64,
) -> Result<Option<Snapshot>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "SELECT number, taken_at, frame_since, frame, recorded_at FROM snapshot
         WHERE tenant = $1 AND shard = $2 AND number = $3",
        tenant.uuid(),
        Shard::of_tenant(tenant).number(),
        number,
    )
    .fetch_optional(connection)
    .await?;
    row.map(Row::read).transpose()
}

pub(in crate::members) async fn insert(tx: &mut Tx, tenant: TenantId, snapshot: &Snapshot) -> Result<(), StoreError> {
    let frame = serde_json::to_value(&snapshot.frame).map_err(StoreError::unreadable)?;
    sqlx::query!(
        "INSERT INTO snapshot (tenant, shard, number, taken_at, frame_since, frame, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        tenant.uuid(),
        Shard::of_tenant(tenant).number(),
        snapshot.number,
        SqlTimestamp::from(snapshot.taken_at) as SqlTimestamp,
        snapshot.frame_since,
        frame,
        SqlTimestamp::from(snapshot.recorded_at) as SqlTimestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// The members of some shards who have bought and were last compared with an earlier snapshot.
pub(in crate::members) async fn unlooked(
    tx: &mut Tx,
    tenant: TenantId,
    shards: &[Shard],
    number: i64,
) -> Result<Vec<MemberId>, StoreError> {
    let shards: Vec<i16> = shards.iter().map(|shard| shard.number()).collect();
    let rows: Vec<Uuid> = sqlx::query_scalar!(
        "SELECT member FROM person WHERE tenant = $1 AND shard = ANY ($2) AND snapshot < $3 AND lifecycle <> 1
         ORDER BY shard, member",
        tenant.uuid(),
        &shards,
        number,
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(rows.into_iter().map(MemberId::from).collect())
}
