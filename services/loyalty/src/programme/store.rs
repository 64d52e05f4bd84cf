//! The rows of programmes.

use std::sync::Arc;

use ::store::{SqlTimestamp, StoreError, Tx};
use jiff::Timestamp;
use kernel::{Shard, TenantId};
use sqlx::PgConnection;

use super::terms::{TenantTerms, Terms, Versions};

pub(super) async fn load(tx: &mut Tx, tenant: TenantId) -> Result<TenantTerms, StoreError> {
    read(tx.connection(), tenant).await
}

pub(super) async fn read(connection: &mut PgConnection, tenant: TenantId) -> Result<TenantTerms, StoreError> {
    let shard = Shard::of_tenant(tenant).number();
    let rows = sqlx::query_scalar!(
        "SELECT terms FROM programme WHERE tenant = $1 AND shard = $2 ORDER BY version",
        tenant.uuid(),
        shard
    )
    .fetch_all(&mut *connection)
    .await?;
    let versions = rows
        .into_iter()
        .map(|terms| serde_json::from_value::<Terms>(terms).map_err(StoreError::unreadable))
        .collect::<Result<Vec<Terms>, StoreError>>()?;
    let suspended = sqlx::query_scalar!(
        "SELECT suspended FROM tenant_terms WHERE tenant = $1 AND shard = $2",
        tenant.uuid(),
        shard
    )
    .fetch_optional(connection)
    .await?;
    Ok(TenantTerms { versions: Arc::new(Versions::new(versions)), suspended: suspended.unwrap_or(false) })
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
