//! The rows of programmes.

use std::collections::{BTreeSet, HashMap};

use ::store::{SqlTimestamp, StoreError, Tx};
use jiff::Timestamp;
use kernel::{Shard, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::terms::{TenantTerms, Terms, Versions};
use super::{Last, Memory};

/// What some tenants have put, and whether they are suspended. What is remembered is used where it is still the last.
pub(super) async fn current(
    connection: &mut PgConnection,
    memory: &Memory,
    tenants: &BTreeSet<TenantId>,
) -> Result<HashMap<TenantId, TenantTerms>, StoreError> {
    let mut all = HashMap::new();
    for (tenant, last, suspended) in last_versions(connection, tenants).await? {
        let versions = match memory.recall(tenant, last) {
            Some(versions) => versions,
            None => memory.remember(tenant, last, versions(connection, tenant).await?),
        };
        all.insert(tenant, TenantTerms { versions, suspended });
    }
    Ok(all)
}

/// The last version of some tenants' programmes, and whether they are suspended.
async fn last_versions(
    connection: &mut PgConnection,
    tenants: &BTreeSet<TenantId>,
) -> Result<Vec<(TenantId, Last, bool)>, StoreError> {
    let ids: Vec<Uuid> = tenants.iter().map(|tenant| tenant.uuid()).collect();
    let shards: Vec<i16> = tenants.iter().map(|tenant| Shard::of_tenant(*tenant).number()).collect();
    let rows = sqlx::query!(
        r#"SELECT asked.tenant AS "tenant!", put.version AS "version?", put.recorded_at AS "recorded_at?",
                  coalesce(told.suspended, false) AS "suspended!"
           FROM unnest($1::uuid[], $2::smallint[]) AS asked (tenant, shard)
           LEFT JOIN LATERAL (
               SELECT version, recorded_at FROM programme AS p WHERE p.tenant = asked.tenant AND p.shard = asked.shard
               ORDER BY version DESC LIMIT 1
           ) AS put ON true
           LEFT JOIN LATERAL (
               SELECT suspended FROM tenant_terms AS t WHERE t.tenant = asked.tenant AND t.shard = asked.shard LIMIT 1
           ) AS told ON true"#,
        &ids,
        &shards
    )
    .fetch_all(connection)
    .await?;
    let last = |version: Option<i32>, at: Option<SqlTimestamp>| version.zip(at.map(Timestamp::from));
    Ok(rows.into_iter().map(|row| (row.tenant.into(), last(row.version, row.recorded_at), row.suspended)).collect())
}

/// All versions of a tenant's programme.
async fn versions(connection: &mut PgConnection, tenant: TenantId) -> Result<Versions, StoreError> {
    let rows = sqlx::query_scalar!(
        "SELECT terms FROM programme WHERE tenant = $1 AND shard = $2 ORDER BY version",
        tenant.uuid(),
        Shard::of_tenant(tenant).number()
    )
    .fetch_all(connection)
    .await?;
    let all = rows.into_iter().map(|terms| serde_json::from_value::<Terms>(terms).map_err(StoreError::unreadable));
    Ok(Versions::new(all.collect::<Result<_, _>>()?))
}

pub(super) async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    shard: Shard,
    terms: &Terms,
    recorded_at: Timestamp,
) -> Result<(), StoreError> {
    let text = serde_json::to_value(terms).map_err(StoreError::unreadable)?;
    sqlx::query!(
        "INSERT INTO programme (tenant, shard, version, effective_at, terms, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        tenant.uuid(),
        shard.number(),
        terms.version,
        SqlTimestamp::from(terms.effective_at) as SqlTimestamp,
        text,
        SqlTimestamp::from(recorded_at) as SqlTimestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

pub(super) async fn keep_tenant(tx: &mut Tx, tenant: TenantId, suspended: bool) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO tenant_terms (tenant, shard, suspended) VALUES ($1, $2, $3)
         ON CONFLICT (tenant, shard) DO UPDATE SET suspended = excluded.suspended",
        tenant.uuid(),
        Shard::of_tenant(tenant).number(),
        suspended,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
