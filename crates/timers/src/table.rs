//! The rows.

use jiff::Timestamp;
use kernel::{Shard, TenantId};
use sqlx::Row as _;
use store::{SqlTimestamp, Store, StoreError, Tenants, Tx};
use uuid::Uuid;

/// When something is next due for somebody; never again where `due_at` is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// Whose.
    pub tenant: TenantId,
    /// Where the subject lies.
    pub shard: Shard,
    /// A member, usually.
    pub subject: Uuid,
    /// What is due, in a word of the service.
    pub kind: &'static str,
    /// The next instant, if there is one.
    pub due_at: Option<Timestamp>,
}

/// Something that is due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// Since when.
    pub due_at: Timestamp,
    /// Whose.
    pub tenant: TenantId,
    /// Where the subject lies.
    pub shard: Shard,
    /// A member, usually.
    pub subject: Uuid,
    /// What is due.
    pub kind: String,
}

/// Sets and clears timers, in the transaction of what they follow from. Each (subject, kind) at most once.
pub async fn set(tx: &mut Tx, timers: &[Timer]) -> Result<(), StoreError> {
    let (on, off): (Vec<&Timer>, Vec<&Timer>) = timers.iter().partition(|timer| timer.due_at.is_some());
    if !on.is_empty() {
        let due: Vec<SqlTimestamp> = on.iter().filter_map(|timer| timer.due_at).map(SqlTimestamp::from).collect();
        let (tenants, shards, subjects, kinds) = columns(&on);
        sqlx::query(
            "INSERT INTO timer (tenant, shard, subject, kind, due_at)
             SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::text[]),
                unnest($5::timestamptz[])
             ON CONFLICT (tenant, shard, subject, kind) DO UPDATE SET due_at = excluded.due_at
             WHERE timer.due_at <> excluded.due_at",
        )
        .bind(&tenants)
        .bind(&shards)
        .bind(&subjects)
        .bind(&kinds)
        .bind(&due)
        .execute(tx.connection())
        .await?;
    }
    if !off.is_empty() {
        let (tenants, shards, subjects, kinds) = columns(&off);
        // Rows stay where they are between the two: whoever clears a timer holds its shard.
        sqlx::query(
            "DELETE FROM timer WHERE ctid = ANY (ARRAY(
                 SELECT found.ctid
                 FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::text[]) AS gone (tenant, shard, subject, kind)
                 CROSS JOIN LATERAL (
                     SELECT ctid FROM timer AS t
                     WHERE (t.tenant, t.shard, t.subject, t.kind) = (gone.tenant, gone.shard, gone.subject, gone.kind)
                     OFFSET 0
                 ) AS found))",
        )
        .bind(&tenants)
        .bind(&shards)
        .bind(&subjects)
        .bind(&kinds)
        .execute(tx.connection())
        .await?;
    }
    Ok(())
}

/// Sets timers where none of their subject and kind is due as early: they are brought forward, and never put off.
pub async fn bring_forward(tx: &mut Tx, timers: &[Timer]) -> Result<(), StoreError> {
    let on: Vec<&Timer> = timers.iter().filter(|timer| timer.due_at.is_some()).collect();
    if on.is_empty() {
        return Ok(());
    }
    let due: Vec<SqlTimestamp> = on.iter().filter_map(|timer| timer.due_at).map(SqlTimestamp::from).collect();
    let (tenants, shards, subjects, kinds) = columns(&on);
    sqlx::query(
        "INSERT INTO timer (tenant, shard, subject, kind, due_at)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::text[]),
            unnest($5::timestamptz[])
         ON CONFLICT (tenant, shard, subject, kind) DO UPDATE SET due_at = excluded.due_at
         WHERE timer.due_at > excluded.due_at",
    )
    .bind(&tenants)
    .bind(&shards)
    .bind(&subjects)
    .bind(&kinds)
    .bind(&due)
    .execute(tx.connection())
    .await?;
    Ok(())
}

fn columns<'a>(timers: &[&'a Timer]) -> (Vec<Uuid>, Vec<i16>, Vec<Uuid>, Vec<&'a str>) {
    (
        timers.iter().map(|timer| timer.tenant.uuid()).collect(),
        timers.iter().map(|timer| timer.shard.number()).collect(),
        timers.iter().map(|timer| timer.subject).collect(),
        timers.iter().map(|timer| timer.kind).collect(),
    )
}

/// What is due at a moment, longest due first.
pub(crate) async fn due(store: &Store, as_of: Timestamp, limit: i64) -> Result<Vec<Due>, StoreError> {
    let mut reading = store.read(Tenants::Every).await?;
    sqlx::query(
        "SELECT due_at, tenant, shard, subject, kind FROM timer WHERE due_at <= $1 ORDER BY due_at, shard LIMIT $2",
    )
    .bind(SqlTimestamp::from(as_of))
    .bind(limit)
    .fetch_all(reading.connection())
    .await?
    .into_iter()
    .map(|row| {
        let due_at: SqlTimestamp = row.try_get(0)?;
        let tenant: Uuid = row.try_get(1)?;
        let shard: i16 = row.try_get(2)?;
        Ok(Due {
            due_at: due_at.into(),
            tenant: tenant.into(),
            shard: Shard::from_number(i64::from(shard)).ok_or_else(|| StoreError::unreadable("a shard"))?,
            subject: row.try_get(3)?,
            kind: row.try_get(4)?,
        })
    })
    .collect()
}

/// The next due instant of all.
pub(crate) async fn next_due(store: &Store) -> Result<Option<Timestamp>, StoreError> {
    let mut reading = store.read(Tenants::Every).await?;
    let next: Option<SqlTimestamp> =
        sqlx::query_scalar("SELECT min(due_at) FROM timer").fetch_one(reading.connection()).await?;
    Ok(next.map(Timestamp::from))
}

/// How many timers are due.
pub(crate) async fn count_due(store: &Store, as_of: Timestamp) -> Result<i64, StoreError> {
    let mut reading = store.read(Tenants::Every).await?;
    Ok(sqlx::query_scalar("SELECT count(*) FROM timer WHERE due_at <= $1")
        .bind(SqlTimestamp::from(as_of))
        .fetch_one(reading.connection())
        .await?)
}
