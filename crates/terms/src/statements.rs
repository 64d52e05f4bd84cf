//! The rows of both tables.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use kernel::{Currency, Shard, TenantId};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};
use store::{SqlTimestamp, StoreError};
use uuid::Uuid;

use crate::Settled;

/// The last version put, and when it was recorded: a restored database may give its number to other terms.
pub(crate) type Last = Option<(i32, Timestamp)>;

/// One version as it is kept.
pub(crate) struct Kept {
    pub(crate) number: i32,
    pub(crate) effective_at: Timestamp,
    pub(crate) terms: Value,
}

pub(crate) async fn settled(
    connection: &mut PgConnection,
    tenants: &BTreeSet<TenantId>,
) -> Result<HashMap<TenantId, Settled>, StoreError> {
    let (ids, shards) = keys(tenants);
    let rows = sqlx::query(
        "SELECT asked.tenant, currency, minor_digits, zone, suspended
         FROM unnest($1::uuid[], $2::smallint[]) AS asked (tenant, shard)
         CROSS JOIN LATERAL (
             SELECT * FROM settled_tenant
             WHERE (settled_tenant.tenant, settled_tenant.shard) = (asked.tenant, asked.shard) OFFSET 0
         ) AS settled_tenant",
    )
    .bind(&ids)
    .bind(&shards)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok((row.try_get::<Uuid, _>(0)?.into(), read_settled(row, 1)?))).collect()
}

/// What is settled for some tenants, and which version of their terms is the last.
pub(crate) async fn settled_and_last(
    connection: &mut PgConnection,
    tenants: &BTreeSet<TenantId>,
) -> Result<Vec<(TenantId, Settled, Last)>, StoreError> {
    let (ids, shards) = keys(tenants);
    let rows = sqlx::query(
        "SELECT asked.tenant, put.version, put.recorded_at, told.currency, told.minor_digits, told.zone, told.suspended
         FROM unnest($1::uuid[], $2::smallint[]) AS asked (tenant, shard)
         LEFT JOIN LATERAL (
             SELECT version, recorded_at FROM terms_version AS v WHERE v.tenant = asked.tenant AND v.shard = asked.shard
             ORDER BY version DESC LIMIT 1
         ) AS put ON true
         LEFT JOIN LATERAL (
             SELECT * FROM settled_tenant AS s WHERE s.tenant = asked.tenant AND s.shard = asked.shard OFFSET 0
         ) AS told ON true",
    )
    .bind(&ids)
    .bind(&shards)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let tenant: Uuid = row.try_get(0)?;
            let recorded_at: Option<SqlTimestamp> = row.try_get(2)?;
            let last = row.try_get::<Option<i32>, _>(1)?.zip(recorded_at.map(Timestamp::from));
            let told = row.try_get::<Option<bool>, _>(6)?.is_some();
            let settled = if told { read_settled(row, 3)? } else { Settled::default() };
            Ok((tenant.into(), settled, last))
        })
        .collect()
}

pub(crate) async fn keep(
    connection: &mut PgConnection,
    tenant: TenantId,
    settled: &Settled,
    recorded_at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO settled_tenant (tenant, shard, currency, minor_digits, zone, suspended, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (tenant, shard) DO UPDATE
         SET currency = excluded.currency, minor_digits = excluded.minor_digits, zone = excluded.zone,
             suspended = excluded.suspended, recorded_at = excluded.recorded_at",
    )
    .bind(tenant.uuid())
    .bind(Shard::of_tenant(tenant).number())
    .bind(settled.currency.map(|currency| currency.to_string()).unwrap_or_default())
    .bind(i16::try_from(settled.minor_digits).map_err(StoreError::unreadable)?)
    .bind(settled.zone_name())
    .bind(settled.suspended)
    .bind(SqlTimestamp::from(recorded_at))
    .execute(connection)
    .await?;
    Ok(())
}

/// All versions of a tenant's terms.
pub(crate) async fn versions(connection: &mut PgConnection, tenant: TenantId) -> Result<Vec<Kept>, StoreError> {
    let rows = sqlx::query(
        "SELECT version, effective_at, terms FROM terms_version WHERE tenant = $1 AND shard = $2 ORDER BY version",
    )
    .bind(tenant.uuid())
    .bind(Shard::of_tenant(tenant).number())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let effective_at: SqlTimestamp = row.try_get(1)?;
            Ok(Kept { number: row.try_get(0)?, effective_at: effective_at.into(), terms: row.try_get(2)? })
        })
        .collect()
}

pub(crate) async fn insert(
    connection: &mut PgConnection,
    tenant: TenantId,
    kept: &Kept,
    recorded_at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO terms_version (tenant, shard, version, effective_at, terms, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(tenant.uuid())
    .bind(Shard::of_tenant(tenant).number())
    .bind(kept.number)
    .bind(SqlTimestamp::from(kept.effective_at))
    .bind(&kept.terms)
    .bind(SqlTimestamp::from(recorded_at))
    .execute(connection)
    .await?;
    Ok(())
}

fn keys(tenants: &BTreeSet<TenantId>) -> (Vec<Uuid>, Vec<i16>) {
    tenants.iter().map(|tenant| (tenant.uuid(), Shard::of_tenant(*tenant).number())).unzip()
}

/// Four columns of a settled tenant, from this one on.
fn read_settled(row: &PgRow, first: usize) -> Result<Settled, StoreError> {
    let currency: String = row.try_get(first)?;
    let minor_digits: i16 = row.try_get(first + 1)?;
    let zone: String = row.try_get(first + 2)?;
    Ok(Settled {
        currency: if currency.is_empty() {
            None
        } else {
            Some(Currency::parse(&currency).map_err(StoreError::unreadable)?)
        },
        minor_digits: u32::try_from(minor_digits).map_err(StoreError::unreadable)?,
        zone: kernel::calendar::zone(&zone).map_err(StoreError::unreadable)?,
        suspended: row.try_get(first + 3)?,
    })
}
