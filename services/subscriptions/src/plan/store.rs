//! The rows of plans.

use ::store::{SqlTimestamp, StoreError, Tx};
use kernel::{Shard, TenantId};
use sqlx::PgConnection;

use super::terms::Plan;

/// A version of a plan; the last one where none is named.
pub(super) async fn find(
    connection: &mut PgConnection,
    tenant: TenantId,
    code: &str,
    version: Option<i32>,
) -> Result<Option<Plan>, StoreError> {
    let found = sqlx::query_scalar!(
        "SELECT terms FROM plan_version
         WHERE tenant = $1 AND shard = $2 AND code = $3 AND version = coalesce($4, version)
         ORDER BY version DESC LIMIT 1",
        tenant.uuid(),
        Shard::of_tenant(tenant).number(),
        code,
        version,
    )
    .fetch_optional(connection)
    .await?;
    found.map(serde_json::from_value).transpose().map_err(StoreError::unreadable)
}

/// The last versions of plans, by code.
pub(super) async fn page(
    connection: &mut PgConnection,
    tenant: TenantId,
    after: &str,
    limit: i64,
) -> Result<Vec<Plan>, StoreError> {
    let rows = sqlx::query_scalar!(
        "SELECT DISTINCT ON (code) terms FROM plan_version
         WHERE tenant = $1 AND shard = $2 AND code > $3
         ORDER BY code, version DESC LIMIT $4",
        tenant.uuid(),
        Shard::of_tenant(tenant).number(),
        after,
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|terms| serde_json::from_value(terms).map_err(StoreError::unreadable)).collect()
}

pub(super) async fn insert(tx: &mut Tx, tenant: TenantId, plan: &Plan) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO plan_version (tenant, shard, code, version, terms, recorded_at) VALUES ($1, $2, $3, $4, $5, $6)",
        tenant.uuid(),
        Shard::of_tenant(tenant).number(),
        plan.code,
        plan.version,
        serde_json::to_value(plan).map_err(StoreError::unreadable)?,
        SqlTimestamp::from(plan.recorded_at) as SqlTimestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
