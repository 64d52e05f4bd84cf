//! The rows.

use jiff::Timestamp;
use kernel::{RequestId, Shard, TenantId};
use serde_json::Value;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use store::{SqlTimestamp, Store, StoreError, Tenants, Tx};
use uuid::Uuid;

/// A call to make once its cause is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// In whose name.
    pub tenant: TenantId,
    /// Where the subject lies; one of the shards the transaction has locked.
    pub shard: Shard,
    /// What it is about: calls about the same are made in order.
    pub subject: Uuid,
    /// Follows from the cause; the request id of the call.
    pub id: RequestId,
    /// What is to be said, in a word of the service.
    pub kind: &'static str,
    /// What to say it with: ids, codes and amounts, nothing personal.
    pub payload: Value,
}

/// A call that is not settled yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// In whose name.
    pub tenant: TenantId,
    /// Where the subject lies.
    pub shard: Shard,
    /// What it is about.
    pub subject: Uuid,
    /// Its request id.
    pub id: RequestId,
    /// What is to be said.
    pub kind: String,
    /// What to say it with.
    pub payload: Value,
}

/// Writes calls down, in the transaction of their cause and in this order. One that waits already stays as it is.
///
/// # Errors
/// The database fails.
pub async fn place(tx: &mut Tx, calls: &[Call], placed_at: Timestamp) -> Result<(), StoreError> {
    if calls.is_empty() {
        return Ok(());
    }
    let tenants: Vec<Uuid> = calls.iter().map(|call| call.tenant.uuid()).collect();
    let shards: Vec<i16> = calls.iter().map(|call| call.shard.number()).collect();
    let ids: Vec<Uuid> = calls.iter().map(|call| call.id.uuid()).collect();
    let subjects: Vec<Uuid> = calls.iter().map(|call| call.subject).collect();
    let kinds: Vec<&str> = calls.iter().map(|call| call.kind).collect();
    let payloads: Vec<&Value> = calls.iter().map(|call| &call.payload).collect();
    sqlx::query(
        "INSERT INTO call (tenant, shard, call, subject, kind, payload, placed_at)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::uuid[]), unnest($5::text[]),
                unnest($6::jsonb[]), $7::timestamptz
         ON CONFLICT DO NOTHING",
    )
    .bind(&tenants)
    .bind(&shards)
    .bind(&ids)
    .bind(&subjects)
    .bind(&kinds)
    .bind(&payloads)
    .bind(SqlTimestamp::from(placed_at))
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Takes a call away because its answer is being written. False where somebody else was first: write nothing then.
///
/// # Errors
/// The database fails.
pub async fn settle(tx: &mut Tx, call: &Open) -> Result<bool, StoreError> {
    let gone = sqlx::query("DELETE FROM call WHERE tenant = $1 AND shard = $2 AND call = $3")
        .bind(call.tenant.uuid())
        .bind(call.shard.number())
        .bind(call.id.uuid())
        .execute(tx.connection())
        .await?;
    Ok(gone.rows_affected() > 0)
}

/// The next open call of each subject, oldest first, without some.
pub(crate) async fn open(store: &Store, but: &[Uuid], limit: i64) -> Result<Vec<Open>, StoreError> {
    let mut reading = store.read(Tenants::Every).await?;
    sqlx::query(
        "SELECT tenant, shard, subject, call, kind, payload FROM call
         WHERE NOT (call = ANY ($1))
           AND NOT EXISTS (SELECT FROM call AS earlier
                           WHERE earlier.tenant = call.tenant AND earlier.shard = call.shard
                             AND earlier.subject = call.subject AND earlier.number < call.number)
         ORDER BY number LIMIT $2",
    )
    .bind(but)
    .bind(limit)
    .fetch_all(reading.connection())
    .await?
    .iter()
    .map(read)
    .collect()
}

/// How many calls are open.
pub(crate) async fn count(store: &Store) -> Result<i64, StoreError> {
    let mut reading = store.read(Tenants::Every).await?;
    Ok(sqlx::query_scalar("SELECT count(*) FROM call").fetch_one(reading.connection()).await?)
}

fn read(row: &PgRow) -> Result<Open, StoreError> {
    let tenant: Uuid = row.try_get(0)?;
    let shard: i16 = row.try_get(1)?;
    let id: Uuid = row.try_get(3)?;
    Ok(Open {
        tenant: tenant.into(),
        shard: Shard::from_number(i64::from(shard)).ok_or_else(|| StoreError::unreadable("a shard"))?,
        subject: row.try_get(2)?,
        id: id.into(),
        kind: row.try_get(4)?,
        payload: row.try_get(5)?,
    })
}
